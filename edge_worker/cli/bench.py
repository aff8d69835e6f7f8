"""``polylip bench``: measure, and write down what was found."""

import importlib
from pathlib import Path
from typing import cast

import click

from edge_worker.bench import BENCHES, Bench, BenchFailedError, BenchOptions
from edge_worker.bench.report import as_markdown, write
from engines import EngineUnavailableError


class BenchGroup(click.Group):
    """A group with a command for every bench; what a bench needs is imported when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names of all benches."""
        return list(BENCHES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - likewise
        """The command of one bench; None if there is none of this name."""
        return _command(cmd_name) if cmd_name in BENCHES else None


@click.group("bench", cls=BenchGroup)
def command() -> None:
    """Measure what Polylip costs on this machine, and how well it does."""


def load(name: str) -> Bench:
    """The ``run`` of the bench of this name."""
    return cast("Bench", importlib.import_module(f"edge_worker.bench.{name}").run)


def _command(name: str) -> click.Command:
    @click.command(name, help=BENCHES[name])
    @click.option(
        "--output",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("bench-output") / name,
        show_default=True,
        help="Folder for the report and whatever else is made.",
    )
    @click.option("--quick", is_flag=True, help="Prove that it runs; not for figures.")
    @click.option("--only", multiple=True, metavar="CASE", help="Run this case; may be repeated.")
    def bench(*, folder: Path, quick: bool, only: tuple[str, ...]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        options = BenchOptions(folder, quick, only, lambda text: click.echo(text, err=True))
        try:
            report = load(name)(options)
        except (BenchFailedError, EngineUnavailableError, ValueError) as error:
            raise click.ClickException(str(error)) from error
        _, page = write(report, folder)
        click.echo(as_markdown(report))
        click.echo(f"Written to {page} and {page.with_suffix('.json')}.", err=True)

    return bench
