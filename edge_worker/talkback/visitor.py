"""The visitor as the stream's messages tell of them: whether they speak, in which language."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from engines.language import primary
from mqtt_schemas import (
    AUTO_LANGUAGE,
    EventType,
    StreamEvent,
    StreamInfo,
    StreamSettings,
    UtteranceMessage,
    UtteranceStage,
    Verdict,
)

VISIT_S = 120
"""Without a ring, a word or a reply for so long, whoever comes next is somebody else."""
_UNDERSTOOD = {Verdict.DUB, Verdict.SAME_LANGUAGE, Verdict.PAIR_MISSING, Verdict.OVERLOAD}
"""Verdicts that do not doubt the language."""


class Visitor:
    """Follows one stream's events and utterances, whichever worker publishes them.

    Args:
        clock: monotonic nanoseconds.
        min_confidence: mean token probability below which the language of a text is not believed.
    """

    def __init__(self, clock: Callable[[], int], min_confidence: float) -> None:
        self._clock = clock
        self._min_confidence = min_confidence
        self._silent = asyncio.Event()
        self._silent.set()
        self._language = ""
        self._earlier_language = ""
        self._informed: set[str] = set()
        """Languages, primary subtags."""
        self._seen_ns: int | None = None

    @property
    def present(self) -> bool:
        """Somebody is, or was lately, at the door."""
        return self._seen_ns is not None and self._clock() - self._seen_ns < VISIT_S * 1_000_000_000

    @property
    def speaking(self) -> bool:
        """They are in the middle of a sentence."""
        return not self._silent.is_set()

    def informed(self, language: str) -> bool:
        """They have heard in a language, in this visit, that the voice is artificial."""
        return self.present and primary(language) in self._informed

    def event(self, event: StreamEvent) -> None:
        """Something happened at the door."""
        match event.type:
            case EventType.RING:
                self._sign()
            case EventType.SPEECH_STARTED:
                self._sign()
                self._silent.clear()
            case EventType.SPEECH_ENDED:
                self._sign()
                self._silent.set()
            case EventType.ASLEEP | EventType.EPOCH_CHANGED:
                self._silent.set()  # nobody will tell when they stop

    def utterance(self, utterance: UtteranceMessage) -> None:
        """Something was said at the door."""
        known = utterance.stage is UtteranceStage.FINAL and utterance.verdict in _UNDERSTOOD
        if known and utterance.source_language and utterance.confidence >= self._min_confidence:
            self._sign()
            self._language = self._earlier_language = utterance.source_language

    def answered(self, *, informed_in: str = "") -> None:
        """A reply was heard, and before it the notice in a language, if any."""
        self._sign()
        if informed_in:
            self._informed.add(primary(informed_in))

    def language(self, settings: StreamSettings, info: StreamInfo | None) -> str:
        """BCP-47: heard in this visit, else set, else declared, else heard before; else empty."""
        heard = self._language if self.present else ""
        chosen = settings.source_language if settings.source_language != AUTO_LANGUAGE else ""
        declared = info.language if info else ""
        return heard or chosen or declared or self._earlier_language

    async def pause(self, at_most_s: float) -> None:
        """Wait until they do not speak, or have not stopped to for so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most_s):
                await self._silent.wait()

    def _sign(self) -> None:
        if not self.present:
            self._language = ""
            self._informed.clear()
        self._seen_ns = self._clock()
