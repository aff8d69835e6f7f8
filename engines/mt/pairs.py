"""Several translators as one: each pair goes to the first that has it, or through a pivot."""

from collections.abc import Sequence

from engines.language import primary
from engines.mt import Translator


class TranslatorSet:
    """Routes each pair to the translator that has it.

    A pair that none has is translated in two steps through ``pivot`` when both halves exist: worse
    than a direct model, far better than no translation.

    Args:
        translators: in order of preference.
        pivot: language to go through; None for direct pairs only.
    """

    def __init__(self, translators: Sequence[Translator], *, pivot: str | None = "en") -> None:
        self._direct: dict[tuple[str, str], Translator] = {}
        for translator in translators:
            for pair in translator.pairs:
                self._direct.setdefault(pair, translator)
        self._pivot = pivot

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """(source, target) languages that can be translated, directly or through the pivot."""
        sources = {source for source, target in self._direct if target == self._pivot}
        targets = {target for source, target in self._direct if source == self._pivot}
        through = {(source, target) for source in sources for target in targets}
        return frozenset(self._direct) | {pair for pair in through if pair[0] != pair[1]}

    def translate(self, text: str, *, source: str, target: str) -> str:
        """Translate ``text``; regional tags (``pt-br``) go by their primary subtag.

        Raises:
            KeyError: the pair is not among ``pairs``.
            ValueError: ``text`` is too long.
        """
        pair = (primary(source), primary(target))
        if pair in self._direct:
            return self._direct[pair].translate(text, source=pair[0], target=pair[1])
        if pair not in self.pairs or self._pivot is None:
            raise KeyError(pair)
        middle = self.translate(text, source=pair[0], target=self._pivot)
        return self.translate(middle, source=self._pivot, target=pair[1])
