"""Contact sheet and side by side show the same moments before and after."""

import subprocess
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from edge_worker.demo.contact_sheet import Moment, moments, write_contact_sheet
from edge_worker.demo.side_by_side import write_side_by_side
from edge_worker.items import PhonemeTiming
from edge_worker.verify import film
from engines.face.mediapipe import MediaPipeFace
from tests.unit.demo.conftest import SECOND, run_of, spoken

MS = 1_000_000


@pytest.fixture(scope="module")
def clip(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-t", "2", "-i", sample / "visitor.mp4", "-c", "copy", path],
        check=True,
    )
    return path


def test_moments_when_phones_repeat_take_the_longest_of_each_kind() -> None:
    phones = (
        PhonemeTiming("m", 0, 50 * MS),
        PhonemeTiming("a", 50 * MS, 150 * MS),
        PhonemeTiming("m", 150 * MS, 250 * MS),
        PhonemeTiming("t", 250 * MS, 300 * MS),
    )
    chosen = moments(run_of(spoken(0, 1, placed_s=(1, 2), phonemes=phones)))
    assert chosen == (
        Moment(SECOND + 100 * MS, "ah"),
        Moment(SECOND + 200 * MS, "p b m"),
    )


def test_moments_when_nothing_was_spoken_are_none() -> None:
    assert moments(run_of(spoken(0, 1))) == ()


def test_sheet_when_moments_are_in_the_film_has_a_column_for_each(
    clip: Path, tmp_path: Path
) -> None:
    chosen = [Moment(500 * MS, "p b m"), Moment(1500 * MS, "ah"), Moment(60 * SECOND, "oo")]
    face = MediaPipeFace()
    for count, name in ((1, "one.png"), (3, "two.png")):
        write_contact_sheet(
            clip, clip, tmp_path / name, chosen[:count], output_start_ns=0, landmarker=face
        )
    one, two = (cv2.imread(str(tmp_path / name)) for name in ("one.png", "two.png"))
    assert one is not None
    assert two is not None
    assert two.shape[1] - one.shape[1] == 232
    assert np.std(two[:, -200:]) > 20


def test_sheet_when_no_moment_is_in_the_film_says_so(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="none of 1 moments"):
        write_contact_sheet(
            clip,
            clip,
            tmp_path / "x.png",
            [Moment(60 * SECOND, "ah")],
            output_start_ns=0,
            landmarker=MediaPipeFace(),
        )


def test_side_by_side_when_the_same_film_is_given_twice_has_equal_halves(
    clip: Path, tmp_path: Path
) -> None:
    out = tmp_path / "both.mp4"
    write_side_by_side(clip, clip, out, output_start_ns=0)
    shots = list(film.shots(out))
    assert len(shots) == 50
    picture = shots[30].picture[40:].astype(int)
    assert np.abs(picture[:, :640] - picture[:, 640:]).mean() < 3
    with av.open(str(out)) as container:
        assert "AI" in container.metadata["comment"]
        assert container.streams.audio


def test_side_by_side_when_the_output_starts_later_shows_the_later_original(
    clip: Path, tmp_path: Path
) -> None:
    out = tmp_path / "late.mp4"
    write_side_by_side(clip, clip, out, output_start_ns=SECOND)
    left = next(film.shots(out)).picture[-480:, :640].astype(int)
    original = [shot.picture.astype(int) for shot in film.shots(clip)]
    differences = [np.abs(left - picture).mean() for picture in original]
    assert abs(int(np.argmin(differences)) - 25) <= 1
