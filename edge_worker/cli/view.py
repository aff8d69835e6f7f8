"""``polylip view``: the address of a stream, for players."""

import asyncio

import click

from edge_worker.asking import NotAnsweredError, request
from edge_worker.cli.broker_options import broker_options
from edge_worker.transport import BrokerSettings
from mqtt_schemas import Refused, ViewGrant, ViewScope, decode_data

_ADDRESSES = ("live", "original", "mjpeg", "snapshot", "whep")


@click.command("view")
@click.argument("stream")
@click.option(
    "--what",
    type=click.Choice(_ADDRESSES),
    default="live",
    show_default=True,
    help="Which of its addresses.",
)
@click.option("--talk", is_flag=True, help="Its token also lets its holder speak at the door.")
@broker_options
def command(*, stream: str, what: str, talk: bool, broker: BrokerSettings) -> None:
    """Print the address of STREAM, with a token that is good until its worker starts again.

    For players and for go2rtc: ffplay "$(polylip view door)".
    """
    scope = ViewScope.TALK if talk else ViewScope.VIEW
    try:
        data = asyncio.run(request(broker, "view", stream, {"scope": scope.value}))
        grant = decode_data(ViewGrant, data)
    except (NotAnsweredError, Refused) as error:
        raise click.ClickException(str(error)) from error
    address = getattr(grant, f"{what}_url")
    if not address:
        raise click.ClickException(f"{stream}: {what} is not served")
    click.echo(f"{address}?token={grant.token}")
