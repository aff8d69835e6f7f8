"""``polylip say``: a reply at the door, in the visitor's language."""

import asyncio

import click

from edge_worker.asking import NotAnsweredError, ask, new_transaction
from edge_worker.cli.broker_options import broker_options
from edge_worker.transport import BrokerSettings
from mqtt_schemas import (
    Channel,
    Refused,
    TalkbackReply,
    TalkbackSay,
    Topics,
    canonical_language,
    decode_data,
    encode,
)

_WITHIN_S = 150.0
"""Waiting for its turn, and being spoken."""


@click.command("say")
@click.argument("stream")
@click.argument("text")
@click.option("--language", default="en", show_default=True, help="Language of TEXT.")
@click.option("--to", "target", default="", help="Language to speak in.  [default: the visitor's]")
@broker_options
def command(*, stream: str, text: str, language: str, target: str, broker: BrokerSettings) -> None:
    """Say TEXT at the door of STREAM; ends when the loudspeaker has said it."""
    transaction = new_transaction()
    topic = Topics(broker.prefix).build(Channel.TALKBACK_SAY, stream=stream)
    try:
        say = TalkbackSay(
            stream=stream,
            transaction=transaction,
            text=text,
            language=canonical_language(language),
            target_language=canonical_language(target) if target else "",
        )
        data = asyncio.run(ask(broker, topic, encode(say, topic), transaction, within_s=_WITHIN_S))
        reply = decode_data(TalkbackReply, data)
    except (NotAnsweredError, Refused) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{reply.language}: {reply.text}")
