import pytest

from edge_worker.atp.language import UNDETERMINED, LanguageOptions, LanguagePrior

from .fakes import MS, SECOND

IN_PORTUGUESE = LanguagePrior().heard("pt")
BILINGUAL = LanguagePrior().heard("en").heard("pt")


def test_rank_without_a_past_believes_the_ear() -> None:
    assert LanguagePrior().rank({"en": 0.6, "pt": 0.4}, 300 * MS)[0][0] == "en"


def test_rank_of_a_sentence_follows_into_the_other_language() -> None:
    assert BILINGUAL.rank({"en": 0.97, "pt": 0.02}, 2 * SECOND)[0][0] == "en"


def test_rank_of_a_sentence_in_a_language_not_heard_before_follows_too() -> None:
    assert IN_PORTUGUESE.rank({"es": 0.95, "pt": 0.04}, 2 * SECOND)[0][0] == "es"


@pytest.mark.parametrize("heard", [{"es": 0.6, "pt": 0.3}, {"en": 0.5, "pt": 0.2, "cy": 0.3}])
def test_rank_of_one_word_stays_in_the_conversation(heard: dict[str, float]) -> None:
    assert BILINGUAL.rank(heard, 400 * MS)[0][0] == "pt"


def test_rank_of_one_word_that_is_clearly_foreign_follows() -> None:
    assert BILINGUAL.rank({"en": 0.995, "pt": 0.0005}, 600 * MS)[0][0] == "en"


def test_rank_gives_probabilities_in_falling_order() -> None:
    ranked = BILINGUAL.rank({"en": 0.2, "pt": 0.3, "es": 0.5}, SECOND)
    probabilities = [probability for _, probability in ranked]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1.0)


def test_rank_never_leaves_the_candidates() -> None:
    prior = LanguagePrior(LanguageOptions(candidates=frozenset({"pt", "en"})))
    ranked = prior.rank({"es": 0.9, "pt": 0.09, "en": 0.01}, 2 * SECOND)
    assert [language for language, _ in ranked] == ["pt", "en"]


def test_rank_when_nothing_eligible_was_heard_stays_or_says_so() -> None:
    assert IN_PORTUGUESE.rank({}, SECOND) == (("pt", 0.0),)
    assert LanguagePrior().rank({}, SECOND) == ((UNDETERMINED, 0.0),)


def test_rank_when_a_relative_cannot_be_translated_then_the_one_that_can_is_heard() -> None:
    heard = {"gl": 0.55, "pt": 0.4, "en": 0.05}
    assert LanguagePrior().rank(heard, 2 * SECOND)[0][0] == "gl"
    assert LanguagePrior().rank(heard, 2 * SECOND, frozenset({"pt", "en"}))[0][0] == "pt"


def test_rank_when_an_untranslatable_language_is_clearly_heard_then_it_is_told() -> None:
    heard = {"es": 0.97, "pt": 0.02, "en": 0.01}
    assert LanguagePrior().rank(heard, 2 * SECOND, frozenset({"pt", "en"}))[0][0] == "es"
