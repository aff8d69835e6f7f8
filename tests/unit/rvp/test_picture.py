import numpy as np
import pytest

from edge_worker.rvp.label import with_label
from edge_worker.rvp.picture import Box, PlaneViews, to_bgr, with_patch
from engines.face import FaceMesh, FaceRegion
from tests.unit.rvp.scenes import frame, scene


def test_patch_changes_nothing_outside_its_box() -> None:
    planes = frame(scene((160, 80)), 0).planes
    box = Box(200, 200, 260, 240)
    patched = with_patch(planes, np.full((40, 60, 3), 255, np.uint8), box)
    before, after = PlaneViews.of(planes), PlaneViews.of(patched)
    for one, other, half in (
        (before.y, after.y, 1),
        (before.u, after.u, 2),
        (before.v, after.v, 2),
    ):
        changed = np.argwhere(one != other)
        rows, columns = slice(200 // half, 240 // half), slice(200 // half, 260 // half)
        outside = np.ones(one.shape, bool)
        outside[rows, columns] = False
        assert np.array_equal(one[outside], other[outside])
        assert half == 2 or len(changed)


def test_patch_leaves_the_planes_it_was_given() -> None:
    planes = frame(scene((160, 80)), 0).planes
    kept = planes.copy()
    with_patch(planes, np.zeros((2, 2, 3), np.uint8), Box(0, 0, 2, 2))
    assert np.array_equal(planes, kept)


def test_patched_picture_shows_the_patch() -> None:
    red = np.zeros((40, 60, 3), np.uint8)
    red[..., 2] = 200
    patched = with_patch(frame(scene(), 0).planes, red, Box(100, 100, 160, 140))
    assert to_bgr(patched)[120, 130] == pytest.approx([0, 0, 200], abs=6)


def test_part_of_a_picture_has_the_pixels_of_the_whole() -> None:
    planes = frame(scene((160, 80)), 0).planes
    box = Box(202, 100, 330, 280)
    assert np.array_equal(to_bgr(planes, box), to_bgr(planes)[100:280, 202:330])


def test_box_around_a_turned_region_holds_its_corners() -> None:
    region = FaceRegion(100.0, 80.0, 60.0, np.pi / 4)
    reach = 60.0 / np.sqrt(2)
    box = Box.around_region(region)
    assert box.left <= 100 - reach < 100 + reach < box.right <= 100 + reach + 4
    assert box.top <= 80 - reach < 80 + reach < box.bottom <= 80 + reach + 4


def test_box_around_a_face_is_what_the_landmark_model_sees() -> None:
    points = np.array([[100, 200, 0], [200, 400, 0]], np.float32)
    assert Box.around_face(FaceMesh(points, 1.0)) == Box(50, 150, 251, 451)


def test_box_outside_the_picture_is_empty() -> None:
    assert Box(700, 100, 760, 160).even(640, 480).empty


def test_box_grows_to_even_edges_within_the_picture() -> None:
    assert Box(3, -2, 9, 481).even(640, 480) == Box(2, 0, 10, 480)


@pytest.mark.parametrize(("width", "height"), [(176, 144), (640, 480), (1280, 720)])
def test_label_is_drawn_small_into_the_lower_left_corner(width: int, height: int) -> None:
    planes = frame(np.full((height, width, 3), 90, np.uint8), 0).planes
    marked = with_label(planes)
    luma = PlaneViews.of(marked).y
    rows, columns = np.nonzero(luma != PlaneViews.of(planes).y)
    assert rows.min() > 0.8 * height
    assert columns.max() < 0.8 * width
    assert len(rows) < 0.06 * width * height
    assert luma.max() > 180


def test_label_reads_on_white_and_on_black() -> None:
    for level in (0, 255):
        planes = frame(np.full((480, 640, 3), level, np.uint8), 0).planes
        drawn = PlaneViews.of(with_label(planes)).y.astype(int)
        plate = drawn[drawn != PlaneViews.of(planes).y.astype(int)]
        assert plate.max() - np.median(plate) > 60


def test_label_leaves_the_planes_it_was_given() -> None:
    planes = frame(scene(), 0).planes
    kept = planes.copy()
    with_label(planes)
    assert np.array_equal(planes, kept)


def test_views_write_through_to_the_planes() -> None:
    planes = np.zeros((6, 4), np.uint8)
    PlaneViews.of(planes).v[:] = 7
    assert planes.reshape(-1).tolist() == [0] * 20 + [7] * 4
