import numpy as np
import pytest

from engines.lipsync.mouth_warp.enamel import (
    completed_upper,
    lower_row,
    toothness,
    upper_row,
)
from engines.lipsync.mouth_warp.light import Light
from engines.lipsync.mouth_warp.teeth import ABOVE, DENSITY, grid

SKIN = np.array([100, 130, 170], np.float32)
ENAMEL = np.array([150, 160, 165], np.float32)
TONGUE = np.array([95, 95, 160], np.float32)
THROAT = np.array([20, 18, 35], np.float32)
LIP = np.array([80, 80, 150], np.float32)
DAY = Light.of(SKIN, SKIN, LIP)
NIGHT = Light.of(*(np.full(3, value, np.float32) for value in (130, 130, 110)))

Band = tuple[float, float]
"""y of its upper and lower end, IOD."""


def mouth(gap: Band, *bands: tuple[Band, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Shade and aperture of a mouth open over ``gap``, with bands of colour in it."""
    x, y = grid()
    inside = ((y > gap[0]) & (y < gap[1]) & (np.abs(x) < 0.25)).astype(np.float32)
    picture = np.where(inside[..., None] > 0, THROAT, LIP)
    for (top, bottom), colour in bands:
        picture = np.where((inside * (y > top) * (y < bottom))[..., None] > 0, colour, picture)
    return (picture / DAY.level).astype(np.float32), inside


def rows_of(row: np.ndarray) -> Band:
    """First and last y of a row of teeth."""
    covered = np.flatnonzero((row > 0.5).any(axis=1))
    return float(covered[0]) / DENSITY - ABOVE, float(covered[-1]) / DENSITY - ABOVE


def test_enamel_is_tooth_and_tongue_lip_skin_and_throat_are_not() -> None:
    colours = np.stack([ENAMEL, TONGUE, LIP, SKIN, THROAT])[None] / DAY.level
    assert np.round(toothness(colours.astype(np.float32), DAY)[0]).tolist() == [1, 0, 0, 0, 0]


def test_without_colour_only_what_outshines_the_skin_is_tooth() -> None:
    levels = np.array([1.25, 0.8, 0.5, 0.1], np.float32)
    shade = np.repeat(levels[None, :, None], 3, axis=2)
    assert np.round(toothness(shade, NIGHT)[0]).tolist() == [1, 0, 0, 0]


def test_teeth_at_the_upper_lip_are_the_upper_row() -> None:
    shade, inside = mouth((-0.03, 0.09), ((-0.03, 0.03), ENAMEL))
    row = upper_row(toothness(shade, DAY), inside, shade)
    assert row is not None
    assert rows_of(row) == pytest.approx((-0.03, 0.03), abs=0.01)


def test_teeth_at_the_lower_lip_are_no_upper_row() -> None:
    shade, inside = mouth((-0.06, 0.12), ((0.07, 0.12), ENAMEL))
    tooth = toothness(shade, DAY)
    assert upper_row(tooth, inside, shade) is None
    lower = lower_row(tooth, inside, shade, None)
    assert lower is not None
    assert rows_of(lower) == pytest.approx((0.07, 0.12), abs=0.01)


def test_tongue_is_no_row_of_teeth() -> None:
    shade, inside = mouth((-0.03, 0.12), ((0.0, 0.12), TONGUE))
    tooth = toothness(shade, DAY)
    assert upper_row(tooth, inside, shade) is None
    assert lower_row(tooth, inside, shade, None) is None


def test_glint_in_a_corner_is_no_row_of_teeth() -> None:
    shade, inside = mouth((-0.03, 0.09))
    shade[30:40, 100:106] = ENAMEL / DAY.level
    assert upper_row(toothness(shade, DAY), inside, shade) is None


def test_clenched_rows_are_told_apart_by_the_line_between_them() -> None:
    line = 0.85 * ENAMEL
    shade, inside = mouth((-0.04, 0.07), ((-0.04, 0.07), ENAMEL), ((0.012, 0.018), line))
    tooth = toothness(shade, DAY)
    upper = upper_row(tooth, inside, shade)
    assert upper is not None
    assert rows_of(upper)[1] == pytest.approx(0.010, abs=0.012)
    lower = lower_row(tooth, inside, shade, upper)
    assert lower is not None
    assert rows_of(lower)[0] >= rows_of(upper)[1]


def test_one_long_row_is_not_cut() -> None:
    shade, inside = mouth((-0.05, 0.07), ((-0.05, 0.05), ENAMEL))
    row = upper_row(toothness(shade, DAY), inside, shade)
    assert row is not None
    assert rows_of(row) == pytest.approx((-0.05, 0.05), abs=0.01)


def test_own_teeth_go_on_behind_the_lip_and_towards_the_cheeks() -> None:
    shade, inside = mouth((-0.02, 0.08), ((-0.02, 0.03), ENAMEL))
    row = upper_row(toothness(shade, DAY), inside, shade)
    assert row is not None
    whole = completed_upper(shade, row)
    covered = whole.cover > 0.5
    middle = covered.shape[1] // 2
    assert covered[: round((ABOVE - 0.03) * DENSITY), middle].all()
    assert covered.any(axis=0).mean() > 0.9
    assert np.abs(whole.shade[covered[:, middle], middle] - ENAMEL / DAY.level).max() < 0.05


@pytest.mark.parametrize(("edge", "kept"), [(-0.04, 0.014), (0.03, 0.03), (0.07, 0.046)])
def test_upper_edge_ends_where_people_s_teeth_end(edge: float, kept: float) -> None:
    shade, inside = mouth((edge - 0.06, edge + 0.03), ((edge - 0.06, edge), ENAMEL))
    row = upper_row(toothness(shade, DAY), inside, shade)
    assert row is not None
    whole = completed_upper(shade, row)
    middle = whole.cover.shape[1] // 2
    last = np.flatnonzero(whole.cover[:, middle] > 0.5)[-1]
    assert last / DENSITY - ABOVE == pytest.approx(kept, abs=0.012)
