"""Captions beside a film carry both languages, exact times and the disclosure."""

import pytest

from edge_worker.captions import Caption, Captions
from edge_worker.captions.webvtt import read_webvtt, timestamp, write_webvtt
from edge_worker.span import Span
from tests.unit.captions.conftest import VISIT, span


def test_file_when_written_shows_the_translation_above_what_was_said() -> None:
    text = write_webvtt(VISIT)
    assert text.startswith("WEBVTT Translated by AI (Polylip) from pt to en\n")
    shown = "00:00:02.000 --> 00:00:04.000\n<lang en>Hello</lang>\n<lang pt><i>ol\u00e1</i></lang>"
    assert shown in text


def test_file_when_read_again_says_the_same() -> None:
    assert read_webvtt(write_webvtt(VISIT)) == VISIT


def test_cue_when_not_spoken_lies_on_the_original_and_says_why() -> None:
    assert (
        "00:00:07.000 --> 00:00:09.000\n<lang pt><i>bom dia</i></lang>\n(already English)"
        in write_webvtt(VISIT)
    )


def test_cue_when_very_short_stays_until_the_next_one_but_tells_its_exact_time() -> None:
    captions = Captions(
        "pt",
        "en",
        (
            Caption("um", "a", span(0, 1), span(1, 1.2)),
            Caption("dois", "b", span(1, 2), span(2, 4)),
        ),
    )
    text = write_webvtt(captions)
    assert "00:00:01.000 --> 00:00:02.000" in text
    assert read_webvtt(text) == captions


def test_cue_when_text_looks_like_markup_is_escaped() -> None:
    odd = Caption("x", "<b>\n\n00:00 --> x & y", span(0, 1), span(0, 2))
    text = write_webvtt(Captions("pt", "en", (odd,)))
    assert "&lt;b&gt; 00:00 --&gt; x &amp; y" in text
    assert read_webvtt(text).entries[0].target_text == "<b> 00:00 --> x & y"


def test_file_when_it_comes_from_elsewhere_tells_what_it_can() -> None:
    text = "\ufeffWEBVTT\r\n\r\n1\r\n00:01.000 --> 00:02.500 line:0\r\nHello <b>you</b>\r\n"
    assert read_webvtt(text) == Captions(
        "", "", (Caption("", "Hello you", None, Span(1_000_000_000, 2_500_000_000)),)
    )


def test_file_when_it_is_no_webvtt_is_refused() -> None:
    with pytest.raises(ValueError, match="does not begin with WEBVTT"):
        read_webvtt("1\n00:00:01,000 --> 00:00:02,000\nHello")


def test_timestamp_when_over_an_hour_counts_hours() -> None:
    assert timestamp(3_723_004_000_000) == "01:02:03.004"


def test_file_when_something_was_said_before_the_film_tells_no_negative_time() -> None:
    early = Caption("um", "a", span(-3, -1), span(-0.5, 1))
    nowhere = Caption("dois", "b", span(-3, -1), span(-1, 0))
    text = write_webvtt(Captions("pt", "en", (early, nowhere)))
    assert "-1:" not in text
    assert read_webvtt(text).entries == (Caption("um", "a", None, span(0, 1)),)
