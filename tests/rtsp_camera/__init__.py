"""A network camera of our own: RTSP with H.264 or H.265, G.711, AAC or PCM, and bad habits."""

from tests.rtsp_camera.clip import Clip
from tests.rtsp_camera.hearing import BackChannel, Heard
from tests.rtsp_camera.server import RtspCamera
from tests.rtsp_camera.traits import Reports, Traits

__all__ = ["BackChannel", "Clip", "Heard", "Reports", "RtspCamera", "Traits"]
