"""Utterances get their target text, or the reason why they stay as they are."""

import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from edge_worker.items import Utterance, Verdict
from edge_worker.lending import EngineBusyError, Lent
from engines.asr import UnknownLanguageError
from engines.language import primary
from engines.mt import Translator

Via = Callable[[str, str], str]
"""The language that a pair of languages goes through; empty where it is translated directly."""

EnglishOf = Callable[[Utterance], Awaitable[str]]
"""English for an utterance straight from its sound, such as Whisper's own translation."""

_ENGLISH = "en"


class TranslatorStage:
    """Translates the text of utterances that are to be dubbed; others pass as they are.

    Args:
        translator: lent by the worker.
        english: takes over where no translator has the pair and English is wanted.
        via: tells which pairs are translated in two steps.
        within_ns: how soon a translation is wanted once the text is there.
        clock: monotonic nanoseconds, the scale of the engines' deadlines.
    """

    def __init__(
        self,
        translator: Lent[Translator],
        *,
        english: EnglishOf | None = None,
        via: Via = lambda _source, _target: "",
        within_ns: int = 100_000_000,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._translator = translator
        self._english = english
        self._via = via
        self._within_ns = within_ns
        self._clock = clock

    async def process(self, item: Utterance, /) -> Sequence[Utterance]:
        """The utterance with its target text, or with the verdict that says why it has none."""
        source, target = primary(item.source_language), primary(item.target_language)
        helped = item.verdict is Verdict.PAIR_MISSING and self._has_english(target)
        if item.verdict is not Verdict.DUB and not helped:
            return [item]
        if source == target:
            return [
                _kept(item, Verdict.SAME_LANGUAGE, f"already in the target language ({source})")
            ]
        try:
            text = await self._translated(item, source, target)
        except EngineBusyError as error:
            return [_kept(item, Verdict.OVERLOAD, str(error))]
        except Exception as error:  # noqa: BLE001 - one utterance must not end the stream
            return [_kept(item, Verdict.FAILED, f"translation failed: {error}")]
        if text is None:
            missing = f"no model translates {source} to {target}"
            return [_kept(item, Verdict.PAIR_MISSING, missing)]
        return [_with_text(item, text, self._way(source, target))]

    def _way(self, source: str, target: str) -> str:
        """The pivot; empty where there is none or the sound was translated itself."""
        if (source, target) not in self._translator.engine.pairs:
            return ""
        return self._via(source, target)

    def _has_english(self, target: str) -> bool:
        return target == _ENGLISH and self._english is not None

    async def _translated(self, item: Utterance, source: str, target: str) -> str | None:
        """Target text; None where nothing here translates the pair."""
        if (source, target) in self._translator.engine.pairs:
            return await self._translator.call(
                lambda engine: engine.translate(item.source_text, source=source, target=target),
                deadline_ns=self._clock() + self._within_ns,
            )
        if target == _ENGLISH and self._english is not None:
            with suppress(UnknownLanguageError):  # a server that only transcribes
                return await self._english(item)
        return None


def _with_text(item: Utterance, text: str, via: str) -> Utterance:
    if not text.strip():
        return _kept(item, Verdict.FAILED, "the translation is empty")
    return replace(item, target_text=text, via=via, verdict=Verdict.DUB, reason="")


def _kept(item: Utterance, verdict: Verdict, reason: str) -> Utterance:
    return replace(item, verdict=verdict, reason=reason)
