from pathlib import Path
from typing import Any

import pytest

from engines import EngineUnavailableError
from engines.mt import MAX_CHARACTERS
from engines.mt.opus import OpusTranslator
from tests.unit.engines_mt.tiny_opus import make_tiny_opus


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("opus")
    make_tiny_opus(made)
    return made


@pytest.fixture(scope="module")
def opus(folder: Path) -> OpusTranslator:
    return OpusTranslator(folder, source="pt-BR", target="en")


def test_pairs_is_the_one_pair_by_primary_subtags(opus: OpusTranslator) -> None:
    assert opus.pairs == {("pt", "en")}


def test_translate_gives_text_of_the_target_vocabulary(opus: OpusTranslator) -> None:
    text = opus.translate("a encomenda está na porta azul", source="pt", target="en")
    assert text
    assert "</s>" not in text


def test_translate_when_asked_twice_then_the_same(opus: OpusTranslator) -> None:
    answers = {opus.translate("pode deixar com o vizinho", source="pt", target="en") for _ in "12"}
    assert len(answers) == 1


def test_translate_when_the_decoder_loops_then_the_answer_is_bounded(opus: OpusTranslator) -> None:
    text = opus.translate("porta " * 40, source="pt", target="en")
    assert len(text) < 8_000


@pytest.mark.parametrize("text", ["", " ", "…", "🙂"])
def test_translate_when_there_is_nothing_to_translate_then_empty(
    opus: OpusTranslator, text: str
) -> None:
    assert opus.translate(text, source="pt", target="en") == ""


def test_translate_when_text_is_too_long_then_refuses_it(opus: OpusTranslator) -> None:
    with pytest.raises(ValueError, match="longer than the 4000"):
        opus.translate("a" * (MAX_CHARACTERS + 1), source="pt", target="en")


def test_translate_when_not_its_pair_then_key_error(opus: OpusTranslator) -> None:
    with pytest.raises(KeyError):
        opus.translate("hello", source="en", target="pt")


def test_translate_when_the_model_has_several_targets_then_its_token_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_tiny_opus(tmp_path, ">>ara<<", ">>heb<<")
    opus = OpusTranslator(tmp_path, source="en", target="ar", prefix=">>ara<<")
    model, asked = opus._model, list[list[str]]()

    class Listening:
        def translate_batch(self, batch: list[list[str]], **options: Any) -> Any:
            asked.extend(batch)
            return model.translate_batch(batch, **options)

    monkeypatch.setattr(opus, "_model", Listening())
    assert opus.translate("the blue door. my father.", source="en", target="ar")
    assert [(pieces[0], pieces[-1]) for pieces in asked] == [(">>ara<<", "</s>")] * 2


def test_load_when_files_lack_then_names_them(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailableError, match=r"lacks model\.bin, source\.spm, target\.spm"):
        OpusTranslator(tmp_path, source="pt", target="en")


def test_load_when_the_model_is_damaged_then_a_clear_error(tmp_path: Path) -> None:
    for name in ("model.bin", "source.spm", "target.spm"):
        (tmp_path / name).write_bytes(b"not a model")
    with pytest.raises(EngineUnavailableError, match="cannot be loaded on cpu"):
        OpusTranslator(tmp_path, source="pt", target="en")
