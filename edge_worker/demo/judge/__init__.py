"""The judge: measures a finished film, knowing nothing of how it was made.

It imports neither the renderer nor the timeline. Everything that can be seen or heard is
measured again from the film itself; only what cannot (where an utterance was meant to be, when a
segment was published, what the worker spent) is taken from the run's record.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_worker.demo.judge import film
from edge_worker.demo.judge.closure import Closure, bilabial_times, closure
from edge_worker.demo.judge.latency import first_sounds_s
from edge_worker.demo.judge.mouth import MouthTrack, track_mouth
from edge_worker.demo.judge.record import (
    Reference,
    ReferenceUtterance,
    RunRecord,
    Span,
    SpokenUtterance,
    StageLatency,
    read_reference,
)
from edge_worker.demo.judge.sync import SyncWindow, sync_windows
from edge_worker.demo.judge.words import heard, paired, translation_score, word_error_rate
from engines.asr import SAMPLE_RATE, Recognizer
from engines.face import FaceLandmarker

__all__ = [
    "Closure",
    "Judgement",
    "MouthTrack",
    "Reference",
    "ReferenceUtterance",
    "RunRecord",
    "Span",
    "SpokenUtterance",
    "StageLatency",
    "SyncWindow",
    "judge",
    "judge_mouth",
    "read_reference",
]


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What the judge found; None where there was nothing to measure."""

    track: MouthTrack
    windows: tuple[SyncWindow, ...]
    closure: Closure
    lip_coverage: float | None
    """Rendered frames / frames with audible translated speech and a usable face."""
    heard: dict[str, str]
    """What a recognizer heard, by utterance id."""
    output_wer: float | None
    chrf: float | None
    first_sounds_s: dict[str, float]
    """By reference utterance id."""
    utterances_spoken: int
    """Reference utterances whose translation was spoken."""

    def offset_ms(self, percentile: float) -> float | None:
        """Percentile over windows of the A/V offset."""
        if not self.windows:
            return None
        return float(np.percentile([w.offset_ms for w in self.windows], percentile))

    @property
    def mouth_speech_r(self) -> float | None:
        """Median over windows of the peak correlation."""
        return float(np.median([w.r for w in self.windows])) if self.windows else None

    @property
    def first_sound_s(self) -> float | None:
        """Median time to the first translated sound."""
        values = list(self.first_sounds_s.values())
        return float(np.median(values)) if values else None


def judge_mouth(
    path: Path, run: RunRecord, landmarker: FaceLandmarker
) -> tuple[MouthTrack, tuple[SyncWindow, ...], Closure]:
    """Re-track the mouth of the film at ``path`` and hold it against its sound."""
    track = track_mouth(film.pictures(path), landmarker)
    speech = [u.placed for u in run.dubbed if u.placed is not None]
    windows = sync_windows(track, film.sound(path, SAMPLE_RATE), SAMPLE_RATE, speech)
    return track, windows, closure(track, bilabial_times(run.dubbed), speech)


def judge(
    path: Path,
    run: RunRecord,
    reference: Reference,
    *,
    landmarker: FaceLandmarker,
    recognizer: Recognizer,
) -> Judgement:
    """Measure the film at ``path``.

    Raises:
        ValueError: the film has no sound.
        av.FFmpegError: the film cannot be read.
    """
    track, windows, closed = judge_mouth(path, run, landmarker)
    texts = heard(film.sound(path, SAMPLE_RATE), run.dubbed, recognizer, reference.target_language)
    groups = paired(reference.utterances, run.dubbed)
    return Judgement(
        track=track,
        windows=windows,
        closure=closed,
        lip_coverage=lip_coverage(track, run),
        heard=texts,
        output_wer=word_error_rate(
            [u.target_text for u in run.dubbed], [texts[u.id] for u in run.dubbed]
        ),
        chrf=translation_score(reference.utterances, run.dubbed),
        first_sounds_s=first_sounds_s(reference.utterances, run.dubbed, run.camera_start_utc_ns),
        utterances_spoken=sum(len(sentences) for sentences, said in groups if said),
    )


def lip_coverage(track: MouthTrack, run: RunRecord) -> float | None:
    """Share of the frames with audible translated speech and a face whose mouth was rendered."""
    speech = [u.placed for u in run.dubbed if u.placed is not None]
    wanted = _within(track.times_ns, speech) & np.isfinite(track.opening)
    if not wanted.any():
        return None
    return float(_within(track.times_ns, run.rendered)[wanted].mean())


def _within(times_ns: NDArray[np.int64], spans: Sequence[Span]) -> NDArray[np.bool_]:
    inside = np.zeros(len(times_ns), bool)
    for span in spans:
        inside |= (times_ns >= span.start_ns) & (times_ns < span.end_ns)
    return inside
