"""A face to render lips into, and ways to look at the result."""

import numpy as np
from numpy.typing import NDArray

from engines.face import FaceMesh, Picture
from engines.face.head import fit_pose
from engines.face.mediapipe import MediaPipeFace
from engines.face.region import region_of
from engines.lipsync import LipCue, LipSession, MouthShape
from engines.lipsync.mouth_warp import MouthWarp
from engines.lipsync.mouth_warp.neutral import opening_of


def settled(landmarker: MediaPipeFace, picture: Picture) -> FaceMesh:
    """Landmarks of the only face, once the crop has found its place."""
    mesh = landmarker.mesh(picture, landmarker.detect(picture)[0])
    for _ in range(3):
        mesh = landmarker.mesh(picture, region_of(mesh))
    return mesh


def learned(*seen: tuple[Picture, FaceMesh]) -> LipSession:
    """Somebody seen in each of these pictures for a while."""
    session = MouthWarp().open()
    for picture, mesh in seen:
        for _ in range(4):
            session.observe(picture, mesh)
    return session


def drawn(session: LipSession, picture: Picture, face: FaceMesh, cue: LipCue) -> Picture:
    """The whole picture with the rendered patch in its place."""
    patch = session.render(picture, face, cue)
    assert patch is not None
    result = picture.copy()
    height, width = patch.picture.shape[:2]
    result[patch.y : patch.y + height, patch.x : patch.x + width] = patch.picture
    return result


def speaking(session: LipSession, picture: Picture, face: FaceMesh, shape: MouthShape) -> Picture:
    """The picture with the mouth wholly in ``shape``."""
    return drawn(session, picture, face, LipCue(shape, 1.0))


def opening(mesh: FaceMesh) -> float:
    """Inner-lip gap in IOD."""
    return opening_of(fit_pose(mesh.points).to_head(mesh.points))


def disc(picture: Picture, at: NDArray[np.float32], radius: float) -> Picture:
    """Pixels within ``radius`` of a landmark, shape (n, 3)."""
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    near = np.square(x - at[0]) + np.square(y - at[1]) < radius**2
    return np.asarray(picture[near], np.uint8)
