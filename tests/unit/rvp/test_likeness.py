import cv2
import numpy as np

from edge_worker.rvp.likeness import Likeness, alike, likeness
from edge_worker.rvp.tracker import Tracker
from engines.face import Picture
from engines.face.mediapipe import MediaPipeFace
from tests.unit.rvp.scenes import frame, portrait, scene


def look(picture: Picture) -> Likeness:
    source = frame(picture, 0)
    (face,) = Tracker(MediaPipeFace()).track(source).faces
    return likeness(source, face.mesh.points)


def test_likeness_when_it_is_the_same_person_then_it_is_high() -> None:
    known = look(scene((160, 80)))
    dim = (0.6 * scene((100, 60)) + 10).astype(np.uint8)
    small = scene()
    small[100:360, 300:560] = cv2.resize(portrait(), (260, 260))
    turned = cv2.warpAffine(
        scene((160, 80)), cv2.getRotationMatrix2D((320, 240), 15, 1), (640, 480)
    )
    assert alike(known, look(dim)) > 0.9
    assert alike(known, look(small)) > 0.85
    assert alike(known, look(np.asarray(turned, np.uint8))) > 0.8


def test_likeness_when_it_is_somebody_else_then_it_is_low() -> None:
    mirrored = np.ascontiguousarray(scene((160, 80))[:, ::-1])
    assert alike(look(scene((160, 80))), look(mirrored)) < 0.7
