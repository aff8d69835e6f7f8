"""WebRTC: the encoded picture and sound as they are, and the owner's microphone back.

Viewers ask by WHEP (draft-ietf-wish-whep). The picture is passed on without being decoded; sound
is made Opus once for all viewers of a stream.
"""

from edge_worker.serving.whep.ice import Ice, addresses_of, servers_of
from edge_worker.serving.whep.microphone import Pcm
from edge_worker.serving.whep.routes import WhepRoutes
from edge_worker.serving.whep.sessions import Sessions, Speak
from edge_worker.serving.whep.talking import over_mqtt

__all__ = [
    "Ice",
    "Pcm",
    "Sessions",
    "Speak",
    "WhepRoutes",
    "addresses_of",
    "over_mqtt",
    "servers_of",
]
