"""``polylip bench`` at the command line, and the rules of the room."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import edge_worker.bench
from edge_worker.bench import BENCHES, BenchFailedError, BenchOptions
from edge_worker.bench.report import BenchReport, Column, Row
from edge_worker.cli import bench, main

ROOM = Path(edge_worker.bench.__file__).parent
TESTS = Path(__file__).parent


def benches() -> set[str]:
    """Modules of the room that have a ``run``."""
    return {
        file.stem
        for file in ROOM.glob("*.py")
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name == "run"
    }


def found(case: str) -> BenchReport:
    return BenchReport("boxes", "Boxes", (Column("case"),), (Row({"case": case}),))


def stand_in(patch: pytest.MonkeyPatch, run: object) -> None:
    patch.setattr(bench, "load", lambda _: run)


def test_benches_when_a_module_has_a_run_then_it_is_registered_and_nothing_else_is() -> None:
    assert benches() == set(BENCHES)


@pytest.mark.parametrize("name", sorted(BENCHES))
def test_bench_when_registered_then_its_quick_form_is_run_by_a_test(name: str) -> None:
    tests = [file.read_text(encoding="utf-8") for file in TESTS.glob(f"test_{name}*.py")]
    assert any("quick=True" in test or "--quick" in test for test in tests)


def test_help_when_asked_for_then_every_bench_is_listed() -> None:
    result = CliRunner().invoke(main, ["bench", "--help"])
    assert result.exit_code == 0
    assert all(f"{name} " in result.output for name in BENCHES)
    assert all(help_ in result.output for help_ in BENCHES.values())


def test_help_when_asked_for_then_no_model_runtime_is_imported() -> None:
    program = (
        "import sys\n"
        "from edge_worker.cli import main\n"
        "main(['bench', '--help'], standalone_mode=False)\n"
        "heavy = {'onnxruntime', 'ctranslate2', 'faster_whisper', 'cv2', 'piper', 'iotcore'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr.strip() == ""


def test_bench_when_unknown_then_the_name_is_told() -> None:
    result = CliRunner().invoke(main, ["bench", "boxen"])
    assert result.exit_code == 2
    assert "boxen" in result.output


def test_bench_when_run_then_the_report_is_shown_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[BenchOptions] = []

    def run(options: BenchOptions) -> BenchReport:
        given.append(options)
        return found("one core")

    stand_in(monkeypatch, run)
    folder = tmp_path / "made" / "here"
    arguments = ["--output", str(folder), "--quick", "--only", "a", "--only", "b"]
    result = CliRunner().invoke(main, ["bench", "boxes", *arguments])
    assert result.exit_code == 0, result.output
    assert "| one core |" in result.output
    assert "one core" in (folder / "boxes.md").read_text(encoding="utf-8")
    assert (folder / "boxes.json").exists()
    assert given[0].quick
    assert [given[0].wants(case) for case in ("a", "b", "c")] == [True, True, False]


def test_bench_when_it_cannot_run_here_then_one_sentence_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(_: BenchOptions) -> BenchReport:
        raise BenchFailedError("this bench needs two cores; here is one")

    stand_in(monkeypatch, run)
    result = CliRunner().invoke(main, ["bench", "boxes", "--output", str(tmp_path)])
    assert result.exit_code == 1
    assert "Error: this bench needs two cores; here is one" in result.output
    assert "Traceback" not in result.output


def test_case_when_none_is_named_then_all_are_wanted(tmp_path: Path) -> None:
    assert BenchOptions(tmp_path).wants("anything")
