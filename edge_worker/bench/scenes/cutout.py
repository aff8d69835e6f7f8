"""Cut the person out of a picture."""

from typing import Final

import cv2
import numpy as np

from edge_worker.bench.scenes.shot import Floats, Shot
from engines.face import Picture
from engines.face.head import inter_ocular_px
from engines.face.topology import CHIN, LEFT_EYE_OUTER, RIGHT_EYE_OUTER

_HEIGHT: Final = 120  # at which the cut is made
_ROUNDS: Final = 2
_EDGE: Final = 2e-4  # of the guided filter; smaller keeps finer edges


def matte(shot: Shot) -> Floats:
    """1 where the person is, shape (height, width, 1); 0 everywhere where nobody is.

    Cut small (Rother, Kolmogorov, Blake: "GrabCut", 2004), then fitted to the picture's own edges
    (He, Sun, Tang: "Guided image filtering", 2010).
    """
    width, height = shot.size
    if shot.face is None:
        return np.zeros((height, width, 1), np.float32)
    scale = _HEIGHT / height
    size = (round(width * scale), _HEIGHT)
    small = np.asarray(cv2.resize(shot.picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    coarse = _cut(small, shot.face * np.float32(scale))
    rough = np.asarray(cv2.resize(coarse, (width, height)), np.float32)
    guide = cv2.cvtColor(shot.picture, cv2.COLOR_BGR2GRAY).astype(np.float32) / 255
    fitted = _guided(guide, rough, round(1.5 / scale))
    return np.asarray(np.clip((fitted - 0.18) / 0.64, 0, 1)[..., None], np.float32)


def _cut(small: Picture, face: Floats) -> Floats:
    height, width = small.shape[:2]
    iod = inter_ocular_px(face)
    eyes = face[[RIGHT_EYE_OUTER, LEFT_EYE_OUTER], :2].mean(0)
    chin = face[CHIN, :2]
    labels = np.full((height, width), cv2.GC_BGD, np.uint8)
    crown = (round(float(eyes[0])), round(float(eyes[1]) - 0.42 * iod))
    cv2.ellipse(labels, crown, (round(1.6 * iod), round(1.5 * iod)), 0, 0, 360, cv2.GC_PR_FGD, -1)
    _fill(labels, chin, iod, _BODY, cv2.GC_PR_FGD)
    _fill(labels, chin, iod, _CHEST, cv2.GC_FGD)
    hull = cv2.convexHull(np.rint(face[:, :2]).astype(np.int32))
    cv2.fillConvexPoly(labels, hull, cv2.GC_FGD)
    cv2.setRNGSeed(1)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(small, labels, (0, 0, 1, 1), *models, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    person = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    person = np.asarray(cv2.morphologyEx(person, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)))
    outlines, _ = cv2.findContours(person, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(outlines, key=cv2.contourArea)
    return np.asarray(
        cv2.drawContours(np.zeros((height, width), np.float32), [outline], 0, 1.0, -1), np.float32
    )


# Outlines from the chin, in IOD; the last two corners of each reach the lower edge.
_BODY: Final = np.array(
    [[-1.1, -0.2], [1.1, -0.2], [3.0, 1.4], [3.4, 6.0], [-3.4, 6.0], [-3.0, 1.4]], np.float32
)
_CHEST: Final = np.array(
    [
        [-0.5, 0.0], [0.5, 0.0], [1.2, 1.1], [1.7, 6.0], [-1.9, 6.0], [-1.3, 0.9],
    ],
    np.float32,
)  # fmt: skip


def _fill(labels: Picture, chin: Floats, iod: float, outline: Floats, label: int) -> None:
    cv2.fillPoly(labels, [np.rint(chin + iod * outline).astype(np.int32)], label)


def _guided(guide: Floats, mask: Floats, radius: int) -> Floats:
    def mean(field: Floats) -> Floats:
        side = 2 * radius + 1
        return np.asarray(cv2.blur(field, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)

    mean_guide, mean_mask = mean(guide), mean(mask)
    slope = (mean(guide * mask) - mean_guide * mean_mask) / (
        mean(guide * guide) - mean_guide**2 + _EDGE
    )
    base = mean_mask - slope * mean_guide
    return np.asarray(mean(slope) * guide + mean(base), np.float32)
