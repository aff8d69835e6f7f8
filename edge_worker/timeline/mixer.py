"""What is heard: the original, ducked while translated speech is audible, plus that speech."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge_worker.items import PlacedSpeech, Samples

_FADE_NS = 30_000_000
_HOLD_NS = 400_000_000


@dataclass(frozen=True, slots=True, eq=False)
class MixedSound:
    """A block of output sound."""

    samples: Samples
    altered: bool
    """True when anything but the untouched original is in it."""


def mix(
    original: Samples,
    start_ns: int,
    sample_rate: int,
    speeches: Sequence[PlacedSpeech],
    original_volume: float,
) -> MixedSound:
    """Mix one block that starts at media time ``start_ns``.

    The duck closes over ``_FADE_NS`` before a speech begins, opens as fast after it ends, and
    stays closed between two speeches that are less than ``_HOLD_NS`` apart, so that the original
    does not flicker in and out. Speech is clipped softly by keeping the sum within full scale.
    """
    count = len(original)
    end_ns = start_ns + count * 1_000_000_000 // sample_rate
    near = [
        speech
        for speech in speeches
        if speech.start_ns - _FADE_NS < end_ns and speech.end_ns + _HOLD_NS > start_ns
    ]
    if not near:
        return MixedSound(original, altered=False)
    times_ns = start_ns + np.arange(count, dtype=np.int64) * 1_000_000_000 // sample_rate
    duck = np.zeros(count, np.float32)
    spoken = np.zeros(count, np.float32)
    for begin_ns, close_ns in _covered(speeches):
        duck = np.maximum(duck, _ramp(times_ns, begin_ns, close_ns))
    for speech in near:
        _add(spoken, speech, start_ns, sample_rate)
    if not duck.any():
        return MixedSound(original, altered=False)
    gain = 1.0 - duck * np.float32(1.0 - original_volume)
    mixed = original * gain + spoken
    return MixedSound(np.clip(mixed, -1.0, 1.0).astype(np.float32), altered=True)


def _covered(speeches: Sequence[PlacedSpeech]) -> list[tuple[int, int]]:
    """Spans of speech with the short gaps between them closed."""
    spans: list[tuple[int, int]] = []
    for speech in sorted(speeches, key=lambda one: one.start_ns):
        if spans and speech.start_ns - spans[-1][1] < _HOLD_NS:
            spans[-1] = (spans[-1][0], max(spans[-1][1], speech.end_ns))
        else:
            spans.append((speech.start_ns, speech.end_ns))
    return spans


def _ramp(
    times_ns: "np.ndarray[tuple[int], np.dtype[np.int64]]", begin_ns: int, close_ns: int
) -> Samples:
    rise = (times_ns - (begin_ns - _FADE_NS)) / _FADE_NS
    fall = (close_ns + _FADE_NS - times_ns) / _FADE_NS
    return np.clip(np.minimum(rise, fall), 0.0, 1.0).astype(np.float32)


def _add(into: Samples, speech: PlacedSpeech, start_ns: int, sample_rate: int) -> None:
    offset = round((start_ns - speech.start_ns) * sample_rate / 1_000_000_000)
    source = speech.speech.samples
    first = max(0, -offset)
    last = min(len(into), len(source) - offset)
    if last > first:
        into[first:last] += source[first + offset : last + offset]
