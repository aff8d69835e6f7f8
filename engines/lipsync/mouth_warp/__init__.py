"""The default lip engine: bends the speaker's own frame, driven by landmarks.

A harmonic mesh moves lips and jaw of the current frame (one ``cv2.remap``, so no seam and no colour
match), the inside of the mouth is painted from the person's own teeth where a frame showed them,
and the geometry, not the pixels, fades in and out.
"""

from typing import Final

from engines.lipsync import LipSession
from engines.lipsync.mouth_warp.harmonic import lower_face
from engines.lipsync.mouth_warp.session import MouthWarpSession

__all__ = ["MouthWarp"]


class MouthWarp:
    """A lip engine without a model of its own; light enough for one CPU core."""

    driven_by_sound: Final = False

    def __init__(self) -> None:
        self._face = lower_face()

    def open(self) -> LipSession:
        """Start with a person not seen before."""
        return MouthWarpSession(self._face)
