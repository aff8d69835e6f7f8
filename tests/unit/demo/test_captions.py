"""Captions carry both languages and the disclosure."""

from dataclasses import replace

from edge_worker.demo.captions import timestamp, webvtt
from edge_worker.items import Verdict
from tests.unit.demo.conftest import run_of, spoken


def test_captions_when_spoken_show_the_translation_above_what_was_said() -> None:
    text = webvtt(run_of(spoken(0, 1, "Hello", placed_s=(2, 4))))
    assert text.startswith("WEBVTT\n")
    assert "Translated by AI" in text
    assert "00:00:02.000 --> 00:00:04.000\nHello\n<i>ol\u00e1</i>" in text


def test_captions_when_not_dubbed_lie_on_the_original_and_say_why() -> None:
    u = replace(spoken(5, 8), verdict=Verdict.SAME_LANGUAGE, reason="already English")
    run = replace(run_of(u), output_start_ns=1_000_000_000)
    assert "00:00:04.000 --> 00:00:07.000\n<i>ol\u00e1</i>\n(already English)" in webvtt(run)


def test_captions_when_very_short_stay_until_the_next_one() -> None:
    text = webvtt(run_of(spoken(0, 1, "a", placed_s=(1, 1.2)), spoken(1, 2, "b", placed_s=(2, 4))))
    assert "00:00:01.000 --> 00:00:02.000" in text


def test_captions_when_text_looks_like_markup_are_escaped() -> None:
    text = webvtt(run_of(spoken(0, 1, "<b>\n\n00:00 --> x & y", placed_s=(0, 2))))
    assert "&lt;b&gt; 00:00 --&gt; x &amp; y" in text


def test_timestamp_when_over_an_hour_counts_hours() -> None:
    assert timestamp(3_723_004_000_000) == "01:02:03.004"
