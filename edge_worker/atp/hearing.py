"""Hear one stretch of speech: its language, its words, or that it was none.

One ``Hearing`` belongs to one stream. The segmenter asks it what a pause ends, the recognizer asks
it what a span says; both get the same answer from the same knowledge of the conversation.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from edge_worker.atp.language import LanguageOptions, LanguagePrior, Pairs
from edge_worker.atp.phantoms import PhantomOptions, is_phantom
from edge_worker.items import AudioBlock, Hypothesis
from edge_worker.lending import Lent
from engines.asr import SAMPLE_RATE, Recognizer, Transcript
from engines.language import primary
from mqtt_schemas import AUTO_LANGUAGE

Languages = Callable[[], tuple[str, str]]
"""The stream's (source or ``auto``, target) languages as they are set now."""

_SECOND_NS = 1_000_000_000
_MAX_SAMPLES = 30 * SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class HearingOptions:
    """What is believed and how far back is listened."""

    language: LanguageOptions = field(default_factory=LanguageOptions)
    phantom: PhantomOptions = field(default_factory=PhantomOptions)
    context_ns: int = 8_500_000_000
    """In a fixed source language, speech and the utterance before it are decoded together up to
    this length; 0: never. While the language is found by ear each utterance stands alone: its
    encoding then serves both questions."""
    context_gap_ns: int = 3_000_000_000
    """An utterance longer ago than this is another conversation."""
    doubtful_language: float = 0.7
    """Below this probability the second language is tried as well..."""
    doubtful_text: float = 0.55
    """...if the text in the first is below this confidence."""
    checked_below: float = 0.75
    """Text in a fixed source language below this confidence is checked: was it the target's?"""
    contradicted: float = 0.9
    """A fixed source language gives way to the target language heard with this probability."""


@dataclass(frozen=True, slots=True, eq=False)
class _Context:
    sound: AudioBlock
    text: str
    language: str


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """One stretch of speech and everything needed to understand it, for the engine's thread."""

    sound: AudioBlock
    voiced_ns: int
    source: str
    target: str
    prior: LanguagePrior
    translatable: frozenset[str]
    context: _Context | None
    options: HearingOptions


class Hearing:
    """Speech to text for one stream.

    Args:
        recognizer: the worker's recognizer.
        languages: the stream's settings, asked at every call.
        options: thresholds.
        clock: monotonic nanoseconds, the scale of the engines' deadlines.
        pairs: (source, target) languages that can be translated, asked at every call; empty where
            that is not known.
    """

    def __init__(
        self,
        recognizer: Lent[Recognizer],
        languages: Languages,
        options: HearingOptions = HearingOptions(),
        clock: Callable[[], int] = time.monotonic_ns,
        pairs: Callable[[], Pairs] = frozenset,
    ) -> None:
        self._recognizer = recognizer
        self._languages = languages
        self._pairs = pairs
        self._options = options
        self._clock = clock
        self._prior = LanguagePrior(options.language)
        self._context: _Context | None = None

    async def hear(self, sound: AudioBlock, *, voiced_ns: int, within_ns: int) -> Hypothesis:
        """What ``sound`` (16 kHz, <= 30 s) says; empty text when nobody spoke.

        Args:
            sound: one utterance or the beginning of one.
            voiced_ns: how much of it the voice detector took for voice.
            within_ns: how soon the answer is wanted; more urgent calls go first.

        Raises:
            EngineBusyError: too many calls already wait for the recognizer.
            ValueError: the sound is not 16 kHz or too long, or the set language is unknown.
        """
        if sound.sample_rate != SAMPLE_RATE or len(sound.samples) > _MAX_SAMPLES:
            raise ValueError(
                f"hearing takes at most 30 s at 16 kHz, not {len(sound.samples)} samples "
                f"at {sound.sample_rate} Hz; cut or resample first"
            )
        source, target = self._languages()
        question = _Question(
            sound=sound,
            voiced_ns=voiced_ns,
            source=source,
            target=target,
            prior=self._prior,
            translatable=self._translatable(primary(target)),
            context=self._context_of(sound),
            options=self._options,
        )
        deadline_ns = self._clock() + within_ns
        return await self._recognizer.call(
            lambda recognizer: _answer(recognizer, question), deadline_ns=deadline_ns
        )

    def _translatable(self, target: str) -> frozenset[str]:
        """Languages that auto expects to hear; none where every language is as likely."""
        sources = frozenset(source for source, into in self._pairs() if into == target)
        return sources | {target} if sources else frozenset()

    def commit(self, sound: AudioBlock, hypothesis: Hypothesis) -> None:
        """Take an utterance for said: it becomes the context of the next one."""
        if not hypothesis.text:
            return
        self._prior = self._prior.heard(hypothesis.language)
        self._context = _Context(sound, hypothesis.text, hypothesis.language)

    def _context_of(self, sound: AudioBlock) -> _Context | None:
        context = self._context
        if context is None or context.sound.epoch != sound.epoch:
            return None
        gap_ns = sound.pts_ns - context.sound.end_ns
        if not -_SECOND_NS < gap_ns <= self._options.context_gap_ns:
            return None
        total_ns = sound.end_ns - context.sound.pts_ns
        return context if total_ns <= self._options.context_ns else None


