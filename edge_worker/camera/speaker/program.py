"""A program that plays what it reads from its standard input: ffmpeg at a device, or a user's."""

import asyncio
import contextlib
import os
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE
from collections import deque
from typing import cast

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
_STDIN = 0


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
            transport, program = await asyncio.get_running_loop().subprocess_exec(
                _Program,
                *self._command,
                stdin=PIPE,
                stdout=DEVNULL,
                stderr=PIPE,
                start_new_session=True,  # so that its children can be ended with it
            )
        except OSError as error:
            raise SinkError(f"{self._address}: cannot be started: {error.strerror}") from error
        return ProgramPlayback(str(self._address), transport, program)


class _Program(asyncio.SubprocessProtocol):
    """What is known of a running program.

    Not ``asyncio.subprocess.Process``: up to Python 3.12 that waits for the end of every pipe too,
    which a child of the program may hold for as long as it likes.
    """

    def __init__(self) -> None:
        self.said: deque[str] = deque(maxlen=_KEPT_LINES)
        """The last of its standard error."""
        self.writable = asyncio.Event()
        """Its input takes more, or none ever again."""
        self.writable.set()
        self.deaf = False
        """Its input is closed."""
        self.ended = asyncio.Event()
        self.mute = asyncio.Event()
        """Its standard error is closed."""

    def pause_writing(self) -> None:
        """Its input is full."""
        self.writable.clear()

    def resume_writing(self) -> None:
        """Its input has room again."""
        self.writable.set()

    def pipe_data_received(self, _fd: int, data: bytes) -> None:
        """It said something."""
        told = shown(data.decode(errors="replace"))
        lines = ("".join(filter(str.isprintable, part)).strip() for part in told.splitlines())
        self.said.extend(filter(None, lines))

    def pipe_connection_lost(self, fd: int, _error: Exception | None) -> None:
        """A pipe was closed from either side."""
        if fd == _STDIN:
            self.deaf = True
            self.writable.set()
        else:
            self.mute.set()

    def process_exited(self) -> None:
        """It is over, though children of it may live."""
        self.ended.set()
        self.writable.set()


class ProgramPlayback:
    """A running program.

    Args:
        name: of the sink, for messages.
        transport: to it, with pipes at its standard input and its standard error; the leader of
            a process group of its own.
        program: told of what it does.
    """

    def __init__(
        self, name: str, transport: asyncio.SubprocessTransport, program: _Program
    ) -> None:
        self._name = name
        self._transport = transport
        self._program = program

    @property
    def ended(self) -> bool:
        """The program is over."""
        return self._program.ended.is_set()

    async def write(self, samples: Samples) -> None:
        """Give it 20 ms.

        Raises:
            SinkError: it ended, or takes nothing any more.
        """
        self._stdin.write((np.clip(samples, -1, 1) * _FULL_SCALE).astype("<i2").tobytes())
        if not await _within(_TAKES_WITHIN_S, self._program.writable):
            raise SinkError(f"{self._name}: it takes no sound any more")
        if self._program.deaf or self.ended:
            raise SinkError(await self._why("it ended before the sound did"))

    async def finish(self) -> None:
        """End its input and wait for its end.

        Raises:
            SinkError: it failed, or does not end.
        """
        self._stdin.close()
        if not await _within(_ENDS_WITHIN_S, self._program.ended):
            raise SinkError(
                f"{self._name}: it did not end within {_ENDS_WITHIN_S:.0f} s after its input; it "
                "has to end there"
            )
        if code := self._transport.get_returncode():
            raise SinkError(await self._why(f"it ended with {code}"))

    async def stop(self) -> None:
        """End it and its children; not one of them, whatever it holds open, is waited for long."""
        with contextlib.suppress(ProcessLookupError):
            # The group outlives its leader for as long as a child of it lives.
            os.killpg(self._transport.get_pid(), signal.SIGKILL)
        await _within(_LEAVES_WITHIN_S, self._program.ended)
        if self._stdin.get_write_buffer_size():
            self._stdin.abort()  # closing alone would wait until somebody has read it
        self._transport.close()

    @property
    def _stdin(self) -> asyncio.WriteTransport:
        return cast("asyncio.WriteTransport", self._transport.get_pipe_transport(_STDIN))

    async def _why(self, otherwise: str) -> str:
        """Its own last words; a child of it may keep its standard error open."""
        await _within(_LEAVES_WITHIN_S, self._program.mute)
        return f"{self._name}: {'; '.join(self._program.said) or otherwise}"


async def _within(seconds: float, event: asyncio.Event) -> bool:
    """Wait for an event; whether it came in time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
