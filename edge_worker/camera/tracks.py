"""The two tracks of a source on their way to access units, and what they are called on the wire."""

import struct
import time
from collections.abc import Iterator

from edge_worker.camera.live_stamps import LiveStamps
from edge_worker.camera.packets import Packet, ticks_of
from edge_worker.camera.picture import PicturePath, frame_rate, picture_path
from edge_worker.camera.rotation import quarter_turns
from edge_worker.camera.sound import SoundPath, sound_path
from edge_worker.camera.source import Source, SourceError
from edge_worker.media.access_unit import AccessUnit, Kind
from edge_worker.media.timestamps import TICKS_PER_SECOND
from mqtt_schemas import AudioTrack, VideoTrack

_PRIMING = TICKS_PER_SECOND // 20
_NAMES = {"hevc": "h265"}
_KEYFRAME_WITHIN = 450
"""Pictures, 15 s and more: a camera that has shown no keyframe until then shows none."""
_BLIND_NS = 10_000_000_000


class Tracks:
    """Reads a source as access units.

    A live source's timestamps are corrected, and its pictures begin with a keyframe; sound does
    not wait for it.

    Args:
        source: open; read by nobody else.
        note: what was done about the source until now, for people.

    Raises:
        SourceError: the source does not say how large its pictures are.
    """

    def __init__(self, source: Source, note: str = "") -> None:
        self._source = source
        self._stamps = None if source.waits else LiveStamps(str(source.address))
        self._begun = False
        self._before_keyframe = 0
        self._seen_ns: int | None = None
        self.picture: PicturePath | None = None
        self.sound: SoundPath | None = None
        if source.video is not None:
            if not source.video.codec_context.width:
                raise SourceError(f"{source.address}: it sends no picture that can be read")
            self.picture = picture_path(source.video, quarter_turns(source))
            note = "; ".join(filter(None, (note, self.picture.note)))
        if source.audio is not None:
            self.sound = sound_path(source.audio)
        self.note = note
        """What was done to the pictures, for people; empty if nothing."""
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
        for packet in self._packets():
            self._note_capture_time(packet)
            if self.picture is not None and packet.stream is self._source.video:
                yield from self.picture.feed(packet)
            elif self.sound is not None and not self._cut_off(packet):
                yield from self.sound.feed(packet)
        for path in (self.picture, self.sound):
            if path is not None:
                yield from path.flush()

    def _packets(self) -> Iterator[Packet]:
        """The source's packets; a live one's from where they can be used, timestamps corrected."""
        if self._stamps is None:
            yield from self._source.packets()
            return
        for packet in self._source.packets():
            now_ns = time.monotonic_ns()
            kind: Kind = "video" if packet.stream is self._source.video else "audio"
            self._look(kind, now_ns)
            if not self._too_early(kind, packet):
                yield from self._stamps.correct(kind, packet, now_ns)

    def _look(self, kind: Kind, now_ns: int) -> None:
        """A camera that talks on but shows nothing any more has to be opened again."""
        if kind == "video":
            self._seen_ns = now_ns
        elif self._seen_ns is not None and now_ns - self._seen_ns > _BLIND_NS:
            raise SourceError(f"{self._source.address}: it sends sound but no pictures any more")

    def _too_early(self, kind: Kind, packet: Packet) -> bool:
        """Nothing can be decoded before a keyframe; sound of so long ago is no use either."""
        if self.picture is None or self._before_keyframe > _KEYFRAME_WITHIN:
            return False
        if kind == "audio":
            return self._source.patient and not self._begun
        self._begun = self._begun or packet.is_keyframe
        self._before_keyframe += not self._begun
        return not self._begun

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
