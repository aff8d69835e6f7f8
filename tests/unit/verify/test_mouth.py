"""Each eye follows the mouth from pictures alone."""

import hashlib
from importlib.resources import files

import numpy as np
import pytest

from edge_worker.verify.film import Shot
from edge_worker.verify.mesh import MeshEye
from edge_worker.verify.mouth import Eye, look
from edge_worker.verify.outline import OutlineEye
from engines.face.mediapipe import MediaPipeFace
from tests.unit.verify.conftest import EYES, SECOND, Visitor


def eye_of(name: str) -> Eye:
    return MeshEye(MediaPipeFace()) if name == "mesh" else OutlineEye()


@pytest.mark.parametrize("eye", EYES)
def test_track_when_the_visitor_is_there_sees_her_in_every_frame(
    visitor: Visitor, eye: str
) -> None:
    assert np.isfinite(visitor.tracks[eye].opening).all()
    assert len(visitor.tracks[eye].times_ns) == 18 * 25


@pytest.mark.parametrize("eye", EYES)
def test_opening_when_she_is_silent_is_closed(visitor: Visitor, eye: str) -> None:
    track = visitor.tracks[eye]
    assert track.opening[track.times_ns < SECOND].max() < 0.03


@pytest.mark.parametrize("eye", EYES)
def test_opening_when_she_speaks_moves(visitor: Visitor, eye: str) -> None:
    track = visitor.tracks[eye]
    speaking = (track.times_ns > 1.2 * SECOND) & (track.times_ns < 3 * SECOND)
    assert track.opening[speaking].max() > 0.1


def test_both_eyes_when_they_see_the_same_mouth_agree(visitor: Visitor) -> None:
    mesh, outline = (visitor.tracks[eye].opening for eye in EYES)
    assert np.corrcoef(mesh, outline)[0, 1] > 0.85


@pytest.mark.parametrize("eye", EYES)
def test_track_when_nobody_is_there_has_no_opening(eye: str) -> None:
    wall = Shot(40_000_000, np.full((240, 320, 3), 128, np.uint8))
    (track,) = look([wall], [eye_of(eye)]).tracks
    assert track.times_ns == pytest.approx([40_000_000])
    assert np.isnan(track.opening).all()


def test_look_when_pictures_are_marked_tells_which_mouths_were_rendered() -> None:
    wall = np.full((48, 64, 3), 128, np.uint8)
    marks = (None, True, False)
    seen = look([Shot(number, wall, lips) for number, lips in enumerate(marks)], [])
    assert seen.marked.tolist() == [False, True, True]
    assert seen.lips.tolist() == [False, True, False]


def test_models_of_the_second_eye_are_those_that_were_described() -> None:
    folder = files("edge_worker.verify") / "models"
    for line in (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, name = line.split()
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
