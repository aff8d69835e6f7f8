"""Several translators as one: each pair goes to the first that has it, or through a pivot."""

from collections.abc import Callable, Mapping, Sequence

from engines import EngineUnavailableError
from engines.language import primary
from engines.mt import Translator

Pair = tuple[str, str]
Get = Callable[[], Translator]
"""Gives a translator, loaded at its first use."""

_LONGEST_GROWTH = (8, 120)
"""A translation may be this many times longer than its source, and this many characters more."""


class TranslatorSet:
    """Routes each pair to the first translator of it that can be loaded.

    A pair that none has is translated in two steps through ``pivot`` when both halves exist: worse
    than a direct model, far better than no translation.

    Args:
        translators: for each pair those that have it, in order of preference.
        pivot: language to go through; None for direct pairs only.
    """

    def __init__(
        self, translators: Mapping[Pair, Sequence[Get]], *, pivot: str | None = "en"
    ) -> None:
        self._direct = {pair: tuple(gets) for pair, gets in translators.items() if gets}
        self._pivot = pivot
        sources = {source for source, target in self._direct if target == pivot}
        targets = {target for source, target in self._direct if source == pivot}
        through = {(source, target) for source in sources for target in targets}
        self._pairs = frozenset(self._direct) | {one for one in through if one[0] != one[1]}

    @property
    def pairs(self) -> frozenset[Pair]:
        """(source, target) languages that can be translated, directly or through the pivot."""
        return self._pairs

    def via(self, source: str, target: str) -> str:
        """The language that a pair goes through; empty where it is translated directly.

        Raises:
            KeyError: the pair is not among ``pairs``.
        """
        pair = (primary(source), primary(target))
        if pair in self._direct:
            return ""
        if pair not in self._pairs or self._pivot is None:
            raise KeyError(pair)
        return self._pivot

    def prepare(self, source: str, target: str) -> None:
        """Load what the pair takes, so that its first translation need not wait.

        Raises:
            KeyError: the pair is not among ``pairs``.
            EngineUnavailableError: no translator of it can be loaded.
        """
        for step in self._steps(source, target):
            self._translator(step)

    def translate(self, text: str, *, source: str, target: str) -> str:
        """Translate ``text``; regional tags (``pt-br``) go by their primary subtag.

        Raises:
            KeyError: the pair is not among ``pairs``.
            ValueError: ``text`` is too long, or what came out of it is out of all proportion.
            EngineUnavailableError: no translator of the pair can be loaded.
        """
        for step in self._steps(source, target):
            text = self._translated(text, step)
        return text

    def _steps(self, source: str, target: str) -> tuple[Pair, ...]:
        middle = self.via(source, target)
        ends = (primary(source), primary(target))
        return ((ends[0], middle), (middle, ends[1])) if middle else (ends,)

    def _translated(self, text: str, step: Pair) -> str:
        translated = self._translator(step).translate(text, source=step[0], target=step[1])
        times, more = _LONGEST_GROWTH
        if len(translated) > times * len(text) + more:
            raise ValueError(
                f"the translation from {step[0]} to {step[1]} ran away: {len(translated)} "
                f"characters for {len(text)}"
            )
        return translated

    def _translator(self, pair: Pair) -> Translator:
        refusals: list[EngineUnavailableError] = []
        for get in self._direct[pair]:
            try:
                return get()
            except EngineUnavailableError as error:
                refusals.append(error)
        raise refusals[0]
