"""The camera's loudspeaker: what it takes, and what it heard."""

import struct
import time
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any

import av
import numpy as np

from edge_worker.items import Samples

TRACK = "back"
_RATE = 48_000
_HEAD = 12


@dataclass(frozen=True, slots=True)
class BackChannel:
    """What a loudspeaker takes, and how it behaves."""

    codec: str = "pcm_mulaw"
    """FFmpeg's name of its decoder."""
    payload_type: int = 0
    encoding: str = "PCMU/8000"
    """As ``rtpmap`` has it."""
    parameters: str = ""
    """``fmtp``."""
    more_formats: tuple[str, ...] = ()
    """Other encodings, put before its own; nothing that it could play."""
    direction: str = "sendonly"
    set_up_status: str = "200 OK"
    play_status: str = "200 OK"
    timeout_s: int = 60
    hangs_up_after: int | None = None
    """Packets."""
    config: bytes = b""
    """AudioSpecificConfig of AAC."""

    def lines(self) -> list[str]:
        """Its part of the session description."""
        others = range(120, 120 + len(self.more_formats))
        types = " ".join(str(kind) for kind in (*others, self.payload_type))
        maps = [f"a=rtpmap:{k} {name}" for k, name in zip(others, self.more_formats, strict=True)]
        parameters = [f"a=fmtp:{self.payload_type} {self.parameters}"] if self.parameters else []
        return [
            f"m=audio 0 RTP/AVP {types}",
            *maps,
            f"a=rtpmap:{self.payload_type} {self.encoding}",
            *parameters,
            f"a={self.direction}",
            f"a=control:{TRACK}",
        ]


@dataclass(slots=True)
class Heard:
    """RTP packets that came to the loudspeaker."""

    back_channel: BackChannel
    packets: list[bytes] = field(default_factory=list)
    arrivals_ns: list[int] = field(default_factory=list)

    def take(self, packet: bytes) -> None:
        self.packets.append(packet)
        self.arrivals_ns.append(time.monotonic_ns())

    @property
    def heads(self) -> list[tuple[int, int, int, int, int]]:
        """Of each packet: first byte, marker and type, number, timestamp, source."""
        return [struct.unpack(">BBHII", packet[:_HEAD]) for packet in self.packets]

    @property
    def unbroken(self) -> bool:
        """Numbers and timestamps go on from packet to packet, and the payload type is right."""
        heads = self.heads
        types = {kind & 127 for _, kind, _, _, _ in heads}
        steps = {b[3] - a[3] & 0xFFFFFFFF for a, b in pairwise(heads)}
        numbers = {b[2] - a[2] & 0xFFFF for a, b in pairwise(heads)}
        sources = {head[4] for head in heads}
        return (
            types == {self.back_channel.payload_type}
            and len(steps) == len(numbers) == len(sources) == 1
            and numbers == {1}
        )

    def samples(self) -> Samples:
        """The sound, at 48 kHz."""
        rate, _, channels = self.back_channel.encoding.partition("/")[2].partition("/")
        context: Any = av.CodecContext.create(self.back_channel.codec, "r")
        context.sample_rate = int(rate)
        context.layout = "stereo" if channels == "2" else "mono"
        if self.back_channel.config:
            context.extradata = self.back_channel.config
        resampler = av.AudioResampler("fltp", rate=_RATE)
        parts: list[Samples] = []
        skip = _HEAD + (4 if self.back_channel.codec == "aac" else 0)
        taken = 0
        for packet in self.packets:
            for frame in context.decode(av.Packet(packet[skip:])):
                frame.pts, frame.time_base = taken, Fraction(1, int(rate))
                taken += frame.samples
                parts += [one.to_ndarray().mean(axis=0) for one in resampler.resample(frame)]
        return np.concatenate([np.zeros(0, np.float32), *parts])
