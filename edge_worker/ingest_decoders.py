"""The two decoders of one epoch, and what people have to be told of what they meet."""

from edge_worker.ingest_notes import Notes
from edge_worker.items import AudioBlock, VideoFrame
from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.decode import MAX_PIXELS, AudioDecoder, DecodeCounters, VideoDecoder
from edge_worker.media.fit import fitted


class Decoders:
    """Decodes one stream's pictures and sound; codecs may change at any access unit.

    Args:
        notes: where trouble is told.
        pictures: whether they are decoded, or only the sound.
    """

    def __init__(self, notes: Notes, *, pictures: bool = True) -> None:
        self.pictures = DecodeCounters()
        self.sound = DecodeCounters()
        self._sees = pictures
        self._notes = notes
        self._video: VideoDecoder | None = None
        self._audio: AudioDecoder | None = None

    @property
    def failed(self) -> int:
        """Access units that a decoder refused."""
        return self.pictures.failed + self.sound.failed

    def decode(
        self, unit: AccessUnit, epoch: str, frames: list[VideoFrame], blocks: list[AudioBlock]
    ) -> None:
        """Decode one access unit (unwrapped ticks); what it gives is appended."""
        if unit.kind == "video" and not self._sees:
            return
        failed, late = self.failed, self.pictures.late
        if unit.codec == "h264" or unit.codec == "hevc":  # noqa: PLR1714 - narrows the type
            if self._video is None or self._video.codec != unit.codec:
                self._video = VideoDecoder(unit.codec, epoch, self.pictures)
            frames.extend(self._video.decode(unit))
            self._tell_of_size(self._video)
        else:
            if self._audio is None or self._audio.codec != unit.codec:
                self._audio = AudioDecoder(unit.codec, epoch, self.sound)
            blocks.extend(self._audio.decode(unit))
        if self.failed > failed:
            limit = f" (above {MAX_PIXELS / 1e6:.1f} megapixels none is taken)"
            self._notes.say(
                "undecodable",
                f"the decoder refused {unit.kind} coded as {unit.codec}"
                f"{limit if unit.kind == 'video' else ''}",
            )
        if self.pictures.late > late:
            self._notes.say(
                "timestamps",
                "pictures whose timestamps do not rise are left out: let the sender stamp them "
                "anew (ffmpeg: -use_wallclock_as_timestamps 1)",
            )

    def mark_gap(self) -> None:
        """Pictures are missing: degraded until the next keyframe."""
        if self._video is not None:
            self._video.mark_gap()

    def close(self, frames: list[VideoFrame]) -> None:
        """End the epoch; pictures still held back are appended."""
        if self._video is not None:
            frames.extend(self._video.flush())
        self._video = None
        self._audio = None

    def _tell_of_size(self, video: VideoDecoder) -> None:
        if video.source_size is None:
            return
        width, height = fitted(*video.source_size)
        if (width, height) == video.source_size:
            return
        stored = "{}x{}".format(*video.source_size)
        self._notes.say(
            "scaled",
            f"pictures of {stored} are scaled to {width}x{height}; "
            "a sub-stream of the camera saves the work",
        )
        if video.keyframes_only:
            self._notes.say(
                "heavy",
                f"pictures of {stored} cannot be decoded in time here, so only keyframes are "
                "shown: send a sub-stream of the camera",
            )
