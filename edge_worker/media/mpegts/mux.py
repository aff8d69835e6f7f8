"""MPEG-TS muxer for messages: each one starts with PAT and PMT and holds whole access units.

Written by hand because a muxer library interleaves: it holds video back while the microphone is
silent, and this one must let go of every access unit at once.
"""

from edge_worker.media.access_unit import AccessUnit, AudioCodec, Codec, VideoCodec
from edge_worker.media.mpegts.packet import Packetizer, adaptation_field
from edge_worker.media.mpegts.pes import build_pes
from edge_worker.media.mpegts.tables import (
    PAT_PID,
    SDT_PID,
    build_pat,
    build_pmt,
    build_sdt,
)
from edge_worker.media.nal import with_delimiter

VIDEO_PID = 0x100
AUDIO_PID = 0x101
MAP_PID = 0x1000

_CLOCK_LEAD = 9000  # the PCR runs 100 ms behind, which is the decoder's buffer
_CLOCK_LIMIT = 9000  # ISO/IEC 13818-1, 2.7.2: at least every 100 ms
_CLOCK_STEP = 8100
_CLOCK_MIN_STEP = 2700
_CLOCK_RESTART = 90_000  # a longer silence is jumped over, not filled
_NAME_INTERVAL = 81_000  # 0.9 s


class Muxer:
    """Packs access units of at most one video and one audio track.

    Args:
        video: codec of the pictures; None without any.
        audio: codec of the sound; None without any.
        service_name: what players show; may change at any time.

    Raises:
        ValueError: neither video nor audio.
    """

    def __init__(
        self,
        video: VideoCodec | None = "h264",
        audio: AudioCodec | None = "aac",
        service_name: str = "Polylip",
    ) -> None:
        streams: list[tuple[int, Codec]] = []
        if video:
            streams.append((VIDEO_PID, video))
        if audio:
            streams.append((AUDIO_PID, audio))
        if not streams:
            raise ValueError("a muxer needs a video codec, an audio codec or both")
        self._codecs: dict[str, Codec | None] = {"video": video, "audio": audio}
        self._clock_pid = streams[0][0]
        self._pat = build_pat(MAP_PID)
        self._pmt = build_pmt(self._clock_pid, streams)
        self._service_name = service_name
        self._sdt_version = 0
        self._sdt = build_sdt(service_name)
        self._sdt_due = True
        self._sdt_ticks = 0
        self._packets = Packetizer()
        self._out = bytearray()
        self._clock: int | None = None
        self._discontinuity = True

    @property
    def service_name(self) -> str:
        """What players show; a new name goes out with the next message."""
        return self._service_name

    @service_name.setter
    def service_name(self, name: str) -> None:
        if name == self._service_name:
            return
        self._service_name = name
        self._sdt_version = (self._sdt_version + 1) & 31
        self._sdt = build_sdt(name, self._sdt_version)
        self._sdt_due = True

    @property
    def has_video(self) -> bool:
        """It carries pictures."""
        return self._codecs["video"] is not None

    def mark_discontinuity(self) -> None:
        """Tell decoders that timestamps jump or the source changes with the next access unit."""
        self._discontinuity = True
        self._clock = None

    def add(self, unit: AccessUnit) -> None:
        """Append one access unit.

        Raises:
            ValueError: the muxer was not made for this codec.
        """
        if self._codecs.get(unit.kind) != unit.codec:
            raise ValueError(
                f"this muxer carries {self._codecs}; it got {unit.kind} coded as {unit.codec}"
            )
        if not self._out:
            self._tables(unit.dts)
        pid = VIDEO_PID if unit.kind == "video" else AUDIO_PID
        pcr = self._advance_clock(unit.dts - _CLOCK_LEAD)
        random_access = unit.key and unit.kind == "video"
        if pid == self._clock_pid:
            adaptation = self._clock_field(pcr, random_access=random_access)
        else:
            if pcr is not None:
                self._packets.clock_only(
                    self._out, self._clock_pid, self._clock_field(pcr, random_access=False)
                )
            adaptation = adaptation_field(random_access=random_access)
        self._packets.payload(self._out, pid, build_pes(unit, _payload(unit)), adaptation)

    def cut(self) -> bytes:
        """The message of everything added since the last cut; empty when nothing was."""
        message = bytes(self._out)
        self._out.clear()
        return message

    def _tables(self, ticks: int) -> None:
        self._packets.section(self._out, PAT_PID, self._pat)
        self._packets.section(self._out, MAP_PID, self._pmt)
        if self._sdt_due or not 0 <= ticks - self._sdt_ticks < _NAME_INTERVAL:
            self._packets.section(self._out, SDT_PID, self._sdt)
            self._sdt_due = False
            self._sdt_ticks = ticks

    def _advance_clock(self, ticks: int) -> int | None:
        """The PCR to write now, if one is due; long pauses get clock packets in between."""
        if self._clock is None or not -_CLOCK_RESTART < ticks - self._clock < _CLOCK_RESTART:
            self._clock = ticks
            return ticks
        while ticks - self._clock > _CLOCK_LIMIT:
            self._clock += _CLOCK_STEP
            field = self._clock_field(self._clock, random_access=False)
            self._packets.clock_only(self._out, self._clock_pid, field)
        if ticks - self._clock < _CLOCK_MIN_STEP:
            return None
        self._clock = ticks
        return ticks

    def _clock_field(self, pcr: int | None, *, random_access: bool) -> bytes:
        discontinuity = self._discontinuity and pcr is not None
        if discontinuity:
            self._discontinuity = False
        return adaptation_field(pcr=pcr, random_access=random_access, discontinuity=discontinuity)


def _payload(unit: AccessUnit) -> bytes:
    if unit.kind == "video":
        return with_delimiter(unit.codec, unit.data)
    if unit.codec == "opus":
        whole, rest = divmod(len(unit.data), 255)
        return b"\x7f\xe0" + b"\xff" * whole + bytes((rest,)) + unit.data
    return unit.data
