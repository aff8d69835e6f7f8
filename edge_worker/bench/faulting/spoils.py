"""What can happen to a segment between the camera and the worker."""

import random
from collections.abc import Callable
from dataclasses import dataclass

HOUR_NS = 3_600_000_000_000


@dataclass(frozen=True, slots=True)
class Sent:
    """A segment as it goes out."""

    delay_s: float = 0.0
    """Later than it is due."""
    clock_ns: int = 0
    """The camera's clock is wrong by this much."""


Spoil = Callable[[random.Random, float], list[Sent]]
"""Given chance and the seconds since the fault began: how often and when a segment goes out."""


def untouched(_chance: random.Random, _since_s: float) -> list[Sent]:
    """Once, when it is due."""
    return [Sent()]


def lost(share: float) -> Spoil:
    """Some never arrive."""

    def spoil(chance: random.Random, _since_s: float) -> list[Sent]:
        return [] if chance.random() < share else [Sent()]

    return spoil


def doubled(share: float) -> Spoil:
    """Some arrive twice, at once or later."""

    def spoil(chance: random.Random, _since_s: float) -> list[Sent]:
        again = [Sent(chance.choice((0.0, 0.05, 0.3)))] if chance.random() < share else []
        return [Sent(), *again]

    return spoil


def reordered(share: float) -> Spoil:
    """Some are overtaken by the next one."""

    def spoil(chance: random.Random, _since_s: float) -> list[Sent]:
        return [Sent(0.15 if chance.random() < share else 0.0)]

    return spoil


def delayed(most_s: float) -> Spoil:
    """Each is late by a time of its own."""

    def spoil(chance: random.Random, _since_s: float) -> list[Sent]:
        return [Sent(chance.uniform(0, most_s))]

    return spoil


def silent(_chance: random.Random, _since_s: float) -> list[Sent]:
    """Nothing arrives."""
    return []


def misdated(by_ns: int) -> Spoil:
    """The camera's clock is set to another time of day."""

    def spoil(_chance: random.Random, _since_s: float) -> list[Sent]:
        return [Sent(clock_ns=by_ns)]

    return spoil
