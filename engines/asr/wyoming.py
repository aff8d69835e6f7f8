"""Recognition by a Wyoming server that the user already runs, such as faster-whisper's.

The protocol carries text and at most a language: no probabilities, no prefix, no translation. What
it leaves open is assumed here, once and by name.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from wyoming.asr import Transcribe, TranscriptChunk, TranscriptStart, TranscriptStop
from wyoming.asr import Transcript as WyomingTranscript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event
from wyoming.info import AsrModel

from engines.asr import SAMPLE_RATE, Transcript, UnknownLanguageError
from engines.language import primary
from engines.wyoming import WyomingServer

ASSUMED_CONFIDENCE = 0.8
"""Of every text that a server gives: above what is dubbed, below what is beyond doubt."""

_MAX_SECONDS = 30
_UNNAMED = 3
"""Texts in a row without a language, after which a server is taken for one that names none."""
_CHUNK = 4096
_WIDTH = 2


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    """Text and the language that the server named, kept with the very samples they are of."""

    samples: NDArray[np.float32]
    text: str
    language: str


class WyomingRecognizer:
    """A recognition server, asked for what it knows when this is made.

    Args:
        uri: ``tcp://host:port``.
        model: one of its models; empty takes its own choice.
        timeout_s: how long one transcript may take.
        confidence: stated for every transcript, since servers state none.

    Raises:
        ValueError: ``uri`` is not of that form.
        EngineUnavailableError: the server cannot be reached, or has no such recognition model.
    """

    def __init__(
        self,
        uri: str,
        *,
        model: str = "",
        timeout_s: float = 10.0,
        confidence: float = ASSUMED_CONFIDENCE,
    ) -> None:
        self._server = WyomingServer(uri, timeout_s=timeout_s)
        self._model = model
        self._confidence = confidence
        self._tags = _tags(self._models())
        self._unnamed = 0
        self._last: _Answer | None = None

    @property
    def languages(self) -> frozenset[str]:
        """Languages it recognises."""
        return frozenset(primary(tag) for tag in self._tags)

    @property
    def takes_prefix(self) -> bool:
        """The protocol has no place for it."""
        return False

    def transcribe(
        self, samples: NDArray[np.float32], *, language: str, prefix: str = ""
    ) -> Transcript:
        """Text of ``samples`` (16 kHz mono, <= 30 s).

        Raises:
            ValueError: ``samples`` is longer than 30 s, a ``prefix`` is given, or the server does
                not know the language.
            EngineUnavailableError: the server is gone, too slow or in trouble.
        """
        if prefix:
            raise ValueError("recognition: a Wyoming server takes no prefix; see takes_prefix")
        tag = self._tag(language)
        if not len(samples):
            return Transcript("", primary(language), 0.0, 1.0)
        last = self._last
        known = last is not None and last.samples is samples and last.language == primary(language)
        answer = last if last is not None and known else self._ask(samples, tag)
        return Transcript(
            answer.text,
            answer.language or primary(language),
            self._confidence if answer.text else 0.0,
        )

    def languages_heard(self, samples: NDArray[np.float32]) -> dict[str, float]:
        """The language that the server names for ``samples``; it gives no probabilities.

        A server of one language is not asked; one that has named none for three texts in a row is
        not asked again. Noise, of which there is no text, says nothing about the server.

        Raises:
            UnknownLanguageError: the server does not say which language it heard.
            ValueError: ``samples`` is longer than 30 s.
            EngineUnavailableError: the server is gone, too slow or in trouble.
        """
        if len(self.languages) == 1:
            return dict.fromkeys(self.languages, 1.0)
        answer = self._ask(samples, None) if self._unnamed < _UNNAMED else None
        if answer is not None and answer.text:
            self._unnamed = 0 if answer.language else self._unnamed + 1
        if answer is None or not answer.language:
            raise UnknownLanguageError(
                f"the Wyoming server {self._server.uri} does not say which language it heard: "
                "set the stream's source_language, auto does not work with it"
            )
        self._last = answer
        return {answer.language: 1.0}

    def translate_to_english(
        self,
        samples: NDArray[np.float32],  # noqa: ARG002 - the protocol's name; nothing is asked
        *,
        language: str,
    ) -> Transcript:
        """Not over Wyoming.

        Raises:
            UnknownLanguageError: always.
        """
        raise UnknownLanguageError(
            f"a Wyoming server only transcribes: no model translates {primary(language)} to English"
        )

    def _models(self) -> list[AsrModel]:
        """The installed models that may answer; the server answers with its first program."""
        programs = [program for program in self._server.describe().asr if program.installed]
        models = [one for program in programs[:1] for one in program.models if one.installed]
        wanted = [one for one in models if self._model in ("", one.name)]
        if not wanted:
            names = ", ".join(one.name for one in models)[:200]
            raise self._server.broken(
                f"has no recognition model {self._model!r}, only {names}"
                if models
                else "offers no speech recognition"
            )
        return wanted

    def _tag(self, language: str) -> str:
        """The server's own name of a language."""
        spelled = language.replace("_", "-").lower()
        same = [tag for tag in self._tags if primary(tag) == primary(language)]
        exact = [tag for tag in same if tag.replace("_", "-").lower() == spelled]
        if same:
            return (exact or same)[0]
        raise UnknownLanguageError(
            f"the Wyoming server {self._server.uri} does not know the language {language!r}; "
            f"it knows {', '.join(sorted(self.languages))}"
        )

    def _ask(self, samples: NDArray[np.float32], language: str | None) -> _Answer:
        seconds = len(samples) / SAMPLE_RATE
        if seconds > _MAX_SECONDS:
            raise ValueError(
                f"recognition: {seconds:.1f} s of sound is more than the {_MAX_SECONDS} s "
                "taken at once; cut it first"
            )
        text, named = self._answer(Transcribe(name=self._model or None, language=language), samples)
        return _Answer(samples, text.strip(), primary(named or language or ""))

    def _answer(self, request: Transcribe, samples: NDArray[np.float32]) -> tuple[str, str | None]:
        """Text and named language; streamed pieces count where no whole text follows them."""
        pieces: list[str] = []
        named: str | None = None
        with closing(self._server.ask(_question(request, samples))) as events:
            for event in events:
                data = event.data or {}
                if WyomingTranscript.is_type(event.type):
                    return str(data.get("text", "")), _language(data) or named
                if TranscriptStart.is_type(event.type):
                    named = _language(data)
                elif TranscriptChunk.is_type(event.type):
                    pieces.append(str(data.get("text", "")))
                elif TranscriptStop.is_type(event.type):
                    return "".join(pieces), named
        raise self._server.broken("gives no transcript")


def _question(request: Transcribe, samples: NDArray[np.float32]) -> Iterator[Event]:
    pcm = np.rint(np.clip(samples, -1.0, 1.0) * 32767).astype("<i2")
    yield request.event()
    yield AudioStart(SAMPLE_RATE, _WIDTH, 1).event()
    for start in range(0, len(pcm), _CHUNK):
        yield AudioChunk(
            SAMPLE_RATE, _WIDTH, 1, audio=pcm[start : start + _CHUNK].tobytes()
        ).event()
    yield AudioStop().event()


def _language(data: Mapping[str, object]) -> str | None:
    named = data.get("language")
    return named if isinstance(named, str) else None


def _tags(models: list[AsrModel]) -> tuple[str, ...]:
    """The servers' names of languages, without double ones, in their order."""
    return tuple(dict.fromkeys(tag for model in models for tag in model.languages))
