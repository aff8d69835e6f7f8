import pytest

from engines import EngineUnavailableError
from engines.mt import Translator
from engines.mt.pairs import Get, Pair, TranslatorSet


class Marking:
    """Translates by noting what it was asked."""

    def __init__(self, name: str, *pairs: Pair) -> None:
        self._name = name
        self.pairs = frozenset(pairs)

    def translate(self, text: str, *, source: str, target: str) -> str:
        return f"{text}|{self._name}:{source}>{target}"


def translators() -> dict[Pair, list[Get]]:
    a, b = Marking("a", ("pt", "en"), ("en", "pt")), Marking("b", ("pt", "en"), ("es", "en"))
    return {
        ("pt", "en"): [lambda: a, lambda: b],
        ("en", "pt"): [lambda: a],
        ("es", "en"): [lambda: b],
    }


def broken() -> Translator:
    raise EngineUnavailableError("the file is damaged")


def test_translate_when_two_have_the_pair_then_the_first_is_taken() -> None:
    routed = TranslatorSet(translators())
    assert routed.translate("oi", source="pt", target="en") == "oi|a:pt>en"


def test_translate_when_the_first_cannot_be_loaded_then_the_next_is_taken() -> None:
    routed = TranslatorSet({("pt", "en"): [broken, *translators()["pt", "en"]]})
    assert routed.translate("oi", source="pt", target="en") == "oi|a:pt>en"


def test_translate_when_none_can_be_loaded_then_the_first_says_why() -> None:
    routed = TranslatorSet({("pt", "en"): [broken]})
    with pytest.raises(EngineUnavailableError, match="damaged"):
        routed.translate("oi", source="pt", target="en")


@pytest.mark.parametrize("tag", ["pt-br", "pt-BR", "pt_PT", "PT"])
def test_translate_when_the_tag_is_regional_then_its_primary_subtag_counts(tag: str) -> None:
    routed = TranslatorSet(translators())
    assert routed.translate("hi", source="en-GB", target=tag) == "hi|a:en>pt"


def test_translate_when_only_halves_exist_then_goes_through_english_and_says_so() -> None:
    routed = TranslatorSet(translators())
    assert routed.translate("hola", source="es", target="pt") == "hola|b:es>en|a:en>pt"
    assert ("es", "pt") in routed.pairs
    assert routed.via("es", "pt-BR") == "en"
    assert routed.via("es", "en") == ""


def test_translate_when_there_is_no_way_then_key_error() -> None:
    with pytest.raises(KeyError):
        TranslatorSet(translators()).translate("x", source="ja", target="pt")
    with pytest.raises(KeyError):
        TranslatorSet(translators(), pivot=None).translate("x", source="es", target="pt")
    with pytest.raises(KeyError):
        TranslatorSet(translators()).via("ja", "pt")


def test_translate_when_a_model_runs_away_then_it_is_refused_not_handed_on() -> None:
    class Looping(Marking):
        def translate(self, text: str, *, source: str, target: str) -> str:
            del source, target
            return text + " ever and" * 100

    looping = Looping("x", ("es", "en"))
    routed = TranslatorSet(translators() | {("es", "en"): [lambda: looping]})
    with pytest.raises(ValueError, match="es to en ran away"):
        routed.translate("hola", source="es", target="pt")


def test_prepare_when_a_pair_is_wanted_then_both_its_steps_are_loaded_and_no_other() -> None:
    loaded: list[str] = []

    def get(name: str) -> Get:
        def load() -> Translator:
            loaded.append(name)
            return Marking(name)

        return load

    routed = TranslatorSet(
        {("es", "en"): [get("es-en")], ("en", "pt"): [get("en-pt")], ("fr", "en"): [get("fr-en")]}
    )
    assert loaded == []
    routed.prepare("es", "pt")
    assert loaded == ["es-en", "en-pt"]


def test_pairs_never_holds_a_language_with_itself() -> None:
    assert TranslatorSet(translators()).pairs == {
        ("pt", "en"), ("en", "pt"), ("es", "en"), ("es", "pt"),
    }  # fmt: skip
