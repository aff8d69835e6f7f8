"""Ingest: messages of one stream in, pictures and sound on the media clock out.

Synchronous and without a clock of its own: the session calls it in one thread. Nothing that a
message holds raises; what is wrong is counted and said once.
"""

import secrets
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from edge_worker.ingest_decoders import Decoders
from edge_worker.ingest_notes import IngestNote, Notes
from edge_worker.items import AudioBlock, VideoFrame
from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.clock import MediaClock
from edge_worker.media.jitter import JitterEstimator, Released, ReorderBuffer
from edge_worker.media.mpegts import Demuxer, stream_type_name
from edge_worker.media.timestamps import TICKS_PER_SECOND, Unwrapper, ns_to_ticks, ticks_to_ns

MAX_MESSAGE_BYTES = 1 << 20

_MAX_UNITS = 1000
_MAX_PICTURES = 64
"""In one message, as a tiny one can hold thousands that do not change."""
_MAX_PICTURE_BYTES = 256 << 20
"""Decoded by one call."""
_SILENT_NS = 5_000_000_000
"""An epoch that is over may come back when the one in force has been silent for this long."""
_MAX_STATED_NS = 1 << 62
_REMEMBERED = 16
_RIVAL_MESSAGES = 10
"""Fewer of an epoch that is over are what was still on its way."""
_AGREEMENT = 2 * TICKS_PER_SECOND


@dataclass(frozen=True, slots=True)
class IngestProperties:
    """What the sender states beside the media; all of it may be missing.

    A sender that states ``seq`` puts whole access units into every message.
    """

    seq: int | None = None
    epoch: str | None = None
    pts_ns: int | None = None
    """Media time of the message's earliest access unit."""


NOTHING_STATED = IngestProperties()


@dataclass(frozen=True, slots=True)
class IngestCounters:
    """Totals since the stream began."""

    messages: int
    refused: int
    """Messages that were too large, or of an epoch that is over."""
    duplicate_messages: int
    late_messages: int
    lost_messages: int
    lost_packets: int
    """Jumps of a continuity counter."""
    corrupt: int
    """Packets, tables and timestamps that contradict themselves."""
    dropped_access_units: int
    undecodable_access_units: int
    degraded_frames: int
    epochs: int


@dataclass(frozen=True, slots=True, eq=False)
class IngestResult:
    """What one call gave."""

    epoch: str
    """The epoch in force after it; an item may still belong to the one before."""
    frames: list[VideoFrame] = field(default_factory=list)
    blocks: list[AudioBlock] = field(default_factory=list)
    access_units: list[AccessUnit] = field(default_factory=list)
    """As received, with unwrapped ticks."""
    notes: list[IngestNote] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Message:
    payload: bytes
    arrival_ns: int
    properties: IngestProperties


