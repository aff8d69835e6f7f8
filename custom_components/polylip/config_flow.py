"""One entry per topic prefix: discovered by a worker's retained info, or named by the user."""

import asyncio
from typing import Any

import voluptuous as vol
from homeassistant.components import mqtt
from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo

from .const import CONF_PREFIX, DOMAIN
from .mqtt_schemas import (
    DEFAULT_PREFIX,
    Channel,
    IdRefused,
    MessageRefused,
    Topics,
    WorkerInfo,
    decode,
)
from .payload import raw

_ANSWER_WITHIN_S = 3
"""Home Assistant itself holds a SUBSCRIBE back for half a second."""


class PolylipConfigFlow(ConfigFlow, domain=DOMAIN):
    """Set up Polylip."""

    VERSION = 1

    def __init__(self) -> None:
        """Start with nothing discovered."""
        self._topics = Topics()
        self._worker = ""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the topic prefix and see whether a worker is there."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                topics = Topics(user_input[CONF_PREFIX].strip().strip("/"))
            except IdRefused:
                errors[CONF_PREFIX] = "invalid_prefix"
            else:
                await self._only_once(topics)
                if not await mqtt.async_wait_for_mqtt_client(self.hass):
                    return self.async_abort(reason="mqtt_unavailable")
                if await _first_worker(self.hass, topics):
                    return self._entry(topics)
                errors["base"] = "no_worker"
        form = self.add_suggested_values_to_schema(
            vol.Schema({vol.Required(CONF_PREFIX, default=DEFAULT_PREFIX): str}), user_input
        )
        return self.async_show_form(step_id="user", data_schema=form, errors=errors)

    async def async_step_mqtt(self, discovery_info: MqttServiceInfo) -> ConfigFlowResult:
        """Take up a worker's retained info."""
        worker = _read_worker(self._topics, discovery_info.topic, discovery_info.payload)
        if worker is None:
            return self.async_abort(reason="invalid_discovery_info")
        await self._only_once(self._topics)
        self._worker = worker.name or worker.worker
        self.context["title_placeholders"] = {"worker": self._worker}
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether the discovered worker is wanted."""
        if user_input is not None:
            return self._entry(self._topics)
        self._set_confirm_only()
        return self.async_show_form(
            step_id="confirm", description_placeholders={"worker": self._worker}
        )

    async def _only_once(self, topics: Topics) -> None:
        await self.async_set_unique_id(topics.prefix)
        self._abort_if_unique_id_configured()

    def _entry(self, topics: Topics) -> ConfigFlowResult:
        title = "Polylip" if topics.prefix == DEFAULT_PREFIX else f"Polylip ({topics.prefix})"
        return self.async_create_entry(title=title, data={CONF_PREFIX: topics.prefix})


def _read_worker(topics: Topics, topic: str, payload: str | bytes | bytearray) -> WorkerInfo | None:
    address = topics.parse(topic)
    if address is None or address.channel is not Channel.WORKER_INFO:
        return None
    try:
        return decode(WorkerInfo, address, raw(payload))
    except MessageRefused:
        return None


async def _first_worker(hass: HomeAssistant, topics: Topics) -> WorkerInfo | None:
    """The first worker that is heard of under a prefix; None when there is none."""
    found: asyncio.Future[WorkerInfo] = hass.loop.create_future()

    @callback
    def heard(message: mqtt.ReceiveMessage) -> None:
        worker = _read_worker(topics, message.topic, message.payload)
        if worker is not None and not found.done():
            found.set_result(worker)

    unsubscribe = await mqtt.async_subscribe(
        hass, topics.filter(Channel.WORKER_INFO), heard, qos=1, encoding=None
    )
    try:
        async with asyncio.timeout(_ANSWER_WITHIN_S):
            return await found
    except TimeoutError:
        return None
    finally:
        unsubscribe()
