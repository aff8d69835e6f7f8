"""What a transport stream carries: coded pictures and coded sound, one access unit each."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["video", "audio"]
VideoCodec = Literal["h264", "hevc"]
AudioCodec = Literal["aac", "mp2", "opus"]
Codec = Literal["h264", "hevc", "aac", "mp2", "opus"]


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One coded picture (Annex B) or one audio frame (ADTS, MPEG audio or Opus packet)."""

    kind: Kind
    codec: Codec
    pts: int
    """90 kHz ticks: 33 bits as a demuxer reads them, unwrapped from whoever counts further."""
    dts: int
    """90 kHz ticks, like ``pts``."""
    data: bytes
    key: bool = True
    """Decoding can start here; always true for sound."""
    gap: bool = False
    """Something of the same track was lost right before."""
