"""Machine translation of text."""

from typing import Protocol


class Translator(Protocol):
    """A loaded translation model or a set of them."""

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """(source, target) languages that can be translated, BCP-47 primary subtags."""
        ...

    def translate(self, text: str, *, source: str, target: str) -> str:
        """Translate ``text``; empty text gives empty text.

        Raises:
            KeyError: the pair is not among ``pairs``.
        """
        ...
