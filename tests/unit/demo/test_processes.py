import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge_worker.demo.processes import Confinement, PolylipProcess, ProcessFailedError, _on_cores

CORES = "import os; print(sorted(os.sched_getaffinity(0)))"


def cores_of_a_child() -> str:
    done = subprocess.run(
        [sys.executable, "-c", CORES], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def test_process_when_confined_to_a_core_then_it_begins_there_and_its_parent_stays_free() -> None:
    usual = os.sched_getaffinity(0)
    first = min(usual)
    with _on_cores(frozenset({first})):
        assert cores_of_a_child() == str([first])
    assert os.sched_getaffinity(0) == usual
    with _on_cores(frozenset()):
        assert cores_of_a_child() == str(sorted(usual))


async def test_process_when_given_an_environment_then_it_has_it(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    confinement = Confinement(environment={"POLYLIP_LIMITS__STREAMS": "none"})
    async with PolylipProcess("the worker", ["worker"], log, confinement) as worker:
        with pytest.raises(ProcessFailedError, match=r"limits\.streams"):
            await worker.wait()
