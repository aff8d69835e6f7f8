"""espeak-ng as the last resort: robotic, but it speaks a hundred languages from a few megabytes.

It is GPL-3.0-or-later and runs as a program of its own: arguments as a list, the text on standard
input, a time-out and a bound on what it may answer.
"""

import shutil
import subprocess
import unicodedata
import wave
from collections.abc import Iterator, Sequence
from functools import cached_property
from io import BytesIO

import numpy as np

from engines import EngineUnavailableError
from engines.language import primary
from engines.text import has_words, plain, sentences
from engines.tts import Speech, check_request
from engines.tts.alignment import aligned
from engines.tts.ipa import symbols_in_ipa

_WORDS_PER_MINUTE = 165
_LONGEST_SENTENCE = 400
_TIMEOUT_S = 10.0
_MAX_ANSWER = 48_000 * 2 * 120
"""Bytes: two minutes of sound at the highest rate."""
_NAMES = {"no": "nb"}
"""Languages that espeak-ng knows by another name. Chinese is not among them: without a dictionary
that distributions leave out it spells Chinese characters in English letters."""
_GLOTTAL_STOP = {"?": "\N{LATIN LETTER GLOTTAL STOP}"}
"""espeak-ng 1.51 writes a German glottal stop as a question mark."""


class EspeakSynthesizer:
    """The installed ``espeak-ng`` program.

    Args:
        program: its name or path.

    Raises:
        EngineUnavailableError: it is not installed.
    """

    def __init__(self, program: str = "espeak-ng") -> None:
        found = shutil.which(program)
        if found is None:
            raise EngineUnavailableError(
                f"{program} is not installed; on Debian, Ubuntu and Home Assistant add-ons: "
                "apt install espeak-ng"
            )
        self._program = found

    @cached_property
    def voices(self) -> dict[str, tuple[str, ...]]:
        """Voice ids by language; ids are espeak-ng's own language tags, such as ``pt-br``."""
        listing = self._run(["--voices"], "").decode("utf-8", "replace")
        rows = (line.split() for line in listing.splitlines()[1:])
        tags: dict[str, list[str]] = {}
        for _priority, tag in sorted((int(row[0]), row[1].lower()) for row in rows):
            tags.setdefault(primary(tag), []).append(tag)
        for language, name in _NAMES.items():
            tags.setdefault(language, tags.get(name, []))
        return {language: tuple(dict.fromkeys(found)) for language, found in tags.items() if found}

    def synthesize(
        self, text: str, *, language: str, voice: str | None = None, speed: float = 1.0
    ) -> Iterator[Speech]:
        """Speak ``text`` sentence by sentence; ``speed`` > 1 is faster, roughly.

        espeak-ng tells which phones it speaks, not when: their times are found in the sound.

        Raises:
            KeyError: it does not speak ``language``, or ``voice`` is not one of its voices.
            ValueError: ``text`` is too long or ``speed`` is outside 0.5 to 2.
            EngineUnavailableError: the program failed.
        """
        chosen = self._voice(language, voice)
        check_request(text, speed)
        return self._sentences(plain(text), chosen, round(_WORDS_PER_MINUTE * speed))

    def phonemes(self, text: str, *, language: str) -> list[str]:
        """IPA codepoints, stress and length marks, ``' '`` and ``','`` between clauses.

        Raises:
            KeyError: it does not speak ``language``.
            EngineUnavailableError: the program failed.
        """
        voice = self._voice(language, None)
        return self._phones(_without_raw_phonemes(plain(text)), voice, ["-v", voice, "--stdin"])

    def _voice(self, language: str, voice: str | None) -> str:
        known = self.voices[primary(language)]
        if voice is not None:
            if voice not in known:
                raise KeyError((language, voice))
            return voice
        tag = language.replace("_", "-").lower()
        return tag if tag in known else known[0]

    def _sentences(self, text: str, voice: str, words_per_minute: int) -> Iterator[Speech]:
        for sentence in sentences(_without_raw_phonemes(text), longest=_LONGEST_SENTENCE):
            if not has_words(sentence):
                continue
            settings = ["-v", voice, "-s", str(words_per_minute), "--stdin"]
            sound = self._run([*settings, "-b", "1", "-z", "--stdout"], sentence)
            speech = _speech(sound, self._phones(sentence, voice, settings))
            if len(speech.samples):
                yield speech

    def _phones(self, text: str, voice: str, settings: Sequence[str]) -> list[str]:
        ipa = self._run([*settings, "-b", "1", "-q", "--ipa", "--sep=_"], text)
        return symbols_in_ipa(_symbols(ipa.decode("utf-8", "replace")), voice)

    def _run(self, arguments: Sequence[str], text: str) -> bytes:
        try:
            done = subprocess.run(  # noqa: S603 - a fixed program, arguments as a list, text on stdin
                [self._program, *arguments],
                input=text.encode(),
                capture_output=True,
                timeout=_TIMEOUT_S,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise EngineUnavailableError(f"espeak-ng failed: {error}") from error
        if len(done.stdout) > _MAX_ANSWER:
            raise EngineUnavailableError(
                f"espeak-ng answered {len(done.stdout)} bytes, more than the {_MAX_ANSWER} allowed"
            )
        return done.stdout


def _without_raw_phonemes(text: str) -> str:
    """Within ``[[ ]]`` espeak-ng would take what a visitor said for raw phonemes."""
    return text.replace("[[", "[").replace("]]", "]")


def _speech(wav: bytes, symbols: Sequence[str]) -> Speech:
    with wave.open(BytesIO(wav)) as sound:
        rate = sound.getframerate()
    # The header announces 2 GB where espeak-ng writes to a pipe: take what came.
    start = wav.index(b"data") + 8
    pcm = np.frombuffer(wav, dtype="<i2", offset=start, count=(len(wav) - start) // 2)
    samples = pcm.astype(np.float32) * np.float32(1 / 32768)
    return Speech(rate, samples, aligned(symbols, samples, rate))


def _symbols(ipa: str) -> list[str]:
    """Single codepoints, as Piper names them; a line is a clause, ``_`` stands between phones."""
    symbols: list[str] = []
    for clause in ipa.strip().splitlines():
        for word in clause.split():
            phones = [phone for phone in word.split("_") if not phone.startswith("(")]
            spelled = unicodedata.normalize("NFD", "".join(phones))
            symbols += [_GLOTTAL_STOP.get(symbol, symbol) for symbol in spelled]
            symbols.append(" ")
        symbols.append(",")
    return symbols
