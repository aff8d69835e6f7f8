"""``polylip doctor``: what works here, what does not, and what to do about it."""

import asyncio
import json
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from edge_worker.config import ConfigurationError, WorkerSettings, load_settings
from edge_worker.doctor import (
    Finding,
    Health,
    examine_broker,
    examine_machine,
    examine_media,
    examine_models,
    examine_ports,
)
from edge_worker.transport import BrokerSettings
from edge_worker.worker import broker_settings
from engines.catalogue import Catalogue

_MARKS = {Health.WELL: "[green]ok[/]", Health.WARNING: "[yellow]!![/]", Health.ILL: "[red]no[/]"}


@click.command("doctor")
@click.option(
    "--config", type=click.Path(path_type=Path), help="The worker's TOML file, where it has one."
)
@click.option("--host", help="Host of the MQTT broker.  [default: as the worker is told]")
@click.option("--port", type=int, help="Its port.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def command(*, config: Path | None, host: str | None, port: int | None, as_json: bool) -> None:
    """Look at this machine, its models, its codecs and the broker, as a worker would use them.

    Takes the worker's own configuration (file and environment). Ends with 1 when something that
    Polylip is for does not work. Prints no password and no token.
    """
    mqtt = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    try:
        settings = load_settings(config, {"mqtt": mqtt} if mqtt else {})
        broker = broker_settings(settings.mqtt)
    except (ConfigurationError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    findings = asyncio.run(_examined(settings, broker))
    if as_json:
        click.echo(json.dumps([one.as_json() for one in findings], indent=1))
    else:
        _show(findings)
    sys.exit(any(one.health is Health.ILL for one in findings))


async def _examined(settings: WorkerSettings, broker: BrokerSettings) -> list[Finding]:
    root = Catalogue.load(root=settings.downloads.folder).root
    return [
        *examine_machine(root),
        *examine_media(),
        *examine_models(settings),
        *[finding async for finding in examine_broker(broker)],
        *examine_ports(settings.http),
    ]


def _show(findings: list[Finding]) -> None:
    table = Table(box=None, show_header=False)
    table.add_column(width=2)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for one in findings:
        advice = f"\n[dim]-> {one.advice}[/]" if one.advice else ""
        table.add_row(_MARKS[one.health], one.about, f"{one.found}{advice}")
    Console(highlight=False).print(table)
