"""Utterances, sentences and runs, quickly made."""

from pathlib import Path

import pytest

from edge_worker.demo.record import RunRecord, SpokenUtterance
from edge_worker.items import PhonemeTiming
from edge_worker.span import Span
from edge_worker.verify.reference import Reference, ReferenceUtterance, read_reference

SECOND = 1_000_000_000


@pytest.fixture(scope="session")
def reference(sample: Path) -> Reference:
    return read_reference(sample / "reference.json")


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
