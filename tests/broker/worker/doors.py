"""Visitors at a door: short clips cut out of the sample, and what publishes them."""

import asyncio
import secrets
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge_worker.items import Samples
from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.mpegts import Demuxer, Muxer
from edge_worker.media.segments import MediaSegment, SegmentCutter
from edge_worker.transport import MqttLink
from mqtt_schemas import MediaProperties, Topics

SAMPLE = Path(__file__).parents[3] / "edge_worker" / "demo" / "sample" / "visitor.mp4"
TOPICS = Topics()
SECOND_NS = 1_000_000_000
CLIP_START_NS = 20 * SECOND_NS
RATE = 48_000


@dataclass(frozen=True)
class Clip:
    """A film in segments, as a camera side would publish them."""

    segments: tuple[MediaSegment, ...]

    @property
    def length_ns(self) -> int:
        last = self.segments[-1]
        return last.pts_ns + last.duration_ns - self.segments[0].pts_ns


def ffmpeg(*options: str) -> bytes:
    """MPEG-TS that ffmpeg writes with these options."""
    command = ["ffmpeg", "-v", "error", *options, "-f", "mpegts", "-"]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


VIDEO = ("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25", "-bf", "0")
AUDIO = ("-c:a", "aac", "-ac", "1", "-b:a", "64k")


LAST_SILENCE_S = 1.5
"""Held at the end of every visit, so that the last sentence is over."""


def visit(
    start_s: float,
    end_s: float,
    *filters: str,
    rate: int = 25,
    audio: tuple[str, ...] = AUDIO,
    silence_s: float = LAST_SILENCE_S,
) -> Clip:
    """A stretch of the sample at 320x240, then silence; ``filters`` change its pictures."""
    held = f"tpad=stop_mode=clone:stop_duration={silence_s}"
    seen = ",".join([f"scale=320:240,fps={rate}", held, *filters])
    cut = ("-ss", str(start_s), "-t", str(end_s - start_s), "-i", str(SAMPLE))
    heard = () if "-an" in audio else ("-af", f"apad=pad_dur={silence_s}")
    return clip_of(ffmpeg(*cut, "-vf", seen, *heard, *VIDEO, *audio))


def sounding(
    folder: Path, sound: Samples, *, picture: bool = False, audio: tuple[str, ...] = AUDIO
) -> Clip:
    """Made-up sound at 48 kHz, with a grey picture of 10 a second or without any."""
    raw = folder / f"{secrets.token_hex(4)}.f32"
    raw.write_bytes(np.asarray(sound, np.float32).tobytes())
    heard = ("-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", str(raw))
    seen = ("-f", "lavfi", "-i", f"color=0x606060:size=160x120:rate=10:d={len(sound) / RATE}")
    codecs = (*VIDEO, *audio) if picture else audio
    return clip_of(ffmpeg(*heard, *(seen if picture else ()), *codecs))


def sound_of(film: Path, start_s: float = 0, seconds: float = 60) -> Samples:
    """The sound of a file at 48 kHz."""
    cut = ("-ss", str(start_s), "-t", str(seconds), "-i", str(film))
    command = ["ffmpeg", "-v", "error", *cut, "-f", "f32le", "-ar", str(RATE), "-ac", "1", "-"]
    done = subprocess.run(command, check=True, capture_output=True, timeout=60)
    return np.frombuffer(done.stdout, np.float32)


def clip_of(stream: bytes) -> Clip:
    """Cut a transport stream into segments of our own, its clock beginning at 20 s."""
    demuxer = Demuxer()
    units = [*demuxer.feed(stream), *demuxer.flush()]
    kinds = {unit.kind: unit.codec for unit in units}
    shift = round(CLIP_START_NS * 9 / 100_000) - min(unit.pts for unit in units)
    moved = [replace(unit, pts=unit.pts + shift, dts=unit.dts + shift) for unit in units]
    muxer = Muxer(
        video="h264" if "video" in kinds else None, audio="aac" if "audio" in kinds else None
    )
    return Clip(tuple(_cut(sorted(moved, key=lambda unit: unit.dts), SegmentCutter(muxer))))


def _cut(units: Iterable[AccessUnit], cutter: SegmentCutter) -> list[MediaSegment]:
    return [segment for unit in units for segment in cutter.add(unit)] + cutter.flush()


Tamper = Callable[[MediaSegment], list[bytes]]
"""What is sent in place of a segment."""


async def play(
    link: MqttLink,
    stream: str,
    clip: Clip,
    *,
    tamper: Tamper = lambda segment: [segment.data],
    epoch: str | None = None,
    stated: bool = True,
) -> None:
    """Publish a clip at its own speed; without ``stated``, as a stranger without properties."""
    began = time.monotonic_ns()
    began_utc_ns = time.time_ns()
    epoch = epoch or secrets.token_hex(8)
    first_ns = clip.segments[0].pts_ns
    for segment in clip.segments:
        due_ns = segment.pts_ns + segment.duration_ns - first_ns
        await asyncio.sleep(max(0, (began + due_ns - time.monotonic_ns()) / 1e9))
        properties = MediaProperties(
            seq=segment.seq,
            pts_ns=segment.pts_ns,
            epoch=epoch,
            capture_ns=began_utc_ns + segment.pts_ns - first_ns,
        )
        for payload in tamper(segment):
            link.publish_media(
                TOPICS.in_av(stream),
                payload,
                user_properties=properties.to_pairs() if stated else (),
            )
