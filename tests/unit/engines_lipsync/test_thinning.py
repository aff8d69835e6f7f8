import numpy as np
from numpy.typing import NDArray

from engines.lipsync.mouth_warp.thinning import thinned

SIDE = 7


def mesh() -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """A square of small triangles."""
    places = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    a, b, c, d = places[:-1, :-1], places[:-1, 1:], places[1:, :-1], places[1:, 1:]
    corners = [np.stack([a, c, b], -1), np.stack([b, c, d], -1)]
    y, x = np.mgrid[:SIDE, :SIDE] * 0.1
    plane = np.stack([x.reshape(-1), -y.reshape(-1)], 1).astype(np.float32)
    triangles = np.concatenate([part.reshape(-1, 3) for part in corners]).astype(np.intp)
    return triangles[:, [0, 2, 1]], plane


def area(triangles: NDArray[np.intp], plane: NDArray[np.float32]) -> NDArray[np.floating]:
    a, b, c = (plane[triangles[:, k]] for k in range(3))
    return ((b - a)[:, 1] * (c - a)[:, 0] - (b - a)[:, 0] * (c - a)[:, 1]) / 2


def test_thinned_mesh_covers_the_same_place_with_fewer_triangles() -> None:
    triangles, plane = mesh()
    fewer = thinned(triangles, plane, keep=np.array([], np.intp))
    assert len(fewer) < 0.8 * len(triangles)
    assert np.isclose(area(fewer, plane).sum(), area(triangles, plane).sum())


def test_no_triangle_of_a_thinned_mesh_is_turned_over() -> None:
    triangles, plane = mesh()
    assert (area(thinned(triangles, plane, keep=np.array([], np.intp)), plane) > 0).all()


def test_outline_and_kept_points_stay() -> None:
    triangles, plane = mesh()
    keep = np.array([SIDE * 3 + 3, SIDE * 2 + 2], np.intp)
    fewer = thinned(triangles, plane, keep=keep)
    outline = {p for p in range(SIDE * SIDE) if p % SIDE in (0, SIDE - 1) or p // SIDE in (0, 6)}
    assert outline | set(keep.tolist()) <= set(fewer.reshape(-1).tolist())
