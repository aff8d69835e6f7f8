"""Where pictures and sound come from: a file, a network camera, a device or standard input."""

import re
from collections.abc import Generator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition

from edge_worker.camera.devices import DeviceError, DeviceReader, audio_device, video_device
from edge_worker.camera.packets import Packet

_OPEN_S, _OPEN_PATIENTLY_S, _READ_S = 10.0, 30.0, 5.0
_STDIN = "-"
_AUTHORITY_END = re.compile(r"[/?#]")
_VALUE = re.compile(r"[=?#&;]")
# Never "nobuffer": it throws away what was read while probing, first keyframe included.
_QUICK = {"analyzeduration": "1000000", "probesize": "500000"}
_PATIENT = {"analyzeduration": "15000000", "probesize": "50000000"}
"""For a camera that tells the size of its pictures only with a keyframe, which may be far off."""


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
    sub_stream: str | None = None
    """URL of the same camera's smaller pictures."""

    def __str__(self) -> str:
        """For messages: what may be a password is left out, wherever cameras take one.

        Of a URL: scheme, host, port, and the path up to where a value or an account may begin.
        """
        if self.text == _STDIN:
            return "standard input"
        scheme, mark, rest = self.text.partition("://")
        if not mark:
            return self.text
        authority = _AUTHORITY_END.split(rest)[0]
        path = rest[len(authority) :]
        if "@" in path:  # a slash in the password: nobody knows where it ends
            return f"{scheme}://..."
        return f"{scheme}://{authority.rpartition('@')[2]}{_VALUE.split(path)[0]}"


class Source:
    """An open source: one video track, one audio track, or both.

    Args:
        address: what was opened.
        kind: how it behaves.
        container: what it is read from.
        patient: opening it may have taken as long as its keyframes are apart.
        device: the program that reads it, if one does.

    Raises:
        SourceError: there is neither picture nor sound in it.
    """

    def __init__(
        self,
        address: SourceAddress,
        kind: SourceKind,
        container: InputContainer,
        *,
        patient: bool = False,
        device: DeviceReader | None = None,
    ) -> None:
        self.address = address
        self.kind = kind
        self.patient = patient
        self._container = container
        self._device = device
        videos = [stream for stream in container.streams.video if not _is_still(stream)]
        audios = list(container.streams.audio)
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
        return max(0, self._container.start_time or 0)

    def packets(self) -> Generator[Packet, None, None]:
        """Packets of the chosen tracks as they come.

        Raises:
            SourceError: it broke.
        """
        chosen = [stream for stream in (self.video, self.audio) if stream is not None]
        try:
            device = self._device
            for packet in device.packets(*chosen) if device else self._container.demux(*chosen):
                if packet.size:
                    yield packet
        except FFmpegError as error:
            raise SourceError(f"{self.address}: reading broke off: {_said(error)}") from error
        if self._device is not None and (why := self._device.why_it_ended()):
            raise SourceError(f"{self.address}: {why}")

    def interrupt(self) -> None:
        """End a reading that a silent device holds up; from any thread."""
        if self._device is not None:
            self._device.interrupt()

    def close(self) -> None:
        """Let go of it; only from the thread that reads."""
        self._container.close()
        if self._device is not None:
            self._device.close()


def open_source(address: SourceAddress) -> Source:
    """Open a source and find out what is in it; blocks, for a camera as long as it needs.

    Raises:
        SourceError: it cannot be opened, or holds nothing usable.
    """
    kind = _kind(address)
    if address.audio_device is not None and kind is not SourceKind.DEVICE:
        raise SourceError(f"{address}: an audio device goes only with a video device")
    if kind is SourceKind.DEVICE:
        return _open_device(address)
    if kind is SourceKind.FILE and not Path(address.text).exists():
        raise SourceError(f"{address}: there is no such file")
    container = _open(address, kind)
    if kind is SourceKind.LIVE and address.text.startswith("http") and container.duration:
        kind = SourceKind.FILE  # a recording on a server
    patient = kind is SourceKind.LIVE and any(not s.width for s in container.streams.video)
    if patient:
        container.close()
        container = _open(address, kind, patient=True)
    return Source(address, kind, container, patient=patient)


def _open(address: SourceAddress, kind: SourceKind, *, patient: bool = False) -> InputContainer:
    file, form = ("pipe:0", "mpegts") if kind is SourceKind.PIPE else (address.text, None)
    options = _options(address, kind) | (_PATIENT if patient else {})
    open_s = _OPEN_PATIENTLY_S if patient else _OPEN_S
    try:
        return av.open(file, format=form, options=options, timeout=(open_s, _READ_S))
    except FFmpegError as error:
        raise SourceError(f"{address}: cannot be opened: {_said(error)}") from error


def _open_device(address: SourceAddress) -> Source:
    if not Path(address.text).exists():
        raise SourceError(f"{address}: there is no such device; `ls /dev/video*` shows those there")
    inputs = [video_device(address.text)]
    if address.audio_device is not None:
        inputs.append(audio_device(address.audio_device))
    try:
        reader = DeviceReader(tuple(inputs))
    except DeviceError as error:
        raise SourceError(f"{address}: cannot be opened: {error}") from error
    return Source(address, SourceKind.DEVICE, reader.container, device=reader)


def _kind(address: SourceAddress) -> SourceKind:
    if address.text == _STDIN:
        return SourceKind.PIPE
    if "://" in address.text:
        return SourceKind.LIVE
    is_device = address.text.startswith("/dev/") or Path(address.text).is_char_device()
    return SourceKind.DEVICE if is_device else SourceKind.FILE


def _options(address: SourceAddress, kind: SourceKind) -> dict[str, str]:
    if kind is SourceKind.FILE:
        return {}
    # Over UDP only from a camera that refuses TCP, since lost packets are lost pictures.
    return _QUICK | ({"rtsp_flags": "prefer_tcp"} if address.text.startswith("rtsp") else {})


def _is_still(stream: av.VideoStream) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def _preferred(streams: list[av.AudioStream]) -> av.AudioStream:
    return next((s for s in streams if s.disposition & Disposition.default), streams[0])


def _said(error: FFmpegError) -> str:
    return error.strerror or str(error)
