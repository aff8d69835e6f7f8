"""What a sentence-level model needs around it: a length limit, clean text, single sentences."""

from collections.abc import Callable

from engines.mt import MAX_CHARACTERS
from engines.text import has_words, plain, sentences

LONGEST_SENTENCE = 200
"""Characters; the models know single sentences, and their time grows with the square of it."""


def translate_sentencewise(text: str, translate: Callable[[str], str]) -> str:
    """Translate ``text`` sentence by sentence with ``translate``.

    Raises:
        ValueError: ``text`` is longer than ``MAX_CHARACTERS``.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(
            f"text of {len(text)} characters is longer than the {MAX_CHARACTERS} that are "
            "translated at once; send it in parts"
        )
    translated = (
        translate(sentence).strip()
        for sentence in sentences(plain(text), longest=LONGEST_SENTENCE)
        if has_words(sentence)
    )
    return " ".join(sentence for sentence in translated if sentence)
