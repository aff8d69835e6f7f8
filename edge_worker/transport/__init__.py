"""The worker's and the camera's way to MQTT: a lasting client and an embedded broker."""

from edge_worker.transport.broker import BrokerUnavailableError, EmbeddedBroker
from edge_worker.transport.client import MEDIA_EXPIRY_S, MqttLink
from edge_worker.transport.connection import TransportError
from edge_worker.transport.inbox import Handler, Subscription
from edge_worker.transport.message import Message, Will
from edge_worker.transport.settings import BrokerSettings, MqttVersion, Tls

__all__ = [
    "MEDIA_EXPIRY_S",
    "BrokerSettings",
    "BrokerUnavailableError",
    "EmbeddedBroker",
    "Handler",
    "Message",
    "MqttLink",
    "MqttVersion",
    "Subscription",
    "Tls",
    "TransportError",
    "Will",
]
