"""Scenes: what real cameras make of somebody who talks.

Each scene turns the pictures of a clean clip into what a camera would show of it: another place,
other light, something on the lens or before the face. Everything is painted; the same clip always
gives the same pictures.

    python -m edge_worker.bench.scenes doorbell visitor.mp4 doorbell.mp4
"""

from edge_worker.bench.scenes.catalogue import scenes
from edge_worker.bench.scenes.film import encode, film, shots
from edge_worker.bench.scenes.scene import ALWAYS, Decision, Scene, Span
from edge_worker.bench.scenes.shot import Shot, Step

__all__ = [
    "ALWAYS",
    "Decision",
    "Scene",
    "Shot",
    "Span",
    "Step",
    "encode",
    "film",
    "scenes",
    "shots",
]
