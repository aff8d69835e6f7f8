"""What a bench found: one table, said in JSON for programs and in Markdown for people."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from edge_worker.bench.machine import Machine, this_machine

Cell = float | str | None
"""A figure, a word, or nothing where there is no data."""

_NOTHING = "\u2013"
_MINUS = "\u2212"


@dataclass(frozen=True, slots=True)
class Column:
    """One thing that is told of every row."""

    name: str
    unit: str = ""
    """``%`` shows 0.5 as 50."""
    digits: int = 1
    """After the decimal point, of figures."""
    help: str = ""
    """What is measured, where the name alone does not say."""

    @property
    def heading(self) -> str:
        """Name and unit."""
        return f"{self.name} [{self.unit}]" if self.unit else self.name

    def show(self, cell: Cell) -> str:
        """A cell for people."""
        if cell is None:
            return _NOTHING
        if isinstance(cell, str):
            return cell.replace("|", "\\|").replace("\n", " ")
        value = cell * 100 if self.unit == "%" else cell
        shown = f"{value:.{self.digits}f}"
        return shown.lstrip("-") if float(shown) == 0 else shown.replace("-", _MINUS)


@dataclass(frozen=True, slots=True)
class Row:
    """One case."""

    cells: Mapping[str, Cell]
    """By the name of the column; one that is left out has no data."""


@dataclass(frozen=True, slots=True)
class BenchReport:
    """Everything that a bench found.

    Raises:
        ValueError: two columns have one name, or a row fills a column that is not there.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    """A sentence each: how it was measured, what it does not show."""
    machine: Machine = field(default_factory=this_machine)

    def __post_init__(self) -> None:
        """Check that rows and columns fit."""
        names = [column.name for column in self.columns]
        if len(set(names)) < len(names):
            raise ValueError(f"bench {self.name}: two columns have one name: {names}")
        for number, row in enumerate(self.rows, 1):
            if unknown := sorted(set(row.cells) - set(names)):
                raise ValueError(f"bench {self.name}: row {number} fills no column: {unknown}")


def as_table(report: BenchReport) -> str:
    """The rows as a Markdown table; figures stand to the right."""
    lines = [
        [column.heading for column in report.columns],
        [_ruler(report, column) for column in report.columns],
        *(
            [column.show(row.cells.get(column.name)) for column in report.columns]
            for row in report.rows
        ),
    ]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def as_markdown(report: BenchReport) -> str:
    """The whole report as a Markdown page."""
    meanings = [f"- **{c.name}**: {c.help}\n" for c in report.columns if c.help]
    notes = [f"- {note}\n" for note in report.notes]
    parts = [
        f"# {report.title}\n",
        as_table(report),
        "".join(meanings),
        "".join(notes),
        f"Machine: {report.machine.sentence()}\n",
    ]
    return "\n".join(part for part in parts if part)


def as_json(report: BenchReport) -> str:
    """The whole report; rows are objects by the columns' names, figures unrounded."""
    tree = {
        "name": report.name,
        "title": report.title,
        "columns": [asdict(column) for column in report.columns],
        "rows": [
            {column.name: row.cells.get(column.name) for column in report.columns}
            for row in report.rows
        ],
        "notes": report.notes,
        "machine": asdict(report.machine) | {"packages": dict(report.machine.packages)},
    }
    return json.dumps(tree, ensure_ascii=False, indent=1) + "\n"


def write(report: BenchReport, folder: Path) -> tuple[Path, Path]:
    """Write ``<name>.json`` and ``<name>.md``.

    Args:
        report: what was found.
        folder: made where it is missing.

    Returns:
        The two files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data, page = folder / f"{report.name}.json", folder / f"{report.name}.md"
    data.write_text(as_json(report), encoding="utf-8")
    page.write_text(as_markdown(report), encoding="utf-8")
    return data, page


def _ruler(report: BenchReport, column: Column) -> str:
    cells = [row.cells.get(column.name) for row in report.rows]
    return "---" if any(isinstance(cell, str) for cell in cells) else "---:"
