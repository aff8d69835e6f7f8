"""The two tracks of a source on their way to access units, and what they are called on the wire."""

import struct
from collections.abc import Iterator

from edge_worker.camera.picture import PicturePath, frame_rate, picture_path, ticks_of
from edge_worker.camera.rotation import quarter_turns
from edge_worker.camera.sound import SoundPath, sound_path
from edge_worker.camera.source import Packet, Source, SourceError
from edge_worker.media.access_unit import AccessUnit, Kind
from edge_worker.media.timestamps import TICKS_PER_SECOND
from mqtt_schemas import AudioTrack, VideoTrack

_PRIMING = TICKS_PER_SECOND // 20
_NAMES = {"hevc": "h265"}


class Tracks:
    """Reads a source as access units.

    Args:
        source: open; read by nobody else.

    Raises:
        SourceError: the source does not say how large its pictures are.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.picture: PicturePath | None = None
        self.sound: SoundPath | None = None
        if source.video is not None:
            if not source.video.codec_context.width:
                raise SourceError(f"{source.address}: it sends no picture that can be read")
            self.picture = picture_path(source.video, quarter_turns(source))
        if source.audio is not None:
            self.sound = sound_path(source.audio)
        self.origin = round(source.start_us * TICKS_PER_SECOND / 1_000_000)
        """Ticks at which the source begins."""
        self.stated: tuple[int, int] | None = None
        """(ticks, UTC ns) of the newest packet of which the device told the capture time."""

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The tracks there are."""
        kinds: list[Kind] = []
        if self.picture is not None:
            kinds.append("video")
        if self.sound is not None:
            kinds.append("audio")
        return tuple(kinds)

    @property
    def failed(self) -> int:
        """Packets that could not be used."""
        return sum(path.failed for path in (self.picture, self.sound) if path is not None)

    def video_track(self) -> VideoTrack | None:
        """The picture as published."""
        if self.picture is None or self._source.video is None:
            return None
        return VideoTrack(
            codec=_NAMES.get(self.picture.codec, self.picture.codec),
            width=self.picture.width,
            height=self.picture.height,
            fps=round(float(frame_rate(self._source.video)), 3),
        )

    def audio_track(self) -> AudioTrack | None:
        """The sound as published."""
        if self.sound is None:
            return None
        return AudioTrack(
            codec=self.sound.codec,
            sample_rate=self.sound.sample_rate,
            channels=self.sound.channels,
        )

    def units(self) -> Iterator[AccessUnit]:
        """Access units in the source's ticks, as they come; to the end of the source.

        Raises:
            SourceError: the source broke.
        """
        for packet in self._source.packets():
            self._note_capture_time(packet)
            if self.picture is not None and packet.stream is self._source.video:
                yield from self.picture.feed(packet)
            elif self.sound is not None and not self._cut_off(packet):
                yield from self.sound.feed(packet)
        for path in (self.picture, self.sound):
            if path is not None:
                yield from path.flush()

    def _note_capture_time(self, packet: Packet) -> None:
        """RTSP cameras tell it in their sender reports; FFmpeg attaches it to the packets."""
        if not packet.has_sidedata("prft") or packet.pts is None:
            return
        (wallclock_us,) = struct.unpack_from("=q", bytes(packet.get_sidedata("prft")))
        self.stated = (ticks_of(packet.pts, packet.time_base), wallclock_us * 1000)

    def _cut_off(self, packet: Packet) -> bool:
        """Sound that the file's edit list takes away, but for the encoder's priming."""
        if not packet.is_discard or packet.pts is None:
            return False
        return ticks_of(packet.pts, packet.time_base) < self.origin - _PRIMING
