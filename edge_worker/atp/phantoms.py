"""Text that recognizers write when nobody spoke: film credits, thanks, notes in brackets."""

import re
from dataclasses import dataclass

_CREDITS = re.compile(
    r"amara\.?\s?org|\blegendas? (por|pela|feitas?)|\blegendado por|\bsubtitl(es|ed) by"
    r"|\bsubt[ií]tulos (realizados|por|creados)|\bsous-titr(es|age)|\buntertitel(ung)?\b"
    r"|\bsottotitoli|\btranscri(bed|ption) by|\btranscrição (e|por)|\bthanks? (you )?for watching"
    r"|\binscreva-se|\bsubscribe to|\bwww\.|https?:",
    re.IGNORECASE,
)
"""Nobody says these at a door: always rejected."""

_PLEASANTRIES = frozenset(
    {
        *("thank you", "thanks", "you", "bye", "bye bye", "okay", "oh", "so", "hmm", "the"),
        *("obrigado", "obrigada", "muito obrigado", "muito obrigada", "tchau", "e aí", "é", "e"),
        *("gracias", "muchas gracias", "adiós", "sí", "y", "merci", "merci beaucoup", "au revoir"),
        *("vielen dank", "danke", "tschüss", "ja", "grazie", "grazie mille", "ciao", "sì"),
        *("o que é isso", "apenas de novo", "what is this", "qué es esto"),
    }
)
"""Said at doors as well: rejected only where the sound was hardly speech."""

_NOTE = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|[♪♫🎵]+")
_NOT_LETTERS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class PhantomOptions:
    """From where on text is not believed."""

    hardly_speech: float = 0.35
    """No-speech probability at which a pleasantry is not believed."""
    no_speech: float = 0.6
    """No-speech probability at which only confident text is believed."""
    confident: float = 0.6
    """Confidence that makes up for either."""
    blip_ns: int = 200_000_000
    """Less voice than this cannot have said a pleasantry."""
    letters_per_second: float = 40.0
    """Nobody speaks faster; counted over the voiced time plus one second."""


def is_phantom(
    text: str,
    *,
    confidence: float,
    no_speech: float,
    voiced_ns: int,
    options: PhantomOptions = PhantomOptions(),
) -> bool:
    """Whether ``text`` was made up from sound that was no speech (empty text counts as such).

    Args:
        text: what the recognizer wrote.
        confidence: its mean token probability.
        no_speech: its probability that nobody spoke.
        voiced_ns: how much voice the voice detector found in the sound.
        options: thresholds.
    """
    spoken = _NOTE.sub(" ", text)
    plain = _NOT_LETTERS.sub(" ", spoken.lower()).strip()
    if not plain or _CREDITS.search(spoken):
        return True
    if len(plain) > options.letters_per_second * (voiced_ns / 1e9 + 1.0):
        return True
    if no_speech > options.no_speech and confidence < options.confident:
        return True
    weak = no_speech > options.hardly_speech or confidence < options.confident
    return plain in _PLEASANTRIES and (weak or voiced_ns < options.blip_ns)
