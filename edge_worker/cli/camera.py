"""``polylip camera``: the device side."""

import asyncio
import signal
import sys

import click

from edge_worker.camera import (
    CameraOptions,
    SinkError,
    SourceAddress,
    SourceError,
    SpeakerAddress,
    run_camera,
)
from edge_worker.cli.broker_options import broker_options
from edge_worker.transport import BrokerSettings
from mqtt_schemas import Refused


@click.command("camera")
@click.argument("source")
@click.option("--stream", default="door", show_default=True, help="Id of the stream: a-z 0-9 _ -.")
@click.option("--name", default="", help="Its name, for people.")
@click.option("--area", default="", help="Where it is, for people.")
@click.option("--language", default="", help="Language most often spoken there, such as pt-br.")
@click.option("--audio-device", help="ALSA microphone beside a video device, such as plughw:0.")
@click.option(
    "--sub-stream", help="URL of its smaller pictures, taken when SOURCE's are too large."
)
@click.option(
    "--doorbell",
    is_flag=True,
    help="It is a doorbell: translated from the event `ring` on, which your bell publishes.",
)
@click.option("--loop", is_flag=True, help="Play a file again and again, as one stream.")
@click.option(
    "--realtime/--as-fast",
    default=True,
    help="A file at its own speed (the default), or as fast as the broker takes it.",
)
@click.option(
    "--talkback",
    help="What plays the owner's words there: auto (the camera's own back-channel), device:NAME "
    "(ALSA), command:PROGRAM ARGUMENTS, or rtsp://...",
)
@broker_options
def command(
    *,
    source: str,
    stream: str,
    name: str,
    area: str,
    language: str,
    audio_device: str | None,
    sub_stream: str | None,
    doorbell: bool,
    loop: bool,
    realtime: bool,
    talkback: str | None,
    broker: BrokerSettings,
) -> None:
    """Publish SOURCE as a stream.

    SOURCE is a file, a URL (rtsp, http), a video device (/dev/video0), or - for MPEG-TS on
    standard input, as ffmpeg writes it. H.264, H.265, AAC and MP2 pass as they are; anything
    else is encoded. Instead of pictures above 1280x720 (720x1280 upright) the camera's sub-stream
    is taken where there is one, else they are scaled. A live source that breaks is opened again
    for ever; one that cannot be opened at the start ends the command.
    """
    try:
        options = CameraOptions(
            source=SourceAddress(source, audio_device, sub_stream),
            stream=stream,
            broker=broker,
            name=name,
            area=area,
            language=language,
            doorbell=doorbell,
            loop=loop,
            realtime=realtime,
            talkback=SpeakerAddress.read(talkback) if talkback else None,
        )
        asyncio.run(_until_told(options))
    except (SourceError, SinkError, Refused, ValueError) as error:
        raise click.ClickException(str(error)) from error
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(0)


async def _until_told(options: CameraOptions) -> None:
    """Run until the source is over or SIGTERM comes, which is a good end too."""
    running = asyncio.ensure_future(run_camera(options))
    if sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    await running
