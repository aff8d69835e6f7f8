"""The device side: publishes a camera, a stream or a file as a Polylip stream."""

from edge_worker.camera.session import CameraOptions, run_camera
from edge_worker.camera.source import SourceAddress, SourceError
from edge_worker.camera.speaker import SinkError, SpeakerAddress

__all__ = [
    "CameraOptions",
    "SinkError",
    "SourceAddress",
    "SourceError",
    "SpeakerAddress",
    "run_camera",
]
