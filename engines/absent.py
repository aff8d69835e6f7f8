"""Engines that a process does without: they offer nothing, and refuse to work."""

from collections.abc import Iterator
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from engines import EngineUnavailableError
from engines.asr import Transcript
from engines.face import FaceMesh, FaceRegion, Picture
from engines.lipsync import LipSession
from engines.tts import Speech
from engines.vad import VoiceStream

Sound = NDArray[np.float32]


class _Absent:
    """Says why whenever it is asked for work.

    Args:
        reason: for people.
    """

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def _refuse(self) -> NoReturn:
        raise EngineUnavailableError(self._reason)


class AbsentEars(_Absent):
    """In place of voice activity, turn end and recognition."""

    languages: frozenset[str] = frozenset()
    takes_prefix = False

    def open(self) -> VoiceStream:
        """Refuse."""
        self._refuse()

    def probability(self, samples: Sound) -> float:  # noqa: ARG002 - a Protocol's
        """Refuse."""
        self._refuse()

    def transcribe(self, samples: Sound, *, language: str, prefix: str = "") -> Transcript:  # noqa: ARG002 - a Protocol's
        """Refuse."""
        self._refuse()

    def languages_heard(self, samples: Sound) -> dict[str, float]:  # noqa: ARG002 - a Protocol's
        """Refuse."""
        self._refuse()

    def translate_to_english(self, samples: Sound, *, language: str) -> Transcript:  # noqa: ARG002 - a Protocol's
        """Refuse."""
        self._refuse()


class AbsentTongue(_Absent):
    """In place of translation and synthesis."""

    pairs: frozenset[tuple[str, str]] = frozenset()

    @property
    def voices(self) -> dict[str, tuple[str, ...]]:
        """None."""
        return {}

    def translate(self, text: str, *, source: str, target: str) -> str:  # noqa: ARG002 - a Protocol's
        """Refuse."""
        self._refuse()

    def synthesize(
        self,
        text: str,  # noqa: ARG002 - a Protocol's
        *,
        language: str,  # noqa: ARG002 - likewise
        voice: str | None = None,  # noqa: ARG002 - likewise
        speed: float = 1.0,  # noqa: ARG002 - likewise
    ) -> Iterator[Speech]:
        """Refuse."""
        self._refuse()


class AbsentEyes(_Absent):
    """In place of face landmarks and lips."""

    driven_by_sound = False

    def open(self) -> LipSession:
        """Refuse."""
        self._refuse()

    def detect(self, picture: Picture) -> list[FaceRegion]:  # noqa: ARG002 - a Protocol's
        """Refuse."""
        self._refuse()

    def mesh(self, picture: Picture, region: FaceRegion) -> FaceMesh:  # noqa: ARG002 - a Protocol's
        """Refuse."""
        self._refuse()
