"""Clips with a flash and a beep at the same moment, and what a receiver makes of the segments."""

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import av
import numpy as np

from edge_worker.camera import CameraOptions, SourceAddress, run_camera
from edge_worker.items import Samples
from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.decode import AudioDecoder, VideoDecoder
from edge_worker.media.mpegts import Demuxer
from edge_worker.media.timestamps import Unwrapper, ns_to_ticks, ticks_to_ns
from edge_worker.transport import Message
from mqtt_schemas import ClockAnchor, MediaProperties, StreamInfo, decode
from tests.broker.conftest import Mosquitto
from tests.broker.watching import until

FLASH_NS = 1_000_000_000
"""Where flash and beep begin in every clip."""

_H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def film(
    path: Path,
    *codecs: str,
    size: str = "320x240",
    rate: str = "25",
    sample_rate: int = 48_000,
    seconds: float = 2,
    video: bool = True,
    audio: bool = True,
) -> Path:
    """Make a clip: grey, one white frame 1 s in; silence, a beep of 20 ms at the same moment.

    Args:
        path: its name tells ffmpeg the container.
        codecs: ffmpeg's output options; H.264 and the container's default sound without any.
    """
    inputs: list[str] = []
    if video:
        flash = "drawbox=color=white:t=fill:enable='between(t,0.9999,1.02)'"
        picture = f"color=0x606060:size={size}:rate={rate}:duration={seconds},{flash}"
        inputs += ["-f", "lavfi", "-i", picture]
    if audio:
        beep = "if(between(t,1,1.02),0.8*sin(2*PI*1000*t),0)"
        sound = f"aevalsrc='{beep}':sample_rate={sample_rate}:duration={seconds}"
        inputs += ["-f", "lavfi", "-i", sound]
    wanted = codecs or (_H264 if video else ())
    command = ["ffmpeg", "-y", "-loglevel", "error", *inputs, *wanted, str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path


@dataclass
class Stream:
    """Everything a subscriber saw of one stream."""

    info: list[StreamInfo] = field(default_factory=list)
    status: list[str] = field(default_factory=list)
    anchors: list[ClockAnchor] = field(default_factory=list)
    segments: list[Message] = field(default_factory=list)

    async def __call__(self, message: Message) -> None:
        kind = message.topic.rpartition("/")[2]
        if kind == "info":
            self.info.append(decode(StreamInfo, message.topic, message.payload))
        elif kind == "status":
            self.status.append(message.payload.decode())
        elif kind == "clock":
            self.anchors.append(decode(ClockAnchor, message.topic, message.payload))
        elif kind == "av":
            self.segments.append(message)

    @property
    def properties(self) -> list[MediaProperties]:
        """User properties of every segment."""
        return [MediaProperties.from_pairs(m.topic, m.user_properties) for m in self.segments]

    def units(self) -> list[AccessUnit]:
        """Access units of all segments, timestamps unwrapped as the properties state."""
        demuxer, unwrapper = Demuxer(), Unwrapper()
        units: list[AccessUnit] = []
        for message, properties in zip(self.segments, self.properties, strict=True):
            unwrapper.steer(ns_to_ticks(properties.pts_ns or 0))
            for unit in demuxer.feed(message.payload, whole=True):
                pts = unwrapper.unwrap(unit.pts)
                dts = pts - (unit.pts - unit.dts)
                units.append(AccessUnit(unit.kind, unit.codec, pts, dts, unit.data, unit.key))
        assert demuxer.counters.corrupt == demuxer.counters.lost == 0
        return units


def flashes(units: list[AccessUnit]) -> list[int]:
    """Media time of every white frame that follows a grey one, nanoseconds."""
    pictures = [unit for unit in units if unit.kind == "video"]
    codec = pictures[0].codec
    assert codec in {"h264", "hevc"}
    decoder = VideoDecoder("h264" if codec == "h264" else "hevc", "")
    frames = [frame for unit in pictures for frame in decoder.decode(unit)] + decoder.flush()
    found: list[int] = []
    bright = False
    for frame in frames:
        was, bright = bright, float(frame.planes[: frame.height].mean()) > 180
        if bright and not was:
            found.append(frame.pts_ns)
    return found


def beeps(units: list[AccessUnit]) -> list[int]:
    """Media time at which each beep begins, nanoseconds."""
    frames = [unit for unit in units if unit.kind == "audio"]
    codec = frames[0].codec
    assert codec in {"aac", "mp2"}
    decoder = AudioDecoder("aac" if codec == "aac" else "mp2", "")
    found: list[int] = []
    quiet_since = 0
    for unit in frames:
        for block in decoder.decode(unit):
            loud = np.flatnonzero(np.abs(block.samples) > 0.3)
            times = block.pts_ns + loud * 1_000_000_000 // block.sample_rate
            for at in times.tolist():
                if at - quiet_since > 200_000_000:
                    found.append(at)
                quiet_since = at
    return found


def flash_and_beep_of(path: Path) -> tuple[int, int]:
    """Where the clip itself has them, by FFmpeg's own reading of it, nanoseconds from its start."""
    with av.open(path) as clip:
        start_s = max(0, clip.start_time or 0) / 1_000_000
        flash_s = next(
            frame.time
            for frame in clip.decode(video=0)
            if frame.to_ndarray(format="gray").mean() > 180
        )
    with av.open(path) as clip:
        beep_s = next(
            (frame.time or 0) + int(np.flatnonzero(loud)[0]) / frame.sample_rate
            for frame in clip.decode(audio=0)
            if (loud := np.abs(_floats(frame)) > 0.3).any()
        )
    return round((flash_s - start_s) * 1e9), round((beep_s - start_s) * 1e9)


def _floats(frame: av.AudioFrame) -> Samples:
    mixed = av.AudioResampler("fltp", "mono").resample(frame)[0]
    return np.asarray(mixed.to_ndarray()[0], np.float32)


def span_ns(units: list[AccessUnit]) -> int:
    """From the first picture or sound to the last."""
    stamps = [unit.pts for unit in units]
    return ticks_to_ns(max(stamps) - min(stamps))


def recut(target: Path, *options: str) -> Path:
    """Make a clip of another one, by ffmpeg's options."""
    command = ["ffmpeg", "-y", "-loglevel", "error", *options, "-c", "copy", str(target)]
    subprocess.run(command, check=True, timeout=60)
    return target


def of(path: Path | str, mosquitto: Mosquitto, **others: Any) -> CameraOptions:
    """The options to publish a source fast, as stream ``door``."""
    address = SourceAddress(str(path))
    options = CameraOptions(address, "door", broker=mosquitto.settings, realtime=False)
    return replace(options, **others)


@asynccontextmanager
async def watched(mosquitto: Mosquitto, name: str = "door") -> AsyncIterator[Stream]:
    """A subscriber to everything of a stream."""
    stream = Stream()
    async with mosquitto.link() as link:
        await link.wait_connected()
        await link.subscribe(f"polylip/stream/{name}/#", stream, qos=1)
        yield stream


async def published(mosquitto: Mosquitto, options: CameraOptions) -> Stream:
    """What a subscriber saw when the source is over."""
    async with watched(mosquitto) as stream:
        await run_camera(options)
        await until(lambda: stream.status[-1:] == ["offline"])
    return stream
