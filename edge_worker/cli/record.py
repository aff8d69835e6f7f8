"""``polylip record``: a stream's output to an mp4 file, on request and only then."""

import asyncio
import contextlib
import signal
import sys
import tempfile
from pathlib import Path

import av
import click

from edge_worker.cli.broker_options import broker_options
from edge_worker.egress.recorder import Recorder, remux
from edge_worker.transport import BrokerSettings, MqttLink
from mqtt_schemas import IdRefused, Topics, check_id, check_language

_CAPACITY = 1024


@click.command("record")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--stream", default="door", show_default=True, help="Id of the stream.")
@click.option("--to", "language", default="en", show_default=True, help="Its target language.")
@click.option("--seconds", type=click.FloatRange(min=1), help="Stop by itself after this long.")
@broker_options
def command(
    *, file: Path, stream: str, language: str, seconds: float | None, broker: BrokerSettings
) -> None:
    """Record what a stream's owner sees and hears to FILE (mp4), until Ctrl-C or --seconds.

    Nothing is encoded again, and the file says that it was translated by AI.
    """
    try:
        topic = Topics(broker.prefix).out_av(check_id(stream), check_language(language))
    except IdRefused as error:
        raise click.UsageError(str(error)) from error
    with tempfile.TemporaryDirectory(dir=file.resolve().parent) as folder:
        recording = Path(folder) / "recording.ts"
        segments = asyncio.run(_record(broker, topic, recording, seconds))
        if not segments:
            raise click.ClickException(f"nothing came on {topic}; is a worker serving {stream}?")
        try:
            remux(recording, file)
        except (ValueError, av.FFmpegError) as error:
            raise click.ClickException(f"{file} was not written: {error}") from error
    click.echo(f"{file}: {segments} segments", err=True)


async def _record(
    broker: BrokerSettings, topic: str, recording: Path, seconds: float | None
) -> int:
    ended = asyncio.Event()
    if sys.platform != "win32":
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
    with Recorder(recording) as recorder:
        async with MqttLink(broker) as link:
            await link.subscribe(topic, recorder.received, media=True, capacity=_CAPACITY)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), seconds)
        return len(recorder.segments)
