"""What the owner wrote or said becomes speech in the visitor's language."""

import asyncio
from dataclasses import dataclass, replace

import numpy as np

from edge_worker.atp.hearing import Hearing
from edge_worker.atp.loudness import normalised
from edge_worker.atp.synthesizer import SAMPLE_RATE, SynthesizerStage
from edge_worker.atp.translator import TranslatorStage
from edge_worker.engine_set import EngineSet
from edge_worker.items import AudioBlock, Samples, SyncedSpeech, Utterance, Verdict
from edge_worker.lending import EngineBusyError
from edge_worker.media.resample import Resampler
from edge_worker.provision import Provision
from edge_worker.stock import Wish
from edge_worker.talkback.notice import PATTERN_LANGUAGE, SENTENCES, sentence_in
from edge_worker.talkback.reply import Reply, ReplyFailedError, SpokenWords, TypedWords
from engines.asr import SAMPLE_RATE as HEARD_RATE
from engines.asr import UnknownLanguageError
from engines.language import primary
from engines.vad import WINDOW, VoiceDetector

LONGEST_TEXT = 500
"""Characters of one reply: half a minute of speech, and all others wait meanwhile."""
_CHARACTER_NS = 80_000_000
"""Of speech: what goes far beyond it is not the text's speech."""
_WITHIN_NS = 1_000_000_000
"""The visitor's captions are more urgent."""
_LOUDNESS_DBFS = -20.0
_VOICE = 0.5
_MARGIN = HEARD_RATE * 3 // 10
"""Kept before the first and after the last voiced sound."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """Recognises, translates and speaks replies with engines that the worker lends."""

    stream: str
    """Id of the stream whose visitor they are for."""
    engines: EngineSet
    min_confidence: float
    """Mean token probability below which the owner is asked to say it again."""
    provision: Provision | None = None
    """Names the models that lack; None where they are what they are."""

    async def prepare(self, reply: Reply, language: str) -> SyncedSpeech:
        """Speech of a reply at 48 kHz.

        The owner's own voice where it already speaks ``language``: its verdict is then
        ``same_language``.

        Args:
            reply: of the owner.
            language: the visitor's, BCP-47.

        Raises:
            ReplyFailedError: it cannot be understood, translated or spoken.
        """
        try:
            if isinstance(reply.words, SpokenWords):
                words, voice = await self._understood(reply.words, language)
                if primary(words.language) == primary(language):
                    utterance = _utterance(reply, words, language)
                    return await asyncio.to_thread(_in_own_voice, utterance, voice)
            else:
                words = reply.words
            return await self._spoken(
                await self._translated(_utterance(reply, words, language)), reply.voice
            )
        except EngineBusyError as error:
            raise ReplyFailedError(f"too much is being translated just now: {error}") from error

    async def notice(self, language: str) -> SyncedSpeech | None:
        """That the voice is artificial, in a language; None where nothing here can say it."""
        own = sentence_in(language)
        text = own or SENTENCES[PATTERN_LANGUAGE]
        words = TypedWords(text, language if own else PATTERN_LANGUAGE)
        reply = Reply("notice", words, language, "", 0)
        try:
            return await self.prepare(reply, language)
        except ReplyFailedError:
            return None

    def let_go(self) -> None:
        """The visitor has gone: what their language took may be unloaded."""
        if self.engines.sources is not None:
            self.engines.sources.stock.want(self._wisher, None)

    @property
    def _wisher(self) -> str:
        """Beside the stream's own wish, which is for the other direction."""
        return f"{self.stream}/talkback"

    def _keep(self, source: str, target: str, voice: str) -> None:
        """Have the next reply not wait for models that were loaded for this one."""
        if self.engines.sources is not None:
            self.engines.sources.stock.want(self._wisher, Wish(source, target, voice))

    async def _understood(self, words: SpokenWords, language: str) -> tuple[TypedWords, Samples]:
        """What the owner said, and the stretch of sound (48 kHz) in which they said it."""
        sound = await asyncio.to_thread(_resampled, words.samples, words.sample_rate, HEARD_RATE)
        start, end, voiced = await asyncio.to_thread(_voiced, sound, self.engines.voice)
        if not voiced:
            raise ReplyFailedError("nobody speaks in the sound: is the right microphone on?")
        block = AudioBlock("", 0, HEARD_RATE, sound[start:end])
        hearing = Hearing(self.engines.recognizer, lambda: (words.language, language))
        try:
            heard = await hearing.hear(
                block, voiced_ns=voiced * 1_000_000_000 // HEARD_RATE, within_ns=_WITHIN_NS
            )
        except UnknownLanguageError as error:
            raise ReplyFailedError(str(error)) from error
        if not heard.text:
            raise ReplyFailedError("no words were heard in the sound: say it again, or type it")
        if heard.confidence < self.min_confidence:
            raise ReplyFailedError(
                f"heard with confidence {heard.confidence:.2f}, below {self.min_confidence:.2f}: "
                "say it again, or type it"
            )
        scale = words.sample_rate / HEARD_RATE
        said = words.samples[round(start * scale) : round(end * scale)]
        voice = await asyncio.to_thread(_resampled, said, words.sample_rate, SAMPLE_RATE)
        return TypedWords(heard.text, heard.language), voice

    async def _translated(self, utterance: Utterance) -> Utterance:
        _check_length(utterance.source_text)
        source, target = primary(utterance.source_language), primary(utterance.target_language)
        if source == target:
            return replace(utterance, target_text=utterance.source_text)
        await self.engines.prepare_pair(source, target)
        stage = TranslatorStage(self.engines.translator, via=self.engines.via, within_ns=_WITHIN_NS)
        (translated,) = await stage.process(utterance)
        if translated.verdict is Verdict.PAIR_MISSING:
            raise ReplyFailedError(self._lacking(source, target, "") or translated.reason)
        if translated.verdict is not Verdict.DUB:
            raise ReplyFailedError(translated.reason)
        return translated

    async def _spoken(self, utterance: Utterance, voice: str) -> SyncedSpeech:
        source, language = primary(utterance.source_language), primary(utterance.target_language)
        voices = self.engines.synthesizer.engine.voices.get(language, ())
        if not voices:
            lacking = self._lacking(source, language, voice)
            raise ReplyFailedError(lacking or f"no voice speaks {language}")
        if voice and voice not in voices:
            raise ReplyFailedError(
                f"no voice {voice!r} speaks {language}; there is {', '.join(voices[:8])}"
            )
        self._keep(source, language, voice)
        await self.engines.prepare_voice(language, voice)
        stage = SynthesizerStage(
            self.engines.synthesizer,
            voice=voice or None,
            rms_dbfs=_LOUDNESS_DBFS,
            within_ns=_WITHIN_NS,
        )
        (spoken,) = await stage.process(utterance)
        if isinstance(spoken, Utterance):
            raise ReplyFailedError(spoken.reason)
        return spoken

    def _lacking(self, source: str, target: str, voice: str) -> str:
        """Which models lack, for people; empty where nothing is known of it."""
        if self.provision is None:
            return ""
        need = self.provision.need(
            Wish(source, target, voice), served=self.engines.served_languages
        )
        return need.detail if need else ""


