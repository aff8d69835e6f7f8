"""The worker: puts together all that serves the streams of one broker, from start to leaving."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from edge_worker.admission import Admission
from edge_worker.background import in_background_until
from edge_worker.complaints import Complaints
from edge_worker.config import MqttSection, WorkerSettings
from edge_worker.engine_set import EngineSet
from edge_worker.figures import Figures
from edge_worker.front import Front
from edge_worker.greeting import Greeting
from edge_worker.introduction import in_words, introduce
from edge_worker.jobs import Exchange
from edge_worker.lending import giving_way
from edge_worker.load import LoadMeter
from edge_worker.memory import giving_memory_back
from edge_worker.metrics import ProcessMeter
from edge_worker.peer_messages import PeerMessages
from edge_worker.peers import Peers
from edge_worker.provision import Provision
from edge_worker.requests import Requests, not_served, watching
from edge_worker.roles.interpretations import Interpretations
from edge_worker.routing import Routing
from edge_worker.session.announcer import Announcer
from edge_worker.session.session import Services
from edge_worker.stream_messages import StreamMessages
from edge_worker.streams import Streams
from edge_worker.talkback import TalkbackMessages
from edge_worker.transport import BrokerSettings, Message, MqttLink, Tls, Will
from edge_worker.upkeep import Upkeep
from mqtt_schemas import (
    Channel,
    Role,
    Topics,
    WorkerInfo,
    WorkerStatus,
)

_log = logging.getLogger(__name__)
_SEGMENTS_IN = 128
"""Segments of all streams that may wait for the loop: four seconds of four streams."""
_READ_STATE_S = 1.0
"""Retained messages have come by then, counted from the SUBACK."""


def broker_settings(mqtt: MqttSection, client_id: str | None = None) -> BrokerSettings:
    """The configuration's broker as the transport wants it.

    Raises:
        ValueError: a certificate file is missing or unusable.
    """
    tls = Tls(mqtt.ca_file, mqtt.cert_file, mqtt.key_file) if mqtt.tls else None
    return BrokerSettings(
        host=mqtt.host,
        port=mqtt.port,
        username=mqtt.username,
        password=mqtt.password.get_secret_value() if mqtt.password else None,
        tls=tls,
        client_id=client_id,
        keepalive_s=mqtt.keepalive_s,
        prefix=mqtt.prefix,
    )


class Worker:
    """One process of ``polylip worker``.

    Args:
        config: everything it was told.
        load: loads the engines; called in a thread after the broker has been told ``init``.
        now_ns: UTC.
        front: serves viewers; None where only MQTT is served.
    """

    def __init__(
        self,
        config: WorkerSettings,
        load: Callable[[], EngineSet],
        now_ns: Callable[[], int] = time.time_ns,
        front: Front | None = None,
    ) -> None:
        self.config = config
        self._load = load
        self._now_ns = now_ns
        self._front = front
        self._http_url = ""
        self._topics = Topics(config.mqtt.prefix)
        self._complaints = Complaints()
        self._routing = Routing(self._topics, self._complaints)
        self._peers = Peers(config.worker, float(config.limits.streams), roles=config.roles)
        self._meter = ProcessMeter()
        self._load_meter = LoadMeter(self._meter)
        self._admission = Admission(lambda: self._load_meter.tau, self._meter.cores)
        self._subscribed_s = time.monotonic()
        self._stopping = asyncio.Event()
        self._streams: Streams | None = None
        self._interpretations: Interpretations | None = None

    @property
    def owned(self) -> tuple[str, ...]:
        """Streams that it serves."""
        return self._streams.owned if self._streams else ()

    def stop(self) -> None:
        """Drain: finish what plays, take nothing new, leave in good order."""
        self._stopping.set()

    async def run(self) -> None:
        """Serve until ``stop`` is called.

        Raises:
            EngineUnavailableError: an engine without which nothing works cannot be loaded.
            OSError: the front cannot listen where it should.
        """
        worker = self.config.worker
        will = Will(self._topics.worker_status(worker), WorkerStatus.LOST.value.encode())
        settings = broker_settings(self.config.mqtt, f"polylip-{worker}")
        async with MqttLink(settings, will) as link:
            announcer = Announcer(link, self._topics)
            greeting = Greeting(worker, announcer, self._complaints)
            link.on_connect(partial(self._connected, greeting))
            try:
                if self._front is not None:
                    self._http_url = await self._front.start(announcer)
                    await self._subscribe_media(link)
                await self._load_and_serve(link, announcer, greeting)
            finally:
                if self._front is not None:
                    await self._front.stop()
                greeting.become(WorkerStatus.DISCONNECTED)

    async def _load_and_serve(
        self, link: MqttLink, announcer: Announcer, greeting: Greeting
    ) -> None:
        load = partial(giving_way, self._load)
        engines = await in_background_until(self._stopping, load, "load")
        if engines is None:
            return
        try:
            provision = (
                Provision(engines.sources.stock, self.config.downloads) if engines.sources else None
            )
            services = Services(
                engines,
                announcer,
                self.config,
                self._now_ns,
                lambda: self._load_meter.newest.tau,
                provision,
                None if Role.ATP in self.config.roles else self._peers.interpreters_of,
                admission=self._admission,
            )
            greeting.info = self._introduce(engines)
            filled = partial(self._tell_room, greeting)
            self._streams = Streams(services, self._peers, self._read_state_s, filled)
            await self._serve(link, services, greeting, self._streams)
        finally:
            engines.close()

    async def _serve(
        self, link: MqttLink, services: Services, greeting: Greeting, streams: Streams
    ) -> None:
        engines = services.engines
        upkeep = self._upkeep(services, greeting)
        self._routing.add(PeerMessages(self._peers, streams.elect).hearers)
        if Role.ATP in self.config.roles:
            self._interpretations = Interpretations(
                services, self._peers.alive, reads=not self._reads_all
            )
        self._routing.add(StreamMessages(streams, self._interpretations).hearers)
        self._routing.add(TalkbackMessages(streams.talkback).hearers)
        if upkeep is not None:
            self._routing.add({Channel.WORKER_FETCH: upkeep.wish})
        requests = Requests(services.announcer, streams, self._peers)
        requests.add("watch", watching(streams))
        self._routing.add(requests.hearers)
        if self._front is not None:
            self._front.add(requests, streams)
        else:
            requests.add("view", not_served)
        self._subscribed_s = time.monotonic()
        await self._routing.subscribe(link)
        if self._front is None and self._reads_all:
            await self._subscribe_media(link)
        self._subscribed_s = time.monotonic()
        greeting.become(WorkerStatus.READY)
        _log.info("%s is ready: %s", self.config.worker, in_words(self._introduce(engines)))
        figures = Figures(
            self.config.worker,
            services.announcer,
            self._load_meter,
            lambda: self._routing.refused,
            self._complaints,
        )
        runs = [greeting.run(), figures.run(streams, engines), streams.run(lambda: link.connected)]
        runs += [giving_memory_back(), *([upkeep.run()] if upkeep is not None else [])]
        if self.config.engines.shared and Role.ATP in self.config.roles:
            exchange = Exchange(services.announcer, engines, self._peers, services.tau)
            runs.append(exchange.run(link))
        runs += [self._interpretations.run()] if self._interpretations is not None else []
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(run) for run in runs]
            await self._stopping.wait()
            greeting.become(WorkerStatus.DRAINING)
            await asyncio.gather(
                streams.drain(),
                *([self._interpretations.drain()] if self._interpretations is not None else []),
            )
            for task in tasks:
                task.cancel()
        await requests.close()

    @property
    def _reads_all(self) -> bool:
        """Segments of all streams are read, as any of them may be shown here."""
        return Role.RVP in self.config.roles or self._front is not None

    def _upkeep(self, services: Services, greeting: Greeting) -> Upkeep | None:
        provision, engines = services.provision, services.engines
        if provision is None:
            return None
        greeting.models = partial(provision.message, self.config.worker)
        introduction = partial(self._introduce, engines)
        return Upkeep(
            self.config.worker, provision, engines, introduction, greeting, self._complaints
        )

    def _introduce(self, engines: EngineSet) -> WorkerInfo:
        return replace(
            introduce(self.config, engines, self._meter.cores),
            http_url=self._http_url,
            full=self._admission.full,
        )

    def _tell_room(self, greeting: Greeting) -> None:
        if greeting.info is not None:
            greeting.info = replace(greeting.info, full=self._admission.full)
            greeting.greet()

    async def _subscribe_media(self, link: MqttLink) -> None:
        topic_filter = self._topics.filter(Channel.IN_AV)
        await link.subscribe(topic_filter, self._media, media=True, capacity=_SEGMENTS_IN)

    async def _connected(self, greeting: Greeting) -> None:
        """Retained messages come again now."""
        self._subscribed_s = time.monotonic()
        greeting.greet()
        if self._streams is not None:
            self._streams.reconnected()
            # Who was told of a successor's term stands aside; once all is read, it is ours or not.
            asyncio.get_running_loop().call_later(_READ_STATE_S, self._streams.elect)

    def _read_state_s(self) -> float:
        """How long retained messages may still be on their way."""
        return max(0.0, self._subscribed_s + _READ_STATE_S - time.monotonic())

    # --- what comes in

    async def _media(self, message: Message) -> None:
        address = self._topics.parse(message.topic)
        if address is None:
            return
        if self._front is not None:
            self._front.take_in(address.stream, message)
        if self._interpretations is not None:
            await self._interpretations.take_in(address.stream, message)
        keeper = self._streams.source(address.stream) if self._streams is not None else None
        if keeper is not None:
            await keeper.media(message)
