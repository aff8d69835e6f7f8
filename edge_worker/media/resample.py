"""Streaming resampler for mono sound that keeps the place of every sample on the media clock."""

from fractions import Fraction

import av

from edge_worker.items import AudioBlock, Samples

_GAP_NS = 2_000_000


class Resampler:
    """Brings blocks of any rate to one rate; the filter's own delay is compensated.

    A sample keeps its media time: output sample n of a run lies at the run's start + n / rate.
    A pause, an overlap beyond 2 ms, another epoch or another source rate ends the run.

    Args:
        sample_rate: of the blocks it gives.
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._resampler: av.AudioResampler | None = None
        self._epoch = ""
        self._source_rate = 0
        self._start_ns = 0
        self._taken = 0
        self._given = 0

    def process(self, block: AudioBlock) -> list[AudioBlock]:
        """The sound that is ready; a filter's length (under 3 ms) stays behind until the next."""
        blocks: list[AudioBlock] = []
        if self._source_rate and not self._continues(block):
            blocks += self.flush()
        if not self._source_rate:
            self._begin(block)
        self._taken += len(block.samples)
        if self._resampler is None:
            return [*blocks, *self._place(block.samples)]
        frame = av.AudioFrame.from_ndarray(block.samples[None], format="fltp", layout="mono")
        frame.sample_rate = self._source_rate
        frame.pts, frame.time_base = self._taken, Fraction(1, self._source_rate)
        return blocks + self._collect(frame)

    def flush(self) -> list[AudioBlock]:
        """End the run and give what stayed behind."""
        blocks = self._collect(None) if self._resampler is not None and self._taken else []
        self._resampler = None
        self._source_rate = 0
        return blocks

    def _continues(self, block: AudioBlock) -> bool:
        expected_ns = self._start_ns + self._taken * 1_000_000_000 // self._source_rate
        return (
            block.epoch == self._epoch
            and block.sample_rate == self._source_rate
            and abs(block.pts_ns - expected_ns) <= _GAP_NS
        )

    def _begin(self, block: AudioBlock) -> None:
        self._epoch = block.epoch
        self._source_rate = block.sample_rate
        self._start_ns = block.pts_ns
        self._taken = self._given = 0
        if block.sample_rate != self.sample_rate:
            self._resampler = av.AudioResampler("fltp", "mono", self.sample_rate)

    def _collect(self, frame: av.AudioFrame | None) -> list[AudioBlock]:
        if self._resampler is None:
            return []
        blocks: list[AudioBlock] = []
        for resampled in self._resampler.resample(frame):
            blocks += self._place(resampled.to_ndarray()[0])
        return blocks

    def _place(self, samples: Samples) -> list[AudioBlock]:
        if not len(samples):
            return []
        pts_ns = self._start_ns + self._given * 1_000_000_000 // self.sample_rate
        self._given += len(samples)
        return [AudioBlock(self._epoch, pts_ns, self.sample_rate, samples)]
