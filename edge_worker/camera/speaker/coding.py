"""Sound in the codings that back-channels take, cut into what RTP packets carry."""

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np

from edge_worker.camera.rtsp import Format
from edge_worker.camera.speaker.sink import RATE
from edge_worker.items import AudioBlock, Samples
from edge_worker.media.resample import Resampler

_CODECS = {
    "PCMU": "pcm_mulaw",
    "PCMA": "pcm_alaw",
    "L16": "pcm_s16be",
    "MPEG4-GENERIC": "aac",
    "OPUS": "libopus",
}
"""FFmpeg's encoder for each encoding: RFC 3551, 3640, 7587."""
_PACKETS_PER_SECOND = 50
_FRAMES = {"aac": "fltp", "libopus": "flt"}
_PCM_RATES = range(8_000, 48_001)
_AAC_RATES = {8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000}
_BIT_RATES = {"aac": 48_000, "libopus": 32_000}
_HBR = {"mode": "aac-hbr", "sizelength": "13", "indexlength": "3"}
"""The only packing of AAC that cameras use (RFC 3640, 3.3.6)."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What one RTP packet carries."""

    data: bytes
    ticks: int
    """Its length in the format's clock."""


def playable(formats: Iterable[Format]) -> Format | None:
    """The first format that can be coded: the one that the server likes best."""
    return next((one for one in formats if _supported(one)), None)


class SpeechCoder:
    """Codes sound at 48 kHz for a back-channel.

    Args:
        wanted: a format that ``playable`` gave.
    """

    def __init__(self, wanted: Format) -> None:
        self._codec = _CODECS[wanted.encoding]
        self._clock_rate = wanted.clock_rate
        self._channels = 1 if self._codec == "libopus" else wanted.channels
        self._resampler = Resampler(wanted.clock_rate)
        self._context = self._open()
        self._frame = self._context.frame_size or wanted.clock_rate // _PACKETS_PER_SECOND
        self._samples = np.zeros(0, np.float32)
        self._taken = 0

    def code(self, samples: Samples) -> list[Payload]:
        """Code the next sound; gives the packets that it completes."""
        pts_ns = self._taken * 1_000_000_000 // RATE
        self._taken += len(samples)
        return self._packets(self._resampler.process(AudioBlock("", pts_ns, RATE, samples)))

    def flush(self) -> list[Payload]:
        """Code what is left, filled up with silence."""
        payloads = self._packets(self._resampler.flush())
        if len(self._samples):
            missing = np.zeros(self._frame - len(self._samples), np.float32)
            self._samples = np.concatenate([self._samples, missing])
        return payloads + self._packets([]) + self._coded(None)

    def _open(self) -> av.AudioCodecContext:
        context = av.CodecContext.create(self._codec, "w")
        if not isinstance(context, av.AudioCodecContext):
            raise TypeError(f"the {self._codec} encoder of this FFmpeg does not encode sound")
        context.sample_rate = self._clock_rate
        context.layout = "stereo" if self._channels == 2 else "mono"
        context.format = _FRAMES.get(self._codec, "s16")
        context.time_base = Fraction(1, self._clock_rate)
        if self._codec in _BIT_RATES:
            context.bit_rate = _BIT_RATES[self._codec]
        context.open()
        return context

    def _packets(self, blocks: list[AudioBlock]) -> list[Payload]:
        self._samples = np.concatenate([self._samples, *(block.samples for block in blocks)])
        payloads: list[Payload] = []
        while len(self._samples) >= self._frame:
            frame, self._samples = self._samples[: self._frame], self._samples[self._frame :]
            payloads += self._coded(self._filled(frame))
        return payloads

    def _coded(self, frame: av.AudioFrame | None) -> list[Payload]:
        """What the encoder gives for a frame; without one, what it has held back."""
        packets = self._context.encode(frame)
        return [Payload(self._packed(bytes(packet)), self._frame) for packet in packets]

    def _filled(self, samples: Samples) -> av.AudioFrame:
        layout = "stereo" if self._channels == 2 else "mono"
        form = _FRAMES.get(self._codec, "s16")
        spread = np.repeat(samples[None, :], self._channels, axis=0)
        if not form.endswith("p"):
            spread = spread.T.reshape(1, -1)
        if form == "s16":
            spread = np.clip(spread * 32_767, -32_768, 32_767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(spread), format=form, layout=layout)
        frame.sample_rate, frame.time_base = self._clock_rate, Fraction(1, self._clock_rate)
        return frame

    def _packed(self, coded: bytes) -> bytes:
        if self._codec != "aac":
            return coded
        return struct.pack(">HH", 16, len(coded) << 3) + coded


def _supported(wanted: Format) -> bool:
    if wanted.encoding not in _CODECS or wanted.channels not in {1, 2}:
        return False
    if wanted.encoding == "OPUS":
        return wanted.clock_rate == RATE
    if wanted.encoding == "MPEG4-GENERIC":
        said = dict(re.findall(r"(\w+)=([\w-]+)", wanted.parameters.lower()))
        return wanted.clock_rate in _AAC_RATES and said.items() >= _HBR.items()
    return wanted.clock_rate in _PCM_RATES
