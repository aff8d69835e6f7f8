"""``polylip models``: list, fetch and check the models."""

import shlex
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from engines import EngineUnavailableError
from engines.catalogue import Catalogue, CatalogueError, Model, Task, Verification
from engines.catalogue.ways import Way, way

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
    """Show every model with its licence, its size and whether it is on this machine.

    Where no model translates a pair of languages, two that meet in English do; `route` tells which.
    """
    catalogue = _load(extra)
    table = Table(box=None)
    for heading in ("model", "task", "languages", "licence", "size", "here", "checked by"):
        table.add_column(heading, overflow="fold")
    models = catalogue.models(Task(task) if task else None)
    present = _present(catalogue, models)
    for model in models:
        here = "yes" if model.id in present else "no"
        table.add_row(
            model.id,
            model.task,
            _languages(model),
            _licence(model),
            _size(model.size),
            here,
            _checked_by(model),
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
    """Fetch models, or check those that are here and fetch what is damaged.

    A fetch that was broken off goes on where it stopped.
    """
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


@command.command("route")
@click.argument("source")
@click.argument("target")
@_EXTRA
def show_route(source: str, target: str, extra: Path | None) -> None:
    """Tell which models take speech from SOURCE to TARGET, and how to get those that lack."""
    catalogue = _load(extra)
    models = [model for model in catalogue.models() if model.runs_here]
    here = _present(catalogue, models)
    found = way(models, here, source, target)
    if found is None:
        raise click.ClickException(f"no model in the catalogue leads from {source} to {target}")
    for line in _way_in_words(found):
        click.echo(line)


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


def _present(catalogue: Catalogue, models: list[Model]) -> set[str]:
    """Ids of the models on this machine; what hinders one is told, and the others count."""
    here = set()
    for model in models:
        try:
            if catalogue.locate(model.id) is not None:
                here.add(model.id)
        except EngineUnavailableError as error:
            click.echo(f"{model.id}: {error}", err=True)
    return here


def _pull(catalogue: Catalogue, model: Model, accepted: str) -> None:
    click.echo(f"{model.id}: {_licence(model)}, {_size(model.size)}, {model.origin}")
    if model.unverified:
        click.echo(f"{model.id}: checked by {_checked_by(model)}: {model.unverified}")
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TransferSpeedColumn(), transient=True) as bars:
        rows = {
            file.name: bars.add_task(file.name, total=file.size, visible=False)
            for source in model.sources
            for file in source.files
        }

        def show(name: str, here: int, total: int | None) -> None:
            bars.update(rows[name], completed=here, total=total, visible=True)

        def wait() -> None:
            bars.console.print(f"{model.id}: another process is fetching it; waiting")

        if catalogue.locate(model.id) is None:
            path = catalogue.fetch(model.id, show, accepted_licence=accepted, waiting=wait)
        else:
            path = catalogue.mend(model.id, show, waiting=wait)
    click.echo(f"{model.id}: {path}")


def _verdict(result: Verification) -> str:
    if result.folder is None:
        return "not on this machine"
    if result.problems:
        return f"WRONG: {'; '.join(result.problems)}; in {result.folder}"
    return _unsure(result) if result.unverified else "right"


def _unsure(result: Verification) -> str:
    if result.pinned:
        return f"as it first came; no hash to compare that with: {result.unverified}"
    return f"sizes right, hash unknown: {result.unverified}"


def _way_in_words(found: Way) -> list[str]:
    through = f" through {found.via}" if found.via else ""
    lines = [f"{found.source} to {found.target}{through}:"]
    voice = [found.voice] if found.voice else []
    for model in [*found.translators, *voice]:
        where = "not here" if model in found.missing else "here"
        lines.append(f"  {model.id}: {_licence(model)}, {_size(model.size)}, {where}")
    if found.voice is None:
        lines.append(f"  no voice in the catalogue; espeak-ng may speak {found.target}")
    if found.missing:
        yes = [model.licence for model in found.missing if model.non_commercial]
        accept = f" --accept-licence {shlex.quote(yes[0])}" if yes else ""
        lines.append(f"polylip models pull {' '.join(one.id for one in found.missing)}{accept}")
    return lines


def _checked_by(model: Model) -> str:
    """The weakest of its files' checks."""
    files = [file for source in model.sources for file in source.files]
    if all(file.sha256 for file in files):
        return "SHA-256"
    if all(file.sha256 or file.md5 for file in files):
        return "MD5, then as first fetched"
    return "as first fetched"


def _languages(model: Model) -> str:
    if model.pair:
        return " to ".join(model.pair)
    return "any" if "mul" in model.languages else ", ".join(model.languages)


def _licence(model: Model) -> str:
    return f"{model.licence} (NON-COMMERCIAL)" if model.non_commercial else model.licence


def _size(size: int | None) -> str:
    return f"{size / 1e6:.0f} MB" if size is not None else "unknown"
