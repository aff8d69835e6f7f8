"""``polylip bench echo``: does a reply come back translated, and is a visitor heard over it?"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from edge_worker.atp.echo import EchoGuard
from edge_worker.bench import BenchOptions
from edge_worker.bench.company.lines import filmed_lines, sample_film, spoken_lines
from edge_worker.bench.doorway import (
    SPEECH_DBFS,
    at_clock,
    at_level,
    at_rate,
    blocks,
    mixed,
    through_aac,
    through_room,
)
from edge_worker.bench.listening import Ears
from edge_worker.bench.report import BenchReport, Cell, Column, Row
from edge_worker.items import AudioBlock, Samples
from edge_worker.media.encode import SAMPLE_RATE
from edge_worker.verify.reference import read_reference
from edge_worker.verify.words import error_rate

_NOISE_DBFS: Final = -65.0
_REPLIED_S: Final = 1.0
"""When the reply is said to start."""
_VISITOR_S: Final = 0.7
_REPLY: Final = ("j0", "j2")
_LONG_REPLY: Final = ("j0", "j2", "j6", "j8")
"""So that all that the visitor says is said over it."""
_VISITOR: Final = ("u00-1", "u00-2", "u00-3")


@dataclass(frozen=True, slots=True)
class Way:
    """From the loudspeaker to the microphone."""

    level: float
    """Decibel above a visitor's speech."""
    delay_s: float
    """After it was said to start."""
    drift_ppm: float = 0.0
    t60_s: float = 0.25

    @property
    def name(self) -> str:
        """For ``--only``."""
        drift = f" {self.drift_ppm:+.0f} ppm" if self.drift_ppm else ""
        return f"{self.level:.0f} dB {self.delay_s * 1000:.0f} ms{drift}"


WAYS: Final = (
    *(Way(level, delay_s) for level in (0.0, -10.0, -20.0) for delay_s in (0.05, 0.2, 0.4)),
    Way(0.0, 0.2, 200.0),
    Way(-10.0, 0.2, -200.0),
    Way(0.0, 0.3, 0.0, 0.4),
)
_QUICK: Final = (Way(0.0, 0.2),)

COLUMNS: Final = (
    Column("echo", help="Loudness beside a visitor's, and delay after the reported start."),
    Column("room", "s", 2, "time in which its sound falls by 60 dB"),
    Column("unguarded", "", 0, "utterances where only the reply is heard, without the guard"),
    Column("guarded", "", 0, "the same with it; the bar is 0"),
    Column("WER alone", "%", 1, "of a visitor whom no reply disturbs"),
    Column("WER over it", "%", 1, "of the visitor who speaks all through the reply, unguarded"),
    Column("WER guarded", "%", 1, "the same, guarded"),
    Column("cost", "%", 2, "CPU time of the guard over the length of the sound"),
)
_NOTES: Final = (
    "Replies are English sentences, the visitor speaks Portuguese; each language is set.",
    f"The visitor has {SPEECH_DBFS:.0f} dBFS, the noise {_NOISE_DBFS:.0f}.",
    "All sound goes through AAC, the reply twice.",
)


def run(options: BenchOptions) -> BenchReport:
    """Play replies in every way; about eight minutes.

    Raises:
        BenchFailedError: a model or a voice is not on this machine.
    """
    rows: list[Row] = []
    with Ears() as ears:
        for seed, way in enumerate(_QUICK if options.quick else WAYS):
            if options.wants(way.name):
                options.progress(way.name)
                cells: dict[str, Cell] = {"echo": way.name, "room": way.t60_s}
                rows.append(Row(cells | _alone(ears, way, seed) | _over(ears, way, seed)))
    return BenchReport("echo", "Replies in the door's microphone", COLUMNS, tuple(rows), _NOTES)


def guarded(sound: Samples, said: Samples) -> Iterator[AudioBlock]:
    """The sound as a guard lets it through that expects the reply at ``_REPLIED_S``."""
    guard = EchoGuard()
    guard.expect(said, SAMPLE_RATE, round(_REPLIED_S * 1e9))
    for block in blocks(sound):
        yield from guard.process(block)
    yield from guard.flush()


def _alone(ears: Ears, way: Way, seed: int) -> dict[str, Cell]:
    said = _reply(_REPLY)
    echo = _echo(said, way, seed)
    sound = _microphone(len(echo) / SAMPLE_RATE + 3, seed, (_REPLIED_S + way.delay_s, echo))
    began_ns = time.thread_time_ns()
    through = list(guarded(sound, said))
    cost = (time.thread_time_ns() - began_ns) / 1e9 / (len(sound) / SAMPLE_RATE)
    unguarded = ears.hear(blocks(sound), source="en", target="pt")
    return {
        "unguarded": float(len(unguarded.utterances)),
        "guarded": float(len(ears.hear(through, source="en", target="pt").utterances)),
        "cost": cost,
    }


def _over(ears: Ears, way: Way, seed: int) -> dict[str, Cell]:
    visitor = _visitor()
    said = _reply(_LONG_REPLY)[: len(visitor)]
    seconds = len(visitor) / SAMPLE_RATE + 2
    begins = (_VISITOR_S, visitor)
    alone = _microphone(seconds, seed, begins)
    both = _microphone(seconds, seed, begins, (_REPLIED_S + way.delay_s, _echo(said, way, seed)))
    return {
        "WER alone": _errors(ears, blocks(alone)),
        "WER over it": _errors(ears, blocks(both)),
        "WER guarded": _errors(ears, list(guarded(both, said))),
    }


def _errors(ears: Ears, sound: list[AudioBlock]) -> float | None:
    reference = read_reference(sample_film().with_name("reference.json"))
    said = " ".join(one.source_text for one in reference.utterances if one.id in _VISITOR)
    return error_rate([said], [ears.hear(sound, source="pt", target="en").text], "pt")


def _echo(said: Samples, way: Way, seed: int) -> Samples:
    played = at_clock(through_aac(said), way.drift_ppm)
    return at_level(through_room(played, seed, t60_s=way.t60_s), way.level)


def _microphone(seconds: float, seed: int, *parts: tuple[float, Samples]) -> Samples:
    length = round(seconds * SAMPLE_RATE)
    noise = 10 ** (_NOISE_DBFS / 20) * np.random.default_rng(seed).normal(size=length)
    return through_aac(mixed(length, *parts) + noise.astype(np.float32))


@cache
def _reply(names: tuple[str, ...]) -> Samples:
    lines = spoken_lines()
    return at_rate(np.concatenate([lines[name].samples for name in names]), 16_000, SAMPLE_RATE)


@cache
def _visitor() -> Samples:
    lines = filmed_lines()
    speech = np.concatenate([lines[name].samples for name in _VISITOR])
    return at_level(at_rate(speech, 16_000, SAMPLE_RATE))
