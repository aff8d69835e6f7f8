"""A program that plays what it reads from its standard input: ffmpeg at a device, or a user's."""

import asyncio
import contextlib
import shutil
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque

import numpy as np

from edge_worker.camera.speaker.address import SpeakerAddress, SpeakerKind, shown
from edge_worker.camera.speaker.sink import RATE, SinkError
from edge_worker.items import Samples

_LEAD_NS = 100_000_000
"""What keeps a program from running dry when this process is late."""
_TAKES_WITHIN_S = 3.0
_ENDS_WITHIN_S = 10.0
_LEAVES_WITHIN_S = 1.0
_KEPT_LINES = 4
_FULL_SCALE = 32_767


def device_command(name: str) -> tuple[str, ...]:
    """The argument list that plays standard input at an ALSA device.

    Without the small probe it would begin a second late.
    """
    read = ("-f", "s16le", "-ar", str(RATE), "-ac", "1", "-probesize", "32", "-i", "pipe:0")
    return ("ffmpeg", "-hide_banner", "-loglevel", "error", *read, "-f", "alsa", name)


class ProgramSink:
    """Starts a program for every reply, and gives it the sound in real time.

    The program reads signed 16-bit little-endian mono at 48 kHz, and has played all of it when it
    ends after the end of its input.

    Args:
        address: a device or a command.

    Raises:
        SinkError: there is no such program.
    """

    def __init__(self, address: SpeakerAddress) -> None:
        self._address = address
        device = address.kind is SpeakerKind.DEVICE
        self._command = device_command(address.target) if device else address.command
        if shutil.which(self._command[0]) is None:
            advice = ": `apt install ffmpeg`" if device else ""
            raise SinkError(
                f"talkback: the program {self._command[0]} is not installed here{advice}"
            )

    @property
    def kind(self) -> str:
        """Device or command."""
        return self._address.kind.value

    @property
    def lead_ns(self) -> int:
        """Its pipe takes sound before its time."""
        return _LEAD_NS

    async def open(self) -> "ProgramPlayback":
        """Start the program.

        Raises:
            SinkError: it cannot be started.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=PIPE, stdout=DEVNULL, stderr=PIPE
            )
        except OSError as error:
            raise SinkError(f"{self._address}: cannot be started: {error.strerror}") from error
        return ProgramPlayback(str(self._address), process)


class ProgramPlayback:
    """A running program.

    Args:
        name: of the sink, for messages.
        process: with pipes at its standard input and its standard error.
    """

    def __init__(self, name: str, process: Process) -> None:
        self._name = name
        self._process = process
        self._said: deque[str] = deque(maxlen=_KEPT_LINES)
        self._listener = asyncio.create_task(self._listen(), name="speaker-program")

    async def write(self, samples: Samples) -> None:
        """Give it 20 ms.

        Raises:
            SinkError: it ended, or takes nothing any more.
        """
        stdin = self._process.stdin
        sound = (np.clip(samples, -1, 1) * _FULL_SCALE).astype("<i2").tobytes()
        try:
            if stdin is None or self._process.returncode is not None:
                raise BrokenPipeError
            stdin.write(sound)
            async with asyncio.timeout(_TAKES_WITHIN_S):
                await stdin.drain()
        except TimeoutError as error:
            raise SinkError(f"{self._name}: it takes no sound any more") from error
        except OSError as error:
            raise SinkError(await self._why("it ended before the sound did")) from error

    async def finish(self) -> None:
        """End its input and wait for its end.

        Raises:
            SinkError: it failed, or does not end.
        """
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(_ENDS_WITHIN_S):
                code = await self._process.wait()
        except TimeoutError as error:
            raise SinkError(
                f"{self._name}: it did not end within {_ENDS_WITHIN_S:.0f} s after its input; it "
                "has to end there"
            ) from error
        if code:
            raise SinkError(await self._why(f"it ended with {code}"))

    async def stop(self) -> None:
        """End it."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        await self._hear_out()

    async def _why(self, otherwise: str) -> str:
        await self._hear_out()
        return f"{self._name}: {'; '.join(self._said) or otherwise}"

    async def _hear_out(self) -> None:
        """A child of the program may keep its standard error open: not waited for long."""
        await asyncio.wait([self._listener], timeout=_LEAVES_WITHIN_S)
        self._listener.cancel()

    async def _listen(self) -> None:
        stderr = self._process.stderr
        while stderr is not None and (heard := await stderr.read(4096)):
            told = shown(heard.decode(errors="replace"))
            lines = ("".join(filter(str.isprintable, part)).strip() for part in told.splitlines())
            self._said.extend(filter(None, lines))
