"""All scenes by name."""

import math
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from edge_worker.bench.scenes import decoy, doorbell, held, lens, light, pose, worn
from edge_worker.bench.scenes.scene import ALWAYS, Decision, Scene, Span
from edge_worker.bench.scenes.shot import Step

_WHOLE: Final = ((-1e9, 1e9),)
_COMES: Final = ((1.4, 2.8),)
_COMES_SPAN: Final = (Span(1.1, 3.1),)
_SWITCH_S: Final = 2.0
_DROP_S: Final = 1.6


@cache
def scenes() -> Mapping[str, Scene]:
    """Every scene, by its name."""
    every = (*_cameras(), *_lights(), *_faces(), *_covered(), *_nobody())
    return MappingProxyType({scene.name: scene for scene in every})


def _door(place: doorbell.Place | None = None) -> tuple[Step, ...]:
    """A visitor at the door, seen from below by a wide lens."""
    return (pose.turned(lambda _: (0.0, -9.0)), doorbell.at_the_door(place), lens.wide_angle())


def _cameras() -> tuple[Scene, ...]:
    far, night = doorbell.Place(face_share=0.085), doorbell.Place(light=0.10)
    lamp = light.Lamp(hotspot=(0.5, 0.45), reach=0.55)
    return (
        Scene("clean", "The clip as it is", ()),
        Scene("doorbell", "Portrait doorbell, face a seventh of the height", _door()),
        Scene("doorbell-far", "The same, face a tenth of the height", _door(far)),
        Scene(
            "doorbell-night", "Doorbell at night, infrared", (*_door(night), light.infrared(lamp))
        ),
        Scene("doorbell-rain", "Doorbell in the rain", (*_door(), lens.rain())),
        Scene("cif", "176x144, near", (lens.scaled((176, 144), 1.5),)),
        Scene("cif-far", "176x144, too small", (lens.scaled((176, 144), 0.7),), (ALWAYS,)),
        Scene("low-bit-rate", "A starved encoder", (), bits_per_pixel=0.018),
    )


def _lights() -> tuple[Scene, ...]:
    wandering = light.Lamp(reach=0.30, strength=1.9, wander=0.22)
    return (
        Scene("infrared", "Grey infrared with hotspot", (light.infrared(),)),
        Scene("hotspot", "Infrared, hotspot wanders over the face", (light.infrared(wandering),)),
        Scene("day-to-infrared", "Infrared comes on", (light.infrared(from_s=_SWITCH_S),)),
        Scene("backlight", "Before a blown-out sky, exposure pumps", (light.backlight(),)),
        Scene("pumping", "Exposure pumps", (light.pumping(),)),
        Scene("leaves", "Shade of leaves wanders over the face", (light.shade_of_leaves(),)),
        Scene("evening", "Little light, much noise", (light.evening(),)),
        Scene("dark", "No light", (light.darkness(),), (ALWAYS,)),
        Scene("rain", "Rain on the lens", (lens.rain(),)),
        Scene("shaken", "Fast sway, motion blur", (lens.shaken(),)),
    )


def _faces() -> tuple[Scene, ...]:
    return (
        Scene("beard", "Full beard", (worn.beard(),)),
        Scene("cap", "Cap", (worn.cap(),)),
        Scene("glasses", "Glasses that mirror a window", (worn.glasses(),)),
        Scene("phone-at-ear", "Telephone at the ear", (held.phone_at_ear(),)),
        Scene("nodding", "Nods", (pose.turned(lambda t: (0.0, 11 * _sine(0.7, t))),)),
        Scene("turning", "Shakes the head", (pose.turned(lambda t: (13 * _sine(0.4, t), 0.0)),)),
        Scene("infrared-beard", "Full beard in infrared", (worn.beard(), light.infrared())),
    )


def _covered() -> tuple[Scene, ...]:
    infrared = light.infrared()
    return (
        Scene("mask", "Surgical mask", (worn.surgical_mask(),), (ALWAYS,)),
        Scene("hand", "Hand before the mouth for a while", (held.hand(_COMES),), _COMES_SPAN),
        Scene("hand-first", "Arrives with a hand there", (held.hand(_WHOLE),), (ALWAYS,)),
        Scene("finger", "A finger on the lips for a while", (held.finger(_COMES),), _COMES_SPAN),
        Scene("phone", "Telephone before the mouth", (held.phone_at_mouth(_COMES),), _COMES_SPAN),
        Scene("phone-first", "Arrives so", (held.phone_at_mouth(_WHOLE),), (ALWAYS,)),
        Scene(
            "drop",
            "A drop before the mouth",
            (lens.drop_on_mouth(_DROP_S),),
            (Span(_DROP_S - 0.3, 1e9),),
        ),
        Scene("infrared-hand", "Hand in infrared", (held.hand(_COMES), infrared), _COMES_SPAN),
        Scene("infrared-mask", "Mask in infrared", (worn.surgical_mask(), infrared), (ALWAYS,)),
        Scene("doorbell-hand", "Hand, doorbell", (held.hand(_COMES), *_door()), _COMES_SPAN),
        Scene("doorbell-mask", "Mask, doorbell", (worn.surgical_mask(), *_door()), (ALWAYS,)),
        Scene("profile", "Turned away", (pose.turned(lambda _: (52.0, 0.0)),), (ALWAYS,)),
    )


def _nobody() -> tuple[Scene, ...]:
    return (
        Scene("cat", "A cat", (decoy.cat(),), (ALWAYS,)),
        Scene("poster", "A poster", (decoy.poster(),), (ALWAYS,), Decision.CHOICE, still=True),
    )


def _sine(hertz: float, time_s: float) -> float:
    return math.sin(2 * math.pi * hertz * time_s)
