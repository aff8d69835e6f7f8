"""One person in one stream: what was learned of them, and the mouth drawn into their frames."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engines.face import FaceMesh, Picture
from engines.face.head import HeadPose, fit_pose
from engines.face.topology import INNER_MIDDLE_RING, INNER_RING, LIPS, OUTER_MIDDLE_RING
from engines.lipsync import LipCue, LipPatch
from engines.lipsync.mouth_warp.closed import ClosedMouth
from engines.lipsync.mouth_warp.donor import OwnTeeth
from engines.lipsync.mouth_warp.focus import blur_sigma
from engines.lipsync.mouth_warp.geometry import MouthTarget, Rest, mouth_target
from engines.lipsync.mouth_warp.harmonic import LowerFace
from engines.lipsync.mouth_warp.interior import Scene, paint
from engines.lipsync.mouth_warp.light import Light
from engines.lipsync.mouth_warp.neutral import Neutral, opening_of
from engines.lipsync.mouth_warp.raster import Area, Raster
from engines.lipsync.mouth_warp.teeth import DENSITY
from engines.lipsync.mouth_warp.tissue import MouthLayers, mouth_layers

_Floats = NDArray[np.float32]

_LIGHT_STRIDE: Final = 3
_LIGHT_PACE: Final = 0.488  # as 0.2 a frame
_FOCUS_STRIDE: Final = 10
_FOCUS_PACE: Final = 0.3
_CHIN_REACH: Final = 0.2  # IOD
# The mouth's inside is painted anew for a face this much nearer or further, blurrier, redder.
_RESCALE: Final = 0.12
_REFOCUS: Final = 0.3  # pixels
_RECOLOUR: Final = 0.08
_COARSE: Final = 0.3  # of a pixel, standard deviation: what sampling itself blurs
# Source openings (IOD) between which the rim of the lips is taken to show teeth or throat.
_RIM_FROM: Final = 0.015
_RIM_TO: Final = 0.05
_RIM_SHARE: Final = 0.5  # of the way to the next ring, at least
_RIM_PER_BLUR: Final = 60.0  # per IOD


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A face's landmarks, understood."""

    mesh: FaceMesh
    pose: HeadPose
    head: _Floats
    opening: float

    @classmethod
    def of(cls, mesh: FaceMesh) -> "_Seen":
        pose = fit_pose(mesh.points)
        head = pose.to_head(mesh.points)
        return cls(mesh, pose, head, opening_of(head))


