"""ADTS headers for AAC that comes raw, as in MP4 and RTP (ISO/IEC 14496-3, 1.6 and 1.A.2)."""

from dataclasses import dataclass

_RATES = 13  # indices of the standard's table of sample rates; above them none has an ADTS form
_SBR, _PS = 5, 29
_LIMIT = (1 << 13) - 1


@dataclass(frozen=True, slots=True)
class AacFormat:
    """What an ADTS header says of the stream."""

    profile: int
    """Audio object type - 1, 0-3."""
    rate_index: int
    channels: int
    """Channel configuration, 1-7."""

    def header(self, size: int) -> bytes:
        """The 7 bytes before a frame of ``size`` bytes.

        Raises:
            ValueError: too large for ADTS.
        """
        size += 7
        if size > _LIMIT:
            raise ValueError(f"an AAC frame of {size} bytes has no ADTS form")
        return bytes(
            (
                0xFF,
                0xF1,
                self.profile << 6 | self.rate_index << 2 | self.channels >> 2,
                (self.channels & 3) << 6 | size >> 11,
                size >> 3 & 0xFF,
                (size & 7) << 5 | 0x1F,
                0xFC,
            )
        )


def read_audio_specific_config(config: bytes) -> AacFormat | None:
    """The format that an AudioSpecificConfig states; None if ADTS cannot express it.

    Of HE-AAC the core's format is given: decoders find the extension in the frames themselves.
    """
    if len(config) < 2:
        return None
    bits = int.from_bytes(config[:2])
    object_type = bits >> 11
    rate_index = bits >> 7 & 15
    channels = bits >> 3 & 15
    if object_type in {_SBR, _PS}:
        object_type = 2
    if not 1 <= object_type <= 4 or rate_index >= _RATES or not 1 <= channels <= 7:
        return None
    return AacFormat(object_type - 1, rate_index, channels)
