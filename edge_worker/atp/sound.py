"""The recent past of one stream's sound: 16 kHz samples that know their media time."""

import numpy as np

from edge_worker.items import AudioBlock, Samples
from engines.vad import SAMPLE_RATE, WINDOW

_NS_PER_SAMPLE = 1_000_000_000 // SAMPLE_RATE
"""Exactly 62,500."""
_BRIDGED = SAMPLE_RATE // 2
"""A hole up to half a second is a lost packet: silence stands in for it."""
_JITTER = SAMPLE_RATE // 200
"""5 ms: the rounding of timestamps."""


class RecentSound:
    """Numbers the samples of one uninterrupted passage from 0 on and keeps the newest.

    Args:
        first: the block that the passage begins with; it is not yet added.
    """

    def __init__(self, first: AudioBlock) -> None:
        self.epoch = first.epoch
        self.end = 0
        """Number of the first sample not yet there."""
        self._kept_from = 0
        self._start_ns = first.pts_ns
        self._windowed = 0
        self._store = np.empty(2 * SAMPLE_RATE, np.float32)
        self._stored_from = 0
        """Number of the sample in ``self._store[0]``."""

    def continues(self, block: AudioBlock) -> bool:
        """Whether ``block`` belongs to this passage: same epoch, no hole worth the name."""
        return block.epoch == self.epoch and abs(self._hole(block)) <= _BRIDGED

    def add(self, block: AudioBlock) -> None:
        """Add 16 kHz sound; a short hole is filled with silence, a short overlap left out."""
        hole = self._hole(block)
        samples = block.samples
        if hole > _JITTER:
            samples = np.concatenate((np.zeros(hole, np.float32), samples))
        elif hole < -_JITTER:
            samples = samples[-hole:]
        self._make_room(len(samples))
        at = self.end - self._stored_from
        self._store[at : at + len(samples)] = samples
        self.end += len(samples)

    def next_window(self) -> Samples | None:
        """The next 32 ms for the voice detector, or None when they are not complete."""
        if self.end - self._windowed < WINDOW:
            return None
        start = self._windowed
        self._windowed += WINDOW
        return self.between(start, self._windowed)

    def between(self, start: int, end: int) -> Samples:
        """Samples ``start`` to ``end``, as far as they are still kept."""
        first = max(start, self._kept_from)
        last = max(first, min(end, self.end))
        return self._store[first - self._stored_from : last - self._stored_from]

    def block(self, start: int, end: int) -> AudioBlock:
        """The same as a block with its place on the media clock."""
        start = max(start, self._kept_from)
        return AudioBlock(
            self.epoch, self.time_ns(start), SAMPLE_RATE, self.between(start, end).copy()
        )

    def quietest(self, start: int, end: int) -> int:
        """Sample in the middle of the quietest 32 ms between ``start`` and ``end``."""
        sound = self.between(start, end)
        windows = sound[: len(sound) // WINDOW * WINDOW].reshape(-1, WINDOW)
        if not len(windows):
            return end
        quietest = int(np.argmin(np.square(windows).mean(axis=1)))
        return max(start, self._kept_from) + quietest * WINDOW + WINDOW // 2

    def forget(self, before: int) -> None:
        """Let go of the samples before ``before``; those not yet windowed always stay."""
        self._kept_from = max(self._kept_from, min(before, self._windowed))

    def time_ns(self, sample: int) -> int:
        """Media time of a sample."""
        return self._start_ns + sample * _NS_PER_SAMPLE

    def _make_room(self, samples: int) -> None:
        """Move to a new store; the old one is never written over, for windows still look at it."""
        if self.end - self._stored_from + samples <= len(self._store):
            return
        kept = self.between(self._kept_from, self.end)
        self._store = np.empty(2 * (len(kept) + samples) + SAMPLE_RATE, np.float32)
        self._store[: len(kept)] = kept
        self._stored_from = self._kept_from

    def _hole(self, block: AudioBlock) -> int:
        return (block.pts_ns - self.time_ns(self.end)) // _NS_PER_SAMPLE


def samples_of(duration_ns: int) -> int:
    """How many samples last ``duration_ns``."""
    return duration_ns // _NS_PER_SAMPLE


def duration_ns(samples: int) -> int:
    """How long ``samples`` samples last."""
    return samples * _NS_PER_SAMPLE
