"""Engines that are somewhere else: the same Protocols, done as jobs by another worker.

Their methods block and are called in threads, as those of any engine; what a model could be asked
without work (its languages, its voices) is answered by the one that is here.
"""

import asyncio
import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from edge_worker.jobs.requester import JobFailedError, JobReply, Requester
from edge_worker.jobs.sound import from_pcm, to_pcm
from engines.asr import SAMPLE_RATE, Recognizer, Transcript
from engines.mt import Translator
from engines.tts import Phoneme, Speech, Synthesizer
from mqtt_schemas import (
    Channel,
    LanguagesHeard,
    MessageRefused,
    RecognitionJob,
    RecognitionTask,
    SynthesisJob,
    Synthesized,
    Transcription,
    Translated,
    TranslationJob,
    canonical_language,
    decode,
    encode,
)

Answer = TypeVar("Answer")
_BEYOND_S = 1.0
"""What both tries may take longer than they may take."""


class Away:
    """Sends the jobs of one call of an engine, made in a thread, through the loop.

    Args:
        requester: of the worker.
        loop: that it runs in.
        within_s: how long a try may take.
    """

    def __init__(
        self, requester: Requester, loop: asyncio.AbstractEventLoop, within_s: float
    ) -> None:
        self._requester = requester
        self._loop = loop
        self._within_s = within_s
        self._given_up: Future[JobReply] = Future()
        self._asking: Future[JobReply] | None = None

    def ask(
        self,
        channel: Channel,
        payload: bytes,
        transaction: str,
        *,
        user_properties: Iterable[tuple[str, str]] = (),
        speaks: bool = False,
    ) -> JobReply:
        """Have a job done; blocks until it is.

        Raises:
            JobFailedError: it was not done, or nobody waits for it any more.
        """
        asking = self._asking = asyncio.run_coroutine_threadsafe(
            self._requester.ask(
                channel,
                payload,
                transaction,
                self._within_s,
                user_properties=user_properties,
                speaks=speaks,
                wanted=lambda: not self._given_up.done(),
            ),
            self._loop,
        )
        limit_s = 2 * self._within_s + _BEYOND_S
        wait({asking, self._given_up}, limit_s, return_when=FIRST_COMPLETED)
        if asking.done():
            return asking.result()
        if self._given_up.done():
            return self._given_up.result()
        asking.cancel()
        raise JobFailedError("the loop does not run")

    def give_up(self, ended: Callable[[Future[JobReply]], None]) -> None:
        """Wait no longer, in the loop: the thread is free, and what is under way is not repeated.

        Args:
            ended: told, in the loop, what comes of a job that has been sent.
        """
        self._given_up.set_exception(JobFailedError("nobody waits for it any more"))
        if self._asking is not None:
            self._asking.add_done_callback(ended)


class RemoteRecognizer:
    """Recognises elsewhere.

    Args:
        away: the way there.
        here: the engine that answers what takes no work.
    """

    def __init__(self, away: Away, here: Callable[[], Recognizer]) -> None:
        self._away = away
        self._here = here

    @property
    def languages(self) -> frozenset[str]:
        """As the one here."""
        return self._here().languages

    @property
    def takes_prefix(self) -> bool:
        """As the one here."""
        return self._here().takes_prefix

    def transcribe(
        self, samples: NDArray[np.float32], *, language: str, prefix: str = ""
    ) -> Transcript:
        """Text of ``samples``.

        Raises:
            JobFailedError: nobody did it.
        """
        return self._heard(samples, RecognitionTask.TRANSCRIBE, language, prefix)

    def translate_to_english(self, samples: NDArray[np.float32], *, language: str) -> Transcript:
        """English text of foreign speech.

        Raises:
            JobFailedError: nobody did it.
        """
        return self._heard(samples, RecognitionTask.ENGLISH, language)

    def languages_heard(self, samples: NDArray[np.float32]) -> dict[str, float]:
        """Probability of each language, most likely first.

        Raises:
            JobFailedError: nobody did it.
        """
        reply = self._ask(samples, RecognitionTask.LANGUAGES)
        heard = _data(LanguagesHeard, reply).languages
        return dict(sorted(heard.items(), key=lambda one: -one[1]))

    def _heard(
        self,
        samples: NDArray[np.float32],
        task: RecognitionTask,
        language: str,
        prefix: str = "",
    ) -> Transcript:
        heard = _data(Transcription, self._ask(samples, task, language, prefix))
        return Transcript(heard.text, heard.language, heard.confidence, heard.no_speech)

    def _ask(
        self,
        samples: NDArray[np.float32],
        task: RecognitionTask,
        language: str = "auto",
        prefix: str = "",
    ) -> JobReply:
        job = RecognitionJob(
            transaction=secrets.token_hex(8),
            task=task,
            sample_rate=SAMPLE_RATE,
            language=language,
            prefix=prefix,
        )
        return self._away.ask(
            Channel.JOB_ASR, to_pcm(samples), job.transaction, user_properties=job.to_pairs()
        )


class RemoteTranslator:
    """Translates elsewhere.

    Args:
        away: the way there.
        here: the engine that answers what takes no work.
    """

    def __init__(self, away: Away, here: Callable[[], Translator]) -> None:
        self._away = away
        self._here = here

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """As the one here."""
        return self._here().pairs

    def translate(self, text: str, *, source: str, target: str) -> str:
        """Translate ``text``.

        Raises:
            JobFailedError: nobody did it.
        """
        job = TranslationJob(
            transaction=secrets.token_hex(8),
            text=text,
            source_language=canonical_language(source),
            target_language=canonical_language(target),
        )
        return _data(Translated, self._away.ask(Channel.JOB_MT, encode(job), job.transaction)).text


class RemoteSynthesizer:
    """Speaks elsewhere.

    Args:
        away: the way there.
        here: the engine that answers what takes no work.
    """

    def __init__(self, away: Away, here: Callable[[], Synthesizer]) -> None:
        self._away = away
        self._here = here

    @property
    def voices(self) -> dict[str, tuple[str, ...]]:
        """As the one here."""
        return self._here().voices

    def synthesize(
        self, text: str, *, language: str, voice: str | None = None, speed: float = 1.0
    ) -> Iterator[Speech]:
        """Speak ``text``: all sentences come at once.

        Raises:
            JobFailedError: nobody did it.
        """
        job = SynthesisJob(
            transaction=secrets.token_hex(8),
            text=text,
            language=canonical_language(language),
            voice=voice or "",
            speed=speed,
        )
        reply = self._away.ask(Channel.JOB_TTS, encode(job), job.transaction, speaks=True)
        yield from _sentences(_data(Synthesized, reply), reply.sound)


def _sentences(spoken: Synthesized, pcm: bytes) -> Iterator[Speech]:
    samples = from_pcm(pcm[: len(pcm) // 2 * 2])
    if sum(sentence.samples for sentence in spoken.sentences) != len(samples):
        raise JobFailedError("the answer's sound is of another length than it says")
    start = 0
    for one in spoken.sentences:
        if len(one.symbols) != len(one.lengths) or sum(one.lengths) not in {0, one.samples}:
            raise JobFailedError("the answer's phonemes are not as long as its sound")
        phonemes = tuple(map(Phoneme, one.symbols, one.lengths))
        yield Speech(one.sample_rate, samples[start : start + one.samples], phonemes)
        start += one.samples


def _data(kind: type[Answer], reply: JobReply) -> Answer:
    try:
        return decode(kind, "answer", json.dumps(dict(reply.response.data)).encode())
    except MessageRefused as error:
        raise JobFailedError("the answer breaks the contract") from error
