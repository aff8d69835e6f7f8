"""Recognition and speech by servers of the user's own: gone today, back tomorrow."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from engines import EngineTimeoutError, EngineUnavailableError
from engines.asr import Recognizer, Transcript
from engines.tts import Speech, Synthesizer

Server = TypeVar("Server")
_RETRY_S = 5.0


class Reached(Generic[Server]):
    """A server that is looked for until it is found, not too often, and again once it is lost.

    Args:
        reach: makes the engine; raises ``EngineUnavailableError`` while the server is away.
        clock: monotonic seconds.
    """

    def __init__(
        self, reach: Callable[[], Server], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._reach = reach
        self._clock = clock
        self._server: Server | None = None
        self._error = ""
        self._next_s = -1.0
        self._looked_at: Server | None = None

    @property
    def found(self) -> Server | None:
        """The engine, while the server answers."""
        return self._server

    @property
    def trouble(self) -> str:
        """For people: why it is not there; empty while it is."""
        return self._error if self._server is None else ""

    def get(self) -> Server:
        """The engine; a server that did not answer is asked again after 5 s.

        Raises:
            EngineUnavailableError: it does not answer; the message names it.
        """
        if self._server is None:
            if self._error and self._clock() < self._next_s:
                raise EngineUnavailableError(self._error)
            try:
                self._server = self._reach()
            except EngineUnavailableError as error:
                self._lose(error, pause_s=_RETRY_S)
                raise
        return self._server

    @contextmanager
    def asked(self) -> Iterator[Server]:
        """Ask it something; one that fails to answer is lost, and looked for at the next call.

        One that took too long is left alone for 5 s, so that nobody queues up behind it.

        Raises:
            EngineUnavailableError: it does not answer.
        """
        server = self.get()
        try:
            yield server
        except EngineUnavailableError as error:
            self._lose(error, pause_s=_RETRY_S if isinstance(error, EngineTimeoutError) else 0.0)
            raise

    def look(self) -> bool:
        """Look for the server; True when it has come, or gone, since the last look."""
        with suppress(EngineUnavailableError):
            self.get()
        changed = self._looked_at is not self._server
        self._looked_at = self._server
        return changed

    def _lose(self, error: EngineUnavailableError, *, pause_s: float) -> None:
        self._server, self._error = None, str(error)
        self._next_s = self._clock() + pause_s


class ServedRecognizer:
    """A recognition server behind the Protocol of recognizers, there or not.

    Args:
        server: the server.
    """

    def __init__(self, server: Reached[Recognizer]) -> None:
        self._server = server

    @property
    def languages(self) -> frozenset[str]:
        """Languages it recognises; none while it is away."""
        found = self._server.found
        return found.languages if found else frozenset()

    @property
    def takes_prefix(self) -> bool:
        """Whether it can go on from text that is settled."""
        found = self._server.found
        return found is not None and found.takes_prefix

    def transcribe(
        self, samples: NDArray[np.float32], *, language: str, prefix: str = ""
    ) -> Transcript:
        """Text of ``samples`` (16 kHz mono, <= 30 s).

        Raises:
            EngineUnavailableError: the server is away.
            ValueError: as its engine says.
        """
        with self._server.asked() as server:
            return server.transcribe(samples, language=language, prefix=prefix)

    def languages_heard(self, samples: NDArray[np.float32]) -> dict[str, float]:
        """Probability of each language, most likely first.

        Raises:
            EngineUnavailableError: the server is away.
            ValueError: as its engine says.
        """
        with self._server.asked() as server:
            return server.languages_heard(samples)

    def translate_to_english(self, samples: NDArray[np.float32], *, language: str) -> Transcript:
        """English text of foreign speech.

        Raises:
            EngineUnavailableError: the server is away.
            ValueError: as its engine says.
        """
        with self._server.asked() as server:
            return server.translate_to_english(samples, language=language)


class ServedVoices:
    """A speech server behind the Protocol of synthesizers, there or not.

    Args:
        server: the server.
    """

    def __init__(self, server: Reached[Synthesizer]) -> None:
        self._server = server

    @property
    def voices(self) -> dict[str, tuple[str, ...]]:
        """Voice ids by language; none while it is away."""
        found = self._server.found
        return found.voices if found else {}

    def synthesize(
        self, text: str, *, language: str, voice: str | None = None, speed: float = 1.0
    ) -> Iterator[Speech]:
        """Speak ``text`` sentence by sentence.

        Raises:
            EngineUnavailableError: the server is away.
            KeyError: no voice speaks ``language``, or ``voice`` is not one of its voices.
            ValueError: as its engine says.
        """
        with self._server.asked() as server:
            yield from server.synthesize(text, language=language, voice=voice, speed=speed)
