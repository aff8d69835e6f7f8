"""The original sound by media time, kept until it has been played."""

from bisect import bisect_right

import numpy as np

from edge_worker.items import AudioBlock, Samples

_JOIN_SAMPLES = 4
"""Blocks whose timestamps round to within this many samples of each other are contiguous."""


class SourceSound:
    """A bounded store of source blocks, all at one sample rate.

    Args:
        sample_rate: of every block and of what is read.
        keep_ns: how much sound is kept; the oldest goes first.
    """

    def __init__(self, sample_rate: int, keep_ns: int = 12_000_000_000) -> None:
        self._sample_rate = sample_rate
        self._keep = keep_ns * sample_rate // 1_000_000_000
        self._firsts: list[int] = []
        """Number of each block's first sample, rising."""
        self._blocks: list[Samples] = []
        self.missing_samples = 0

    def index_of(self, media_ns: int) -> int:
        """Number of the sample that sounds at ``media_ns``."""
        return round(media_ns * self._sample_rate / 1_000_000_000)

    def add(self, block: AudioBlock) -> None:
        """Store a block; of one that overlaps what is there, only what comes after it."""
        if block.sample_rate != self._sample_rate:
            raise ValueError(
                f"block at {block.sample_rate} Hz, this store is {self._sample_rate} Hz"
            )
        first, samples = self.index_of(block.pts_ns), block.samples
        if self._blocks:
            expected = self._firsts[-1] + len(self._blocks[-1])
            if first < expected - _JOIN_SAMPLES:
                samples = samples[expected - first :]
                first = expected
            elif first <= expected + _JOIN_SAMPLES:
                first = expected
        if len(samples):
            self._firsts.append(first)
            self._blocks.append(samples)
        while self._blocks and self._firsts[0] + len(self._blocks[0]) < first - self._keep:
            del self._firsts[0], self._blocks[0]

    def read(self, media_ns: int, count: int) -> Samples:
        """``count`` samples from ``media_ns`` on; silence where nothing arrived, counted."""
        start = self.index_of(media_ns)
        sound = np.zeros(count, np.float32)
        filled = 0
        # Seconds are kept and hardly more than one block is read: the others are not looked at.
        earliest = max(0, bisect_right(self._firsts, start) - 1)
        latest = bisect_right(self._firsts, start + count)
        for first, samples in zip(
            self._firsts[earliest:latest], self._blocks[earliest:latest], strict=True
        ):
            low = max(first, start)
            high = min(first + len(samples), start + count)
            if high > low:
                sound[low - start : high - start] = samples[low - first : high - first]
                filled += high - low
        self.missing_samples += count - filled
        return sound

    def clear(self) -> None:
        """Forget everything (new epoch)."""
        self._firsts.clear()
        self._blocks.clear()