def _check_length(text: str) -> None:
    if not any(char.isalnum() for char in text):
        raise ReplyFailedError("there is nothing to say: the text has no letter and no digit")
    if len(text) > LONGEST_TEXT:
        raise ReplyFailedError(
            f"the text has {len(text)} characters; at most {LONGEST_TEXT} are spoken at once: "
            "say it in parts"
        )


def _utterance(reply: Reply, words: TypedWords, language: str) -> Utterance:
    return Utterance(
        id=reply.transaction,
        epoch="",
        start_ns=0,
        end_ns=len(words.text) * _CHARACTER_NS,
        source_language=words.language,
        source_text=words.text,
        confidence=1.0,
        target_language=language,
    )


def _in_own_voice(utterance: Utterance, samples: Samples) -> SyncedSpeech:
    said = replace(utterance, target_text=utterance.source_text, verdict=Verdict.SAME_LANGUAGE)
    sound = normalised(samples, SAMPLE_RATE, rms_dbfs=_LOUDNESS_DBFS)
    return SyncedSpeech(said, SAMPLE_RATE, sound, ())


def _voiced(samples: Samples, detector: VoiceDetector) -> tuple[int, int, int]:
    """First and last sample of what is said with some margin, and how many samples are voiced."""
    stream = detector.open()
    windows = len(samples) // WINDOW
    voiced = [
        number
        for number in range(windows)
        if stream.probability(samples[number * WINDOW : (number + 1) * WINDOW]) >= _VOICE
    ]
    if not voiced:
        return 0, 0, 0
    start = max(0, voiced[0] * WINDOW - _MARGIN)
    end = min(len(samples), (voiced[-1] + 1) * WINDOW + _MARGIN)
    return start, end, len(voiced) * WINDOW


def _resampled(samples: Samples, rate: int, wanted: int) -> Samples:
    if rate == wanted or not len(samples):
        return samples
    resampler = Resampler(wanted)
    blocks = [*resampler.process(AudioBlock("", 0, rate, samples)), *resampler.flush()]
    return np.concatenate([block.samples for block in blocks] or [np.zeros(0, np.float32)])
