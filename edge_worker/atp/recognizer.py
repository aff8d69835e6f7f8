"""Spans of speech become utterances: what was said, in which language, and what to do about it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge_worker.atp.hearing import Hearing, Languages
from edge_worker.atp.language import Pairs
from edge_worker.items import AudioBlock, Hypothesis, SpeechSpan, Utterance, Verdict
from engines.asr import SAMPLE_RATE
from engines.language import primary


@dataclass(frozen=True, slots=True)
class RecognizerOptions:
    """What is sure enough to be spoken in another voice."""

    min_confidence: float = 0.45
    """Mean token probability below which an utterance is only captioned."""
    min_language_probability: float = 0.3
    """Below this, in which language it was is a guess: it is only captioned."""
    long_ns: int = 4_000_000_000
    """So much sound without a pause to cut at is often many voices at once..."""
    long_confidence: float = 0.1
    """...which reach lower confidences than one does: by so much more is asked for."""
    within_ns: int = 400_000_000
    """How soon a span that comes without a hypothesis wants its text."""


class SpeechRecognizer:
    """Stage: one span of speech in, one utterance out, or none when nobody spoke.

    Args:
        hearing: the stream's hearing, shared with its segmenter.
        pairs: (source, target) languages that can be translated, asked at every span.
        languages: the stream's settings, asked at every span.
        options: thresholds.
    """

    def __init__(
        self,
        hearing: Hearing,
        pairs: Callable[[], Pairs],
        languages: Languages,
        options: RecognizerOptions = RecognizerOptions(),
    ) -> None:
        self._hearing = hearing
        self._pairs = pairs
        self._languages = languages
        self._options = options

    async def process(self, span: SpeechSpan) -> Sequence[Utterance]:
        """Recognise a span, unless the segmenter already has, and pass a verdict.

        Raises:
            EngineBusyError: too many calls already wait for the recognizer.
        """
        sound = AudioBlock(span.epoch, span.samples_start_ns, SAMPLE_RATE, span.samples)
        heard = span.hypothesis
        if heard is None:
            heard = await self._hearing.hear(
                sound,
                voiced_ns=span.end_ns - span.start_ns,
                within_ns=self._options.within_ns,
            )
        if not heard.text:
            return ()
        self._hearing.commit(sound, heard)
        return (self._utterance(span, heard),)

    def _utterance(self, span: SpeechSpan, heard: Hypothesis) -> Utterance:
        _, target = self._languages()
        verdict, reason = self._verdict(heard, target, span.end_ns - span.start_ns)
        return Utterance(
            id=span.id,
            epoch=span.epoch,
            start_ns=span.start_ns,
            end_ns=span.end_ns,
            source_language=heard.language,
            source_text=heard.text,
            confidence=heard.confidence,
            target_language=target,
            verdict=verdict,
            reason=reason,
        )

    def _verdict(self, heard: Hypothesis, target: str, duration_ns: int) -> tuple[Verdict, str]:
        options = self._options
        is_long = duration_ns >= options.long_ns
        sure = options.min_confidence + (options.long_confidence if is_long else 0.0)
        source, wanted = primary(heard.language), primary(target)
        if source == wanted:
            return Verdict.SAME_LANGUAGE, f"already in the target language ({source})"
        if heard.confidence < sure:
            return Verdict.UNSURE, f"heard with confidence {heard.confidence:.2f}, below {sure:.2f}"
        if heard.language_probability < options.min_language_probability:
            return Verdict.UNSURE, (
                f"taken for {source} with probability {heard.language_probability:.2f}, "
                f"below {options.min_language_probability:.2f}"
            )
        if (source, wanted) not in self._pairs():
            return Verdict.PAIR_MISSING, f"no model translates {source} to {wanted}"
        return Verdict.DUB, ""
