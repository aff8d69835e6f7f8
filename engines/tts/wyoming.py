"""Speech by a Wyoming server that the user already runs, such as Piper's.

The protocol carries sound, not the times of its phones: they are told from the text and fitted to
the sound here. It knows no speaking rate either; exact lengths are made afterwards by stretching.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event
from wyoming.tts import Synthesize, SynthesizeVoice

from engines.language import primary
from engines.text import has_words, plain, sentences
from engines.tts import Phoneme, Speech, check_request
from engines.tts.alignment import aligned
from engines.tts.phonemes import Phonemizer, installed_phonemizer
from engines.tts.spread import PAUSE
from engines.wyoming import WyomingServer

_LONGEST_SENTENCE = 400
_MAX_SECONDS = 120
_RATES = range(8_000, 96_001)
_CHANNELS = range(1, 9)
_SAMPLES = {1: ("u1", 128.0), 2: ("<i2", 2.0**15), 4: ("<i4", 2.0**31)}
"""Sample type and full scale by bytes per sample; one byte is unsigned, as in WAV."""


@dataclass(frozen=True, slots=True)
class _Form:
    """How sound is written."""

    rate: int
    width: int
    """Bytes a sample."""
    channels: int

    @property
    def frame(self) -> int:
        """Bytes of one moment."""
        return self.width * self.channels

    def samples(self, pcm: bytes) -> NDArray[np.float32]:
        """Mono, full scale +-1."""
        kind, full = _SAMPLES[self.width]
        wide = np.frombuffer(pcm, np.dtype(kind)).astype(np.float32) * np.float32(1 / full)
        mono: NDArray[np.float32] = wide.reshape(-1, self.channels).mean(1, dtype=np.float32)
        return mono - np.float32(1) if self.width == 1 else mono

    def __str__(self) -> str:
        return f"{self.rate} Hz, {8 * self.width} bit, {self.channels} channel sound"


class WyomingSynthesizer:
    """A speech server, asked for its voices when this is made.

    Args:
        uri: ``tcp://host:port``.
        voices: which of its voices to use, the preferred ones first; empty takes all. A server may
            offer voices that it would have to download first.
        phonemizer: tells the phones; None takes the one that is installed.
        timeout_s: how long one sentence may take.

    Raises:
        ValueError: ``uri`` is not of that form.
        EngineUnavailableError: the server cannot be reached or has none of these voices, or no
            phonemizer is installed.
    """

    def __init__(
        self,
        uri: str,
        *,
        voices: Sequence[str] = (),
        phonemizer: Phonemizer | None = None,
        timeout_s: float = 10.0,
    ) -> None:
        self._server = WyomingServer(uri, timeout_s=timeout_s)
        self._phonemizer = installed_phonemizer() if phonemizer is None else phonemizer
        self._tags = self._offered(voices)

    @property
    def voices(self) -> dict[str, tuple[str, ...]]:
        """Voice ids by language, as the server names them; the first is the default."""
        found: dict[str, list[str]] = {}
        for voice, tag in self._tags.items():
            found.setdefault(primary(tag), []).append(voice)
        return {language: tuple(names) for language, names in found.items()}

    def synthesize(
        self, text: str, *, language: str, voice: str | None = None, speed: float = 1.0
    ) -> Iterator[Speech]:
        """Speak ``text`` sentence by sentence, at the server's own rate whatever ``speed`` says.

        Raises:
            KeyError: no voice speaks ``language``, or ``voice`` is not one of its voices.
            ValueError: ``text`` is too long or ``speed`` is outside 0.5 to 2.
            EngineUnavailableError: the server is gone, too slow, or sends no usable sound.
        """
        known = self.voices[primary(language)]
        if voice is not None and voice not in known:
            raise KeyError((language, voice))
        check_request(text, speed)
        return self._sentences(plain(text), voice or known[0])

    def _sentences(self, text: str, voice: str) -> Iterator[Speech]:
        for sentence in sentences(text, longest=_LONGEST_SENTENCE):
            if not has_words(sentence):
                continue
            rate, samples = self._sound(sentence, voice)
            if len(samples):
                yield Speech(rate, samples, self._timed(sentence, self._tags[voice], rate, samples))

    def _timed(
        self, sentence: str, tag: str, rate: int, samples: NDArray[np.float32]
    ) -> tuple[Phoneme, ...]:
        try:
            symbols = self._phonemizer.phonemes(sentence, language=tag)
        except KeyError:  # spoken by the server, unknown to the phonemizer: sound without lips
            return (Phoneme(PAUSE, len(samples)),)
        return aligned(symbols, samples, rate)

    def _sound(self, sentence: str, voice: str) -> tuple[int, NDArray[np.float32]]:
        """Sample rate and samples of one sentence."""
        question = [Synthesize(sentence, SynthesizeVoice(name=voice)).event()]
        form: _Form | None = None
        pcm = bytearray()
        with closing(self._server.ask(question)) as events:
            for event in events:
                if AudioStop.is_type(event.type):
                    break
                if not (AudioStart.is_type(event.type) or AudioChunk.is_type(event.type)):
                    continue
                before, form = form, self._form(event)
                if before not in {None, form}:
                    raise self._server.broken(f"changes from {before} to {form}")
                pcm += event.payload or b""
                if len(pcm) > _MAX_SECONDS * form.rate * form.frame:
                    raise self._server.broken(f"speaks one sentence for over {_MAX_SECONDS} s")
        if form is None:
            raise self._server.broken("sent no sound")
        if len(pcm) % form.frame:
            raise self._server.broken(f"sent {len(pcm)} bytes, which is no whole {form}")
        return form.rate, form.samples(bytes(pcm))

    def _form(self, event: Event) -> _Form:
        data = event.data or {}
        stated = [data.get(name) for name in ("rate", "width", "channels")]
        numbers = [number for number in stated if isinstance(number, int)]
        if len(numbers) == len(stated):
            form = _Form(*numbers)
            if form.rate in _RATES and form.width in _SAMPLES and form.channels in _CHANNELS:
                return form
        raise self._server.broken(
            "sends sound that cannot be read: rate, width and channels are "
            + ", ".join(f"{one!r:.20}" for one in stated)
        )

    def _offered(self, preferred: Sequence[str]) -> dict[str, str]:
        """The language of each voice; a voice of several languages counts for its first."""
        programs = [program for program in self._server.describe().tts if program.installed]
        here = {voice.name: voice for program in programs[:1] for voice in program.voices}
        missing = [name for name in preferred if name not in here]
        if missing or not here:
            raise self._server.broken(
                f"has no voice {missing[0]!r}" if here else "offers no speech synthesis"
            )
        wanted = preferred or [name for name, voice in here.items() if voice.installed]
        return {name: here[name].languages[0] for name in wanted if here[name].languages}
