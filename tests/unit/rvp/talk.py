"""Mouths and sound made of known phones, for the tests of who speaks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_worker.items import AudioBlock
from edge_worker.rvp.gates import Gate
from edge_worker.rvp.speaker import SpeakerChoice
from edge_worker.rvp.tracker import FaceTrack, TrackedFrame
from engines.face import FaceMesh
from engines.lipsync.mouth_curve import MouthCurve
from tests.unit.rvp.scenes import FRAME_NS, frame, timings

RATE = 16_000
SECOND_NS = 1_000_000_000
_SYLLABLES = ["pa", "ti", "ku", "so", "me", "la", "ʃi", "fa", "ɾu", "no", "bɐ", "de"]
_MESH = FaceMesh(np.zeros((468, 3), np.float32), 1.0)
BLACK = np.zeros((64, 64, 3), np.uint8)

Mouth = Callable[[int], float]
"""Inner-lip gap in IOD at a media time."""


class Talk:
    """A few seconds of speech: the mouth that makes it and how it sounds."""

    def __init__(
        self, seed: int, *, start_ns: int = SECOND_NS, syllables: tuple[int, int] = (6, 14)
    ) -> None:
        random = np.random.default_rng(seed)
        self.seed = seed
        self.phonemes = timings("".join(random.choice(_SYLLABLES, random.integers(*syllables))))
        self.start_ns = start_ns
        self.end_ns = start_ns + self.phonemes[-1].end_ns
        self._curve = MouthCurve(self.phonemes)

    def mouth(self, at_ns: int) -> float:
        if not self.start_ns <= at_ns < self.end_ns:
            return 0.01
        return 0.01 + 0.7 * self._curve.at(at_ns - self.start_ns).opening

    def add_to(self, sound: NDArray[np.float64]) -> None:
        random = np.random.default_rng(self.seed)
        for phoneme in self.phonemes:
            loud = 0.2 if phoneme.symbol in "aiueoɐ" else 0.03
            begin = (self.start_ns + phoneme.start_ns) * RATE // SECOND_NS
            end = (self.start_ns + phoneme.end_ns) * RATE // SECOND_NS
            sound[begin:end] += loud * random.normal(size=end - begin)


def says(*talks: Talk) -> Mouth:
    return lambda at_ns: max(talk.mouth(at_ns) for talk in talks)


def still(opening: float = 0.02) -> Mouth:
    return lambda _: opening


def chews(at_ns: int) -> float:
    return 0.05 + 0.05 * float(np.sin(at_ns / SECOND_NS * 2 * np.pi * 1.5))


def yawns(at_ns: int) -> float:
    return 0.02 + 0.4 * float(np.exp(-0.5 * ((at_ns / SECOND_NS - 0.9) / 0.6) ** 2))


@dataclass(frozen=True)
class Street:
    """What a camera sees and hears."""

    heard: Sequence[Talk]
    mouths: dict[int, Mouth]
    sound_late_ns: int = 0
    noise: float = 0.003
    jitter: float = 0.004
    every: int = 1
    """Only every so manieth frame has a look at the mouths."""
    gate: Callable[[int, int], Gate] = lambda _identity, _at_ns: Gate.OPEN
    absent: Callable[[int, int], bool] = lambda _identity, _at_ns: False

    @property
    def end_ns(self) -> int:
        return max(talk.end_ns for talk in self.heard) + 500_000_000

    def watched(self, until_ns: int | None = None) -> SpeakerChoice:
        choice = SpeakerChoice()
        self.watch(choice, until_ns or self.end_ns)
        return choice

    def watch(self, choice: SpeakerChoice, until_ns: int) -> None:
        random = np.random.default_rng(5)
        length = (self.end_ns + SECOND_NS) * RATE // SECOND_NS
        sound = self.noise * random.normal(size=length)
        for talk in self.heard:
            talk.add_to(sound)
        late = np.roll(sound, self.sound_late_ns * RATE // SECOND_NS)
        known = late[: until_ns * RATE // SECOND_NS].astype(np.float32)
        choice.hear(AudioBlock("e", 0, RATE, known))
        for number in range(until_ns // FRAME_NS):
            picture = frame(BLACK, number)
            at_ns = picture.pts_ns
            faces = tuple(
                FaceTrack(
                    id=identity,
                    pts_ns=at_ns,
                    mesh=_MESH,
                    pose=(0, 0, 0),
                    iod_px=60.0,
                    mouth_opening=max(0.0, mouth(at_ns) + float(random.normal(0, self.jitter))),
                    gate=self.gate(identity, at_ns),
                    measured=number % self.every == 0,
                )
                for identity, mouth in self.mouths.items()
                if not self.absent(identity, at_ns)
            )
            choice.observe(TrackedFrame(picture, faces))


def chosen(
    street: Street, talk: Talk | None = None, *, until_ns: int | None = None, epoch: str = "e"
) -> int | None:
    """Who spoke ``talk``, or the only thing that was heard."""
    spoken = talk or street.heard[0]
    choice = street.watched(until_ns)
    late_ns = street.sound_late_ns
    return choice.choose(epoch, spoken.start_ns + late_ns, spoken.end_ns + late_ns)
