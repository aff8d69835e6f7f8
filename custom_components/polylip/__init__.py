"""Polylip: talk face to face without a common language.

The work is done by workers elsewhere; this integration talks with them through MQTT only.
"""

import logging
from typing import TypeAlias

from homeassistant.components import mqtt
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import issue_registry

from .const import CONF_PREFIX, DOMAIN, ISSUE_PROTOCOL
from .mqtt_schemas import (
    PROTOCOL_VERSION,
    Channel,
    MessageRefused,
    Topics,
    is_compatible,
)
from .payload import raw
from .workers import Workers

_LOGGER = logging.getLogger(__name__)

PolylipConfigEntry: TypeAlias = ConfigEntry[Workers]


async def async_setup_entry(hass: HomeAssistant, entry: PolylipConfigEntry) -> bool:
    """Listen to the workers under the entry's topic prefix."""
    if not await mqtt.async_wait_for_mqtt_client(hass):
        raise ConfigEntryNotReady(translation_domain=DOMAIN, translation_key="mqtt_unavailable")
    workers = entry.runtime_data = Workers(Topics(entry.data[CONF_PREFIX]))

    @callback
    def heard(message: mqtt.ReceiveMessage) -> None:
        try:
            worker = workers.heard(message.topic, raw(message.payload))
        except MessageRefused as refusal:
            _LOGGER.warning("%s", refusal)
            return
        if worker is not None:
            _review_protocol(hass, workers, worker)

    unsubscribe = await mqtt.async_subscribe(
        hass, workers.topics.filter(Channel.WORKER_INFO), heard, qos=1, encoding=None
    )
    entry.async_on_unload(unsubscribe)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: PolylipConfigEntry) -> bool:
    """Forget the workers; the subscription ends with the entry."""
    for worker in entry.runtime_data.known:
        issue_registry.async_delete_issue(hass, DOMAIN, _protocol_issue(entry.runtime_data, worker))
    return True


def _review_protocol(hass: HomeAssistant, workers: Workers, worker: str) -> None:
    """Raise or withdraw the repair issue about a worker of another protocol."""
    issue = _protocol_issue(workers, worker)
    info = workers.known.get(worker)
    if info is None or is_compatible(info.protocol):
        issue_registry.async_delete_issue(hass, DOMAIN, issue)
        return
    issue_registry.async_create_issue(
        hass,
        DOMAIN,
        issue,
        is_fixable=False,
        severity=issue_registry.IssueSeverity.ERROR,
        translation_key=ISSUE_PROTOCOL,
        translation_placeholders={
            "worker": info.name or worker,
            "theirs": info.protocol,
            "ours": PROTOCOL_VERSION,
        },
    )


def _protocol_issue(workers: Workers, worker: str) -> str:
    return f"{ISSUE_PROTOCOL}_{workers.topics.prefix}_{worker}"
