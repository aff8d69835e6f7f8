import numpy as np
import pytest

from engines.face.head import canonical_head
from engines.face.topology import LIPS, MOUTH_LEFT, MOUTH_RIGHT
from engines.lipsync import MouthShape
from engines.lipsync.mouth_warp.geometry import MouthTarget, Rest, mouth_target

REST = MouthShape()
CORNERS = [int(np.flatnonzero(corner == LIPS)[0]) for corner in (MOUTH_RIGHT, MOUTH_LEFT)]


def face(lift: float) -> np.ndarray:
    """The canonical head with its mouth's corners ``lift`` IOD higher and wider."""
    points = canonical_head().points.copy()
    lips = points[LIPS]
    across = np.abs(lips[:, 0]) / np.abs(lips[:, 0]).max()
    lips[:, 1] -= lift * across**2
    lips[:, 0] *= 1 + lift
    points[LIPS] = lips
    return points


def corner_height(target: MouthTarget) -> float:
    return float(target.middle[1] - target.lips[CORNERS, 1].mean())


def width(target: MouthTarget) -> float:
    return float(np.ptp(target.lips[CORNERS, 0]))


def test_straight_mouth_stays_as_it_is_at_rest() -> None:
    neutral = face(0.0)
    assert np.allclose(mouth_target(Rest.of(neutral), REST).lips, neutral[LIPS], atol=1e-6)


def test_smile_lessens_while_its_owner_speaks() -> None:
    smiling = Rest.of(face(0.09))
    spoken = mouth_target(smiling, REST)
    lift = float(smiling.middle[1] - smiling.lips[CORNERS, 1].mean())
    assert 0.2 * lift < corner_height(spoken) < 0.8 * lift
    assert width(spoken) < float(np.ptp(smiling.lips[CORNERS, 0]))


def test_smile_lessens_most_on_rounded_vowels() -> None:
    smiling = Rest.of(face(0.09))
    rounded = mouth_target(smiling, MouthShape(rounding=1.0))
    assert corner_height(rounded) < corner_height(mouth_target(smiling, REST))


@pytest.mark.parametrize("opening", [0.05, 0.15])
def test_lips_part_by_the_opening(opening: float) -> None:
    lips = mouth_target(Rest.of(face(0.0)), MouthShape(opening=opening)).lips
    rest = mouth_target(Rest.of(face(0.0)), REST).lips
    upper, lower = (int(np.flatnonzero(point == LIPS)[0]) for point in (13, 14))
    parted = (lips[lower, 1] - lips[upper, 1]) - (rest[lower, 1] - rest[upper, 1])
    assert parted == pytest.approx(opening, rel=0.02)
