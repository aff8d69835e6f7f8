"""The sample visitor as a fixture: her own mouth moves with her own Portuguese."""

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_worker.demo.judge import (
    MouthTrack,
    Reference,
    ReferenceUtterance,
    RunRecord,
    Span,
    SpokenUtterance,
    film,
    read_reference,
)
from edge_worker.demo.judge.mouth import track_mouth
from edge_worker.items import PhonemeTiming
from engines.face.mediapipe import MediaPipeFace

SECOND = 1_000_000_000
RATE = 16_000


@dataclass(frozen=True, slots=True, eq=False)
class Visitor:
    """The first 18 s of the sample film."""

    track: MouthTrack
    sound: NDArray[np.float32]
    speech: tuple[Span, ...]


@pytest.fixture(scope="session")
def reference(sample: Path) -> Reference:
    return read_reference(sample / "reference.json")


@pytest.fixture(scope="session")
def visitor(sample: Path, reference: Reference) -> Visitor:
    shots = itertools.takewhile(
        lambda shot: shot.time_ns < 18 * SECOND, film.pictures(sample / "visitor.mp4")
    )
    return Visitor(
        track=track_mouth(shots, MediaPipeFace()),
        sound=film.sound(sample / "visitor.mp4", RATE)[: 18 * RATE],
        speech=tuple(u.span for u in reference.utterances),
    )


def sentence(start_s: float, end_s: float, text: str = "", number: int = 0) -> ReferenceUtterance:
    span = Span(round(start_s * SECOND), round(end_s * SECOND))
    return ReferenceUtterance(f"r{number or start_s}", span, "olá", text)


def spoken(
    start_s: float,
    end_s: float,
    text: str = "",
    *,
    placed_s: tuple[float, float] | None = None,
    published_s: float | None = None,
    phonemes: tuple[PhonemeTiming, ...] = (),
) -> SpokenUtterance:
    return SpokenUtterance(
        id=f"u{start_s}",
        source=Span(round(start_s * SECOND), round(end_s * SECOND)),
        source_text="olá",
        target_text=text,
        placed=Span(*(round(t * SECOND) for t in placed_s)) if placed_s else None,
        phonemes=phonemes,
        first_publish_utc_ns=round(published_s * SECOND) if published_s is not None else None,
    )


def run_of(*utterances: SpokenUtterance, rendered: tuple[Span, ...] = ()) -> RunRecord:
    return RunRecord(
        camera_start_utc_ns=0, output_start_ns=0, utterances=utterances, rendered=rendered
    )
