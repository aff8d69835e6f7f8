import pytest

from engines.mt import Translator
from engines.mt.pairs import TranslatorSet


class Marking:
    """Translates by noting what it was asked."""

    def __init__(self, name: str, *pairs: tuple[str, str]) -> None:
        self._name = name
        self.pairs = frozenset(pairs)

    def translate(self, text: str, *, source: str, target: str) -> str:
        return f"{text}|{self._name}:{source}>{target}"


def translators() -> list[Translator]:
    return [
        Marking("a", ("pt", "en"), ("en", "pt")),
        Marking("b", ("pt", "en"), ("es", "en")),
    ]


def test_translate_when_two_have_the_pair_then_the_first_is_taken() -> None:
    routed = TranslatorSet(translators())
    assert routed.translate("oi", source="pt", target="en") == "oi|a:pt>en"


@pytest.mark.parametrize("tag", ["pt-br", "pt-BR", "pt_PT", "PT"])
def test_translate_when_the_tag_is_regional_then_its_primary_subtag_counts(tag: str) -> None:
    routed = TranslatorSet(translators())
    assert routed.translate("hi", source="en-GB", target=tag) == "hi|a:en>pt"


def test_translate_when_only_halves_exist_then_goes_through_english() -> None:
    routed = TranslatorSet(translators())
    assert routed.translate("hola", source="es", target="pt") == "hola|b:es>en|a:en>pt"
    assert ("es", "pt") in routed.pairs


def test_translate_when_there_is_no_way_then_key_error() -> None:
    with pytest.raises(KeyError):
        TranslatorSet(translators()).translate("x", source="ja", target="pt")
    with pytest.raises(KeyError):
        TranslatorSet(translators(), pivot=None).translate("x", source="es", target="pt")


def test_pairs_never_holds_a_language_with_itself() -> None:
    assert TranslatorSet(translators()).pairs == {
        ("pt", "en"), ("en", "pt"), ("es", "en"), ("es", "pt"),
    }  # fmt: skip
