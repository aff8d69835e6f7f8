"""The notice is there in every language that the catalogue knows."""

from edge_worker.talkback.notice import PATTERN_LANGUAGE, SENTENCES, sentence_in
from engines.catalogue import Catalogue, Task
from engines.catalogue.ways import languages_of


def test_notice_when_the_catalogue_has_a_language_then_there_is_a_sentence_in_it() -> None:
    catalogue = Catalogue.load()
    models = [model for task in Task for model in catalogue.models(task)]
    assert set(SENTENCES) == {*languages_of(models)} | {PATTERN_LANGUAGE}


def test_notice_when_it_is_said_then_it_is_one_short_sentence_of_its_own() -> None:
    assert len(set(SENTENCES.values())) == len(SENTENCES)
    assert all(len(text) <= 70 and text[-1] in ".。" for text in SENTENCES.values())


def test_notice_when_the_language_has_a_region_then_its_primary_tag_counts() -> None:
    assert sentence_in("pt-BR") == SENTENCES["pt"]
    assert sentence_in("xx") == ""
