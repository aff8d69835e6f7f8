"""Where pictures and sound come from: a file, a network camera, a device or standard input."""

import contextlib
import queue
import re
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition

if TYPE_CHECKING:
    Packet = av.Packet[Any]
else:
    Packet = av.Packet  # generic only in its stubs

_OPEN_S, _READ_S = 10.0, 5.0
_STDIN = "-"
# Never "nobuffer": it throws away what was read while probing, first keyframe included.
_QUICK = {"analyzeduration": "1000000", "probesize": "500000"}
_BUFFERED_PACKETS = 256


class SourceError(Exception):
    """The source cannot be used; the message is one sentence for the person at the keyboard."""


class SourceKind(StrEnum):
    """What decides about pacing and coming back."""

    FILE = "file"
    """Has an end; is played at its own speed."""
    LIVE = "live"
    """A network stream: comes at its own speed, is opened again when it breaks."""
    DEVICE = "device"
    """A camera at this machine; like a live one."""
    PIPE = "pipe"
    """Standard input: comes at its own speed, over when it ends."""


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """What to open."""

    text: str
    """A path, a URL, ``/dev/video*``, or ``-`` for MPEG-TS on standard input."""
    audio_device: str | None = None
    """ALSA name of the microphone beside a video device."""

    def __str__(self) -> str:
        """For messages: without the password."""
        return "standard input" if self.text == _STDIN else re.sub(r"//[^/@]*@", "//", self.text)


class Source:
    """An open source: one video track, one audio track, or both.

    Args:
        address: what was opened.
        kind: how it behaves.
        containers: what it is read from; a video device and a microphone are two.

    Raises:
        SourceError: there is neither picture nor sound in it.
    """

    def __init__(
        self, address: SourceAddress, kind: SourceKind, containers: tuple[InputContainer, ...]
    ) -> None:
        self.address = address
        self.kind = kind
        self._containers = containers
        videos = [s for c in containers for s in c.streams.video if not _is_still(s)]
        audios = [s for c in containers for s in c.streams.audio]
        self.video = videos[0] if videos else None
        self.audio = _preferred(audios) if audios else None
        if self.video is None and self.audio is None:
            self.close()
            raise SourceError(f"{address}: there is neither a picture nor sound in it")

    @property
    def paced(self) -> bool:
        """It has to be slowed down to its own speed."""
        return self.kind is SourceKind.FILE

    @property
    def waits(self) -> bool:
        """What is not read now can be read later."""
        return self.kind in {SourceKind.FILE, SourceKind.PIPE}

    @property
    def comes_back(self) -> bool:
        """Worth opening again when it breaks."""
        return self.kind in {SourceKind.LIVE, SourceKind.DEVICE}

    @property
    def start_us(self) -> int:
        """Presentation time at which the source begins, microseconds.

        What lies before 0 is priming and decode-only, not the beginning.
        """
        return max(0, min(container.start_time or 0 for container in self._containers))

    def packets(self) -> Generator[Packet, None, None]:
        """Packets of the chosen tracks as they come.

        Raises:
            SourceError: it broke.
        """
        if len(self._containers) == 1:
            yield from self._read(self._containers[0])
        else:
            yield from self._merged()

    def close(self) -> None:
        """Let go of it; only from the thread that reads."""
        for container in self._containers:
            container.close()

    def _read(self, container: InputContainer) -> Iterator[Packet]:
        chosen = [s for s in (self.video, self.audio) if s is not None and s.container is container]
        try:
            for packet in container.demux(*chosen):
                if packet.size:
                    yield packet
        except FFmpegError as error:
            raise SourceError(f"{self.address}: reading broke off: {_said(error)}") from error

    def _merged(self) -> Iterator[Packet]:
        """Packets of several devices, each read in a thread of its own; over with the first."""
        packets: queue.Queue[Packet | SourceError | None] = queue.Queue(_BUFFERED_PACKETS)
        leaving = threading.Event()

        def read(container: InputContainer) -> None:
            end: SourceError | None = None
            try:
                for packet in self._read(container):
                    if leaving.is_set():
                        return
                    packets.put(packet)
            except SourceError as error:
                end = error
            packets.put(end)

        threads = [threading.Thread(target=read, args=(c,), daemon=True) for c in self._containers]
        for thread in threads:
            thread.start()
        try:
            while (item := packets.get()) is not None:
                if isinstance(item, SourceError):
                    raise item
                yield item
        finally:
            leaving.set()
            while any(thread.is_alive() for thread in threads):
                with contextlib.suppress(queue.Empty):
                    packets.get(timeout=0.05)  # a thread may wait for room


def open_source(address: SourceAddress) -> Source:
    """Open a source and find out what is in it; blocks, at most a few seconds.

    Raises:
        SourceError: it cannot be opened, or holds nothing usable.
    """
    kind = _kind(address)
    if kind is SourceKind.FILE and not Path(address.text).exists():
        raise SourceError(f"{address}: there is no such file")
    try:
        containers = tuple(
            av.open(file, format=form, options=options, timeout=(_OPEN_S, _READ_S))
            for file, form, options in _inputs(address, kind)
        )
    except FFmpegError as error:
        raise SourceError(f"{address}: cannot be opened: {_said(error)}") from error
    if kind is SourceKind.LIVE and address.text.startswith("http") and containers[0].duration:
        kind = SourceKind.FILE  # a recording on a server
    return Source(address, kind, containers)


def _kind(address: SourceAddress) -> SourceKind:
    if address.text == _STDIN:
        return SourceKind.PIPE
    if "://" in address.text:
        return SourceKind.LIVE
    path = Path(address.text)
    return SourceKind.DEVICE if path.is_char_device() else SourceKind.FILE


def _inputs(
    address: SourceAddress, kind: SourceKind
) -> Iterator[tuple[str, str | None, dict[str, str]]]:
    """(what, format, options) of everything that has to be opened."""
    if kind is SourceKind.PIPE:
        yield "pipe:0", "mpegts", _QUICK
    elif kind is SourceKind.DEVICE:
        # Both clocks are the wall's, so that picture and sound fit together.
        yield address.text, "v4l2", {"timestamps": "abs"}
    elif address.text.startswith("rtsp"):
        yield address.text, None, _QUICK | {"rtsp_transport": "tcp"}
    elif kind is SourceKind.LIVE:
        yield address.text, None, _QUICK
    else:
        yield address.text, None, {}
    if address.audio_device is not None:
        if kind is not SourceKind.DEVICE:
            raise SourceError(f"{address}: an audio device goes only with a video device")
        yield address.audio_device, "alsa", {}


def _is_still(stream: av.VideoStream) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def _preferred(streams: list[av.AudioStream]) -> av.AudioStream:
    return next((s for s in streams if s.disposition & Disposition.default), streams[0])


def _said(error: FFmpegError) -> str:
    return error.strerror or str(error)
