"""Telling people about a broker that is away: once when it goes, once when it is back."""

import logging
import time

from paho.mqtt.enums import MQTTErrorCode

from edge_worker.transport.settings import BrokerSettings

_log = logging.getLogger(__name__)

_SESSION_TAKEN_OVER = 142
"""Reason code of MQTT 5, section 3.14.2.1; older brokers only close the connection."""
_LOST = {
    int(MQTTErrorCode.MQTT_ERR_CONN_LOST): "connection lost",
    int(MQTTErrorCode.MQTT_ERR_KEEPALIVE): "no answer within the keepalive",
    128: "connection closed by the broker",
}


class Outage:
    """Says once that the broker is away and why, and once that it is back."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._since: float | None = None
        self._told: set[str] = set()

    def began(self, why: str) -> None:
        """The broker cannot be reached; each reason is told once per outage."""
        if self._since is None:
            self._since = time.monotonic()
        if why not in self._told:
            self._told.add(why)
            _log.warning("MQTT broker %s: %s; trying again until it works", self._address, why)

    def over(self) -> None:
        """The broker is there."""
        if self._since is None:
            _log.info("MQTT broker %s: connected", self._address)
        else:
            away_s = time.monotonic() - self._since
            _log.warning("MQTT broker %s: back after %.1f s", self._address, away_s)
        self._since = None
        self._told.clear()


def reason(error: BaseException, settings: BrokerSettings) -> str:
    """Why a connection failed or broke, for people."""
    error = error.__cause__ or error
    code = getattr(error, "rc", None)
    value = getattr(code, "value", code)
    taken = f"another client connects with the client id {settings.client_id!r}"
    if value == _SESSION_TAKEN_OVER:
        return taken
    if value in _LOST:
        return _LOST[value] + (f"; when it repeats, {taken}" if settings.client_id else "")
    return str(error) or type(error).__name__
