"""``polylip record``: a stream's output to an mp4 file, on request and only then."""

import asyncio
import contextlib
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import av
import click

from edge_worker.captions.webvtt import write_webvtt
from edge_worker.cli.broker_options import broker_options
from edge_worker.egress.recorder import Recorder, remux
from edge_worker.egress.runs import runs_of
from edge_worker.egress.transcript import Transcript
from edge_worker.transport import BrokerSettings, Message, MqttLink
from mqtt_schemas import Channel, IdRefused, Topics, check_id, check_language

_CAPACITY = 1024


@click.command("record")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--stream", default="door", show_default=True, help="Id of the stream.")
@click.option("--to", "language", default="en", show_default=True, help="Its target language.")
@click.option("--seconds", type=click.FloatRange(min=1), help="Stop by itself after this long.")
@click.option(
    "--captions/--no-captions",
    "captioned",
    default=True,
    show_default=True,
    help="Write what was said, in both languages, into FILE and beside it (.vtt).",
)
@broker_options
def command(
    *,
    file: Path,
    stream: str,
    language: str,
    seconds: float | None,
    captioned: bool,
    broker: BrokerSettings,
) -> None:
    """Record what a stream's owner sees and hears to FILE (mp4), until Ctrl-C or --seconds.

    Nothing is encoded again, and the file says that it was translated by AI. `polylip verify FILE`
    judges it.
    """
    try:
        check_id(stream)
        check_language(language)
    except IdRefused as error:
        raise click.UsageError(str(error)) from error
    transcript = Transcript()
    with tempfile.TemporaryDirectory(dir=file.resolve().parent) as folder:
        recording = Path(folder) / "recording.ts"
        topics = _Topics(Topics(broker.prefix), stream, language)
        segments = asyncio.run(_record(broker, topics, recording, transcript, seconds))
        if not segments:
            raise click.ClickException(
                f"nothing came on {topics.media}; is a worker serving {stream}?"
            )
        try:
            written = _films(recording, file, transcript, language if captioned else None)
        except (ValueError, OSError, av.FFmpegError) as error:
            kept = _kept(recording, file)
            raise click.ClickException(
                f"{file} was not written: {error}. What came is in {kept}"
            ) from error
    for path, count in written:
        said = f", {count} captions" if captioned else ""
        click.echo(f"{path}: {segments} segments in all{said}", err=True)
    if len(written) > 1:
        click.echo("the size of the pictures changed, so there is a film of each", err=True)


def _films(
    recording: Path, file: Path, transcript: Transcript, language: str | None
) -> list[tuple[Path, int]]:
    """Write every film of a recording; each with the number of its captions.

    A film appears at its path when it is whole.
    """
    runs = runs_of(recording)
    written = []
    for number in range(1 + max(run.film for run in runs)):
        path = file if number == 0 else file.with_stem(f"{file.stem}-{number + 1}")
        captions = transcript.captions(runs, language, number) if language else None
        made = recording.with_name(f"{number}{file.suffix or '.mp4'}")
        remux(recording, made, number=number, captions=captions)
        made.replace(path)
        if captions is not None:
            path.with_suffix(".vtt").write_text(write_webvtt(captions), encoding="utf-8")
        written.append((path, len(captions.entries) if captions else 0))
    return written


def _kept(recording: Path, file: Path) -> Path:
    """Save a recording that no film could be made of, beside where that was to be."""
    path = file.with_suffix(".ts")
    number = 1
    while path.exists():
        number += 1
        path = file.with_name(f"{file.stem}-{number}.ts")
    return recording.rename(path)


@dataclass(frozen=True, slots=True)
class _Topics:
    """What a recording listens to."""

    all: Topics
    stream: str
    language: str

    @property
    def media(self) -> str:
        return self.all.out_av(self.stream, self.language)

    @property
    def words(self) -> tuple[str, ...]:
        channels = (Channel.UTTERANCE, Channel.STREAM_CLOCK)
        return tuple(self.all.filter(channel, stream=self.stream) for channel in channels)


async def _record(
    broker: BrokerSettings,
    topics: _Topics,
    recording: Path,
    transcript: Transcript,
    seconds: float | None,
) -> int:
    ended = asyncio.Event()
    if sys.platform != "win32":
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
    with Recorder(recording) as recorder:

        async def segment(message: Message) -> None:
            await recorder.received(message)
            transcript.segment(message)

        async def said(message: Message) -> None:
            transcript.said(topics.all, message)

        async with MqttLink(broker) as link:
            for words in topics.words:
                await link.subscribe(words, said, qos=1)
            await link.subscribe(topics.media, segment, media=True, capacity=_CAPACITY)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), seconds)
        return len(recorder.segments)
