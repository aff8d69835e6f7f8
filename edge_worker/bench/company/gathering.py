"""Several people in one picture with one sound, of whom it is known who speaks when."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_worker.bench.company.cast import FPS, HEIGHT, WIDTH, Actor, Doing, idle, talking
from edge_worker.bench.company.lines import RATE, Line, lines
from edge_worker.items import AudioBlock, Samples, VideoFrame
from engines.face import Picture

EPOCH: Final = "company"
_BLOCK: Final = 320
_BACKDROP: Final = (104, 112, 108)
_START_S: Final = 0.8
_END_S: Final = 0.8


@dataclass(frozen=True, slots=True)
class Place:
    """Where a member's picture lies from a moment on; between two places it glides."""

    at_s: float
    x: float
    """Left edge, in widths of a member's picture; the whole picture is as wide as its seats."""
    y: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in the picture."""

    actor: Actor = Actor.VISITOR
    doing: Doing = Doing.LISTEN
    """While not speaking."""
    mirrored: bool = False
    path: tuple[Place, ...] = ()
    """In order; empty: on the seat of this number."""
    strength: float = 1.0
    """How wide the mouth of a puppet opens while it speaks."""
    phase: int = 0
    """Pictures by which idle motion is shifted, so that two of a kind do not move alike."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody says a line."""

    who: int | None
    """Number of the member; None: off camera."""
    line: str
    pause_s: float = 0.4
    """Before it, from the end of the voice before."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """The truth about one utterance, in media time."""

    start_ns: int
    end_ns: int
    voiced_ns: tuple[tuple[int, int], ...]
    who: int | None


@dataclass(frozen=True)
class Company:
    """A film that is made when it is played; the same every time."""

    name: str
    members: tuple[Member, ...]
    turns: tuple[Turn, ...]
    seats: int = 0
    """Widths of a member's picture; 0: one for each."""
    sound_late_s: float = 0.0
    """How much later the sound comes than the picture: a fault of many cameras."""
    noise_db: float | None = None
    """Speech above an even noise."""
    size: float = 1.0
    """Of the whole picture."""
    every: int = 1
    """Only every so manieth picture is kept."""

    @cached_property
    def spoken(self) -> tuple[Spoken, ...]:
        """Who speaks when."""
        late_ns = round(self.sound_late_s * 1e9)
        return tuple(
            Spoken(
                start_ns=voiced[0][0],
                end_ns=voiced[-1][1],
                voiced_ns=voiced,
                who=turn.who,
            )
            for turn, line, at_s in self._placed
            for voiced in [
                tuple(
                    (round((at_s + a) * 1e9) + late_ns, round((at_s + b) * 1e9) + late_ns)
                    for a, b in line.voiced_s
                )
            ]
        )

    @property
    def length_ns(self) -> int:
        """Of the film."""
        _, line, at_s = self._placed[-1]
        return round((at_s + line.length_s + _END_S) * 1e9)

    def frames(self) -> Iterator[VideoFrame]:
        """The pictures, in order."""
        for number in range(0, self.length_ns * FPS // 10**9, self.every):
            picture = self.picture(number)
            if self.size != 1.0:
                picture = _resized(picture, self.size)
            planes = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), np.uint8)
            yield VideoFrame(EPOCH, number * 10**9 // FPS, planes)

    def sound(self) -> Iterator[AudioBlock]:
        """The sound, in blocks."""
        samples = self._samples()
        for start in range(0, len(samples) - _BLOCK, _BLOCK):
            yield AudioBlock(EPOCH, start * 10**9 // RATE, RATE, samples[start : start + _BLOCK])

    def picture(self, number: int) -> Picture:
        """One picture, in full size."""
        width = WIDTH * (self.seats or len(self.members))
        whole: Picture = np.full((HEIGHT, width, 3), _BACKDROP, np.uint8)
        for index in range(len(self.members)):
            x, y, scale = self.place(index, number / FPS)
            _lay(whole, _resized(self._member(index, number), scale), round(x), round(y))
        return whole

    def place(self, index: int, at_s: float) -> tuple[float, float, float]:
        """Left, top and scale of a member's picture, pixels of the full size."""
        path = self.members[index].path or (Place(0.0, float(index)),)
        times = [place.at_s for place in path]
        x, y, scale = (
            float(np.interp(at_s, times, [getattr(place, name) for place in path]))
            for name in ("x", "y", "scale")
        )
        return x * WIDTH, y * HEIGHT, scale

    def member_at(self, x: float, y: float, at_ns: int) -> int:
        """The member whose head is nearest to a point of the full size."""

        def away(index: int) -> float:
            left, top, scale = self.place(index, at_ns / 1e9)
            return math.hypot(x - left - scale * WIDTH / 2, y - top - scale * HEIGHT / 2)

        return min(range(len(self.members)), key=away)

    @cached_property
    def _placed(self) -> tuple[tuple[Turn, Line, float], ...]:
        """Turns with the second at which their samples begin."""
        placed: list[tuple[Turn, Line, float]] = []
        voice_ends_s = _START_S
        for turn, line in zip(self.turns, lines([t.line for t in self.turns]), strict=True):
            begin_s = voice_ends_s + turn.pause_s - line.voiced_s[0][0]
            at_s = round(begin_s * FPS) / FPS
            placed.append((turn, line, at_s))
            voice_ends_s = at_s + line.voiced_s[-1][1]
        return tuple(placed)

    def _member(self, index: int, number: int) -> Picture:
        member = self.members[index]
        for turn, line, at_s in self._placed:
            said = number - round(at_s * FPS)
            if turn.who == index and 0 <= said < round(line.length_s * FPS):
                picture = talking(member.actor, line, said, member.strength)
                break
        else:
            picture = idle(member.actor, member.doing, number + member.phase)
        return np.ascontiguousarray(picture[:, ::-1]) if member.mirrored else picture

    def _samples(self) -> Samples:
        late_s = self.sound_late_s
        samples = np.zeros(round((self.length_ns / 1e9 + 0.5) * RATE), np.float32)
        for _, line, at_s in self._placed:
            start = round((at_s + late_s) * RATE)
            samples[start : start + len(line.samples)] += line.samples
        random = np.random.default_rng(1)
        noise = random.standard_normal(len(samples)).astype(np.float32)
        loudness = float(np.sqrt(np.square(samples[np.abs(samples) > 0.01]).mean()))
        level = 1e-4 if self.noise_db is None else loudness * 10 ** (-self.noise_db / 20)
        return samples + np.float32(level) * noise


def _resized(picture: Picture, scale: float) -> Picture:
    if scale == 1.0:
        return picture
    height, width = picture.shape[:2]
    size = (round(width * scale / 2) * 2, round(height * scale / 2) * 2)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=method), np.uint8)


def _lay(whole: Picture, part: Picture, left: int, top: int) -> None:
    """Lay ``part`` into ``whole``, which it may leave, with soft sides."""
    height, width = part.shape[:2]
    from_x, from_y = max(0, -left), max(0, -top)
    to_x, to_y = min(width, whole.shape[1] - left), min(height, whole.shape[0] - top)
    if to_x <= from_x or to_y <= from_y:
        return
    cut = part[from_y:to_y, from_x:to_x]
    under = whole[top + from_y : top + to_y, left + from_x : left + to_x]
    share = _matte(width)[:, from_x:to_x]
    under[:] = (under + share * (cut.astype(np.float32) - under)).astype(np.uint8)


def _matte(width: int) -> NDArray[np.float32]:
    ramp = np.minimum(np.arange(width), np.arange(width)[::-1]) / (0.08 * width)
    return np.clip(ramp, 0, 1).astype(np.float32)[None, :, None]
