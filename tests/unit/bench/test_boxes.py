import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge_worker.bench import BenchFailedError, BenchOptions
from edge_worker.bench.boxes import BOXES, Step, ladder_steps, run, share_within
from edge_worker.bench.instruction_sets import InstructionSets
from edge_worker.cli import main
from edge_worker.demo.observer import Observed
from edge_worker.demo.run import RunResult
from edge_worker.span import Span
from mqtt_schemas import EventType, Rung, StreamEvent

SECOND_NS = 1_000_000_000


def event(kind: EventType, at_s: float, detail: str) -> StreamEvent:
    return StreamEvent(stream="door", type=kind, utc_ns=round(at_s * SECOND_NS), detail=detail)


def spans(*bounds: tuple[int, int]) -> list[Span]:
    return [Span(start, end) for start, end in bounds]


def test_boxes_when_listed_then_sizes_cores_and_instruction_sets_are_all_crossed() -> None:
    assert len({box.name for box in BOXES}) == len(BOXES) == 12
    assert {(box.width, box.height) for box in BOXES} == {(640, 480), (1280, 720)}
    assert {box.cores for box in BOXES} == {1, 2}
    assert {box.sets for box in BOXES} == set(InstructionSets)


def test_steps_when_the_ladder_moved_then_each_has_its_second_of_the_film() -> None:
    observed = Observed()
    observed.events = [
        event(EventType.FACE_FOUND, 101, "now"),
        event(EventType.DEGRADED, 103.5, "now lips_half_rate"),
        event(EventType.RECOVERED, 104, "the broker is back"),
        event(EventType.RECOVERED, 125, "now full"),
    ]
    assert ladder_steps(RunResult(observed, Path()), 100 * SECOND_NS) == [
        Step(3.5, Rung.LIPS_HALF_RATE),
        Step(25, Rung.FULL),
    ]


@pytest.mark.parametrize(
    ("rendered", "speech", "share"),
    [
        (spans((0, 10)), spans((0, 10)), 1.0),
        (spans((0, 5)), spans((0, 10)), 0.5),
        (spans((0, 2), (4, 6), (20, 30)), spans((0, 4), (4, 8)), 0.5),
        ([], spans((0, 10)), 0.0),
        (spans((0, 10)), [], None),
    ],
)
def test_share_when_lips_cover_speech_in_part_then_it_is_of_the_speech(
    rendered: list[Span], speech: list[Span], share: float | None
) -> None:
    assert share_within(rendered, speech) == share


def test_bench_when_no_such_box_is_known_then_it_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(BenchFailedError, match=r"no such box; there are 480p-2-all, "):
        run(BenchOptions(tmp_path, only=("480p-3-all",)))


@pytest.mark.models
def test_bench_when_quick_then_one_box_is_measured_with_a_real_worker(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["bench", "boxes", "--quick", "--output", str(tmp_path)])
    assert result.exit_code == 0, result.output
    [row] = json.loads((tmp_path / "boxes.json").read_text(encoding="utf-8"))["rows"]
    assert row["case"] == "480p-2-all"
    assert row["tau"] > 0
    assert row["memory"] > 100
    assert row["pictures"] > 0
    assert row["rung"] in set(Rung)
