"""The same film, spoilt in known ways: what do the judges say to that?"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from edge_worker.verify.closure import Closure
from edge_worker.verify.film import Sound
from edge_worker.verify.findings import Control, MouthFindings, Reading
from edge_worker.verify.mouth import MouthTrack

SHIFTS_MS = (120, -120)
SHIFT_TOLERANCE_MS = 20.0
CLEARLY_WORSE = 0.6
"""A foreign sound may correlate at most this much of what the film's own does."""

FEWER_CLOSURES = 0.75
"""Or a foreign mouth is closed at most this much as often on P, B and M as the film's own.

Lips and sound that share the pauses of one visitor correlate by their pauses alone, .2 to .35 by
run; what the lips do on a P they do not share.
"""

LEAST_R = 0.15
"""A film whose own sound correlates less cannot be told from a spoilt one."""

_FOREIGN = (0.3, 0.5, 0.7)
"""How far the film's own sound is moved to be foreign to it, in its lengths."""

Measure = Callable[[Sequence[MouthTrack], Sound, int], tuple[MouthFindings, ...]]
"""Measures tracks against a sound whose words lie so many nanoseconds later than captioned."""


def controls(
    own: Sequence[MouthFindings],
    sound: Sound,
    sample_rate: int,
    measure: Measure,
    untouched: Sequence[MouthTrack] | None,
) -> tuple[Control, ...]:
    """Measure the spoilt films.

    Args:
        own: what was found in the film itself.
        sound: of the film.
        sample_rate: of ``sound``.
        measure: the judge.
        untouched: the mouth of the source film on this film's clock; None without one.
    """
    tracks = [mouth.track for mouth in own]
    made = [
        _moved(own, ms, measure(tracks, moved(sound, ms, sample_rate), ms * 1_000_000))
        for ms in SHIFTS_MS
    ]
    foreign = [measure(tracks, np.roll(sound, round(share * len(sound))), 0) for share in _FOREIGN]
    made.append(_unlike("foreign sound: its own, moved far", own, _pooled(foreign)))
    if untouched is not None:
        found = measure(untouched, sound, 0)
        made.append(_unlike("untouched lips with the translated sound", own, found))
    return tuple(made)


def moved(sound: Sound, ms: int, sample_rate: int) -> Sound:
    """The sound ``ms`` later, of the same length."""
    samples = abs(ms) * sample_rate // 1000
    silence = np.zeros(min(samples, len(sound)), np.float32)
    if ms < 0:
        return np.concatenate([sound[samples:], silence])
    return np.concatenate([silence, sound])[: len(sound)]


def _pooled(found: Sequence[Sequence[MouthFindings]]) -> tuple[MouthFindings, ...]:
    """Several measurements as one, eye by eye: the windows of all.

    Without closures: the moved sound says other phones than the captions.
    """
    return tuple(
        replace(
            eye[0],
            windows=tuple(window for one in eye for window in one.windows),
            closure=Closure(0, 0, None),
        )
        for eye in zip(*found, strict=True)
    )


def _moved(own: Sequence[MouthFindings], ms: int, found: Sequence[MouthFindings]) -> Control:
    readings = []
    for before, after in zip(own, found, strict=True):
        was, now = before.offset_ms(50), after.offset_ms(50)
        told = None
        if was is not None and now is not None:
            told = abs(now - was - ms) <= SHIFT_TOLERANCE_MS
        readings.append(_reading(after, told=told))
    return Control(
        f"sound moved by {ms:+d} ms",
        f"offset moves by {ms:+d} ms, within {SHIFT_TOLERANCE_MS:.0f} ms",
        tuple(readings),
    )


def _unlike(name: str, own: Sequence[MouthFindings], found: Sequence[MouthFindings]) -> Control:
    readings = []
    for before, after in zip(own, found, strict=True):
        was, now = before.speech_r, after.speech_r
        told = None
        if was is not None and now is not None and was >= LEAST_R:
            told = now <= CLEARLY_WORSE * was or _closes_less(before.closure, after.closure)
        readings.append(_reading(after, told=told))
    wanted = (
        f"correlation at most {CLEARLY_WORSE:.0%} or closures {FEWER_CLOSURES:.0%} of the film's"
    )
    return Control(name, wanted, tuple(readings))


def _closes_less(own: Closure, found: Closure) -> bool:
    if own.rate is None or found.rate is None:
        return False
    return found.rate <= FEWER_CLOSURES * own.rate


def _reading(found: MouthFindings, *, told: bool | None) -> Reading:
    return Reading(found.offset_ms(50), found.speech_r, found.closure.rate, told)
