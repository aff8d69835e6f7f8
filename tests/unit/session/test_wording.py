import unicodedata

import pytest

from edge_worker.session.wording import passage, sentence
from mqtt_schemas import EventType, StreamEvent, encode


def test_sentence_when_text_is_hostile_then_the_contract_takes_it() -> None:
    hostile = "\x00\x1b[31m\ud800 first\r\nsecond\u2028third\x7f " + "x" * 10_000
    told = sentence(hostile)
    assert told.startswith("[31m? first second third")
    assert len(told) <= 128
    encode(StreamEvent(stream="door", type=EventType.BAD_INPUT, utc_ns=0, detail=told))


def test_sentence_when_text_is_of_any_script_then_it_stays() -> None:
    assert sentence("Não há gás — 玄関 🚪") == "Não há gás — 玄関 🚪"


def test_passage_when_text_is_endless_then_it_is_bounded_and_can_be_written() -> None:
    assert len(passage("word " * 100_000)) == 4096
    assert passage("a\ud800b").encode() == b"a?b"


@pytest.mark.parametrize(
    "letters", ["\u60a8\u597d", "\u0628\u064e\u0627\u0628 ", "\u0915\u094d\u0937\u093f"]
)
def test_passage_of_any_script_is_cut_between_characters_within_the_bytes(letters: str) -> None:
    text = letters * 4000
    cut = passage(text)
    assert 4080 < len(cut.encode()) <= 4096
    assert text.startswith(cut)
    assert unicodedata.category(text[len(cut)]) not in {"Mn", "Mc"}
