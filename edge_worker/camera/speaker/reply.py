"""The sound of one reply: put in order, decoded, and given out 20 ms at a time."""

import asyncio
import heapq
from dataclasses import dataclass, field, replace

import numpy as np

from edge_worker.camera.speaker.sink import BLOCK, RATE
from edge_worker.items import AudioBlock, Samples
from edge_worker.media.access_unit import AudioCodec
from edge_worker.media.decode import AudioDecoder
from edge_worker.media.mpegts import Demuxer
from edge_worker.media.resample import Resampler
from edge_worker.media.timestamps import Unwrapper, ns_to_ticks
from mqtt_schemas import MediaProperties

_MAX_WAITING = 512
"""Segments, a minute of speech: more than a publisher that paces itself has ahead."""
_MAX_SEGMENT_BYTES = 1 << 15
"""Six times what 0.2 s of sound have."""
_BEGINS_WITH = 2
_REORDERED_WITHIN_NS = 200_000_000
_REFILLED_WITHIN_NS = 300_000_000
_STALLED_NS = 2_000_000_000
_GAP_NS, _MAX_GAP_NS = 5_000_000, 1_000_000_000
_LET_PASS, _LET_PASS_SHARE, _AT_MOST_SHARE = 2, 20, 4
"""Lost segments that do not spoil a reply: two or a 20th of it, but never more than a quarter."""
_AUDIO_CODECS: tuple[AudioCodec, ...] = ("aac", "mp2", "opus")


@dataclass(order=True, slots=True)
class _Segment:
    seq: int
    arrived_ns: int = field(compare=False)
    pts_ns: int | None = field(compare=False)
    data: bytes = field(compare=False)


class Reply:
    """The segments of one transaction; times are those of ``time.monotonic_ns``.

    Args:
        transaction: its name.
        now_ns: when its first segment came.
    """

    def __init__(self, transaction: str, now_ns: int) -> None:
        self.transaction = transaction
        self.began_ns = now_ns
        self.enough = asyncio.Event()
        """There is so much of it that what follows may be late by its length."""
        self.started = False
        """The loudspeaker has begun with it."""
        self.heard = False
        """There was sound in it."""
        self.lost = 0
        """Segments that did not come, or too late, up to where it has been given out; they are
        numbered from 0."""
        self._newest_ns = now_ns
        self._waiting: list[_Segment] = []
        self._taken = 0
        self._expected: int | None = None
        self._last: int | None = None
        self._dry = False
        """Sound has run out."""
        self._sound = _Sound()

    def add(self, properties: MediaProperties, data: bytes, now_ns: int) -> None:
        """Take a segment as it comes; one that is there already, or comes too late, is left out."""
        seq = self._taken if properties.seq is None else properties.seq
        self._taken += 1
        self._newest_ns = now_ns
        if properties.last:
            self._last = seq
        known = any(segment.seq == seq for segment in self._waiting)
        late = self._expected is not None and seq < self._expected
        too_much = len(self._waiting) >= _MAX_WAITING or len(data) > _MAX_SEGMENT_BYTES
        if known or late or too_much:
            return
        heapq.heappush(self._waiting, _Segment(seq, now_ns, properties.pts_ns, data))
        if len(self._waiting) >= _BEGINS_WITH or self._last is not None:
            self.enough.set()

    @property
    def losses(self) -> str:
        """How many segments did not come, for people; empty when all did."""
        return f"{self.lost} of {self._expected} segments" if self.lost else ""

    @property
    def spoilt(self) -> bool:
        """So much of it was lost that it cannot count as said."""
        length = self._expected or 0
        let_pass = min(max(_LET_PASS, length // _LET_PASS_SHARE), length // _AT_MOST_SHARE)
        return self.lost > let_pass

    def stalled(self, now_ns: int) -> bool:
        """Its sound has stopped coming, though its end has not come."""
        idle_ns = now_ns - self._newest_ns
        return idle_ns > _STALLED_NS and not self._waiting and not self._over

    def take(self, now_ns: int) -> Samples | None:
        """The next 20 ms, shape (960,), silence where nothing has come; None behind the end."""
        self._dry = self._dry and not self._refilled(now_ns)
        while self._sound.ready < BLOCK and (segment := self._next(now_ns)) is not None:
            self._sound.feed(segment.data, segment.pts_ns, gap=self._passes(segment.seq))
        self._dry = self._dry or self._sound.ready < BLOCK
        if self._over:
            self._sound.end()
            if not self._sound.ready:
                return None
        self.heard = self.heard or self._sound.ready > 0
        return self._sound.take()

    @property
    def _over(self) -> bool:
        return (
            self._last is not None
            and not self._waiting
            and (self._expected is None or self._expected > self._last)
        )

    def _next(self, now_ns: int) -> _Segment | None:
        """The next segment of the order, if it is there or will not come any more."""
        if self._dry or not self._waiting:
            return None
        first = self._waiting[0]
        missing = self._expected is not None and first.seq > self._expected
        if missing and now_ns - first.arrived_ns < _REORDERED_WITHIN_NS:
            return None
        return heapq.heappop(self._waiting)

    def _refilled(self, now_ns: int) -> bool:
        """After a pause in its coming there is enough to go on: one pause instead of many."""
        return (
            len(self._waiting) >= _BEGINS_WITH
            or self._last is not None
            or (bool(self._waiting) and now_ns - self._newest_ns > _REFILLED_WITHIN_NS)
        )

    def _passes(self, seq: int) -> bool:
        """Go on behind a segment; whether some were missing before it."""
        first = self._expected is None
        missing = seq - (self._expected or 0)
        self.lost += missing
        self._expected = seq + 1
        return missing > 0 and not first


class _Sound:
    """From transport stream to samples at 48 kHz."""

    def __init__(self) -> None:
        self._demuxer = Demuxer()
        self._unwrapper = Unwrapper()
        self._decoder: AudioDecoder | None = None
        self._resampler = Resampler(RATE)
        self._samples = np.zeros(0, np.float32)
        self._end_ns: int | None = None

    @property
    def ready(self) -> int:
        """Samples that can be taken."""
        return len(self._samples)

    def feed(self, data: bytes, pts_ns: int | None, *, gap: bool) -> None:
        """Decode a segment; after a gap its place on the media clock is kept."""
        if gap:
            self._demuxer.mark_gap()
        if pts_ns is not None:
            self._unwrapper.steer(ns_to_ticks(pts_ns))
        for unit in self._demuxer.feed(data, whole=True):
            if unit.codec not in _AUDIO_CODECS:
                continue
            if self._decoder is None or self._decoder.codec != unit.codec:
                self._decoder = AudioDecoder(unit.codec, "")
            placed = replace(unit, pts=self._unwrapper.unwrap(unit.pts))
            for block in self._decoder.decode(placed):
                self._append(self._resampler.process(block))

    def end(self) -> None:
        """Nothing follows."""
        self._append(self._resampler.flush())

    def take(self) -> Samples:
        """Up to a block, filled up with silence."""
        block = self._samples[:BLOCK]
        self._samples = self._samples[BLOCK:]
        return np.concatenate([block, np.zeros(BLOCK - len(block), np.float32)])

    def _append(self, blocks: list[AudioBlock]) -> None:
        for block in blocks:
            pause_ns = 0 if self._end_ns is None else block.pts_ns - self._end_ns
            if not _GAP_NS <= pause_ns <= _MAX_GAP_NS:
                pause_ns = 0
            silence = np.zeros(pause_ns * RATE // 1_000_000_000, np.float32)
            self._samples = np.concatenate([self._samples, silence, block.samples])
            self._end_ns = block.end_ns
