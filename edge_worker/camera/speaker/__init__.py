"""The loudspeaker at the door: what the owner answers is played there, and reported."""

from edge_worker.camera.speaker.address import SpeakerAddress, SpeakerKind
from edge_worker.camera.speaker.finding import find_sink
from edge_worker.camera.speaker.sink import Playback, Sink, SinkError
from edge_worker.camera.speaker.talkback import Talkback

__all__ = [
    "Playback",
    "Sink",
    "SinkError",
    "SpeakerAddress",
    "SpeakerKind",
    "Talkback",
    "find_sink",
]
