"""The worker: owns engines, takes streams, supervises their sessions, answers on MQTT."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import psutil

from edge_worker.background import in_background_until
from edge_worker.command import Command
from edge_worker.config import MqttSection, WorkerSettings
from edge_worker.engine_set import EngineSet
from edge_worker.introduction import in_words, introduce
from edge_worker.lending import giving_way
from edge_worker.load import LoadMeter
from edge_worker.media.clock import ClockAnchor as MediaAnchor
from edge_worker.metrics import ProcessMeter
from edge_worker.peers import Peers
from edge_worker.provision import Provision
from edge_worker.session.announcer import Announcer
from edge_worker.session.session import Services
from edge_worker.stream_keeper import StreamKeeper
from edge_worker.streams import Streams
from edge_worker.transport import BrokerSettings, Message, MqttLink, Tls, Will
from mqtt_schemas import (
    Channel,
    ClockAnchor,
    EventType,
    FetchModels,
    MessageRefused,
    Refused,
    StreamEvent,
    StreamInfo,
    StreamState,
    TopicAddress,
    Topics,
    WorkerInfo,
    WorkerMetrics,
    WorkerStatus,
    decode,
    decode_text,
    decode_word,
)

_log = logging.getLogger(__name__)
_METRICS_S = 5.0
_PROGRESS_S = 2.0
_COMPLAINTS = 256
"""Topics whose first refused message is told in the log."""
_SEGMENTS_IN = 128
"""Segments of all streams that may wait for the loop: four seconds of four streams."""
_READ_STATE_S = 1.0
"""Retained messages have come by then, counted from the SUBACK."""
_CONTROL = (
    Channel.WORKER_INFO,
    Channel.WORKER_STATUS,
    Channel.WORKER_FETCH,
    Channel.STREAM_INFO,
    Channel.STREAM_STATUS,
    Channel.STREAM_CLOCK,
    Channel.STATE,
    Channel.SET,
    Channel.EVENT,
)


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
    """

    def __init__(
        self,
        config: WorkerSettings,
        load: Callable[[], EngineSet],
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.config = config
        self._load = load
        self._now_ns = now_ns
        self._topics = Topics(config.mqtt.prefix)
        self._status = WorkerStatus.INIT
        self._info = WorkerInfo(worker=config.worker)
        self._peers = Peers(config.worker, float(config.limits.streams))
        self._refused = 0
        self._complained: set[str] = set()
        self._meter = ProcessMeter()
        self._load_meter = LoadMeter(self._meter)
        self._started = self._subscribed_s = time.monotonic()
        self._stopping = asyncio.Event()
        self._announcer: Announcer | None = None
        self._streams: Streams | None = None
        self._provision: Provision | None = None
        self._stock_due = asyncio.Event()

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
        """
        will = Will(
            self._topics.worker_status(self.config.worker), WorkerStatus.LOST.value.encode()
        )
        settings = broker_settings(self.config.mqtt, f"polylip-{self.config.worker}")
        async with MqttLink(settings, will) as link:
            self._announcer = Announcer(link, self._topics)
            link.on_connect(self._connected)
            try:
                await self._load_and_serve(link, self._announcer)
            finally:
                self._become(WorkerStatus.DISCONNECTED)

    async def _load_and_serve(self, link: MqttLink, announcer: Announcer) -> None:
        load = partial(giving_way, self._load)
        engines = await in_background_until(self._stopping, load, "load")
        if engines is None:
            return
        try:
            if engines.sources is not None:
                self._provision = Provision(engines.sources.stock, self.config.downloads)
            self._info = introduce(self.config, engines, self._meter.cores)
            services = Services(
                engines,
                announcer,
                self.config,
                self._now_ns,
                lambda: self._load_meter.newest.tau,
                self._provision,
            )
            self._streams = Streams(services, self._peers, self._read_state_s)
            await self._serve(link, announcer, self._streams, engines)
        finally:
            engines.close()

    async def _serve(
        self, link: MqttLink, announcer: Announcer, streams: Streams, engines: EngineSet
    ) -> None:
        self._subscribed_s = time.monotonic()
        for channel in _CONTROL:
            await link.subscribe(self._topics.filter(channel), self._control, qos=1)
        await link.subscribe(
            self._topics.filter(Channel.IN_AV), self._media, media=True, capacity=_SEGMENTS_IN
        )
        self._subscribed_s = time.monotonic()
        self._become(WorkerStatus.READY)
        _log.info("%s is ready: %s", self.config.worker, in_words(self._info))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._measure(announcer, streams, engines))]
            if self._provision is not None:
                tasks.append(group.create_task(self._keep_stock(self._provision, engines)))
                tasks.append(
                    group.create_task(self._provision.run(self._tell_models, self._stock_due.set))
                )
            await self._stopping.wait()
            for task in tasks:
                task.cancel()
        self._become(WorkerStatus.DRAINING)
        await streams.drain()

    async def _connected(self) -> None:
        """Retained messages come again now."""
        self._subscribed_s = time.monotonic()
        self._greet()
        if self._streams is not None:
            self._streams.reconnected()
            # Who was told of a successor's term stands aside; once all is read, it is ours or not.
            asyncio.get_running_loop().call_later(_READ_STATE_S, self._streams.elect)

    def _read_state_s(self) -> float:
        """How long retained messages may still be on their way."""
        return max(0.0, self._subscribed_s + _READ_STATE_S - time.monotonic())

    def _become(self, status: WorkerStatus) -> None:
        self._status = status
        self._greet()

    def _greet(self) -> None:
        """Say who and how we are."""
        if self._announcer is None:
            return
        name = self.config.worker
        if self._streams is not None:
            self._tell(self._announcer, Channel.WORKER_INFO, lambda: self._info)
            self._tell_models()
        self._announcer.word(Channel.WORKER_STATUS, self._status, worker=name)

    def _tell(self, announcer: Announcer, channel: Channel, message: Callable[[], object]) -> None:
        """Say something of ourselves; what cannot be said ends nothing."""
        try:
            announcer.say(channel, message(), worker=self.config.worker)
        except (Refused, OSError) as error:  # a disk that does not say how much is free
            self._complain(channel, str(error))

    # --- models

    def _tell_models(self) -> None:
        if self._announcer is not None and self._provision is not None:
            told = partial(self._provision.message, self.config.worker)
            self._tell(self._announcer, Channel.WORKER_MODELS, told)

    async def _keep_stock(self, provision: Provision, engines: EngineSet) -> None:
        """Take in what has come, from here or by other hands; tell how far a download is."""
        looked_s = time.monotonic()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_PROGRESS_S):
                    await self._stock_due.wait()
            due = self._stock_due.is_set()
            self._stock_due.clear()
            if due or time.monotonic() - looked_s >= _METRICS_S:
                looked_s = time.monotonic()
                try:
                    if await asyncio.to_thread(engines.refresh):
                        self._info = introduce(self.config, engines, self._meter.cores)
                        self._greet()
                except Exception as error:  # noqa: BLE001 - what a server or a disk does ends no stream
                    self._complain("engines", f"not looked for models: {error!r}")
                if engines.sources is not None:
                    await asyncio.to_thread(engines.sources.stock.let_go)
            if provision.fetching:
                self._tell_models()

    # --- what comes in

    async def _media(self, message: Message) -> None:
        address = self._topics.parse(message.topic)
        if address is None or self._streams is None:
            return
        keeper = self._streams.source(address.stream)
        if keeper is not None:
            await keeper.media(message)

    async def _control(self, message: Message) -> None:
        address = self._topics.parse(message.topic)
        if address is None:
            self._refused += 1
            return
        try:
            if address.channel in {Channel.WORKER_INFO, Channel.WORKER_STATUS}:
                self._hear_peer(address, message)
            elif address.channel is Channel.WORKER_FETCH:
                self._hear_wish(address, message)
            elif self._streams is not None:
                await self._hear_stream(self._streams, address, message)
        except MessageRefused as error:
            self._refused += 1
            self._complain(message.topic, str(error))

    def _complain(self, about: str, what: str) -> None:
        """Who goes on is told of once and cannot fill the log."""
        first = about not in self._complained and len(self._complained) < _COMPLAINTS
        _log.log(logging.WARNING if first else logging.DEBUG, "%s", what)
        if first:
            self._complained.add(about)

    def _hear_wish(self, address: TopicAddress, message: Message) -> None:
        """Somebody asks for models; what was retained was meant for another day."""
        if address.worker != self.config.worker or message.retain or self._provision is None:
            return
        fault = self._provision.ask(decode(FetchModels, address, message.payload))
        if fault:
            raise MessageRefused(message.topic, "models", fault)

    def _hear_peer(self, address: TopicAddress, message: Message) -> None:
        """What another worker says; we know best how we are ourselves."""
        if address.worker == self.config.worker:
            return
        if address.channel is Channel.WORKER_STATUS:
            word = message.payload
            status = decode_word(WorkerStatus, address, word) if word else None
            changed = self._peers.hear_status(address.topic, address.worker, status)
        else:
            changed = bool(message.payload) and self._peers.hear_info(
                decode(WorkerInfo, address, message.payload)
            )
        if changed and self._streams is not None:
            self._streams.elect()

    async def _hear_stream(self, streams: Streams, address: TopicAddress, message: Message) -> None:
        stream, payload = address.stream, message.payload
        match address.channel:
            case Channel.STREAM_INFO if payload:
                decode(StreamInfo, address, payload)
                streams.declare(stream)
            case Channel.STREAM_INFO:
                streams.give_up(stream)
            case Channel.STREAM_CLOCK if payload:
                anchor = decode(ClockAnchor, address, payload)
                keeper = streams.meet(stream)
                if keeper is not None:
                    await keeper.anchor(
                        MediaAnchor(anchor.epoch, anchor.pts_ns, anchor.utc_ns, anchor.source.value)
                    )
            case Channel.STATE if payload:
                state = decode(StreamState, address, payload)
                keeper = streams.meet(stream)
                if keeper is not None:
                    await keeper.saw(state)
            case Channel.SET | Channel.EVENT:
                keeper = streams.get(stream)
                if keeper is not None:
                    await self._hear_client(keeper, address, message)
            case _:
                return

    async def _hear_client(
        self, keeper: StreamKeeper, address: TopicAddress, message: Message
    ) -> None:
        if address.channel is Channel.SET:
            try:
                text, fault = decode_text(address, message.payload), ""
            except MessageRefused as error:
                text, fault = "", error.reason
            await keeper.set(Command(address.setting, text, fault, retained=message.retain))
        elif not message.retain:
            event = decode(StreamEvent, address, message.payload)
            if event.type is EventType.RING:
                keeper.ring()

    # --- figures

    async def _measure(self, announcer: Announcer, streams: Streams, engines: EngineSet) -> None:
        told = False
        while True:
            await asyncio.sleep(_METRICS_S)
            streams.elect()  # a stream that was left to another worker may be nobody's by now
            try:
                load = await self._load_meter.measure()
                figures = WorkerMetrics(
                    worker=self.config.worker,
                    uptime_s=round(time.monotonic() - self._started, 1),
                    tau=load.tau,
                    cpu=load.cpu,
                    memory_bytes=load.memory_bytes,
                    streams=streams.owned,
                    engine_queue=engines.waiting,
                    refused=self._refused,
                )
                announcer.say(Channel.WORKER_METRICS, figures, worker=self.config.worker)
            except (psutil.Error, MessageRefused) as error:
                if not told:
                    _log.warning("no figures: %s", error)
                told = True