class MouthWarpSession:
    """Learns from untouched frames and re-renders the mouth of one person."""

    def __init__(self, face: LowerFace) -> None:
        self._face = face
        self._neutral = Neutral()
        self._teeth = OwnTeeth()
        self._closed = ClosedMouth(face)
        self._light: Light | None = None
        self._blur: float | None = None
        self._frames = 0
        self._last: _Seen | None = None
        self._rest: tuple[_Floats, Rest] | None = None
        self._layers: tuple[_Painted, MouthLayers] | None = None

    def observe(self, picture: Picture, face: FaceMesh) -> None:
        """Learn from an untouched frame: the neutral mouth, the teeth, the closed lips."""
        seen = self._understand(face)
        self._neutral.observe(seen.head)
        if self._light is None or self._frames % _LIGHT_STRIDE == 0:
            light = Light.on(picture, face.points, seen.pose.scale)
            self._light = light.eased(self._light, _LIGHT_PACE)
        if self._blur is None:
            self._blur = blur_sigma(picture, face.points)
        elif self._frames % _FOCUS_STRIDE == 0:
            self._blur += _FOCUS_PACE * (blur_sigma(picture, face.points) - self._blur)
        self._frames += 1
        self._teeth.offer(
            picture, seen.pose, seen.head, self._neutral.middle, seen.opening, self._light
        )
        self._closed.offer(picture, face.points, seen.pose, seen.opening, self._light)

    def render(self, picture: Picture, face: FaceMesh, cue: LipCue) -> LipPatch | None:
        """Draw the mouth into a copy; None where nothing changes or nobody was observed yet."""
        rest, light, blur = self._neutral.points, self._light, self._blur
        if cue.amount <= 0 or rest is None or light is None or blur is None:
            return None
        amount = min(1.0, cue.amount)
        seen = self._understand(face)
        target = mouth_target(self._rest_of(rest), cue.shape)
        source = self._face.vertices(face.points)
        placed = source + np.float32(amount) * self._moves(seen, rest, target)
        touched = self._face.touched
        area = Area.around(np.concatenate([source[touched], placed[touched]]), 3, picture.shape)
        if area.empty:
            return None
        rim = amount * max(0.0, min(1.0, (seen.opening - _RIM_FROM) / (_RIM_TO - _RIM_FROM)))
        triangles = self._face.triangles
        raster = Raster.of(placed, triangles, area)
        origins = _without_rim(source, rim, blur / seen.pose.scale) - area.origin
        roi = raster.warp(area.of(picture), origins[triangles])
        covered = self._closed.lay_over(
            roi, raster, triangles, placed, seen.pose, seen.opening * amount
        )
        scene = Scene(
            gap=placed[INNER_RING],
            pose=seen.pose,
            target=target,
            shape=cue.shape,
            layers=self._layers_for(seen.pose, light, blur),
            light=light,
            blur=blur,
            strength=min(1.0, 2 * amount) ** 2,
            seam=rim * (1 - covered),
        )
        paint(roi, area, scene)
        return LipPatch(area.x, area.y, roi)

    def _rest_of(self, neutral: _Floats) -> Rest:
        if self._rest is None or self._rest[0] is not neutral:
            self._rest = (neutral, Rest.of(neutral))
        return self._rest[1]

    def _understand(self, mesh: FaceMesh) -> _Seen:
        if self._last is None or self._last.mesh is not mesh:
            self._last = _Seen.of(mesh)
        return self._last

    def _moves(self, seen: _Seen, rest: _Floats, target: MouthTarget) -> _Floats:
        """Movement of every vertex at full amount, in pixels."""
        points = seen.mesh.points
        lips = seen.pose.to_picture(target.lips)[:, :2] - points[LIPS, :2]
        weights = self._face.jaw_weights[:, None]
        jaw = rest[self._face.jaw] + target.jaw_drop * weights * _JAW_PATH
        chin = seen.pose.to_picture(jaw)[:, :2] - points[self._face.jaw, :2]
        chin *= np.minimum(1.15 * weights, np.float32(1))
        # Shutting a yawn must not drag the collar up.
        far = float(np.linalg.norm(chin, axis=1).max()) / seen.pose.scale
        chin *= min(1.0, _CHIN_REACH / max(far, 1e-6))
        return self._face.spread(lips, chin)

    def _layers_for(self, pose: HeadPose, light: Light, blur: float) -> MouthLayers:
        """The mouth's inside as the picture would show it; painted anew when that changes."""
        wanted = _Painted.of(self._teeth.version, pose.scale, blur, light)
        if self._layers is None or not self._layers[0].near(wanted):
            # A texture pixel covers half a picture pixel and more: the camera could not see it.
            pixel = DENSITY / pose.scale
            sigma = math.hypot(_COARSE * pixel, blur * pixel)
            layers = mouth_layers(self._teeth.rows(light), light, sigma)
            self._layers = (wanted, layers)
        return self._layers[1]


@dataclass(frozen=True, slots=True, eq=False)
class _Painted:
    """What the layers were painted for."""

    version: int
    scale: float
    blur: float
    lip: _Floats
    colour: float

    @classmethod
    def of(cls, version: int, scale: float, blur: float, light: Light) -> "_Painted":
        return cls(version, scale, blur, light.lip / np.float32(light.level), light.colour)

    def near(self, other: "_Painted") -> bool:
        return (
            self.version == other.version
            and abs(other.scale / self.scale - 1) < _RESCALE
            and abs(other.blur - self.blur) < _REFOCUS
            and abs(other.colour - self.colour) < _RECOLOUR
            and float(np.abs(other.lip - self.lip).max()) < _RECOLOUR
        )


_JAW_PATH: Final = np.array([0, 1, 0.3], np.float32)
"""Head direction in which the chin moves when the jaw opens: down, and a little back."""


def _without_rim(source: _Floats, rim: float, blur: float) -> _Floats:
    """Vertices whose inner lip edge lies inside the lip, away from teeth and throat.

    ``blur`` (standard deviation in IOD) tells how far these have bled into the lip.
    """
    if rim == 0:
        return source
    moved = source.copy()
    inner, middle = source[INNER_RING], source[INNER_MIDDLE_RING]
    share = max(_RIM_SHARE, min(1.0, _RIM_PER_BLUR * blur))
    moved[INNER_RING] = inner + np.float32(rim * share) * (middle - inner)
    beyond = rim * (share - _RIM_SHARE)
    moved[INNER_MIDDLE_RING] = middle + np.float32(beyond) * (source[OUTER_MIDDLE_RING] - middle)
    return moved
