"""A small RTSP client (RFC 2326) for what FFmpeg's has not: sending to a camera."""

from edge_worker.camera.rtsp.client import RtspClient, RtspError, RtspReply
from edge_worker.camera.rtsp.description import (
    Format,
    Track,
    back_channel,
    control_url,
    read_description,
)
from edge_worker.camera.rtsp.location import RtspLocation

__all__ = [
    "Format",
    "RtspClient",
    "RtspError",
    "RtspLocation",
    "RtspReply",
    "Track",
    "back_channel",
    "control_url",
    "read_description",
]
