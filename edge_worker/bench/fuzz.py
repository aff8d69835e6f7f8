"""``polylip bench fuzz``: nothing from outside ends a process or fills its memory."""

import logging
import multiprocessing
import random
import resource
import signal
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

import psutil

from edge_worker.bench import BenchFailedError, BenchOptions
from edge_worker.bench.fuzzing.film import film
from edge_worker.bench.fuzzing.targets import TARGETS
from edge_worker.bench.report import BenchReport, Column, Row

SECONDS, QUICK_SECONDS = 60.0, 1.0
"""For each reader."""
MAX_GROWTH_MB = 200.0
_ADDRESS_SPACE = 6 * 2**30
_HANG_S = 20
_WARM = 50
_START_S = 60
_BARS = (
    "A reader fails when it ends the process, raises anything but the error that it states, "
    f"takes {_HANG_S} s for a case or keeps {MAX_GROWTH_MB:.0f} MB."
)

COLUMNS = (
    Column("reader"),
    Column("cases", "", 0),
    Column("taken", "%", 0, "Faults that the reader could live with."),
    Column("refused", "%", 0, "With the error that it states."),
    Column("slowest", "ms", 1, "Longest case."),
    Column("grew", "MB", 1, "Of the process, after the first cases."),
)


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """What one reader stood."""

    cases: int
    taken: int
    slowest_ms: float
    grew_mb: float
    fault: str = ""
    """Where it raised what it does not state, and the seed that makes it so again."""


def run(options: BenchOptions) -> BenchReport:
    """Feed each reader mutated input for a minute, in a process of its own.

    Raises:
        BenchFailedError: a reader crashed, hung, raised what it does not state, or grew.
    """
    seconds = QUICK_SECONDS if options.quick else SECONDS
    seed = 1 if options.quick else random.SystemRandom().randrange(2**32)
    rows, faults = [], []
    for name in TARGETS:
        if not options.wants(name):
            continue
        options.progress(f"{name}, seed {seed}")
        found = in_a_process(name, seed, seconds)
        if found.fault:
            faults.append(f"{name}: {found.fault}")
        if found.grew_mb > MAX_GROWTH_MB:
            faults.append(f"{name}: seed {seed} grew by {found.grew_mb:.0f} MB")
        rows.append(
            Row(
                {
                    "reader": f"{name}: {TARGETS[name].about}",
                    "cases": found.cases,
                    "taken": found.taken / max(1, found.cases),
                    "refused": 1 - found.taken / max(1, found.cases),
                    "slowest": found.slowest_ms,
                    "grew": found.grew_mb,
                }
            )
        )
    if faults:
        raise BenchFailedError("\n".join(faults))
    return BenchReport(
        name="fuzz",
        title="Bytes from outside, made bad",
        columns=COLUMNS,
        rows=tuple(rows),
        notes=(
            f"Seed {seed}, {seconds:.0f} s each, in a process with 6 GiB of address space.",
            _BARS,
        ),
    )


def in_a_process(name: str, seed: int, seconds: float) -> Fuzzed:
    """Fuzz one reader where a crash harms nobody."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        try:
            found = pool.submit(_confined, name, seed, seconds)
            return found.result(seconds + _START_S + 2 * _HANG_S)
        except BrokenProcessPool:
            return Fuzzed(0, 0, 0.0, 0.0, f"ended its process; seed {seed}")
        except TimeoutError:
            for child in multiprocessing.active_children():
                child.kill()
            return Fuzzed(0, 0, 0.0, 0.0, f"hangs where no signal reaches it; seed {seed}")


def _confined(name: str, seed: int, seconds: float) -> Fuzzed:
    logging.disable()  # a line for every request that is refused
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    return fuzz(name, seed, seconds)


def fuzz(name: str, seed: int, seconds: float) -> Fuzzed:
    """Feed one reader until the time is over or it does what it may not; in the main thread."""
    handler = signal.signal(signal.SIGALRM, _hung)
    try:
        return _fuzz(name, seed, seconds)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, handler)


def _fuzz(name: str, seed: int, seconds: float) -> Fuzzed:
    feed = TARGETS[name].make(film())
    process = psutil.Process()
    cases = taken = before = 0
    slowest_s = 0.0
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        chance = random.Random(f"{seed}/{cases}")  # noqa: S311 - repeatable faults, no secret
        signal.alarm(_HANG_S)
        began_s = time.perf_counter()
        try:
            taken += feed(chance)
        except Exception:  # noqa: BLE001 - whatever it is, it is what this looks for
            fault = f"seed {seed}, case {cases}:\n{traceback.format_exc()}"
            return Fuzzed(cases, taken, slowest_s * 1e3, 0.0, fault)
        slowest_s = max(slowest_s, time.perf_counter() - began_s)
        cases += 1
        if cases == _WARM:
            before = process.memory_info().rss
    grew = process.memory_info().rss - before if before else 0
    return Fuzzed(cases, taken, slowest_s * 1e3, max(0.0, grew / 2**20))


def _hung(_signal: int, _frame: object) -> None:
    raise TimeoutError(f"a case took more than {_HANG_S} s")
