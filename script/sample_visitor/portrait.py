"""The visitor's picture, taken apart: person, what is behind, and how deep every pixel lies."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.face import FaceMesh, Picture
from engines.face.head import inter_ocular_px
from engines.face.mediapipe import MediaPipeFace
from engines.face.region import region_of
from engines.face.topology import CHIN

ZOOM = 1.42
"""Portrait to film: brings the eyes 85 px apart."""
ORIGIN = (0.0, -4.0)
"""Portrait pixel at the film's top left corner."""
WIDTH, HEIGHT = 640, 480
MARGIN = 48
"""Person kept beyond the film's lower edge, for when she moves up."""

Field = NDArray[np.float32]
"""One value per pixel of the canvas."""

_HAIR_ELLIPSE = ((0.02, -0.42), (1.42, 1.30))
"""Head with hair: centre from the middle of the eyes and half axes, in IOD."""


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """The canvas: the film's picture plus ``MARGIN`` rows below."""

    picture: Picture
    backdrop: Picture
    """What is behind the person, out of focus."""
    matte: Field
    """1 where the person is."""
    depth: Field
    """Away from the camera, in pixels; 0 at the outer eye corners."""
    head: Field
    """1 on the head, falling to 0 down the neck and shoulders."""
    mesh: FaceMesh
    iod: float

    @property
    def neck(self) -> tuple[float, float]:
        """The point that the head turns about."""
        x, y, _ = self.mesh.points[CHIN]
        return float(x), float(y + 0.15 * self.iod)


def read_portrait(path: Path, face: MediaPipeFace) -> Portrait:
    """Take the portrait apart.

    Raises:
        ValueError: not a picture, or nobody in it.
    """
    original = cv2.imread(str(path))
    if original is None:
        raise ValueError(f"{path}: not a picture")
    picture = _enlarged(original.astype(np.uint8, copy=False))
    regions = face.detect(picture)
    if not regions:
        raise ValueError(f"{path}: no face found")
    mesh = face.mesh(picture, regions[0])
    for _ in range(3):
        mesh = face.mesh(picture, region_of(mesh))
    iod = inter_ocular_px(mesh.points)
    matte = _matte(picture, mesh, iod)
    return Portrait(
        picture=picture,
        backdrop=_backdrop(picture, matte),
        matte=matte,
        depth=_depth(mesh, iod),
        head=_head(mesh, iod),
        mesh=mesh,
        iod=iod,
    )


