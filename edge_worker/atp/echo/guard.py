"""Takes the door's own loudspeaker out of what is translated: a reply is never translated back."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from edge_worker.atp.echo.reference import Reference, number_of, time_of
from edge_worker.atp.echo.run import Loudspeaker, Run, RunOptions
from edge_worker.items import AudioBlock, Samples
from edge_worker.media.resample import Resampler
from engines.vad import SAMPLE_RATE

_log = logging.getLogger(__name__)

_MOST: int = 8
"""References that are kept at once."""
_HOLE: int = SAMPLE_RATE // 100
"""Samples by which sound may lie beside where it is expected."""


@dataclass(slots=True, eq=False)
class _Active:
    """A run and its place on the media clock."""

    run: Run
    epoch: str
    begin_ns: int
    """Media time of its first sample."""
    first: int
    """Number of that sample."""
    given: int = 0
    """Samples that it has given."""
    resampler: Resampler = field(default_factory=lambda: Resampler(SAMPLE_RATE))

    def placed(self, samples: Samples) -> list[AudioBlock]:
        if not len(samples):
            return []
        pts_ns = self.begin_ns + time_of(self.given)
        self.given += len(samples)
        return [AudioBlock(self.epoch, pts_ns, SAMPLE_RATE, samples)]


class EchoGuard:
    """Stands between a stream's sound and its interpreter; one per stream, for one thread.

    While nothing is expected, blocks pass as they are. From a little before a reply may be heard
    until it has died away, they come 16 kHz, without the reply, and up to a second later: what is
    held back teaches how the reply sounds at the microphone.

    Args:
        options: how long sound is held back.
    """

    def __init__(self, options: RunOptions = RunOptions()) -> None:  # noqa: B008 - frozen
        self._options = options
        self._references: dict[str, Reference] = {}
        self._speaker = Loudspeaker()
        self._active: _Active | None = None

    @property
    def active(self) -> bool:
        """A reply may be heard just now."""
        return self._active is not None

    @property
    def held_ns(self) -> int:
        """How much sound is held back."""
        active = self._active
        return time_of(active.run.end - active.first - active.given) if active else 0

    def expect(self, samples: Samples, sample_rate: int, start_ns: int, *, reply: str = "") -> None:
        """Tell that the loudspeaker plays a sound; best before the microphone hears it.

        Args:
            samples: what it plays, shape (n,), full scale +-1.
            sample_rate: hertz.
            start_ns: media time at which it begins to play, from 0.25 s too late to 0.6 s too
                early.
            reply: of which transaction it is: told again, it replaces what was told before, unless
                that has been found in the microphone's sound.
        """
        known = self._references.get(reply)
        if known is not None and known.course is not None:
            return
        block = AudioBlock("", 0, sample_rate, np.asarray(samples, np.float32))
        resampler = Resampler(SAMPLE_RATE)
        pieces = [*resampler.process(block), *resampler.flush()]
        if not pieces:
            return
        sound = np.concatenate([piece.samples for piece in pieces])
        self._references[reply] = Reference(sound, number_of(start_ns))
        while len(self._references) > _MOST:
            del self._references[next(iter(self._references))]

    def stop(self, end_ns: int, *, reply: str = "") -> None:
        """Tell that a sound was, or will be, cut off at a media time."""
        if (reference := self._references.get(reply)) is not None:
            reference.cut(number_of(end_ns))

    def restart(self) -> None:
        """The media clock begins anew: forget what was to be heard, and what is held back."""
        self._references.clear()
        self._active = None

    def process(self, block: AudioBlock) -> Sequence[AudioBlock]:
        """Take the next block; gives what can go on, in order: often this block itself."""
        if self._active is None and not self._references:
            return [block]
        for reply in [one for one in self._references if self._over(one, block)]:
            del self._references[reply]
        if self._active is not None and self._active.epoch != block.epoch:
            self.restart()
        wanted = any(self._near(one, block) for one in self._references.values())
        if self._active is None:
            return self._taken(block) if wanted else [block]
        return self._taken(block) if wanted else [*self._finished(), block]

    def flush(self) -> Sequence[AudioBlock]:
        """Give what is held back: no sound will come for a while."""
        return self._finished()

    def _taken(self, block: AudioBlock) -> list[AudioBlock]:
        given: list[AudioBlock] = []
        if self._active is not None and not self._continues(self._active, block):
            given += self._finished()
        if self._active is None:
            self._active = self._begun(block)
        for piece in self._active.resampler.process(block):
            given += self._active.placed(self._active.run.take(piece.samples))
        return given

    def _begun(self, block: AudioBlock) -> _Active:
        first = number_of(block.pts_ns)
        _log.debug("a reply may be heard from %d ns on", block.pts_ns)
        run = Run(first, self._references.values, self._speaker, self._options)
        return _Active(run, block.epoch, block.pts_ns, first)

    def _continues(self, active: _Active, block: AudioBlock) -> bool:
        # The resampler keeps up to 3 ms back.
        return abs(number_of(block.pts_ns) - active.run.end) <= _HOLE

    def _finished(self) -> list[AudioBlock]:
        active, self._active = self._active, None
        if active is None:
            return []
        given: list[AudioBlock] = []
        for piece in active.resampler.flush():
            given += active.placed(active.run.take(piece.samples))
        return given + active.placed(active.run.finish())

    def _near(self, one: Reference, block: AudioBlock) -> bool:
        return number_of(block.end_ns) > one.start - self._options.tracking.early

    def _over(self, reply: str, block: AudioBlock) -> bool:
        one = self._references[reply]
        tracking, first = self._options.tracking, number_of(block.pts_ns)
        lag = tracking.late if one.course is None else one.course.lag_at(one.end)
        return first > one.end + lag + self._options.tail
