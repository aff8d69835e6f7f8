"""``polylip models``: list, fetch and check the models."""

from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from engines import EngineUnavailableError
from engines.catalogue import Catalogue, CatalogueError, Model, Task, Verification

_EXTRA = click.option(
    "--catalogue",
    "extra",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML file with further models, or other sources for known ones.",
)


@click.group("models")
def command() -> None:
    """List, fetch and check the models that Polylip works with."""


@command.command("list")
@click.option("--task", type=click.Choice([task.value for task in Task]), help="Only this kind.")
@_EXTRA
def list_models(task: str | None, extra: Path | None) -> None:
    """Show every model with its licence, its size and whether it is on this machine."""
    catalogue = _load(extra)
    table = Table(box=None)
    for heading in ("model", "task", "languages", "licence", "size", "here"):
        table.add_column(heading, overflow="fold")
    for model in catalogue.models(Task(task) if task else None):
        here = "yes" if catalogue.locate(model.id) else "no"
        table.add_row(
            model.id, model.task, _languages(model), _licence(model), _size(model.size), here
        )
    Console().print(table)


@command.command("pull")
@click.argument("ids", nargs=-1, required=True)
@click.option(
    "--accept-licence",
    "accepted",
    default="",
    metavar="LICENCE",
    help="Say yes to a non-commercial licence by its name.",
)
@_EXTRA
def pull_models(ids: tuple[str, ...], accepted: str, extra: Path | None) -> None:
    """Fetch models; a fetch that was broken off goes on where it stopped."""
    catalogue = _load(extra)
    failures = 0
    for model_id in ids:
        try:
            _pull(catalogue, catalogue.model(model_id), accepted)
        except EngineUnavailableError as error:
            click.echo(str(error), err=True)
            failures += 1
    if failures:
        raise SystemExit(1)


@command.command("verify")
@click.argument("ids", nargs=-1)
@_EXTRA
def verify_models(ids: tuple[str, ...], extra: Path | None) -> None:
    """Check size and SHA-256 of models on this machine; without IDS of all that are here."""
    catalogue = _load(extra)
    try:
        found = [catalogue.verify(name) for name in ids or [m.id for m in catalogue.models()]]
    except EngineUnavailableError as error:
        raise click.ClickException(str(error)) from error
    shown = [result for result in found if ids or result.folder is not None]
    for result in shown:
        click.echo(f"{result.model.id}: {_verdict(result)}")
    if any(result.problems or result.folder is None for result in shown):
        raise SystemExit(1)


def _load(extra: Path | None) -> Catalogue:
    try:
        return Catalogue.load(extra)
    except CatalogueError as error:
        raise click.ClickException(str(error)) from error


def _pull(catalogue: Catalogue, model: Model, accepted: str) -> None:
    click.echo(f"{model.id}: {_licence(model)}, {_size(model.size)}, {model.origin}")
    if model.unverified:
        click.echo(f"{model.id}: cannot be checked by hash: {model.unverified}")
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TransferSpeedColumn(), transient=True) as bars:
        rows = {
            file.name: bars.add_task(file.name, total=file.size, visible=False)
            for source in model.sources
            for file in source.files
        }

        def show(name: str, here: int, total: int | None) -> None:
            bars.update(rows[name], completed=here, total=total, visible=True)

        path = catalogue.fetch(model.id, show, accepted_licence=accepted)
    click.echo(f"{model.id}: {path}")


def _verdict(result: Verification) -> str:
    if result.folder is None:
        return "not on this machine"
    if result.problems:
        return f"WRONG: {'; '.join(result.problems)}; in {result.folder}"
    return f"sizes right, hash unknown: {result.unverified}" if result.unverified else "right"


def _languages(model: Model) -> str:
    if model.pair:
        return " to ".join(model.pair)
    return "any" if "mul" in model.languages else ", ".join(model.languages)


def _licence(model: Model) -> str:
    return f"{model.licence} (NON-COMMERCIAL)" if model.non_commercial else model.licence


def _size(size: int | None) -> str:
    return f"{size / 1e6:.0f} MB" if size is not None else "unknown"
