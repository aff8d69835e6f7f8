"""``polylip worker``: the edge worker."""

import asyncio
import logging
import signal
import sys
from pathlib import Path

import click

from edge_worker.config import ConfigurationError, WorkerSettings, load_settings
from edge_worker.engine_loading import load_engines
from edge_worker.engine_set import EngineSet
from edge_worker.logs import log_as_worker
from edge_worker.serving import Serving
from edge_worker.worker import Worker
from engines import EngineUnavailableError
from engines.catalogue import Catalogue, CatalogueError
from mqtt_schemas import DownloadPolicy, Role

_log = logging.getLogger(__name__)


@click.command("worker")
@click.option(
    "--config", type=click.Path(path_type=Path), help="TOML file; see docs/configuration.md."
)
@click.option("--worker", help="This worker's id.  [default: the host's name]")
@click.option("--host", help="Host of the MQTT broker.  [default: localhost]")
@click.option("--port", type=int, help="Its port.  [default: 1883]")
@click.option("--username", help="User at the broker.")
@click.option("--prefix", help="First level of every topic.  [default: polylip]")
@click.option("--to", "target", help="Language to translate to.  [default: en]")
@click.option("--from", "source", help="Language spoken at the door.  [default: auto]")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice([role.value for role in Role]),
    help="What it does: atp hears and speaks, rvp shows; may be repeated.  [default: both]",
)
@click.option(
    "--http",
    is_flag=True,
    default=None,
    help="Serve live streams and a page, at http://127.0.0.1:8090.",
)
@click.option(
    "--http-bind", metavar="ADDRESS", help="Serve them on this address, for others to reach."
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="KEY=VALUE",
    help="Any other setting, such as limits.streams=2; may be repeated.",
)
def command(
    *,
    config: Path | None,
    worker: str | None,
    host: str | None,
    port: int | None,
    username: str | None,
    prefix: str | None,
    target: str | None,
    source: str | None,
    roles: tuple[str, ...],
    http: bool | None,
    http_bind: str | None,
    assignments: tuple[str, ...],
) -> None:
    """Translate and lip-sync the streams of one broker until told to stop."""
    given = {
        "worker": worker,
        "mqtt.host": host,
        "mqtt.port": port,
        "mqtt.username": username,
        "mqtt.prefix": prefix,
        "defaults.target_language": target,
        "defaults.source_language": source,
        "roles": roles or None,
        "http.enabled": http or (True if http_bind else None),
        "http.bind": http_bind,
    }
    flags: dict[str, object] = {}
    for key, value in given.items():
        if value is not None:
            _assign(flags, key, value)
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals:
            raise click.UsageError(f"--set {assignment}: write KEY=VALUE")
        _assign(flags, key.strip(), value.strip())
    try:
        settings = load_settings(config, flags)
        log_as_worker(settings.worker)
        asyncio.run(_serve(settings))
    except (
        ConfigurationError,
        EngineUnavailableError,
        CatalogueError,
        ValueError,
        OSError,
    ) as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        sys.exit(0)


def _assign(tree: dict[str, object], path: str, value: object) -> None:
    *sections, name = path.split(".")
    for section in sections:
        below = tree.setdefault(section, {})
        if not isinstance(below, dict):
            raise click.UsageError(f"--set {path}: {section} is a value, not a section")
        tree = below
    tree[name] = value


async def _serve(settings: WorkerSettings) -> None:
    def load() -> EngineSet:
        targets = {one.target_language for one in (settings.defaults, *settings.streams.values())}
        downloads = settings.downloads
        return load_engines(
            settings.engines,
            Catalogue.load(downloads.catalogue, root=downloads.folder, hub=downloads.hub),
            lambda what: _log.info("loading %s", what),
            targets,
            may_fetch=downloads.policy is not DownloadPolicy.NEVER,
            accepted_licences=downloads.accepted,
            roles=settings.roles,
        )

    front = Serving(settings) if settings.http.enabled else None
    worker = Worker(settings, load, front=front)
    if sys.platform != "win32":
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, worker.stop)
    await worker.run()
