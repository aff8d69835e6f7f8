"""Which models lead from one language to another, and that the catalogue leads everywhere."""

from itertools import permutations

import pytest

from engines.catalogue import Catalogue, Model, Task
from engines.catalogue.ways import PIVOT, languages_of, spoken_way, way
from engines.language import primary

MODELS = Catalogue.load().models()
EUROPEAN = ("ru", "de", "fr", "it", "es", "pl", "uk", "ro", "nl", "pt")
LANGUAGES = ("en", *EUROPEAN, "tr", "ar", "zh")


def model(model_id: str) -> Model:
    return next(one for one in MODELS if one.id == model_id)


def test_catalogue_when_asked_for_any_two_languages_then_it_has_a_way_and_a_voice() -> None:
    assert set(languages_of(MODELS)) == set(LANGUAGES)
    for source, target in permutations(LANGUAGES, 2):
        found = way(MODELS, (), source, target)
        assert found is not None, (source, target)
        assert found.voice is not None
        assert found.via == ("" if PIVOT in (source, target) else PIVOT)
        assert all(one.fetchable for one in found.missing)


@pytest.mark.parametrize("size", ["tiny", "base", "small", "large-v3-turbo"])
def test_catalogue_when_asked_for_a_recognizer_then_it_has_whisper(size: str) -> None:
    assert model(f"whisper-{size}").task is Task.ASR


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogue_when_a_model_has_several_targets_then_its_token_is_known(language: str) -> None:
    several = {"ar": ">>ara<<", "zh": ">>cmn_Hans<<"}
    for one in MODELS:
        if one.pair == (PIVOT, language) and one.id.startswith("opus-mt-"):
            assert one.prefix == several.get(language, "")


def test_way_when_nothing_is_here_then_the_smallest_download_is_taken() -> None:
    found = way(MODELS, (), "es", "en")
    assert found is not None
    assert [one.id for one in found.translators] == ["bergamot-es-en"]


def test_way_when_a_larger_model_is_here_then_it_is_taken_and_nothing_lacks_but_the_voice() -> None:
    found = way(MODELS, {"opus-mt-es-en"}, "es-MX", "en-GB")
    assert found is not None
    assert [one.id for one in found.translators] == ["opus-mt-es-en"]
    assert [one.id for one in found.missing] == ["piper-en-us-joe"]
    assert found.size == 63201294 + 4794


def test_way_when_a_voice_is_chosen_then_it_is_wanted_else_one_that_is_here() -> None:
    other = model("piper-en-us-joe").model_copy(update={"id": "piper-en-gb-other"})
    known = [*MODELS, other]

    def voice(here: set[str], wanted: str = "") -> str:
        found = spoken_way(known, here, "en", wanted)
        assert found is not None
        assert found.voice is not None
        return found.voice.id

    assert voice(set()) == "piper-en-us-joe"
    assert voice({"piper-en-gb-other"}) == "piper-en-gb-other"
    assert voice({"piper-en-gb-other"}, "piper-en-us-joe") == "piper-en-us-joe"
    assert voice(set(), "no-such-voice") == "piper-en-us-joe"


def test_way_when_a_free_model_leads_there_too_then_no_non_commercial_one_is_taken() -> None:
    small = model("opus-mt-es-en").model_copy(
        update={"id": "tiny-nc", "non_commercial": True, "sources": model("whisper-tiny").sources}
    )
    found = way([small, model("opus-mt-es-en")], (), "es", "en")
    assert found is not None
    assert [one.id for one in found.translators] == ["opus-mt-es-en"]


def test_way_when_no_models_lead_there_then_none() -> None:
    assert way(MODELS, (), "fi", "en") is None
    assert spoken_way(MODELS, (), "fi") is None


def test_catalogue_when_a_voice_is_named_then_its_language_is_one_of_them() -> None:
    voices = {primary(tag) for one in MODELS if one.task is Task.TTS for tag in one.languages}
    assert voices == set(LANGUAGES)
