"""Keeps a worker's models up to date while it serves."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from edge_worker.complaints import Complaints
from edge_worker.engine_set import EngineSet
from edge_worker.greeting import Greeting
from edge_worker.provision import Provision
from edge_worker.transport import Message
from mqtt_schemas import FetchModels, MessageRefused, TopicAddress, WorkerInfo, decode

_PROGRESS_S = 2.0
_LOOK_S = 5.0


class Upkeep:
    """Takes in models that have come, from here or by other hands; tells how far a fetch is.

    Args:
        worker: id.
        provision: fetches models.
        engines: of the worker.
        introduce: who the worker is with the engines that it has now.
        greeting: says so.
        complaints: told when models cannot be looked for.
    """

    def __init__(
        self,
        worker: str,
        provision: Provision,
        engines: EngineSet,
        introduce: Callable[[], WorkerInfo],
        greeting: Greeting,
        complaints: Complaints,
    ) -> None:
        self._worker = worker
        self._provision = provision
        self._engines = engines
        self._introduce = introduce
        self._greeting = greeting
        self._complaints = complaints
        self._due = asyncio.Event()

    async def run(self) -> None:
        """Look after the models until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._provision.run(self._greeting.tell_models, self._due.set))
            group.create_task(self._keep())

    async def wish(self, address: TopicAddress, message: Message) -> None:
        """Somebody asks for models; what was retained was meant for another day.

        Raises:
            MessageRefused: there are no such models.
        """
        if address.worker != self._worker or message.retain:
            return
        fault = self._provision.ask(decode(FetchModels, address, message.payload))
        if fault:
            raise MessageRefused(message.topic, "models", fault)

    async def _keep(self) -> None:
        looked_s = time.monotonic()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_PROGRESS_S):
                    await self._due.wait()
            due = self._due.is_set()
            self._due.clear()
            if due or time.monotonic() - looked_s >= _LOOK_S:
                looked_s = time.monotonic()
                await self._look()
            if self._provision.fetching:
                self._greeting.tell_models()

    async def _look(self) -> None:
        try:
            if await asyncio.to_thread(self._engines.refresh):
                self._greeting.info = self._introduce()
                self._greeting.greet()
        except Exception as error:  # noqa: BLE001 - what a server or a disk does ends no stream
            self._complaints.of("engines", f"not looked for models: {error!r}")
        if self._engines.sources is not None:
            await asyncio.to_thread(self._engines.sources.stock.let_go)
