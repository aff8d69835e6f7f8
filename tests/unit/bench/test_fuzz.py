"""The fuzzer finds what it looks for, and every reader stands a second of it."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from edge_worker.bench import BenchOptions
from edge_worker.bench import fuzz as bench
from edge_worker.bench.fuzz import fuzz
from edge_worker.bench.fuzzing.mutation import mutated
from edge_worker.bench.fuzzing.targets import TARGETS, Target

SECONDS = 0.5


@pytest.mark.parametrize("name", TARGETS)
def test_reader_when_its_input_is_made_bad_stands_it(name: str) -> None:
    found = fuzz(name, seed=7, seconds=SECONDS)
    assert not found.fault, found.fault
    assert found.cases
    assert found.grew_mb < bench.MAX_GROWTH_MB


def test_bench_when_run_quickly_then_every_reader_is_in_its_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "in_a_process", fuzz)
    monkeypatch.setattr(bench, "QUICK_SECONDS", 0.1)
    report = bench.run(BenchOptions(tmp_path, quick=True))
    assert len(report.rows) == len(TARGETS)


def test_messages_when_made_to_fit_are_partly_taken() -> None:
    found = fuzz("messages", seed=7, seconds=SECONDS)
    assert 0 < found.taken < found.cases


def test_fault_when_a_reader_raises_is_told_with_its_seed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def weak(_film: Sequence[bytes]) -> Callable[[random.Random], bool]:
        def feed(chance: random.Random) -> bool:
            return bool(1 // chance.randrange(3))

        return feed

    monkeypatch.setattr(bench, "TARGETS", {"weak": Target("divides", weak)})
    found = fuzz("weak", seed=7, seconds=SECONDS)
    assert "seed 7, case " in found.fault
    assert "ZeroDivisionError" in found.fault


def test_bytes_when_the_seed_is_the_same_are_made_bad_the_same_way() -> None:
    once, again = (mutated(bytes(400), random.Random(3)) for _ in range(2))  # noqa: S311 - a seed
    assert once == again != bytes(400)
