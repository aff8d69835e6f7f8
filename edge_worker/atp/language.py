"""Which language is this utterance in, given what was heard and what was spoken before?"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

Pairs = frozenset[tuple[str, str]]
"""(source, target) languages, primary subtags."""

UNDETERMINED = "und"
"""BCP-47's own word for it."""


@dataclass(frozen=True, slots=True)
class LanguageOptions:
    """How far the ear is trusted against habit."""

    candidates: frozenset[str] = frozenset()
    """Primary subtags to choose from; empty means every language the recognizer knows."""
    trusted_from_ns: int = 1_500_000_000
    """Speech of this length is judged by ear; of shorter speech the ear counts for less."""
    familiar: float = 0.6
    """Weight of a language heard earlier in the conversation; the last one weighs 1."""
    foreign: float = 0.15
    """Weight of a language not heard yet."""
    untranslatable: float = 0.1
    """Weight of a language that cannot be translated: only believed where it is clearly heard. Its
    relatives (Galician, Catalan) otherwise take what was said in one that can."""


@dataclass(frozen=True, slots=True)
class LanguagePrior:
    """The languages of a conversation so far; immutable, so that threads may read it."""

    options: LanguageOptions = field(default_factory=LanguageOptions)
    last: str = ""
    familiar: frozenset[str] = frozenset()

    def heard(self, language: str) -> "LanguagePrior":
        """The prior after an utterance in ``language``."""
        return replace(self, last=language, familiar=self.familiar | {language})

    def rank(
        self,
        probabilities: Mapping[str, float],
        voiced_ns: int,
        translatable: frozenset[str] = frozenset(),
    ) -> tuple[tuple[str, float], ...]:
        """Languages and their posterior probabilities, most likely first.

        A sentence is followed into another language at once; one word ("Ok.", "Sim.") stays in
        the language of the conversation unless it clearly is not.

        Args:
            probabilities: what the recognizer heard, by language.
            voiced_ns: how much speech it heard it in.
            translatable: languages that can be translated; empty where that is not known.
        """
        options = self.options
        candidates = options.candidates
        eligible = {
            language: probability
            for language, probability in probabilities.items()
            if not candidates or language in candidates
        }
        if not eligible:
            fallback = self.last or min(candidates, default=UNDETERMINED)
            return ((fallback, 0.0),)
        trust = min(1.0, voiced_ns / options.trusted_from_ns)
        weighed = {
            language: max(probability, 1e-9) ** trust
            * self._weight(language)
            * (1.0 if not translatable or language in translatable else options.untranslatable)
            for language, probability in eligible.items()
        }
        total = sum(weighed.values())
        ranked = sorted(weighed.items(), key=lambda pair: pair[1], reverse=True)
        return tuple((language, weight / total) for language, weight in ranked)

    def _weight(self, language: str) -> float:
        if not self.last or language == self.last:
            return 1.0
        return self.options.familiar if language in self.familiar else self.options.foreign
