"""See the mouth of a finished film again, from its pictures alone."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_worker.demo.judge.film import FilmPicture
from engines.face import FaceLandmarker, FaceMesh, FaceRegion, Picture
from engines.face.region import region_of
from engines.face.topology import (
    CHIN,
    LEFT_EYE_OUTER,
    LOWER_LIP_INNER,
    RIGHT_EYE_OUTER,
    UPPER_LIP_INNER,
)

MIN_IOD_PX = 25.0
"""Below this the landmarks of the lips are noise."""

_FOREHEAD = 10
_MIN_SCORE = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class MouthTrack:
    """The mouth of one person over a film."""

    times_ns: NDArray[np.int64]
    """Film time of each picture, ascending."""
    opening: NDArray[np.float64]
    """Inner-lip gap in inter-ocular distances; NaN where no usable face was seen."""


def track_mouth(film: Iterable[FilmPicture], landmarker: FaceLandmarker) -> MouthTrack:
    """Follow the largest face of every picture; each is measured by itself, unsmoothed."""
    times: list[int] = []
    openings: list[float] = []
    region: FaceRegion | None = None
    for shot in film:
        mesh = _face(shot.picture, landmarker, region)
        region = region_of(mesh) if mesh is not None else None
        times.append(shot.time_ns)
        openings.append(opening_of(mesh) if mesh is not None else np.nan)
    return MouthTrack(np.array(times, np.int64), np.array(openings, np.float64))


def opening_of(mesh: FaceMesh) -> float:
    """Inner-lip gap / inter-ocular distance, NaN for a face too small to tell.

    The gap counts along the face's own vertical (forehead to chin) and the eyes' distance in
    three dimensions, so that a turned or tilted head does not read as a moving mouth.
    """
    points = mesh.points.astype(np.float64)
    left, right = points[RIGHT_EYE_OUTER], points[LEFT_EYE_OUTER]
    if np.linalg.norm((right - left)[:2]) < MIN_IOD_PX:
        return float("nan")
    down = points[CHIN, :2] - points[_FOREHEAD, :2]
    down /= np.linalg.norm(down)
    gap = (points[LOWER_LIP_INNER, :2] - points[UPPER_LIP_INNER, :2]) @ down
    return max(0.0, float(gap / np.linalg.norm(right - left)))


def _face(
    picture: Picture, landmarker: FaceLandmarker, previous: FaceRegion | None
) -> FaceMesh | None:
    if previous is not None:
        mesh = landmarker.mesh(picture, previous)
        if mesh.score > _MIN_SCORE:
            return mesh
    regions = landmarker.detect(picture)
    if not regions:
        return None
    mesh = landmarker.mesh(picture, regions[0])
    return mesh if mesh.score > _MIN_SCORE else None
