"""The sample visitor as a fixture: her own mouth moves with her own Portuguese."""

import itertools
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_worker.captions import Caption, Captions
from edge_worker.span import Span
from edge_worker.verify import film
from edge_worker.verify.mesh import MeshEye
from edge_worker.verify.mouth import MouthTrack, look
from edge_worker.verify.outline import OutlineEye
from edge_worker.verify.reference import Reference, ReferenceUtterance, read_reference
from engines.asr import Transcript
from engines.face.mediapipe import MediaPipeFace

SECOND = 1_000_000_000
RATE = 16_000
LENGTH_S = 18
EYES = ("mesh", "outline")


@dataclass(frozen=True, slots=True, eq=False)
class Visitor:
    """The first 18 s of the sample film."""

    tracks: dict[str, MouthTrack]
    """What each eye saw."""
    sound: NDArray[np.float32]
    speech: tuple[Span, ...]


@pytest.fixture(scope="session")
def reference(sample: Path) -> Reference:
    return read_reference(sample / "reference.json")


@pytest.fixture(scope="session")
def visitor(sample: Path, reference: Reference) -> Visitor:
    shots = itertools.takewhile(
        lambda shot: shot.time_ns < LENGTH_S * SECOND, film.shots(sample / "visitor.mp4")
    )
    seen = look(shots, [MeshEye(MediaPipeFace()), OutlineEye()])
    return Visitor(
        tracks=dict(zip(EYES, seen.tracks, strict=True)),
        sound=film.sound(sample / "visitor.mp4", RATE)[: LENGTH_S * RATE],
        speech=tuple(u.span for u in reference.utterances if u.span.end_ns < LENGTH_S * SECOND),
    )


@pytest.fixture(scope="session")
def clip(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 13 s of the sample film."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-t", "13", "-i", sample / "visitor.mp4", "-c", "copy", path],
        check=True,
    )
    return path


@pytest.fixture(scope="session")
def short(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 5 s of the sample film: one sentence."""
    path = tmp_path_factory.mktemp("clip") / "short.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-t", "5", "-i", clip, "-c", "copy", path], check=True)
    return path


def as_if_translated(reference: Reference, until_s: float) -> Captions:
    """Captions that take what the visitor says herself for the translation."""
    said = [u for u in reference.utterances if u.span.end_ns < until_s * SECOND]
    return Captions(
        reference.source_language,
        reference.source_language,
        tuple(Caption(u.source_text, u.source_text, u.span, u.span) for u in said),
    )


def sentence(start_s: float, end_s: float, text: str = "", number: int = 0) -> ReferenceUtterance:
    span = Span(round(start_s * SECOND), round(end_s * SECOND))
    return ReferenceUtterance(f"r{number or start_s}", span, "olá", text)


def caption(
    start_s: float, end_s: float, text: str = "", spoken_s: tuple[float, float] | None = None
) -> Caption:
    source = Span(round(start_s * SECOND), round(end_s * SECOND))
    spoken = Span(*(round(t * SECOND) for t in spoken_s)) if spoken_s else None
    return Caption("olá", text, source, spoken)


class Listener:
    """A recognizer that always hears the name of its language, and notes how much it was given."""

    def __init__(self, *languages: str) -> None:
        self.lengths: list[int] = []
        self._languages = frozenset(languages or ("en",))

    @property
    def languages(self) -> frozenset[str]:
        return self._languages

    @property
    def takes_prefix(self) -> bool:
        return True

    def transcribe(
        self, samples: NDArray[np.float32], *, language: str, prefix: str = ""
    ) -> Transcript:
        self.lengths.append(len(samples))
        return Transcript(f" {language}{prefix} ", language, 1.0)

    def languages_heard(self, samples: NDArray[np.float32]) -> dict[str, float]:
        return {"en": float(len(samples) > 0)}

    def translate_to_english(self, samples: NDArray[np.float32], *, language: str) -> Transcript:
        return self.transcribe(samples, language=language)
