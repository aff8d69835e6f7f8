"""Each company in short; the whole bench is ``polylip bench speakers``."""

from pathlib import Path

import numpy as np
import pytest

from edge_worker.bench import BenchOptions
from edge_worker.bench.company import Company, companies
from edge_worker.bench.company.cast import Actor, Doing
from edge_worker.bench.company.gathering import Member, Place, Turn
from edge_worker.bench.speakers import figures, play, run

pytestmark = pytest.mark.models

SHE = Member()
TWIN = Member(mirrored=True, phase=17)
SHORT = "u17-3"
LONGER = "u15-3"


def played(*members: Member, turns: tuple[Turn, ...]) -> dict[str, float]:
    """The figures of a company, as far as they are numbers."""
    found = figures(play(Company("test", members, turns)))
    return {name: cell for name, cell in found.items() if isinstance(cell, float)}


def test_dialogue_when_two_speak_in_turn_within_a_second_then_each_is_found() -> None:
    found = played(SHE, TWIN, turns=(Turn(0, LONGER), Turn(1, SHORT, 0.25)))
    assert found["right"] == 1.0
    assert found["false"] == 0.0
    assert found["looks"] <= 2


def test_voice_when_it_is_off_camera_and_a_face_chews_then_no_lips_are_rendered() -> None:
    chewing = Member(doing=Doing.CHEW)
    found = played(chewing, TWIN, turns=(Turn(None, LONGER),))
    assert found["off camera"] == 1.0
    assert found["false"] == 0.0


def test_company_when_three_are_there_and_one_talks_without_a_sound_then_the_speaker_is_found() -> (
    None
):
    mute = Member(Actor.MAN, Doing.MOUTH)
    found = played(SHE, mute, TWIN, turns=(Turn(0, LONGER), Turn(2, SHORT, 0.6)))
    assert found["right"] == 1.0
    assert found["looks"] <= 2


def test_person_when_walking_in_at_mid_utterance_then_the_speaker_is_kept() -> None:
    comes = (Place(0, 1.5), Place(1.6, 1.5), Place(2.4, 1))
    walker = Member(mirrored=True, phase=17, path=comes)
    seated = Member(path=(Place(0, 0),))
    found = played(seated, walker, turns=(Turn(0, LONGER), Turn(0, SHORT)))
    assert found["right"] == 1.0
    assert found["switches"] == 0


def test_company_when_it_is_played_then_it_is_heard_when_the_truth_says_so() -> None:
    company = Company("test", (SHE,), (Turn(0, LONGER), Turn(None, SHORT)))
    sound = np.concatenate([block.samples for block in company.sound()])
    level = np.abs(sound)
    for spoken in company.spoken:
        first, last = (round(ns * 16_000 / 1e9) for ns in (spoken.start_ns, spoken.end_ns))
        assert np.percentile(level[first:last], 90) > 0.05
        assert level[first - 1600 : first - 320].max() < 0.02
    assert [spoken.who for spoken in company.spoken] == [0, None]


def test_company_when_it_is_filmed_twice_then_the_pictures_are_the_same() -> None:
    company = Company("test", (SHE, Member(doing=Doing.YAWN)), (Turn(0, SHORT),))
    assert np.array_equal(company.picture(30), company.picture(30))
    assert not np.array_equal(company.picture(30), company.picture(40))


def test_bench_when_it_is_run_quickly_then_it_has_a_row_for_each_company(tmp_path: Path) -> None:
    report = run(BenchOptions(tmp_path, quick=True, only=("off camera, a poster",)))
    (row,) = report.rows
    assert row.cells["off camera"] == 1.0
    assert row.cells["ids"] == "1 for 1"


def test_companies_have_names_of_their_own() -> None:
    assert all(name == company.name for name, company in companies().items())


@pytest.mark.long
def test_speakers_when_the_whole_bench_is_run_then_nineteen_of_twenty_frames_are_right(
    tmp_path: Path,
) -> None:
    for row in run(BenchOptions(tmp_path)).rows:
        for name in ("right", "off camera"):
            share = row.cells[name]
            assert share is None or (isinstance(share, float) and share >= 0.95), row.cells
