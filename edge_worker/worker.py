"""The worker: owns engines, takes streams, supervises their sessions, answers on MQTT."""

import asyncio
import logging
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

import psutil

from edge_worker.config import MqttSection, WorkerSettings
from edge_worker.engine_set import EngineSet
from edge_worker.media.clock import ClockAnchor as MediaAnchor
from edge_worker.metrics import ProcessMeter
from edge_worker.ownership import owner_of
from edge_worker.session.announcer import Announcer
from edge_worker.session.session import Services
from edge_worker.stream_keeper import StreamKeeper
from edge_worker.transport import BrokerSettings, Message, MqttLink, Tls, Will
from mqtt_schemas import (
    Channel,
    ClockAnchor,
    EventType,
    Hardware,
    MessageRefused,
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
    is_compatible,
)

_log = logging.getLogger(__name__)
_METRICS_S = 5.0
_READ_STATE_S = 1.0
"""Retained messages have come by then, counted from the SUBACK."""
_CONTROL = (
    Channel.WORKER_INFO,
    Channel.WORKER_STATUS,
    Channel.STREAM_INFO,
    Channel.STREAM_STATUS,
    Channel.STREAM_CLOCK,
    Channel.STATE,
    Channel.SET,
    Channel.EVENT,
)
_MAX_STREAMS = 256
_MAX_WORKERS = 64


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


@dataclass(slots=True)
class _Peer:
    """Another worker, or this one, as MQTT tells of it."""

    capacity: float = 0.0
    ready: bool = False


