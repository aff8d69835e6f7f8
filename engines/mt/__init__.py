"""Machine translation of text."""

from typing import Protocol

MAX_CHARACTERS = 4_000
"""Longest text that a translator takes; a longer one is refused, not cut."""


class Translator(Protocol):
    """A loaded translation model or a set of them."""

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """(source, target) languages that can be translated, BCP-47 primary subtags."""
        ...

    def translate(self, text: str, *, source: str, target: str) -> str:
        """Translate ``text``; text without a letter or digit gives empty text.

        Raises:
            KeyError: the pair is not among ``pairs``.
            ValueError: ``text`` is longer than ``MAX_CHARACTERS``.
        """
        ...