def _enlarged(original: Picture) -> Picture:
    matrix = np.array([[1 / ZOOM, 0, ORIGIN[0]], [0, 1 / ZOOM, ORIGIN[1]]])
    large = cv2.warpAffine(
        original,
        matrix,
        (WIDTH, HEIGHT + MARGIN),
        flags=cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    soft = cv2.GaussianBlur(large, (0, 0), 1.4)
    return cv2.addWeighted(large, 1.5, soft, -0.5, 0).astype(np.uint8, copy=False)


def _eyes(mesh: FaceMesh) -> tuple[float, float]:
    x, y = (mesh.points[33, :2] + mesh.points[263, :2]) / 2
    return float(x), float(y)


def _matte(picture: Picture, mesh: FaceMesh, iod: float) -> Field:
    """Cut the person out (Rother et al. 2004, "GrabCut"), soft at the edge."""
    height, width = picture.shape[:2]
    (cx, cy), (rx, ry) = _hair(mesh, iod)
    labels = np.full((height, width), cv2.GC_BGD, np.uint8)
    grown = (round(rx * 1.12), round(ry * 1.15))
    cv2.ellipse(labels, (round(cx), round(cy)), grown, 0, 0, 360, cv2.GC_PR_FGD, -1)
    neck_y = int(mesh.points[CHIN, 1])
    body = np.array(
        [
            [cx - 1.1 * iod, neck_y - 0.2 * iod],
            [cx + 1.0 * iod, neck_y - 0.2 * iod],
            [cx + 2.6 * iod, neck_y + 1.6 * iod],
            [cx + 2.6 * iod, height],
            [cx - 3.5 * iod, height],
            [cx - 3.2 * iod, neck_y + 1.6 * iod],
        ]
    )
    cv2.fillPoly(labels, [body.astype(np.int32)], cv2.GC_PR_FGD)
    core = mesh.points[:, :2].astype(np.int32)
    cv2.fillConvexPoly(labels, cv2.convexHull(core), cv2.GC_FGD)
    shoulders = np.array(
        [
            [cx - 1.4 * iod, neck_y + 1.2 * iod],
            [cx + 0.9 * iod, neck_y + 1.2 * iod],
            [cx + 1.6 * iod, height],
            [cx - 2.8 * iod, height],
        ]
    )
    cv2.fillPoly(labels, [shoulders.astype(np.int32)], cv2.GC_FGD)
    collar = (round(cx - 0.26 * iod), round(neck_y + 0.7 * iod))
    cv2.ellipse(labels, collar, (round(1.68 * iod), round(1.1 * iod)), 36, 0, 360, cv2.GC_FGD, -1)
    cv2.setRNGSeed(1)
    person_model, background_model = np.zeros((1, 65)), np.zeros((1, 65))
    everywhere = (0, 0, width, height)  # not looked at: the labels say where
    cv2.grabCut(
        picture,
        labels,
        everywhere,
        background_model,
        person_model,
        6,
        cv2.GC_INIT_WITH_MASK,
    )
    person = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    closed = cv2.morphologyEx(person, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(outlines, key=cv2.contourArea)
    whole = cv2.drawContours(np.zeros((height, width), np.float32), [outline], 0, 1.0, -1)
    return cv2.GaussianBlur(cv2.dilate(whole, np.ones((3, 3))), (0, 0), 1.6).astype(np.float32)


def _backdrop(picture: Picture, matte: Field) -> Picture:
    """The picture without the person, out of focus: its blur reaches behind her."""
    away = cv2.erode((matte < 0.02).astype(np.float32), np.ones((9, 9)))[..., None]
    filled = np.zeros(picture.shape)
    weight = np.zeros(away.shape)
    for sigma in (4.0, 16.0, 64.0):
        blurred = cv2.GaussianBlur(picture * away, (0, 0), sigma)
        known = cv2.GaussianBlur(away, (0, 0), sigma)[..., None]
        trust = np.clip(known * 4, 0, 1) * (1 - weight)
        filled = filled + trust * blurred / np.maximum(known, 1e-6)
        weight = weight + trust
    return np.clip(filled / np.maximum(weight, 1e-6), 0, 255).astype(np.uint8)


def _hair(mesh: FaceMesh, iod: float) -> tuple[tuple[float, float], tuple[float, float]]:
    x, y = _eyes(mesh)
    (cx, cy), (rx, ry) = _HAIR_ELLIPSE
    return (x + cx * iod, y + cy * iod), (rx * iod, ry * iod)


def _depth(mesh: FaceMesh, iod: float) -> Field:
    """The face as the mesh has it, the rest of the head as half an ellipsoid behind it."""
    (cx, cy), (rx, ry) = _hair(mesh, iod)
    y, x = np.mgrid[0 : HEIGHT + MARGIN, 0:WIDTH].astype(np.float32)
    radius = np.clip(((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2, 0, 1.3)
    skull = iod * (0.75 - 0.95 * np.sqrt(np.clip(1 - radius, 0, 1)))
    eyes_z = float(mesh.points[[33, 263], 2].mean())
    total = np.full_like(skull, 1e-4)
    mixed = skull * 1e-4
    for px, py, pz in mesh.points:
        weight = np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * (0.09 * iod) ** 2))
        total += weight
        mixed += weight * (pz - eyes_z)
    return np.asarray(cv2.GaussianBlur(mixed / total, (0, 0), 0.08 * iod), np.float32)


def _head(mesh: FaceMesh, iod: float) -> Field:
    """Who moves with the head: everything above the chin, less and less down to the shoulders."""
    chin_y = float(mesh.points[CHIN, 1])
    y = np.arange(HEIGHT + MARGIN, dtype=np.float32)
    fall = np.clip((chin_y + 0.9 * iod - y) / (1.1 * iod), 0, 1)
    smooth = fall * fall * (3 - 2 * fall)
    return np.asarray(np.repeat(smooth[:, None], WIDTH, axis=1), np.float32)