@dataclass(slots=True)
class _Load:
    """For the figures: what the process had used at the last report."""

    cpu_s: float = 0.0
    at_s: float = field(default_factory=time.monotonic)


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
        self._peers: dict[str, _Peer] = {}
        self._keepers: dict[str, StreamKeeper] = {}
        self._refused = 0
        self._meter = ProcessMeter()
        self._used = _Load()
        self._started = self._subscribed_s = time.monotonic()
        self._stopping = asyncio.Event()
        self._services: Services | None = None
        self._announcer: Announcer | None = None

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
            engines = await asyncio.to_thread(self._load)
            try:
                await self._serve(link, engines)
            finally:
                engines.close()

    async def _serve(self, link: MqttLink, engines: EngineSet) -> None:
        announcer = Announcer(link, self._topics)
        self._services = Services(engines, announcer, self.config, self._now_ns)
        self._info = self._describe(engines)
        for channel in _CONTROL:
            await link.subscribe(self._topics.filter(channel), self._control, qos=1)
        await link.subscribe(self._topics.filter(Channel.IN_AV), self._media, media=True)
        self._subscribed_s = time.monotonic()
        self._status = WorkerStatus.READY
        await self._greet()
        _log.info("%s is ready: %s", self.config.worker, _said(self._info))
        async with asyncio.TaskGroup() as group:
            figures = group.create_task(self._measure())
            await self._stopping.wait()
            figures.cancel()
        self._status = WorkerStatus.DRAINING
        await self._greet()
        await asyncio.gather(*(keeper.drain() for keeper in self._keepers.values()))
        self._status = WorkerStatus.DISCONNECTED
        await self._greet()

    async def _connected(self) -> None:
        """Retained messages come again now."""
        self._subscribed_s = time.monotonic()
        await self._greet()

    async def _greet(self) -> None:
        """Say who and how we are."""
        if self._announcer is None:
            return
        name = self.config.worker
        if self._status is not WorkerStatus.INIT:
            self._announcer.say(Channel.WORKER_INFO, self._info, worker=name)
        self._announcer.word(Channel.WORKER_STATUS, self._status, worker=name)
        for keeper in self._keepers.values():
            keeper.publish_state()

    # --- what comes in

    async def _media(self, message: Message) -> None:
        address = self._topics.parse(message.topic)
        if address is None:
            return
        keeper = self._keeper(address.stream)
        if keeper is not None:
            await keeper.media(message)

    async def _control(self, message: Message) -> None:
        address = self._topics.parse(message.topic)
        if address is None:
            self._refused += 1
            return
        try:
            await self._obey(address, message)
        except MessageRefused as error:
            self._refused += 1
            _log.warning("%s", error)

    async def _obey(self, address: TopicAddress, message: Message) -> None:
        if address.channel in {Channel.WORKER_INFO, Channel.WORKER_STATUS}:
            self._peer(address, message)
            return
        # An empty payload clears what was retained; it makes no stream.
        keeper = (
            self._keeper(address.stream) if message.payload else self._keepers.get(address.stream)
        )
        if keeper is None:
            return
        match address.channel:
            case Channel.STREAM_INFO:
                if message.payload:
                    keeper.declare(decode(StreamInfo, address, message.payload))
                else:
                    await self._remove(address.stream)
            case Channel.STREAM_CLOCK if message.payload:
                anchor = decode(ClockAnchor, address, message.payload)
                await keeper.anchor(
                    MediaAnchor(anchor.epoch, anchor.pts_ns, anchor.utc_ns, anchor.source.value)
                )
            case Channel.STATE if message.payload:
                await keeper.saw(decode(StreamState, address, message.payload))
            case Channel.SET:
                await self._set(keeper, address, message)
            case Channel.EVENT if not message.retain:
                event = decode(StreamEvent, address, message.payload)
                if event.type is EventType.RING:
                    keeper.ring()
            case _:
                return

    async def _set(self, keeper: StreamKeeper, address: TopicAddress, message: Message) -> None:
        try:
            text = decode_text(address, message.payload)
        except MessageRefused as error:
            if not message.retain:
                keeper.refuse(address.setting, error.reason)
            raise
        await keeper.set(address.setting, text, retained=message.retain)

    def _peer(self, address: TopicAddress, message: Message) -> None:
        peer = self._peers.get(address.worker)
        if peer is None:
            if len(self._peers) >= _MAX_WORKERS:
                raise MessageRefused(address.topic, "", f"more than {_MAX_WORKERS} workers")
            peer = self._peers[address.worker] = _Peer()
        if address.channel is Channel.WORKER_STATUS:
            status = decode_word(WorkerStatus, address, message.payload)
            peer.ready = status is WorkerStatus.READY
        elif message.payload:
            info = decode(WorkerInfo, address, message.payload)
            peer.capacity = info.capacity if is_compatible(info.protocol) else 0.0
        self._elect()

    def _elect(self) -> None:
        if self._stopping.is_set():
            return  # draining leaves every stream in its own time, and takes none
        capacities = {
            name: peer.capacity
            for name, peer in self._peers.items()
            if peer.ready and peer.capacity > 0
        }
        limit = self.config.limits.streams
        # Streams that are being served come first: a new one never pushes one of them out.
        for stream, keeper in sorted(self._keepers.items(), key=lambda item: not item[1].taken):
            mine = owner_of(stream, capacities) == self.config.worker
            taken = sum(other.taken for other in self._keepers.values())
            if mine and not keeper.taken and taken >= limit:
                _log.warning("%s is not served: limits.streams is %d", stream, limit)
                continue
            keeper.elected(is_owner=mine)

    def _keeper(self, stream: str) -> StreamKeeper | None:
        keeper = self._keepers.get(stream)
        if keeper is None and self._services is not None and not self._stopping.is_set():
            if len(self._keepers) >= _MAX_STREAMS:
                return None
            read_state_s = max(0.0, self._subscribed_s + _READ_STATE_S - time.monotonic())
            keeper = StreamKeeper(stream, self._services, read_state_s)
            self._keepers[stream] = keeper
            self._elect()
        return keeper

    async def _remove(self, stream: str) -> None:
        keeper = self._keepers.pop(stream, None)
        if keeper is not None:
            await keeper.drain()
            self._elect()

    # --- figures

    async def _measure(self) -> None:
        while True:
            await asyncio.sleep(_METRICS_S)
            self._elect()  # a stream that was left to another worker may be nobody's by now
            if self._announcer is None or self._services is None:
                continue
            now_s, cpu_s = time.monotonic(), await asyncio.to_thread(self._meter.cpu_s)
            busy = (cpu_s - self._used.cpu_s) / max(now_s - self._used.at_s, 1e-3)
            self._used = _Load(cpu_s, now_s)
            owned = tuple(name for name, keeper in self._keepers.items() if keeper.serving)
            memory_mb = await asyncio.to_thread(self._meter.memory_mb)
            self._announcer.say(
                Channel.WORKER_METRICS,
                WorkerMetrics(
                    worker=self.config.worker,
                    uptime_s=round(now_s - self._started, 1),
                    tau=round(busy / self._meter.cores, 4),
                    cpu=round(busy, 3),
                    memory_bytes=round(memory_mb * 2**20),
                    streams=owned,
                    engine_queue=self._services.engines.waiting,
                    refused=self._refused,
                ),
                worker=self.config.worker,
            )

    def _describe(self, engines: EngineSet) -> WorkerInfo:
        return WorkerInfo(
            worker=self.config.worker,
            name=self.config.worker,
            version=_version(),
            pairs=engines.language_pairs(),
            voices=engines.voice_list(),
            engines=engines.loaded,
            hardware=Hardware(
                cpu=(platform.processor() or platform.machine())[:128],
                cores=self._meter.cores,
                memory_bytes=psutil.virtual_memory().total,
            ),
            capacity=float(self.config.limits.streams),
        )


def _version() -> str:
    try:
        return version("polylip")
    except PackageNotFoundError:
        return "0"


def _said(info: WorkerInfo) -> str:
    pairs = ", ".join(f"{pair.source} to {pair.target}" for pair in info.pairs[:8])
    return f"translates {pairs or 'nothing yet'}; process {os.getpid()}"