class Ingest:
    """Reads one stream.

    ``clock`` maps the epoch in force to UTC: give it the sender's anchors, arrivals it learns
    here. ``jitter`` says how long to wait for this sender.

    Args:
        stream: its id, for messages to people.
        new_epoch: names the epochs of a sender that states none.
        pictures: whether they are decoded, or only the sound.
    """

    def __init__(
        self,
        stream: str,
        *,
        new_epoch: Callable[[], str] = lambda: secrets.token_hex(8),
        pictures: bool = True,
    ) -> None:
        self.stream = stream
        self.jitter = JitterEstimator()
        self.clock = MediaClock(new_epoch())
        self._new_epoch = new_epoch
        self._stated_epoch = False
        self._past_epochs: deque[str] = deque(maxlen=_REMEMBERED)
        self._epochs = 1
        self._order: ReorderBuffer[_Message] = ReorderBuffer()
        self._recent: deque[int] = deque(maxlen=_REMEMBERED)
        self._repeated = 0
        self._messages = 0
        self._refused = 0
        self._rival_messages = 0
        self._false_jumps = 0
        self._demuxer = Demuxer()
        self._unwrapper = Unwrapper()
        self._suspect: AccessUnit | None = None
        self._last_arrival_ns: int | None = None
        self._notes = Notes(stream)
        self._decoders = Decoders(self._notes, pictures=pictures)

    @property
    def epoch(self) -> str:
        """The epoch of what comes out now."""
        return self.clock.epoch

    @property
    def epoch_is_stated(self) -> bool:
        """The sender names its epochs, so that every reader knows them by the same name."""
        return self._stated_epoch

    @property
    def service_name(self) -> str | None:
        """What the transport stream calls itself."""
        return self._demuxer.service_name

    @property
    def counters(self) -> IngestCounters:
        """Totals up to now."""
        demuxed = self._demuxer.counters
        return IngestCounters(
            messages=self._messages,
            refused=self._refused,
            duplicate_messages=self._repeated + self._order.duplicates,
            late_messages=self._order.late,
            lost_messages=self._order.lost,
            lost_packets=demuxed.lost,
            corrupt=demuxed.corrupt + self._false_jumps,
            dropped_access_units=demuxed.dropped,
            undecodable_access_units=self._decoders.failed,
            degraded_frames=self._decoders.pictures.degraded,
            epochs=self._epochs,
        )

    def feed(
        self, payload: bytes, *, arrival_ns: int, properties: IngestProperties = NOTHING_STATED
    ) -> IngestResult:
        """Take one message.

        Args:
            payload: MPEG-TS, as received.
            arrival_ns: UTC at which it came.
            properties: what the sender stated beside it.
        """
        result = IngestResult(self.epoch)
        self._messages += 1
        if not self._admit(payload, arrival_ns, properties, result):
            return self._finished(result)
        message = _Message(payload, arrival_ns, properties)
        if properties.seq is None:
            self._process(Released(message, 0), result)
        else:
            for released in self._order.push(properties.seq, message, arrival_ns):
                self._process(released, result)
        return self._finished(result)

    def poll(self, now_ns: int) -> IngestResult:
        """Take up messages that have waited long enough for those before them (UTC)."""
        result = IngestResult(self.epoch)
        for released in self._order.expire(now_ns):
            self._process(released, result)
        return self._finished(result)

    def flush(self) -> IngestResult:
        """Give everything that still waits, at the end of the stream."""
        result = IngestResult(self.epoch)
        for released in self._order.reset():
            self._process(released, result)
        for unit in self._demuxer.flush():
            self._take(unit, 0, result)
        self._decoders.close(result.frames)
        return self._finished(result)

    def _finished(self, result: IngestResult) -> IngestResult:
        return replace(result, epoch=self.epoch, notes=self._notes.take())

    def _admit(
        self, payload: bytes, arrival_ns: int, properties: IngestProperties, result: IngestResult
    ) -> bool:
        """Refuse what is too large, over, or here for the second time; begin a stated epoch."""
        if len(payload) > MAX_MESSAGE_BYTES:
            self._refused += 1
            self._notes.say(
                "oversized",
                f"a message of {len(payload)} bytes was refused, {MAX_MESSAGE_BYTES} are allowed: "
                "cut segments of 120 ms or lower the bit rate",
            )
            return False
        if properties.epoch in self._past_epochs and not self._fell_silent(arrival_ns):
            self._refused += 1
            self._rival_messages += 1
            if self._rival_messages >= _RIVAL_MESSAGES:
                self._notes.say(
                    "rival",
                    "two cameras send this stream; only the one that started last is shown: "
                    "stop the other",
                )
            return False
        if properties.seq is None:
            fingerprint = hash(payload)
            if fingerprint in self._recent:
                self._repeated += 1
                return False
            self._recent.append(fingerprint)
        if properties.epoch is not None and properties.epoch != self.epoch:
            self._begin_stated_epoch(properties.epoch, result)
        return True

    def _fell_silent(self, now_ns: int) -> bool:
        return self._last_arrival_ns is None or now_ns - self._last_arrival_ns > _SILENT_NS

    def _begin_stated_epoch(self, epoch: str, result: IngestResult) -> None:
        for released in self._order.reset():
            self._process(released, result)
        if self._stated_epoch or self._last_arrival_ns is not None:
            self._notes.say("epoch", "the sender started anew and begins another epoch")
        self._stated_epoch = True
        self._demuxer.mark_gap()
        self._begin_epoch(epoch, result)

    def _begin_epoch(self, epoch: str, result: IngestResult) -> None:
        self._decoders.close(result.frames)
        if epoch in self._past_epochs:
            self._past_epochs.remove(epoch)
        self._past_epochs.append(self.epoch)
        self._epochs += self._last_arrival_ns is not None
        self._rival_messages = 0
        self.clock.restart(epoch)
        self.jitter = JitterEstimator()
        self._unwrapper = Unwrapper()
        self._suspect = None

    def _process(self, released: Released[_Message], result: IngestResult) -> None:
        message = released.item
        if released.lost:
            self._demuxer.mark_gap()
            self._notes.say("lost", f"{released.lost} messages never came; pictures are patched up")
        self._use_stated_time(message.properties)
        pause = 0
        if self._last_arrival_ns is not None:
            pause = ns_to_ticks(max(message.arrival_ns - self._last_arrival_ns, 0))
        before = replace(self._demuxer.counters)
        first_unit = len(result.access_units)
        units = self._demuxer.feed(message.payload, whole=message.properties.seq is not None)
        for unit in self._bounded(units[:_MAX_UNITS], result):
            self._take(unit, pause, result)
        self._last_arrival_ns = message.arrival_ns
        self._judge(
            message.payload,
            packets=self._demuxer.counters.packets - before.packets,
            corrupt=self._demuxer.counters.corrupt - before.corrupt,
            lost=self._demuxer.counters.lost - before.lost,
        )
        self._observe_arrival(result.access_units[first_unit:], message.arrival_ns)

    def _bounded(self, units: list[AccessUnit], result: IngestResult) -> Iterator[AccessUnit]:
        """All sound, and as many pictures as memory is given for."""
        pictures = 0
        for unit in units:
            decoded = sum(frame.planes.nbytes for frame in result.frames)
            if unit.kind != "video":
                yield unit
            elif pictures < _MAX_PICTURES and decoded < _MAX_PICTURE_BYTES:
                pictures += 1
                yield unit
            else:
                self._decoders.mark_gap()
                self._notes.say(
                    "oversized",
                    f"only {pictures} pictures of one message are shown: "
                    "cut segments of 120 ms or lower the resolution",
                )

    def _use_stated_time(self, stated: IngestProperties) -> None:
        if stated.pts_ns is not None and abs(stated.pts_ns) <= _MAX_STATED_NS:
            self._unwrapper.steer(ns_to_ticks(stated.pts_ns))

    def _take(self, unit: AccessUnit, pause: int, result: IngestResult) -> None:
        """Place one access unit on the media clock and decode it.

        A jump of the timestamps counts once a second access unit agrees: a single one is damage.
        """
        suspect, self._suspect = self._suspect, None
        if not self._unwrapper.jumps(unit.pts, pause=pause):
            self._leave_out(suspect)
            self._decode(unit, result)
        elif suspect is None or abs(unit.pts - suspect.pts) > _AGREEMENT:
            self._leave_out(suspect)
            self._suspect = unit
        else:
            if self._stated_epoch:
                self._unwrapper.steer(self._unwrapper.unwrap(suspect.pts))
            else:
                self._notes.say(
                    "epoch", "the timestamps jumped, so the sender started anew; a new epoch begins"
                )
                self._begin_epoch(self._new_epoch(), result)
            self._decode(suspect, result)
            self._decode(unit, result)

    def _leave_out(self, suspect: AccessUnit | None) -> None:
        if suspect is None:
            return
        self._false_jumps += 1
        if suspect.kind == "video":
            self._decoders.mark_gap()

    def _decode(self, unit: AccessUnit, result: IngestResult) -> None:
        unit = replace(
            unit, pts=self._unwrapper.unwrap(unit.pts), dts=self._unwrapper.unwrap(unit.dts)
        )
        result.access_units.append(unit)
        self._decoders.decode(unit, self.epoch, result.frames, result.blocks)

    def _judge(self, payload: bytes, *, packets: int, corrupt: int, lost: int) -> None:
        """Say what was wrong with the message's transport stream."""
        if not packets and corrupt:
            self._notes.say(
                "not_mpegts",
                f"the message is not MPEG-TS (it begins with {payload[:4].hex(' ')}): "
                "send segments as `ffmpeg -f mpegts` writes them",
            )
        elif corrupt:
            self._notes.say("corrupt", "the transport stream is damaged; what is whole is used")
        if lost:
            self._notes.say("lost", "packets are missing; pictures are patched up")
        if self._demuxer.unsupported:
            names = ", ".join(map(stream_type_name, self._demuxer.unsupported))
            self._notes.say(
                "unsupported",
                f"tracks of {names} are left out: send H.264 or H.265 with AAC (ADTS), MP2 or Opus",
            )
        self._notes.end_message()

    def _observe_arrival(self, units: list[AccessUnit], arrival_ns: int) -> None:
        if not units:
            return
        newest_ns = ticks_to_ns(max(unit.pts for unit in units))
        self.clock.arrived(newest_ns, arrival_ns)
        self.jitter.observe(arrival_ns - self.clock.utc_of(newest_ns), arrival_ns)
