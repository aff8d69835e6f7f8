"""What each part of a worker takes of the memory, loaded as a worker loads it and used once."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from edge_worker.bench import BenchOptions
from edge_worker.bench.report import BenchReport, Column, Row
from edge_worker.config import EngineSection
from edge_worker.engine_loading import load_engines
from edge_worker.engine_set import EngineSet
from edge_worker.metrics import ProcessMeter
from engines.catalogue import Catalogue

COLUMNS = (
    Column("part"),
    Column("takes", "MB", 0, "Growth of the process by it (PSS)."),
    Column("together", "MB", 0, "The process with it and all parts above."),
)
_NOTE = (
    "Portuguese to English with one voice. A stream adds what waits for its moment: 0.46 MB for "
    "each picture of 640x480, 1.38 MB for one of 1280x720, as long as its playout delay is."
)


def run(options: BenchOptions) -> BenchReport:
    """Load the default engines in a process of their own; takes some seconds.

    Raises:
        EngineUnavailableError: a model is not on this machine.
    """
    options.progress("loading the engines")
    # A fresh interpreter: what this one has loaded already must not count.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as fresh:
        sizes = fresh.submit(_sizes).result()
    rows: list[Row] = []
    before_mb = 0.0
    for part, together_mb in sizes:
        if options.wants(part):
            takes_mb = together_mb - before_mb
            rows.append(Row({"part": part, "takes": takes_mb, "together": together_mb}))
        before_mb = together_mb
    return BenchReport("memory", "What takes the memory", COLUMNS, tuple(rows), (_NOTE,))


def _sizes() -> list[tuple[str, float]]:
    """(Part, MiB of this process once it is there)."""
    meter = ProcessMeter()
    begun = ["Python and libraries"]
    sizes: list[tuple[str, float]] = []

    def told(part: str) -> None:
        sizes.append((begun[-1], meter.memory_mb()))
        begun.append(part)

    engines = load_engines(EngineSection(), Catalogue.load(), told)
    told("one recognition")
    _hear(engines)
    told("face tracking")
    _look(engines)
    told("")
    return sizes


def _hear(engines: EngineSet) -> None:
    noise = np.random.default_rng(1).normal(0, 0.05, 128_000).astype(np.float32)
    engines.recognizer.engine.transcribe(noise, language="pt")


def _look(engines: EngineSet) -> None:
    engines.landmarker().detect(np.full((480, 640, 3), 128, np.uint8))
