from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from edge_worker.bench.scenes import Scene, Shot, film, scenes, shots
from edge_worker.bench.scenes.__main__ import main
from edge_worker.bench.scenes.clips import enlarge, real_man
from engines.face import FaceLandmarker, FaceMesh, Picture
from engines.face.head import inter_ocular_px
from engines.face.mediapipe import MediaPipeFace
from engines.face.topology import CHIN

FOREHEAD = 10


@pytest.fixture(scope="module")
def landmarker() -> FaceLandmarker:
    return MediaPipeFace()


@pytest.fixture(scope="module")
def clip(sample: Path, landmarker: FaceLandmarker) -> Sequence[Shot]:
    return tuple(shots(sample / "visitor.mp4", landmarker, 0.4))


def filmed(name: str, clip: Sequence[Shot]) -> Shot:
    """One picture of a scene."""
    return next(scenes()[name].filmed(clip[:1]))


def seen(picture: Picture, landmarker: FaceLandmarker) -> FaceMesh:
    region = landmarker.detect(picture)[0]
    return landmarker.mesh(picture, region)


def sound_of(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def test_every_scene_has_a_name_of_its_own_and_a_title() -> None:
    assert len(scenes()) >= 35
    assert all(scene.title for scene in scenes().values())
    assert all(name == scene.name for name, scene in scenes().items())


@pytest.mark.parametrize("name", ["hand", "beard", "doorbell-rain", "evening", "shaken", "poster"])
def test_scene_of_the_same_clip_is_the_same_every_time(name: str, clip: Sequence[Shot]) -> None:
    assert np.array_equal(filmed(name, clip).picture, filmed(name, clip).picture)


@pytest.mark.parametrize("name", ["clean", "doorbell", "cif", "shaken", "nodding", "poster"])
def test_landmarks_stay_on_the_face_that_a_scene_moved(
    name: str, clip: Sequence[Shot], landmarker: FaceLandmarker
) -> None:
    shot = filmed(name, clip)
    assert shot.face is not None
    found = seen(shot.picture, landmarker).points
    apart = np.linalg.norm((found - shot.face)[:, :2], axis=1).mean()
    assert apart < 0.16 * inter_ocular_px(shot.face)


@pytest.mark.parametrize(("name", "share"), [("doorbell", 0.137), ("doorbell-far", 0.097)])
def test_doorbell_is_upright_and_shows_a_small_face(
    name: str, share: float, clip: Sequence[Shot]
) -> None:
    shot = filmed(name, clip)
    assert shot.size == (1080, 1440)
    assert shot.face is not None
    height = np.linalg.norm(shot.face[FOREHEAD, :2] - shot.face[CHIN, :2]) / 1440
    assert height == pytest.approx(share, rel=0.05)
    assert 0.08 <= height <= 0.15


def test_infrared_has_no_colour_and_keeps_the_face(
    clip: Sequence[Shot], landmarker: FaceLandmarker
) -> None:
    picture = filmed("infrared", clip).picture
    assert np.ptp(picture.astype(int), axis=-1).max() <= 1
    assert seen(picture, landmarker).score > 0.9


def test_day_turns_to_infrared_in_the_middle_of_the_film(clip: Sequence[Shot]) -> None:
    late = Shot(clip[0].picture, 99, 3.5, clip[0].face)
    early, after = (next(scenes()["day-to-infrared"].filmed([s])).picture for s in (clip[0], late))
    assert np.ptp(early.astype(int), axis=-1).mean() > 10
    assert np.ptp(after.astype(int), axis=-1).max() <= 1


def test_backlight_leaves_the_face_dark_before_a_white_sky(clip: Sequence[Shot]) -> None:
    shot = filmed("backlight", clip)
    assert shot.skin().mean() < 90
    assert (shot.picture > 250).mean() > 0.2


def test_hand_is_there_only_in_its_time(clip: Sequence[Shot]) -> None:
    scene = scenes()["hand"]
    bare, held = (Shot(clip[0].picture, 0, time_s, clip[0].face) for time_s in (0.2, 2.0))
    assert np.array_equal(next(scene.filmed([bare])).picture, bare.picture)
    assert not np.array_equal(next(scene.filmed([held])).picture, held.picture)
    assert (scene.is_shut(0.2), scene.is_shut(2.0)) == (False, True)


def test_mask_hides_the_mouth_and_leaves_the_eyes(clip: Sequence[Shot]) -> None:
    source, masked = clip[0], filmed("mask", clip)
    assert source.face is not None
    changed = np.abs(source.picture.astype(int) - masked.picture.astype(int)).max(-1)
    for points, hidden in (([13, 14, 61, 291, 152], True), ([159, 386, 9], False)):
        places = np.rint(source.face[points, :2]).astype(int)
        assert (changed[places[:, 1], places[:, 0]] > 15).all() == hidden


def test_poster_does_not_move(clip: Sequence[Shot]) -> None:
    first, last = (
        s.picture.astype(int) for s in list(scenes()["poster"].filmed(clip))[:: len(clip) - 1]
    )
    assert np.abs(cv2.blur((first - last).astype(np.float32), (9, 9))).max() < 3


def test_film_has_the_pictures_and_the_sound_of_its_source(
    tmp_path: Path, sample: Path, landmarker: FaceLandmarker
) -> None:
    out = tmp_path / "rain.mp4"
    film(scenes()["rain"], sample / "visitor.mp4", out, landmarker, seconds=0.5)
    with av.open(str(out)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert (container.streams.video[0].width, container.streams.video[0].height) == (640, 480)
        pictures = [frame.time for frame in container.decode(video=0)]
    heard, original = sound_of(out), sound_of(sample / "visitor.mp4")
    assert pictures == pytest.approx([n / 25 for n in range(13)], abs=1e-3)
    assert heard == original[: len(heard)]
    assert len(heard) == pytest.approx(0.52 * 48_000 / 1024, abs=2)


def test_film_of_a_clip_without_pictures_says_so(
    tmp_path: Path, sample: Path, landmarker: FaceLandmarker
) -> None:
    with pytest.raises(ValueError, match="no picture"):
        film(scenes()["clean"], sample / "visitor.mp4", tmp_path / "o.mp4", landmarker, seconds=0)


def test_command_films_a_scene(tmp_path: Path, sample: Path) -> None:
    out = tmp_path / "out.mp4"
    arguments = ["cif", str(sample / "visitor.mp4"), str(out), "--seconds", "0.2"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    with av.open(str(out)) as container:
        assert container.streams.video[0].width == 176


def test_command_names_what_it_cannot_read(tmp_path: Path) -> None:
    noise = tmp_path / "noise.mp4"
    noise.write_bytes(b"no film at all")
    result = CliRunner().invoke(main, ["clean", str(noise), str(tmp_path / "out.mp4")])
    assert result.exit_code == 1
    assert "noise.mp4" in result.output


def test_small_clip_is_enlarged_and_played_forth_and_back(tmp_path: Path) -> None:
    source = real_man()
    if source is None:
        pytest.skip("the clip of a real man is not installed")
    enlarge(source, tmp_path / "man.mp4", 9.0)
    with av.open(str(tmp_path / "man.mp4")) as container:
        pictures = [f.to_ndarray(format="gray") for f in container.decode(video=0)]
    assert len(pictures) == 270
    assert pictures[0].shape == (480, 640)
    assert np.abs(pictures[10].astype(int) - pictures[238 - 10].astype(int)).mean() < 2


def test_moment_near_a_change_belongs_to_neither_side() -> None:
    scene: Scene = scenes()["hand"]
    edge = scene.shut[0].start_s
    assert scene.is_changing(edge + 0.1)
    assert not scene.is_changing(edge + 0.7)
