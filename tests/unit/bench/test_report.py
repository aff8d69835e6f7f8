import json
from pathlib import Path

import pytest

from edge_worker.bench.machine import Machine, this_machine
from edge_worker.bench.report import BenchReport, Cell, Column, Row, as_markdown, as_table, write

MACHINE = Machine(
    cpu="Example 3000",
    architecture="x86_64",
    cores=2,
    instruction_sets=("avx2",),
    memory_mb=2048,
    system="Debian, Linux 6.1",
    python="3.12.1",
    packages=(("av", "18.1"),),
)


def report(*rows: dict[str, Cell]) -> BenchReport:
    return BenchReport(
        name="example",
        title="An example",
        columns=(Column("case"), Column("share", "%", 0, "Rendered of all."), Column("lag", "ms")),
        rows=tuple(Row(cells) for cells in rows),
        notes=("Measured twice.",),
        machine=MACHINE,
    )


def test_table_when_written_then_figures_have_their_digits_and_gaps_are_dashes() -> None:
    table = as_table(report({"case": "one", "share": 0.5, "lag": -12.34}, {"case": "two"}))
    assert table.splitlines() == [
        "| case | share [%] | lag [ms] |",
        "| --- | ---: | ---: |",
        "| one | 50 | \u221212.3 |",
        "| two | \u2013 | \u2013 |",
    ]


def test_table_when_a_figure_rounds_to_zero_then_it_has_no_sign() -> None:
    assert "| 0.0 |" in as_table(report({"lag": -0.01}))


def test_table_when_a_word_holds_a_bar_or_a_line_break_then_the_table_stays_whole() -> None:
    table = as_table(report({"case": "a|b\nc"}))
    assert table.splitlines()[2] == "| a\\|b c | \u2013 | \u2013 |"


def test_page_when_written_then_it_explains_columns_and_names_the_machine() -> None:
    page = as_markdown(report({"case": "one"}))
    assert page.startswith("# An example\n")
    assert "- **share**: Rendered of all." in page
    assert "- Measured twice." in page
    assert "Example 3000 (x86_64), 2 usable cores, avx2; 2.0 GiB" in page


@pytest.mark.parametrize(
    ("columns", "cells", "says"),
    [
        ((Column("case"), Column("case")), {}, "two columns have one name"),
        ((Column("case"),), {"cse": 1.0}, r"row 1 fills no column: \['cse'\]"),
    ],
)
def test_report_when_rows_and_columns_do_not_fit_then_it_says_where(
    columns: tuple[Column, ...], cells: dict[str, Cell], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        BenchReport("example", "", columns, (Row(cells),), machine=MACHINE)


def test_files_when_written_then_json_has_every_figure_unrounded(tmp_path: Path) -> None:
    data, page = write(report({"case": "one", "lag": 1.23456}), tmp_path / "new")
    read = json.loads(data.read_text(encoding="utf-8"))
    assert read["rows"] == [{"case": "one", "share": None, "lag": 1.23456}]
    assert read["columns"][1] == {
        "name": "share",
        "unit": "%",
        "digits": 0,
        "help": "Rendered of all.",
    }
    assert read["machine"]["packages"] == {"av": "18.1"}
    assert page.read_text(encoding="utf-8") == as_markdown(report({"case": "one", "lag": 1.23456}))


def test_machine_when_asked_for_then_it_tells_what_figures_depend_on() -> None:
    machine = this_machine()
    assert machine.cpu
    assert machine.cores > 0
    assert machine.memory_mb > 100
    assert {"av", "numpy", "onnxruntime"} <= dict(machine.packages).keys()
