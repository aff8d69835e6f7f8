"""The switch: one process that makes the hosts' namespaces and carries their frames.

``python -m tests.netns.switch SEED NAME...`` writes one JSON line with the file descriptors of
the namespaces, then obeys lines ``{"host": ..., "cable": {...}}``, each answered by an empty
line, until its standard input ends. The kernel's own network emulator is missing on many
machines; this needs nothing but ``/dev/net/tun``.
"""

import ctypes
import fcntl
import json
import os
import random
import select
import socket
import struct
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.netns.cable import Cable, Flight

SUBNET = "10.77.0"
CLONE_NEWNET = 0x40000000
_TUN = "/dev/net/tun"
_TUNSETIFF = 0x400454CA
_TAP_NO_PI = 0x1002
_SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFNETMASK = 0x8914, 0x8916, 0x891C
_UP_RUNNING = 0x41
_FRAME_BYTES = 65536
_STDIN = 0


@dataclass(slots=True)
class Port:
    """One host at the switch."""

    name: str
    tap: int
    namespace: int
    to_switch: Flight
    to_host: Flight
    flights: tuple[Flight, Flight] = field(init=False)

    def __post_init__(self) -> None:
        self.flights = (self.to_switch, self.to_host)


def in_new_namespace(name: str, address: str, seed: int) -> Port:
    """Move this process into a new network namespace and put a network card into it.

    Raises:
        OSError: not root, or the kernel has no namespaces or no TAP devices.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), f"no new network namespace for {name}")
    _without_ipv6()
    tap = os.open(_TUN, os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, _TUNSETIFF, struct.pack("16sH22x", b"eth0", _TAP_NO_PI))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for card, own in (("lo", "127.0.0.1"), ("eth0", address)):
            mask = "255.0.0.0" if card == "lo" else "255.255.255.0"
            fcntl.ioctl(control, _SIOCSIFADDR, _address_request(card, own))
            fcntl.ioctl(control, _SIOCSIFNETMASK, _address_request(card, mask))
            fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH22x", card.encode(), _UP_RUNNING))
    namespace = os.open("/proc/self/ns/net", os.O_RDONLY)
    chance = random.Random(f"{seed} {name}")  # noqa: S311 - repeatable losses, no secrets
    return Port(name, tap, namespace, Flight(chance), Flight(chance))


def _without_ipv6() -> None:
    """A host has one address of one kind, so that a test knows which is used."""
    switch = Path("/proc/sys/net/ipv6/conf/all/disable_ipv6")
    if switch.exists():
        switch.write_text("1")


def _address_request(card: str, address: str) -> bytes:
    """``struct ifreq`` with an IPv4 address."""
    family = socket.AF_INET
    return struct.pack("16sHH4s16x", card.encode(), family, 0, socket.inet_aton(address))


class Switch:
    """Carries frames between ports; learns who sits where."""

    def __init__(self, ports: list[Port]) -> None:
        self._ports = {port.name: port for port in ports}
        self._by_tap = {port.tap: port for port in ports}
        self._seats: dict[bytes, Port] = {}
        self._poll = select.epoll()
        for descriptor in (_STDIN, *self._by_tap):
            self._poll.register(descriptor, select.EPOLLIN)

    def run(self) -> None:
        """Carry until standard input ends."""
        while True:
            for descriptor, _ in self._poll.poll(self._wait_s()):
                if descriptor == _STDIN:
                    line = sys.stdin.readline()
                    if not line:
                        return
                    self._obey(line)
                else:
                    self._take(self._by_tap[descriptor])
            self._deliver()

    def _wait_s(self) -> float:
        due = [
            moment
            for port in self._ports.values()
            for flight in port.flights
            if (moment := flight.next_ns) is not None
        ]
        return max(0.0, (min(due) - time.monotonic_ns()) / 1e9) if due else -1

    def _obey(self, line: str) -> None:
        order = json.loads(line)
        for flight in self._ports[order["host"]].flights:
            flight.cable = Cable(**order["cable"])
        print(flush=True)  # noqa: T201 - the answer that the order holds from now on

    def _take(self, port: Port) -> None:
        """Everything that a host has sent enters its cable."""
        now_ns = time.monotonic_ns()
        while True:
            try:
                frame = os.read(port.tap, _FRAME_BYTES)
            except OSError:  # nothing more, or its card is down
                return
            self._seats[frame[6:12]] = port
            port.to_switch.send(frame, now_ns)

    def _deliver(self) -> None:
        now_ns = time.monotonic_ns()
        for port in self._ports.values():
            for frame in port.to_switch.arrived(now_ns):
                self._forward(port, frame, now_ns)
        for port in self._ports.values():
            for frame in port.to_host.arrived(now_ns):
                try:
                    os.write(port.tap, frame)
                except OSError:  # a host whose card is down hears nothing
                    continue

    def _forward(self, source: Port, frame: bytes, now_ns: int) -> None:
        seat = self._seats.get(frame[:6])
        for port in [seat] if seat is not None else list(self._ports.values()):
            if port is not source:
                port.to_host.send(frame, now_ns)


def main(seed: int, names: list[str]) -> None:
    """Make the hosts and carry their frames."""
    ports = [
        in_new_namespace(name, f"{SUBNET}.{number}", seed)
        for number, name in enumerate(names, start=1)
    ]
    told = {port.name: port.namespace for port in ports}
    print(json.dumps(told), flush=True)  # noqa: T201 - the line that the test waits for
    Switch(ports).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
