# ruff: noqa: RUF001 - the IPA letters are meant
"""Which phones does a text have, and what does each sound like?

espeak-ng, a program of its own, turns text into phones (IPA). Each falls into a class by manner of
articulation, which is expected at a loudness, with or without hiss, and to last about so long.
"""

import shutil
import subprocess
import unicodedata
from dataclasses import dataclass
from types import MappingProxyType

BILABIALS = frozenset("pbm")
PAUSE = ","
_ACCENTS = MappingProxyType({"en": ("en-us", "en-gb"), "pt": ("pt-br", "pt-pt")})
"""Where a caption's bare language does not tell which phones a voice has, as of *apartment*."""
_TIMEOUT_S = 10.0
_STRESSED, _LENGTHENED = 1.3, 1.3
_OPEN_VOWEL, _MID_VOWEL, _CLOSE_VOWEL = 0, 1, 2
_VOWELS = {_OPEN_VOWEL, _MID_VOWEL, _CLOSE_VOWEL}


class PhonesUnknownError(ValueError):
    """Nobody here can tell the phones of this text; says why."""


@dataclass(frozen=True, slots=True)
class Manner:
    """What a class of phones is expected to be like."""

    level_db: float
    """Below the loud parts of the speech."""
    hiss: float
    """0..1, share of sound above 3.5 kHz."""
    duration_s: float


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone of a text, or a pause that may be between two words."""

    symbol: str
    manner: int
    """Index into ``MANNERS``; that of pauses is the last."""
    duration_s: float
    """Expected."""

    @property
    def is_pause(self) -> bool:
        """Whether it may be missing."""
        return self.symbol == PAUSE


_LETTERS = (
    ("aɐæɑʌɒ", Manner(-3, 0, 0.095)),
    ("eɛoɔəɜøœɤɚɝ", Manner(-4, 0, 0.085)),
    ("iɪuʊyɨʉɯᵻʏ", Manner(-7, 0, 0.065)),
    ("mnɲŋɱɴ", Manner(-11, 0, 0.065)),
    ("lʎɫɭɾrɹɻɽʁʀjwɥxχhɦɣħʕ", Manner(-10, 0, 0.05)),
    ("bdgɡɟɖɓɗ", Manner(-18, 0, 0.055)),
    ("ptkcqʈʔ", Manner(-28, 0.1, 0.075)),
    ("ʒzvðβʑʐ", Manner(-16, 0.5, 0.065)),
    ("sʃfθɕçɸʂ", Manner(-20, 0.9, 0.09)),
)
MANNERS = (*(manner for _, manner in _LETTERS), Manner(-45, 0, 0.1))
_MANNER_OF = MappingProxyType(
    {letter: number for number, (letters, _) in enumerate(_LETTERS) for letter in letters}
)
_PAUSE = Phone(PAUSE, len(MANNERS) - 1, MANNERS[-1].duration_s)


def accents_of(language: str) -> tuple[str, ...]:
    """Languages for ``phones_of`` in one of which a text in ``language`` (BCP-47) is spoken."""
    return _ACCENTS.get(language, (language,))


def phones_of(text: str, language: str) -> tuple[Phone, ...]:
    """Phones of ``text`` with a possible pause around every word.

    Raises:
        PhonesUnknownError: espeak-ng is not installed or does not speak ``language``.
    """
    phones = [_PAUSE]
    for word in _ipa(text, language).split():
        phones += [*_word(word), _PAUSE]
    return tuple(phones)


def _word(ipa: str) -> list[Phone]:
    phones: list[Phone] = []
    stressed = False
    for letter in unicodedata.normalize("NFD", ipa):
        if letter == "ː" and phones:
            last = phones.pop()
            phones.append(Phone(last.symbol, last.manner, _LENGTHENED * last.duration_s))
        stressed = stressed or letter == "ˈ"
        manner = _MANNER_OF.get(letter)
        if manner is None:
            continue
        vowel = manner in _VOWELS
        longer = _STRESSED if stressed and vowel else 1.0
        phones.append(Phone(letter, manner, longer * MANNERS[manner].duration_s))
        stressed = stressed and not vowel
    return phones


def _ipa(text: str, language: str) -> str:
    program = shutil.which("espeak-ng")
    if program is None:
        raise PhonesUnknownError(
            "espeak-ng, which tells the phones of a text, is not installed (apt install espeak-ng)"
        )
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, arguments as a list, text on stdin
            [program, "-q", "--ipa", "-b", "1", "-v", language, "--stdin"],
            input=text.replace("[[", "[").encode(),
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise PhonesUnknownError(
            f"espeak-ng cannot tell the phones of {language}: {error}"
        ) from error
    return done.stdout.decode("utf-8", "replace")
