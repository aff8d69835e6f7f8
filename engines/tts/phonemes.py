"""From text to phones, for speech whose synthesizer does not tell what it says."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from engines import EngineUnavailableError
from engines.language import primary
from engines.tts.espeak import EspeakSynthesizer
from engines.tts.ipa import symbols_in_ipa

_NAMES = {"zh": "cmn", "no": "nb"}
"""Languages that espeak-ng knows by another name."""


class Phonemizer(Protocol):
    """Tells the phones of a sentence."""

    def phonemes(self, text: str, *, language: str) -> Sequence[str]:
        """IPA codepoints, stress and length marks, ``' '`` and punctuation.

        Raises:
            KeyError: ``language`` is not among those known.
        """
        ...


class PiperPhonemizer:
    """The espeak-ng that comes inside piper-tts (GPL-3.0-or-later, the extra ``piper``).

    It serves one thread at a time and keeps one language for the whole process.

    Raises:
        EngineUnavailableError: piper-tts is not installed.
    """

    def __init__(self) -> None:
        try:
            from piper.phonemize_espeak import (  # noqa: PLC0415 - GPL package, only when wanted
                EspeakPhonemizer,
            )
        except ImportError as error:
            raise EngineUnavailableError(f"piper-tts is not installed ({error})") from error
        self._phonemizer: Any = EspeakPhonemizer()

    def phonemes(self, text: str, *, language: str) -> Sequence[str]:
        """As the protocol says."""
        tag = _NAMES.get(primary(language), language.replace("_", "-").lower())
        spoken: Iterable[Sequence[str]]
        try:
            spoken = self._phonemizer.phonemize(tag, text)
        except RuntimeError as error:
            raise KeyError(language) from error
        return symbols_in_ipa((symbol for sentence in spoken for symbol in sentence), tag)


def installed_phonemizer() -> Phonemizer:
    """The one that is here: Piper's, which reads Chinese as well, else the program ``espeak-ng``.

    Raises:
        EngineUnavailableError: neither is installed.
    """
    try:
        return PiperPhonemizer()
    except EngineUnavailableError:
        try:
            return EspeakSynthesizer()
        except EngineUnavailableError as missing:
            raise EngineUnavailableError(
                f"lips need the phones of what is said: {missing}, or pip install 'polylip[piper]'"
            ) from missing
