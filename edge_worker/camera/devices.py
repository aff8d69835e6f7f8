"""Cameras and microphones at this machine, read through the system's own ``ffmpeg`` program.

FFmpeg as it comes inside PyAV's wheels has no V4L2, and an ALSA library that does not know where
this system keeps its configuration. The program writes NUT (FFmpeg's own container, exact in its
timestamps) into a pipe.
"""

import atexit
import shutil
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Stream

from edge_worker.camera.packets import Packet
from edge_worker.camera.watchdog import Watchdog

_QUICK = {"analyzeduration": "500000", "probesize": "2000000"}
_KEPT_LINES = 8
_LEAVES_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class DevicePatience:
    """How long devices may say nothing."""

    open_s: float = 10.0
    read_s: float = 5.0


class DeviceError(Exception):
    """The device cannot be read; the message is what the program said of it."""


@dataclass(frozen=True, slots=True)
class DeviceInput:
    """One input of the ``ffmpeg`` program."""

    format: str
    """Name of its demuxer: v4l2, alsa."""
    name: str
    """What to open with it."""
    options: tuple[str, ...] = ()

    def arguments(self) -> list[str]:
        """As the program takes them."""
        waiting = ("-thread_queue_size", "256")
        return ["-f", self.format, *waiting, *self.options, "-i", self.name]


def video_device(path: str) -> DeviceInput:
    """A V4L2 camera; its clock is the wall's, as the microphone's is."""
    return DeviceInput("v4l2", path, ("-timestamps", "abs"))


def audio_device(name: str) -> DeviceInput:
    """An ALSA microphone, such as plughw:0."""
    return DeviceInput("alsa", name)


def reading_command(program: str, inputs: tuple[DeviceInput, ...]) -> list[str]:
    """The argument list that reads ``inputs`` as one stream on standard output.

    Nothing is coded anew. A device that falls silent holds the other back by 0.1 s at most.
    """
    chosen = [argument for one in inputs for argument in one.arguments()]
    maps = [argument for place in range(len(inputs)) for argument in ("-map", str(place))]
    at_once = ("-max_interleave_delta", "100000", "-flush_packets", "1")
    return [
        *(program, "-hide_banner", "-loglevel", "error", "-nostdin"),
        *chosen,
        *maps,
        *("-c", "copy", "-copyts", *at_once, "-f", "nut", "pipe:1"),
    ]


class DeviceReader:
    """A running ``ffmpeg`` program and what it reads.

    Args:
        inputs: the devices.
        patience: with them.

    Raises:
        DeviceError: there is no such program, or it cannot read them, or they say nothing.
    """

    def __init__(
        self, inputs: tuple[DeviceInput, ...], patience: DevicePatience = DevicePatience()
    ) -> None:
        program = shutil.which("ffmpeg")
        if program is None:
            raise DeviceError(
                "devices are read through the program ffmpeg, and it is not installed here: "
                "`apt install ffmpeg`"
            )
        self._process = subprocess.Popen(  # noqa: S603 - an argument list, no shell
            reading_command(program, inputs),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        # Who ends this process while the device is silent would leave the program behind.
        atexit.register(self._process.kill)
        self._patience = patience
        self._watchdog = Watchdog(self._give_up)
        self._said: deque[str] = deque(maxlen=_KEPT_LINES)
        self._listener = threading.Thread(target=self._listen, name="ffmpeg", daemon=True)
        self._listener.start()
        self.container = self._open()

    def why_it_ended(self) -> str:
        """The last that the program said; empty if it said nothing."""
        return "; ".join(self._said)

    def packets(self, *streams: Stream) -> Iterator[Packet]:
        """Packets as they come; they end when the program does, or when nothing comes for long.

        Raises:
            FFmpegError: what comes cannot be read.
        """
        coming = self.container.demux(*streams)
        while True:
            with self._watchdog.within(self._patience.read_s):
                packet = next(coming, None)
            if packet is None:
                return
            yield packet

    def interrupt(self) -> None:
        """End the program, and so the packets; from any thread."""
        self._process.terminate()

    def close(self) -> None:
        """End the program."""
        self._watchdog.close()
        self._process.terminate()
        try:
            self._process.wait(_LEAVES_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join(_LEAVES_WITHIN_S)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()
        atexit.unregister(self._process.kill)

    def _open(self) -> InputContainer:
        if self._process.stdout is None:
            raise DeviceError("the program ffmpeg has no standard output")
        try:
            with self._watchdog.within(self._patience.open_s):
                return av.open(
                    f"pipe:{self._process.stdout.fileno()}", format="nut", options=_QUICK
                )
        except FFmpegError as error:
            self.close()
            raise DeviceError(self.why_it_ended() or str(error)) from error

    def _give_up(self, waited_s: float) -> None:
        self._said.append(f"nothing came from it for {waited_s:.0f} s")
        self._process.kill()

    def _listen(self) -> None:
        for line in self._process.stderr or ():
            self._said.append(line.decode(errors="replace").strip())
