"""Benches: what Polylip costs and how well it does, measured by commands that anyone can repeat.

A bench is a module of this room, ``<name>.py``, with a function ``run`` of type ``Bench``. It is
registered by its name and one line of help in ``BENCHES``; ``polylip bench <name>`` runs it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from edge_worker.bench.report import BenchReport

BENCHES: Mapping[str, str] = MappingProxyType(
    {
        "boxes": "Picture sizes, core counts, instruction sets.",
        "day": "A day on a faked clock: what wraps, what creeps?",
        "echo": "The door's own replies in its microphone.",
        "faces": "Which face is chosen, and when lips show.",
        "faults": "Everything that goes wrong at a house.",
        "films": "Whole films, judged from their files.",
        "fuzz": "Bytes from outside, made bad.",
        "lips": "What rendered lips cost, and how they hold.",
        "load": "How many streams a box serves.",
        "memory": "What each part of a worker takes.",
        "quiet": "Sound without speech, and speech in it.",
        "roles": "One stream on two workers.",
        "soak": "Twenty minutes without a pause: what creeps?",
        "speakers": "Whose mouth speaks, by motion and sound.",
        "transport": "What MQTT adds to a segment.",
        "webrtc": "What a WebRTC viewer costs.",
    }
)
"""Each bench's one line of help, by its name, which is also its module's."""


class BenchFailedError(Exception):
    """A bench cannot run here; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """How a bench is to be run."""

    folder: Path
    """Exists; pictures and films a bench makes go here."""
    quick: bool = False
    """A form of some seconds that proves the bench runs; its figures are for nobody to quote."""
    only: tuple[str, ...] = ()
    """Names of the cases to run; empty: all of them."""
    progress: Callable[[str], None] = lambda _: None
    """Told in a few words what is being done."""

    def wants(self, case: str) -> bool:
        """Whether the case of this name is to be run."""
        return not self.only or case in self.only


class Bench(Protocol):
    """What a bench module's ``run`` is."""

    def __call__(self, options: BenchOptions) -> BenchReport:
        """Measure.

        Raises:
            BenchFailedError: it cannot run here.
        """
        ...
