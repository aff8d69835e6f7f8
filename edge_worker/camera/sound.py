"""The sound's way from source packets to access units: passed through, or encoded anew."""

import logging
from typing import Protocol

import av
import numpy as np
from av.error import FFmpegError

from edge_worker.camera.adts import AacFormat, read_audio_specific_config
from edge_worker.camera.packets import Packet, ticks_of
from edge_worker.items import AudioBlock
from edge_worker.media.access_unit import AccessUnit, AudioCodec
from edge_worker.media.encode import SAMPLE_RATE, AudioEncoder
from edge_worker.media.resample import Resampler
from edge_worker.media.timestamps import ticks_to_ns

_log = logging.getLogger(__name__)

_JITTER_NS = 5_000_000
"""Timestamps this near to the sample count are rounding; beyond, sound is missing or doubled."""


class SoundPath(Protocol):
    """Turns packets of an audio track into access units."""

    codec: AudioCodec
    sample_rate: int
    channels: int
    failed: int

    def feed(self, packet: Packet) -> list[AccessUnit]:
        """Access units that this packet completes; a damaged one is counted."""
        ...

    def flush(self) -> list[AccessUnit]:
        """What is still inside, at the end of the source."""
        ...


def sound_path(stream: av.AudioStream) -> SoundPath:
    """The cheapest way that gives what receivers take: AAC in ADTS, or MPEG layer II."""
    context = stream.codec_context
    if context.name.startswith("mp2"):
        return PassedSound(stream, "mp2", None)
    if context.name == "aac":
        config = context.extradata
        raw = read_audio_specific_config(config) if config else None
        if raw or not config:
            return PassedSound(stream, "aac", raw)
    _log.info("%s sound, %d Hz, is encoded as AAC", context.name, context.sample_rate)
    return EncodedSound(stream)


class PassedSound:
    """Frames as they came, behind an ADTS header when they came raw.

    The encoder's priming stays in, before the first sample: a decoder's output for a frame lies
    at that frame's timestamp, so everything after it is where the container says.
    """

    def __init__(
        self, stream: av.AudioStream, codec: AudioCodec, raw_format: AacFormat | None
    ) -> None:
        self.codec = codec
        self.sample_rate = stream.codec_context.sample_rate
        self.channels = stream.codec_context.channels
        self.failed = 0
        self._raw_format = raw_format

    def feed(self, packet: Packet) -> list[AccessUnit]:
        """The access unit of this packet."""
        stamp = packet.pts if packet.pts is not None else packet.dts
        data = bytes(packet)
        if stamp is None:
            self.failed += 1
            return []
        if self._raw_format is not None:
            try:
                data = self._raw_format.header(len(data)) + data
            except ValueError:
                self.failed += 1
                return []
        pts = ticks_of(stamp, packet.time_base)
        return [AccessUnit("audio", self.codec, pts, pts, data)]

    def flush(self) -> list[AccessUnit]:
        """Nothing is held back."""
        return []


class EncodedSound:
    """Decoded, mixed to mono, resampled to 48 kHz, encoded as AAC-LC."""

    codec: AudioCodec = "aac"
    sample_rate = SAMPLE_RATE
    channels = 1

    def __init__(self, stream: av.AudioStream) -> None:
        self.failed = 0
        self._decoder = stream.codec_context
        self._floats = av.AudioResampler("fltp", rate=stream.codec_context.sample_rate)
        self._resampler = Resampler(SAMPLE_RATE)
        self._encoder = AudioEncoder()
        self._next_ns: int | None = None

    def feed(self, packet: Packet) -> list[AccessUnit]:
        """Access units that this packet completes."""
        return self._run(packet)

    def flush(self) -> list[AccessUnit]:
        """The rest, padded with silence to a whole frame."""
        units = self._run(None)
        for block in self._resampler.flush():
            units += self._encoder.encode(block)
        return units + self._encoder.flush()

    def _run(self, packet: Packet | None) -> list[AccessUnit]:
        try:
            decoded = self._decoder.decode(packet)
        except FFmpegError:
            self.failed += 1
            return []
        units: list[AccessUnit] = []
        for frame in decoded:
            placed = self._placed(frame)
            if placed is not None:
                for block in self._resampler.process(placed):
                    units += self._encoder.encode(block)
        return units

    def _placed(self, frame: av.AudioFrame) -> AudioBlock | None:
        """The frame's sound, touching or following the one before; None if it was there already."""
        rate = frame.sample_rate
        wire_ns = self._next_ns
        if frame.pts is not None and frame.time_base is not None:
            wire_ns = ticks_to_ns(ticks_of(frame.pts, frame.time_base))
        if wire_ns is None:
            self.failed += 1
            return None
        frame.pts = None
        # Not FFmpeg's own mix: it makes equal channels 3 dB louder, and they clip.
        channels = self._floats.resample(frame)[0].to_ndarray()
        samples = np.asarray(channels.mean(axis=0, dtype=np.float32))
        start_ns = self._next_ns if self._next_ns is not None else wire_ns
        if wire_ns > start_ns + _JITTER_NS:
            start_ns = wire_ns
        elif wire_ns < start_ns - _JITTER_NS:
            samples = samples[(start_ns - wire_ns) * rate // 1_000_000_000 :]
        if not len(samples):
            return None
        block = AudioBlock("", start_ns, rate, samples)
        self._next_ns = block.end_ns
        return block
