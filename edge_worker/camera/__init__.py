"""The device side: publishes a camera, a stream or a file as a Polylip stream."""

from edge_worker.camera.session import CameraOptions, run_camera
from edge_worker.camera.source import SourceAddress, SourceError

__all__ = ["CameraOptions", "SourceAddress", "SourceError", "run_camera"]
