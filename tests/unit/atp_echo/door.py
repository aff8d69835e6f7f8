"""A door with a loudspeaker: what its microphone hears of a reply."""

from dataclasses import dataclass

import numpy as np

from edge_worker.atp.echo import EchoGuard
from edge_worker.bench.company.lines import spoken_lines
from edge_worker.bench.doorway import (
    at_clock,
    at_level,
    at_rate,
    blocks,
    mixed,
    through_aac,
    through_room,
)
from edge_worker.items import AudioBlock, Samples
from edge_worker.media.encode import SAMPLE_RATE

SECOND = 1_000_000_000
REPLIED_S = 1.0
"""When the reply is said to start."""
NOISE = 10 ** (-65 / 20)


@dataclass(frozen=True, slots=True)
class Way:
    """From the loudspeaker to the microphone."""

    level: float = 0.0
    """Decibel above a visitor's speech."""
    delay_s: float = 0.2
    late_s: float = 0.0
    """By how much later it starts than was said."""
    drift_ppm: float = 0.0
    t60_s: float = 0.25
    seed: int = 1


def reply(*names: str) -> Samples:
    """Sentences of the English voice, 48 kHz."""
    said = spoken_lines()
    return at_rate(np.concatenate([said[name].samples for name in names]), 16_000, SAMPLE_RATE)


def echo_of(said: Samples, way: Way) -> Samples:
    """What is heard of it, as loud as ``way`` tells."""
    played = at_clock(through_aac(said), way.drift_ppm)
    return at_level(through_room(played, way.seed, t60_s=way.t60_s), way.level)


def heard(seconds: float, *parts: tuple[float, Samples], seed: int = 1) -> Samples:
    """The microphone's sound with a little noise, as a camera's AAC brings it."""
    length = round(seconds * SAMPLE_RATE)
    noise = NOISE * np.random.default_rng(seed).normal(size=length)
    return through_aac(mixed(length, *parts) + noise.astype(np.float32))


def guarded(sound: Samples, said: Samples) -> list[AudioBlock]:
    """The sound as a guard lets it through that expects the reply at ``REPLIED_S``."""
    guard = EchoGuard()
    guard.expect(said, SAMPLE_RATE, round(REPLIED_S * SECOND))
    return [*(out for block in blocks(sound) for out in guard.process(block)), *guard.flush()]


def loudest(given: list[AudioBlock], *, window_s: float = 0.1) -> float:
    """RMS of the loudest window over that of the noise below 8 kHz."""
    powers = []
    for block in joined(given):
        size = round(window_s * block.sample_rate)
        whole = block.samples[: len(block.samples) // size * size].reshape(-1, size)
        powers.append(float(np.sqrt(np.max(np.mean(np.square(whole), axis=1), initial=0.0))))
    return max(powers) / NOISE


def joined(given: list[AudioBlock]) -> list[AudioBlock]:
    """Blocks of one rate put together."""
    runs: list[list[AudioBlock]] = []
    for block in given:
        if runs and runs[-1][-1].sample_rate == block.sample_rate:
            runs[-1].append(block)
        else:
            runs.append([block])
    return [
        AudioBlock(
            run[0].epoch,
            run[0].pts_ns,
            run[0].sample_rate,
            np.concatenate([block.samples for block in run]),
        )
        for run in runs
    ]
