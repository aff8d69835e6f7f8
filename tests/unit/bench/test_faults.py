"""The parts of the fault matrix: what happens to segments, and what is made of what was seen."""

import random
import time
from pathlib import Path

import pytest

from edge_worker.bench import BenchOptions, faults
from edge_worker.bench.faulting import spoils
from edge_worker.bench.faulting.cases import CASES
from edge_worker.bench.faulting.film import START_TICKS, Film, visitor
from edge_worker.bench.faulting.seen import Arrival, Seen
from edge_worker.media.mpegts import Demuxer
from edge_worker.media.timestamps import ticks_to_ns


@pytest.fixture(scope="module")
def film() -> Film:
    return visitor(12)


def test_film_when_sent_begins_where_it_is_told_and_holds_whole_sentences(film: Film) -> None:
    segments = film.segments()
    assert abs(segments[0].pts_ns - ticks_to_ns(START_TICKS)) < 100_000_000
    assert [one.seq for one in segments] == list(range(len(segments)))
    assert len(film.said) >= 2
    last_ns = max(unit.pts for unit in film.units) * 100_000 // 9
    assert film.said[-1].span.end_ns < last_ns


def test_film_when_cut_in_two_goes_on_with_a_keyframe(film: Film) -> None:
    later = film.part(4, 8)
    first = next(unit for unit in later.units if unit.kind == "video")
    assert first.key
    assert 4 * 90_000 <= first.pts < 6 * 90_000


def test_film_when_its_timestamps_wrap_counts_on(film: Film) -> None:
    segments = CASES["wrap"].segments(film, None, random.Random(1))  # type: ignore[arg-type]  # noqa: S311 - it writes nothing; a seed
    carried = [u.pts for one in segments for u in Demuxer().feed(one.data, whole=True)]
    assert min(carried) < 2**32 < max(carried)
    assert segments[-1].pts_ns > segments[0].pts_ns


@pytest.mark.parametrize(
    ("spoil", "least", "most"),
    [
        (spoils.untouched, 1000, 1000),
        (spoils.silent, 0, 0),
        (spoils.lost(0.1), 850, 950),
        (spoils.doubled(0.2), 1150, 1250),
        (spoils.reordered(0.2), 1000, 1000),
    ],
)
def test_segments_when_spoilt_go_out_as_often_as_stated(
    spoil: spoils.Spoil, least: int, most: int
) -> None:
    chance = random.Random(1)  # noqa: S311 - a seed
    sent = sum(len(spoil(chance, 0.0)) for _ in range(1000))
    assert least <= sent <= most


def test_sentences_when_half_their_words_were_heard_are_not_missed(film: Film) -> None:
    seen = Seen()
    assert seen.missed(film.said) == list(film.said)
    for one in film.said[1:]:
        words = one.source_text.split()
        seen.final.append((0.0, " ".join(words[: len(words) // 2 + 1]).upper()))
    assert seen.missed(film.said) == [film.said[0]]


def test_output_when_it_pauses_is_seen_to() -> None:
    now_s = time.monotonic()
    seen = Seen([Arrival(now_s + at, at > 3, 0.5) for at in (0.0, 1.0, 3.5, 4.0)])
    assert seen.longest_gap_s(now_s, now_s + 4) == pytest.approx(2.5)
    assert seen.first_after(now_s + 0.5, translated=False) == pytest.approx(0.5)
    assert seen.first_after(now_s + 0.5, translated=True) == pytest.approx(3.0)
    assert seen.first_after(now_s + 5, translated=False) is None


@pytest.mark.long
def test_bench_when_run_quickly_then_every_fault_is_recovered_from(tmp_path: Path) -> None:
    report = faults.run(BenchOptions(tmp_path, quick=True))
    rows = {str(row.cells["fault"]): row.cells for row in report.rows}
    assert list(rows) == [CASES[name].what for name in faults.QUICK_CASES]
    assert rows[CASES["broker-killed"].what]["picture"] is not None
    assert {cells["false alarms"] for cells in rows.values()} == {0.0}
