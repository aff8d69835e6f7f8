"""One uninterrupted stretch of sound in which the loudspeaker may be heard."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from edge_worker.atp.echo.frames import HOP, Joiner, Spectra, spectra
from edge_worker.atp.echo.reference import Heard, Reference
from edge_worker.atp.echo.residual import Parted, gains
from edge_worker.atp.echo.response import TAPS, History, RoomResponse, history
from edge_worker.atp.echo.tracking import Follower, TrackingOptions
from edge_worker.items import Samples

FRAMES: Final = 8
"""Of a block."""
BLOCK: Final = FRAMES * HOP
"""Samples of a block, 128 ms."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How long sound is held back and remembered; in blocks unless said."""

    tracking: TrackingOptions = field(default_factory=TrackingOptions)
    ahead: int = 3
    """What is heard after a block before it is given: it teaches the response."""
    patience: int = 8
    """The same while a sound that was expected has not been found."""
    behind: int = 8
    """Blocks before one that it is compared with."""
    at_once: int = 4
    """Given after one new block at most: so catching up takes no long time of the caller."""
    looked: int = 3
    """Once a sound was found, its delay is measured again after so many."""
    tail: int = 8_000
    """Samples for which a room is heard after the end."""


@dataclass(slots=True, eq=False)
class Loudspeaker:
    """What is known of a door's loudspeaker and its way to the microphone."""

    response: RoomResponse = field(default_factory=RoomResponse)
    drift: float = 0.0
    """Of its clock against the microphone's."""


@dataclass(slots=True, eq=False)
class _Block:
    near: Spectra
    """The microphone's."""
    far: Spectra | None = None
    """The reference's; None while it has to be laid beside anew."""
    parted: Parted | None = None
    """Once it was given."""


