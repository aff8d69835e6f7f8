"""What was found in a film, as figures and for people."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np

from edge_worker.verify.closure import Closure
from edge_worker.verify.mouth import MouthTrack
from edge_worker.verify.sync import SyncWindow

Figures = dict[str, float | int | None]


@dataclass(frozen=True, slots=True, eq=False)
class MouthFindings:
    """What one eye saw; None where there was nothing to measure."""

    method: str
    track: MouthTrack
    windows: tuple[SyncWindow, ...]
    closure: Closure

    def offset_ms(self, percentile: float) -> float | None:
        """Percentile over the windows with a peak of the A/V offset; > 0: sound later."""
        offsets = self._offsets_ms
        return float(np.percentile(offsets, percentile)) if offsets else None

    @property
    def peaks(self) -> int:
        """Windows whose correlation has a peak, so that an offset can be told."""
        return len(self._offsets_ms)

    def details(self) -> dict[str, object]:
        """Everything seen, ready for JSON."""
        opening = self.track.opening
        return {
            "method": self.method,
            "offset_ms": {
                name: self.offset_ms(percentile)
                for name, percentile in (("median", 50), ("p5", 5), ("p95", 95))
            },
            "r": self.speech_r,
            "windows": [asdict(window) for window in self.windows],
            "peaks": self.peaks,
            "bilabials": asdict(self.closure),
            "faces": float(np.isfinite(opening).mean()) if len(opening) else 0.0,
        }

    @property
    def _offsets_ms(self) -> list[float]:
        return [one.offset_ms for one in self.windows if one.offset_ms is not None]

    @property
    def speech_r(self) -> float | None:
        """Median over windows of the peak correlation."""
        return float(np.median([w.r for w in self.windows])) if self.windows else None


@dataclass(frozen=True, slots=True)
class Reading:
    """What one eye makes of a control."""

    offset_ms: float | None
    r: float | None
    closure_rate: float | None
    told: bool | None
    """Whether it told the control from the film; None where there was nothing to measure."""


@dataclass(frozen=True, slots=True)
class Control:
    """The same film spoilt in a known way: a judge that does not notice is no judge."""

    name: str
    expected: str
    """What a good judge reads."""
    readings: tuple[Reading, ...]
    """One per eye."""


@dataclass(frozen=True, slots=True)
class Words:
    """What was heard again in the film's sound."""

    heard: tuple[str, ...] = ()
    """One text per spoken utterance."""
    error_rate: float | None = None
    in_characters: bool = False
    """Errors are counted in characters: the language writes no spaces."""
    chrf: float | None = None
    """0..100, against the human translation."""
    sentences_spoken: int | None = None
    """Reference sentences of which a translation was spoken; None without a reference."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How much of what there was."""

    pictures: int = 0
    pictures_wanted: int = 0
    """With audible translated speech and a usable face."""
    pictures_rendered: int = 0
    """Of those, with a rendered mouth."""
    utterances: int = 0
    spoken: int = 0
    off_camera: int = 0
    """Spoken, without lips: no mouth moved with the voice."""


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """Everything that ``verify`` found."""

    mouths: tuple[MouthFindings, ...]
    """The first eye's, then the second's."""
    words: Words
    counts: Counts
    lip_coverage: float | None
    """Rendered frames / frames with audible translated speech and a usable face."""
    untold: Mapping[str, str] = field(default_factory=dict)
    """Why a figure is missing, by its key."""
    controls: tuple[Control, ...] = ()
    bilabials_unsure: int = 0
    """P, B and M left out, since it is not certain when they are heard."""
    everyone: tuple[MouthFindings, ...] = ()
    """As ``mouths``, over all spoken captions: those that are called off camera too."""
    judged_share: float | None = None
    """Of the translated speech, what ``mouths`` are judged by; the rest is called off camera."""

    def figures(self) -> Figures:
        """By key; None where the film does not tell, see ``untold``."""
        found: Figures = {}
        for prefix, mouth in zip(("", "mouth2_"), self.mouths, strict=False):
            found |= {
                f"{prefix}av_offset_ms_median": mouth.offset_ms(50),
                f"{prefix}av_offset_ms_p5": mouth.offset_ms(5),
                f"{prefix}av_offset_ms_p95": mouth.offset_ms(95),
                f"{prefix}{'speech_r' if prefix else 'mouth_speech_r'}": mouth.speech_r,
                f"{prefix}bilabial_closure_rate": mouth.closure.rate,
            }
        return found | {
            "lip_coverage": self.lip_coverage,
            "output_wer": self.words.error_rate,
            "chrf": self.words.chrf,
            "frames_out": self.counts.pictures,
            "utterances_spoken": self.counts.spoken,
            "utterances_off_camera": self.counts.off_camera,
        }

    def details(self) -> dict[str, object]:
        """What lies behind the figures, ready for JSON."""
        return {
            "untold": dict(self.untold),
            "mouths": [mouth.details() for mouth in self.mouths],
            "mouths_off_camera_too": [mouth.details() for mouth in self.everyone],
            "judged_share": self.judged_share,
            "bilabials_unsure": self.bilabials_unsure,
            "words": asdict(self.words),
            "counts": asdict(self.counts),
            "controls": [asdict(control) for control in self.controls],
        }