def _answer(recognizer: Recognizer, question: _Question) -> Hypothesis:
    hear = _by_ear if question.source == AUTO_LANGUAGE else _as_set
    best, probability = hear(recognizer, question)
    text = "" if _is_phantom(best, question) else best.text
    return Hypothesis(text, best.language, best.confidence, probability)


def _by_ear(recognizer: Recognizer, question: _Question) -> tuple[Transcript, float]:
    """Find the language, then the words; both from one encoding, so without context."""
    samples, options = question.sound.samples, question.options
    heard = recognizer.languages_heard(samples)
    ranked = question.prior.rank(heard, question.voiced_ns, question.translatable)
    language, probability = ranked[0]
    best = recognizer.transcribe(samples, language=language)
    doubtful = probability < options.doubtful_language and best.confidence < options.doubtful_text
    if doubtful and len(ranked) > 1:
        language, runner_up = ranked[1]
        second = recognizer.transcribe(samples, language=language)
        if second.confidence > best.confidence:
            return second, runner_up
    return best, probability


def _as_set(recognizer: Recognizer, question: _Question) -> tuple[Transcript, float]:
    """The words in the language that was set, unless they are clearly in the target language."""
    options, target = question.options, primary(question.target)
    best = _decode(recognizer, question, question.source)
    long_enough = question.voiced_ns >= options.language.trusted_from_ns
    if not long_enough or best.confidence >= options.checked_below:
        return best, 1.0
    samples = question.sound.samples
    probability = recognizer.languages_heard(samples).get(target, 0.0)
    if probability < options.contradicted:
        return best, 1.0
    return recognizer.transcribe(samples, language=target), probability


def _decode(recognizer: Recognizer, question: _Question, language: str) -> Transcript:
    context = question.context
    known = context is not None and context.language == primary(language)
    if context is not None and known and recognizer.takes_prefix:
        joined = _joined(context.sound, question.sound)
        transcript = recognizer.transcribe(joined, language=language, prefix=context.text)
        if transcript.text:
            return transcript
    return recognizer.transcribe(question.sound.samples, language=language)


def _joined(before: AudioBlock, after: AudioBlock) -> np.ndarray:
    """Both sounds with the silence that lay between them; what they share is taken once."""
    gap = (after.pts_ns - before.end_ns) * SAMPLE_RATE // _SECOND_NS
    if gap >= 0:
        silence = np.zeros(gap, np.float32)
        return np.concatenate((before.samples, silence, after.samples))
    return np.concatenate((before.samples[:gap], after.samples))


def _is_phantom(transcript: Transcript, question: _Question) -> bool:
    return is_phantom(
        transcript.text,
        confidence=transcript.confidence,
        no_speech=transcript.no_speech,
        voiced_ns=question.voiced_ns,
        options=question.options.phantom,
    )