class Run:
    """Takes the microphone's sound and gives it without the loudspeaker's, later.

    Args:
        first: number of its first sample.
        references: gives the sounds that may be heard in it, asked at every block.
        speaker: what is known, and learned, of the loudspeaker.
        options: how long sound is held back.
    """

    def __init__(
        self,
        first: int,
        references: Callable[[], Iterable[Reference]],
        speaker: Loudspeaker,
        options: RunOptions = RunOptions(),
    ) -> None:
        self._options = options
        self._first = first
        self._references = references
        self._speaker = speaker
        self._followers: dict[int, Follower] = {}
        self._heard = Heard(first - HOP, np.zeros(HOP, np.float32))
        self._blocks: dict[int, _Block] = {}
        self._taken = 0
        self._given = 0
        self._joiner = Joiner()

    @property
    def end(self) -> int:
        """Number of the sample after the newest that was taken."""
        return self._heard.end

    def take(self, samples: Samples) -> Samples:
        """Take what follows, shape (n,), 16 kHz; gives what is ready, in order and unbroken."""
        self._heard.add(samples)
        ready: list[Spectra] = []
        while self._first + (self._taken + 1) * BLOCK <= self._heard.end:
            self._step()
            ready += self._give(min(self._due(), self._given + self._options.at_once))
        return self._joined(ready)

    def finish(self) -> Samples:
        """Give what was held back; nothing more will come."""
        missing = self._heard.end - self._first - max(0, self._given * BLOCK - HOP)
        silence = np.zeros((self._first - self._heard.end) % BLOCK + BLOCK, np.float32)
        rest = [self.take(silence), self._joined(self._give(self._taken))]
        return np.concatenate(rest)[:missing]

    # --- taking

    def _begin(self, block: int) -> int:
        """Number of the first sample under a block's windows."""
        return self._first - HOP + block * BLOCK

    def _step(self) -> None:
        begin = self._begin(self._taken)
        near = spectra(self._heard.between(begin, begin + BLOCK + HOP))
        self._blocks[self._taken] = _Block(near)
        self._taken += 1
        if self._look():
            self._learn_again()
        elif self._audible(self._taken - 1):
            self._speaker.response.learn(near, self._history(self._taken - 1))
        self._forget()

    def _look(self) -> bool:
        """Look for the references in what was taken; true when one has another course."""
        taken = Heard(
            self._heard.first,
            self._heard.between(self._heard.first, self._first + self._taken * BLOCK),
        )
        new = False
        for one in self._references():
            if one.course is not None and self._taken % self._options.looked:
                continue
            follower = self._followers.setdefault(id(one), Follower(one, self._options.tracking))
            if follower.look(taken, self._speaker.drift) and one.course is not None:
                self._speaker.drift = one.course.drift
                new = True
        return new

    def _learn_again(self) -> None:
        """The references lie elsewhere: what was learned from the newest sound is learned anew."""
        for block in self._blocks.values():
            block.far = None
        echoing = [number for number in self._blocks if self._audible(number)]
        if not echoing:
            return
        near = np.concatenate([self._blocks[number].near for number in echoing])
        far = np.concatenate([self._history(number) for number in echoing], axis=1)
        # The first pass finds out what else is heard, the second one takes that into account.
        for _ in range(2):
            self._speaker.response.forget()
            self._speaker.response.learn(near, far)

    def _forget(self) -> None:
        oldest = min(self._given, self._taken) - self._options.behind
        for number in [number for number in self._blocks if number < oldest]:
            del self._blocks[number]
        self._heard.forget(self._begin(max(0, oldest)))

    # --- the references beside it

    def _audible(self, number: int) -> bool:
        """Whether a reference that was found can be heard in a block."""
        begin = self._begin(number)
        end = begin + BLOCK + HOP
        return any(
            one.onset + one.course.lag_at(begin) < end
            and begin < one.end + one.course.lag_at(begin) + self._options.tail
            for one in self._references()
            if one.course is not None
        )

    def _history(self, number: int) -> History:
        before, this = self._far(number - 1)[1 - TAPS :], self._far(number)
        return history(np.concatenate((before, this)))

    def _far(self, number: int) -> Spectra:
        block = self._blocks.get(number)
        if block is not None and block.far is not None:
            return block.far
        sound = np.zeros(BLOCK + HOP, np.float32)
        for one in self._references():
            if one.course is not None:
                sound += one.beside(self._begin(number), BLOCK + HOP, one.course)
        far = spectra(sound)
        if block is not None:
            block.far = far
        return far

    # --- giving

    def _due(self) -> int:
        """The block up to which sound can be given by now."""
        due = self._taken - self._options.ahead
        tracking = self._options.tracking
        for one in self._references():
            looking = self._begin(self._taken) < one.end + tracking.late
            if one.course is None and looking:
                before = (one.onset - tracking.early - self._first) // BLOCK
                due = min(due, max(before, self._taken - self._options.patience))
        return due

    def _give(self, until: int) -> list[Spectra]:
        """Part the blocks up to ``until``, and give them without what is only echo."""
        numbers = range(self._given, until)
        if not numbers:
            return []
        self._given = until
        if not any(self._audible(number) for number in numbers):
            return [self._blocks[number].near for number in numbers]
        for number in numbers:
            self._blocks[number].parted = self._part(number)
        around = [
            block.parted or self._part(number) for number, block in sorted(self._blocks.items())
        ]
        first = numbers[0] - min(self._blocks)
        amplitudes = gains(around, slice(first, first + len(numbers)))
        return [
            (around[first + index].rest * amplitude).astype(np.complex64)
            for index, amplitude in enumerate(amplitudes)
        ]

    def _part(self, number: int) -> Parted:
        near = self._blocks[number].near
        if not self._audible(number):
            return Parted.of(near, np.zeros_like(near))
        echo = self._speaker.response.echo(self._history(number))
        return Parted.of(near - echo, echo)

    def _joined(self, blocks: list[Spectra]) -> Samples:
        if not blocks:
            return np.zeros(0, np.float32)
        began = self._given > len(blocks)
        sound = self._joiner.join(np.concatenate(blocks))
        return sound if began else sound[HOP:]
