"""The hosts themselves: who reaches whom, what cables do, and that nothing is left behind."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.netns import Cable, Hosts, why_not

_ECHO = """
import socket, sys
box = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
box.bind((sys.argv[1], 7000))
while True:
    data, whence = box.recvfrom(2000)
    box.sendto(data, whence)
"""


def udp(hosts: Hosts, name: str) -> socket.socket:
    """A socket on a host."""
    with hosts[name].inside():
        box = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    box.settimeout(5)
    return box


def echo(hosts: Hosts, name: str, address: str) -> "subprocess.Popen[bytes]":
    """A program on a host that sends back what it hears; it answers when this returns."""
    process = hosts.run(name, sys.executable, "-S", "-c", _ECHO, address)
    with udp(hosts, name) as probe:
        probe.settimeout(0.1)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                probe.sendto(b"?", (address, 7000))
                probe.recv(10)
            except OSError:
                time.sleep(0.02)
            else:
                return process
    pytest.fail(f"nothing answers on {name}")


def acquaint(box: socket.socket, there: tuple[str, int]) -> None:
    """Let both sides learn each other's hardware address, before frames are lost or late."""
    box.sendto(b"who are you", there)
    box.recv(2000)


def heard(box: socket.socket, wait_s: float = 0.3) -> list[bytes]:
    """All that comes until nothing has come for a while."""
    box.settimeout(wait_s)
    frames: list[bytes] = []
    while True:
        try:
            frames.append(box.recv(2000))
        except TimeoutError:
            return frames


def test_program_when_on_another_host_then_answers_across_the_switch(hosts: Hosts) -> None:
    echo(hosts, "worker", hosts["worker"].address)
    with udp(hosts, "viewer") as viewer:
        viewer.sendto(b"anybody there?", (hosts["worker"].address, 7000))
        assert viewer.recv(2000) == b"anybody there?"


def test_program_when_bound_to_loopback_then_is_reached_by_its_own_host_only(hosts: Hosts) -> None:
    echo(hosts, "worker", "127.0.0.1")  # returns when it has answered on its own host
    with udp(hosts, "viewer") as viewer:
        viewer.sendto(b"anybody there?", (hosts["worker"].address, 7000))
        assert heard(viewer) == []


def test_cable_when_cut_and_mended_then_frames_stop_and_go_on(hosts: Hosts) -> None:
    echo(hosts, "worker", hosts["worker"].address)
    there = (hosts["worker"].address, 7000)
    with udp(hosts, "viewer") as viewer:
        acquaint(viewer, there)
        hosts.cut("worker")
        viewer.sendto(b"lost", there)
        assert heard(viewer) == []
        hosts.mend("worker")
        viewer.sendto(b"found", there)
        viewer.settimeout(5)
        assert viewer.recv(2000) == b"found"


def test_cable_when_it_loses_a_tenth_then_about_a_fifth_of_the_echoes_is_missing(
    hosts: Hosts,
) -> None:
    echo(hosts, "worker", hosts["worker"].address)
    there = (hosts["worker"].address, 7000)
    with udp(hosts, "viewer") as viewer:
        acquaint(viewer, there)
        hosts.spoil("worker", Cable(loss=0.1))
        for number in range(400):
            viewer.sendto(number.to_bytes(2), there)
            time.sleep(0.0005)
        missing = 1 - len(set(heard(viewer))) / 400
    assert 0.1 < missing < 0.3  # 0.19 expected, once there and once back


def test_cable_when_it_delays_and_jitters_then_frames_come_later_and_in_order(hosts: Hosts) -> None:
    echo(hosts, "worker", hosts["worker"].address)
    there = (hosts["worker"].address, 7000)
    with udp(hosts, "viewer") as viewer:
        acquaint(viewer, there)
        hosts.spoil("worker", Cable(delay_ms=40, jitter_ms=20))
        began = time.monotonic()
        for number in range(20):
            viewer.sendto(number.to_bytes(2), there)
        came = [viewer.recv(2000) for _ in range(20)]
        assert time.monotonic() - began >= 0.08  # a lower bound holds on any machine
        assert came == [number.to_bytes(2) for number in range(20)]


def test_cable_when_it_reorders_then_frames_overtake(hosts: Hosts) -> None:
    echo(hosts, "worker", hosts["worker"].address)
    there = (hosts["worker"].address, 7000)
    with udp(hosts, "viewer") as viewer:
        acquaint(viewer, there)
        hosts.spoil("worker", Cable(delay_ms=30, reorder=0.3))
        for number in range(40):
            viewer.sendto(number.to_bytes(2), there)
        came = heard(viewer)
        assert len(came) == 40
        assert came != sorted(came)


def test_stream_when_frames_are_lost_repeated_and_reordered_then_tcp_delivers_it_whole(
    hosts: Hosts,
) -> None:
    hosts.spoil("worker", Cable(loss=0.02, delay_ms=2, duplicate=0.02, reorder=0.02))
    with hosts["worker"].inside():
        listening = socket.create_server((hosts["worker"].address, 7001))
    sent = bytes(range(256)) * 1024
    with listening:
        sender = threading.Thread(target=_send_all, args=(listening, sent))
        sender.start()
        with hosts["viewer"].inside():
            box = socket.socket()
        with box:
            box.settimeout(30)
            box.connect((hosts["worker"].address, 7001))
            came = b"".join(iter(lambda: box.recv(65536), b""))
        sender.join()
    assert came == sent


def _send_all(listening: socket.socket, data: bytes) -> None:
    taken, _ = listening.accept()
    with taken:
        taken.sendall(data)


def test_hosts_when_left_then_their_programs_and_namespaces_are_gone() -> None:
    if why_not():
        pytest.skip(f"no hosts here: {why_not()}")
    with Hosts("one", "two") as hosts:
        process = hosts.run("one", "sleep", "100")
        namespace = Path(hosts["one"].namespace)
        assert namespace.exists()
    assert process.poll() is not None
    assert not namespace.exists()


_CRASH = """
import os, sys, time
from tests.netns import Hosts
with Hosts("one", "two") as hosts:
    process = hosts.run("one", "sleep", "100")
    print(process.pid, hosts["one"].namespace.split("/")[2], flush=True)
    time.sleep(100)
"""


def test_hosts_when_the_test_is_killed_then_nothing_is_left() -> None:
    if why_not():
        pytest.skip(f"no hosts here: {why_not()}")
    root = Path(__file__).parents[2]
    test = subprocess.Popen([sys.executable, "-c", _CRASH], stdout=subprocess.PIPE, cwd=root)
    assert test.stdout is not None
    pids = [int(word) for word in test.stdout.readline().split()]
    assert all(_alive(pid) for pid in pids)
    test.kill()
    test.communicate()
    _until(lambda: not any(_alive(pid) for pid in pids))


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
