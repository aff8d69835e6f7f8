"""What owners say by WebRTC goes the way of every other reply: over ``talkback/in``."""

import logging
import secrets

from edge_worker.serving.whep.microphone import Pcm
from edge_worker.serving.whep.sessions import Speak
from edge_worker.session.announcer import Announcer
from engines.vad import SAMPLE_RATE
from mqtt_schemas import PCM_CONTENT_TYPE, RULES, Channel
from mqtt_schemas.media import PcmProperties

_log = logging.getLogger(__name__)


def over_mqtt(announcer: Announcer) -> Speak:
    """Publishes each reply, whole, to whoever owns the stream: this worker or another."""

    def speak(stream: str, sound: Pcm) -> None:
        transaction = f"mic-{secrets.token_hex(8)}"
        _log.info("%s: %.1f s from a microphone, %s", stream, len(sound) / SAMPLE_RATE, transaction)
        rules = RULES[Channel.TALKBACK_IN]
        announcer.link.publish(
            announcer.topics.build(Channel.TALKBACK_IN, stream=stream, transaction=transaction),
            sound.astype("<i2").tobytes(),
            qos=rules.qos,
            expiry_s=rules.expiry_s or 0,
            user_properties=PcmProperties(sample_rate=SAMPLE_RATE).to_pairs(),
            content_type=PCM_CONTENT_TYPE,
        )

    return speak
