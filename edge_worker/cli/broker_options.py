"""The options by which every command finds the broker."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from edge_worker.transport import BrokerSettings, Tls
from mqtt_schemas import DEFAULT_PREFIX, IdRefused

_OPTIONS = (
    click.option("--host", default="localhost", show_default=True, help="Host of the MQTT broker."),
    click.option("--port", type=int, help="Its port.  [default: 1883, with TLS 8883]"),
    click.option("--username", envvar="POLYLIP_MQTT__USERNAME", help="User at the broker."),
    click.option(
        "--password",
        envvar="POLYLIP_MQTT__PASSWORD",
        help="Password; better in the environment: POLYLIP_MQTT__PASSWORD.",
    ),
    click.option("--tls", is_flag=True, help="Encrypt; implied by the certificate options."),
    click.option("--tls-ca", type=click.Path(path_type=Path), help="PEM file of the authority."),
    click.option(
        "--tls-cert", type=click.Path(path_type=Path), help="PEM file of our certificate."
    ),
    click.option("--tls-key", type=click.Path(path_type=Path), help="PEM file of our key."),
    click.option(
        "--prefix", default=DEFAULT_PREFIX, show_default=True, help="First level of every topic."
    ),
)


_NAMES = (
    "host", "port", "username", "password", "tls", "tls_ca", "tls_cert", "tls_key", "prefix",
)  # fmt: skip


def broker_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the broker's options; it gets them as one ``broker: BrokerSettings``."""

    @functools.wraps(command)
    def with_broker(**given: Any) -> None:  # noqa: ANN401 - click's options have every type
        settings = _settings(**{name: given.pop(name) for name in _NAMES})
        command(broker=settings, **given)

    for option in reversed(_OPTIONS):
        with_broker = option(with_broker)
    return with_broker


def _settings(
    *,
    host: str,
    port: int | None,
    username: str | None,
    password: str | None,
    tls: bool,
    tls_ca: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    prefix: str,
) -> BrokerSettings:
    encrypted = tls or tls_ca or tls_cert or tls_key
    try:
        return BrokerSettings(
            host=host,
            port=port if port is not None else 8883 if encrypted else 1883,
            username=username,
            password=password,
            tls=Tls(tls_ca, tls_cert, tls_key) if encrypted else None,
            prefix=prefix,
        )
    except (ValueError, IdRefused) as error:
        raise click.UsageError(str(error)) from error
