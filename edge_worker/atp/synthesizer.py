"""Target text becomes synced speech: one stretch of sound with the time of every phoneme."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from edge_worker.atp.loudness import normalised, voiced_span
from edge_worker.items import (
    AudioBlock,
    PhonemeTiming,
    Samples,
    SyncedSpeech,
    Utterance,
    Verdict,
)
from edge_worker.lending import EngineBusyError, Lent
from edge_worker.media.resample import Resampler
from engines.language import primary
from engines.tts import Speech, Synthesizer

SAMPLE_RATE = 48_000
_LEAD_S = 0.005
_TAIL_S = 0.03
"""Silence kept before and after a sentence: onsets and final consonants are quiet."""
_SENTENCE_PAUSE = (".", SAMPLE_RATE * 180 // 1000)
"""Between sentences: a closed mouth for 180 ms."""
_FADE_S = 0.002
_LONGEST = (3, 4_000_000_000)
"""Speech may last this many times its source, and this much more; beyond, the text went wrong."""


class _TooLongError(Exception):
    """The speech is out of all proportion to its source."""


class SynthesizerStage:
    """Speaks the target text of utterances that are to be dubbed; others pass as they are.

    Args:
        synthesizer: lent by the worker.
        voice: voice id; None, or one of another language, takes the language's default. May be
            set at any time.
        speed: rough speaking rate, > 1 is faster; exact lengths are ``stretch.fit``'s work.
        rms_dbfs: loudness of the voiced parts.
        within_ns: how soon the speech is wanted once the text is there.
        clock: monotonic nanoseconds, the scale of the engines' deadlines.
    """

    def __init__(
        self,
        synthesizer: Lent[Synthesizer],
        *,
        voice: str | None = None,
        speed: float = 1.0,
        rms_dbfs: float = -20.0,
        within_ns: int = 300_000_000,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._synthesizer = synthesizer
        self.voice = voice
        self._speed = speed
        self._rms_dbfs = rms_dbfs
        self._within_ns = within_ns
        self._clock = clock

    async def process(self, item: Utterance, /) -> Sequence[SyncedSpeech | Utterance]:
        """Speech of the utterance, or the utterance itself with the verdict that says why not."""
        if item.verdict is not Verdict.DUB:
            return [item]
        voices = self._synthesizer.engine.voices.get(primary(item.target_language), ())
        if not voices:
            return [_failed(item, f"no voice speaks {item.target_language}")]
        voice = self.voice if self.voice in voices else None
        try:
            sentences = await self._synthesizer.call(
                lambda engine: self._spoken(engine, item, voice),
                deadline_ns=self._clock() + self._within_ns,
            )
            speech = await asyncio.to_thread(synced, item, sentences, rms_dbfs=self._rms_dbfs)
        except EngineBusyError as error:
            return [replace(item, verdict=Verdict.OVERLOAD, reason=str(error))]
        except Exception as error:  # noqa: BLE001 - one utterance must not end the stream
            return [_failed(item, f"speech synthesis failed: {error}")]
        return [speech if len(speech.samples) else _failed(item, "there is nothing to say")]

    def _spoken(self, engine: Synthesizer, item: Utterance, voice: str | None) -> list[Speech]:
        """The sentences.

        Raises:
            _TooLongError: there is no end to them.
        """
        text, language = item.target_text, item.target_language
        limit_ns = item.duration_ns * _LONGEST[0] + _LONGEST[1]
        sentences: list[Speech] = []
        spoken_ns = 0
        for sentence in engine.synthesize(text, language=language, voice=voice, speed=self._speed):
            sentences.append(sentence)
            spoken_ns += len(sentence.samples) * 1_000_000_000 // sentence.sample_rate
            if spoken_ns > limit_ns:
                raise _TooLongError(
                    f"more than {limit_ns / 1e9:.0f} s of speech for {item.duration_ns / 1e9:.0f} s"
                )
        return sentences


def synced(
    utterance: Utterance, sentences: Sequence[Speech], *, rms_dbfs: float = -20.0
) -> SyncedSpeech:
    """Join sentences to speech at 48 kHz that starts with its first sound.

    Args:
        utterance: what is spoken.
        sentences: at any sample rates.
        rms_dbfs: loudness of the voiced parts.
    """
    pieces: list[Samples] = []
    lengths: list[tuple[str, int]] = []
    for sentence in sentences:
        samples, phonemes = _trimmed(sentence)
        if not len(samples):
            continue
        if pieces:
            pieces.append(np.zeros(_SENTENCE_PAUSE[1], dtype=np.float32))
            lengths.append(_SENTENCE_PAUSE)
        pieces.append(samples)
        lengths += phonemes
    samples = np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.float32)
    return SyncedSpeech(
        utterance,
        SAMPLE_RATE,
        normalised(samples, SAMPLE_RATE, rms_dbfs=rms_dbfs),
        tuple(_timings(lengths)),
    )


def _timings(lengths: Sequence[tuple[str, int]]) -> Iterator[PhonemeTiming]:
    edges = np.cumsum([0, *(length for _, length in lengths)])
    edges_ns = [int(edge) * 1_000_000_000 // SAMPLE_RATE for edge in edges]
    for (symbol, _), (start_ns, end_ns) in zip(lengths, pairwise(edges_ns), strict=True):
        yield PhonemeTiming(symbol, start_ns, end_ns)


def _trimmed(sentence: Speech) -> tuple[Samples, list[tuple[str, int]]]:
    """The sentence at 48 kHz without the silence around it, and its phonemes' lengths."""
    rate = sentence.sample_rate
    first, last = voiced_span(sentence.samples, rate)
    start = max(0, first - round(_LEAD_S * rate))
    end = min(len(sentence.samples), last + round(_TAIL_S * rate)) if last else start
    samples = _resampled(_faded(sentence.samples[start:end], rate), rate)
    edges = np.cumsum([0, *(phoneme.samples for phoneme in sentence.phonemes)])
    kept = np.clip(edges, start, end) - start
    lengths = np.diff(np.rint(kept * (SAMPLE_RATE / rate)).astype(int))
    phonemes = [
        (phoneme.symbol, int(length))
        for phoneme, length in zip(sentence.phonemes, lengths, strict=True)
        if length > 0
    ]
    return samples, phonemes


def _faded(samples: Samples, rate: int) -> Samples:
    """Without the click that a cut would make."""
    length = min(round(_FADE_S * rate), len(samples) // 2)
    ramp = np.linspace(0.0, 1.0, length, dtype=np.float32)
    envelope = np.ones(len(samples), dtype=np.float32)
    envelope[:length] = ramp
    envelope[len(samples) - length :] = ramp[::-1]
    return samples * envelope


def _resampled(samples: Samples, rate: int) -> Samples:
    if rate == SAMPLE_RATE or not len(samples):
        return samples
    resampler = Resampler(SAMPLE_RATE)
    blocks = [*resampler.process(AudioBlock("", 0, rate, samples)), *resampler.flush()]
    length = round(len(samples) * SAMPLE_RATE / rate)
    joined = np.concatenate([block.samples for block in blocks])[:length]
    return np.pad(joined, (0, length - len(joined)))


def _failed(item: Utterance, reason: str) -> Utterance:
    return replace(item, verdict=Verdict.FAILED, reason=reason)
