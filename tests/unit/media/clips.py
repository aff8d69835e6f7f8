"""Clips for the tests: our own encoders' output, and what ffmpeg writes."""

import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np

from edge_worker.items import AudioBlock, Planes, Samples
from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.encode import AudioEncoder, VideoEncoder
from edge_worker.media.mpegts import Muxer
from edge_worker.media.segments import MediaSegment, SegmentCutter

SECOND_NS = 1_000_000_000
START_NS = 1000 * SECOND_NS


def picture(number: int, width: int = 320, height: int = 240, luma: int | None = None) -> Planes:
    """A moving bar on a gradient, or one plain brightness."""
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    planes[:height] = np.linspace(30, 120, width, dtype=np.uint8) if luma is None else luma
    if luma is None:
        left = number * 6 % (width - 20)
        planes[height // 4 : height // 2, left : left + 20] = 210
    return planes


def own_units(
    seconds: float = 2.0,
    frame_rate: Fraction = Fraction(25),
    sound: Samples | None = None,
    start_ns: int = START_NS,
) -> list[AccessUnit]:
    """Pictures and sound of our encoders, interleaved by time."""
    count = int(seconds * frame_rate)
    video = VideoEncoder(320, 240, frame_rate=float(frame_rate), bit_rate=400_000)
    audio = AudioEncoder()
    samples = sound if sound is not None else np.zeros(int(seconds * 48_000), np.float32)
    units: list[AccessUnit] = []
    sent = 0
    for number in range(count):
        pts_ns = start_ns + round(number * SECOND_NS / frame_rate)
        units += video.encode(picture(number), pts_ns)
        until = round((number + 1) * 48_000 / frame_rate)
        block_ns = start_ns + sent * SECOND_NS // 48_000
        units += audio.encode(AudioBlock("e", block_ns, 48_000, samples[sent:until]))
        sent = until
    return units + audio.flush()


def segments_of(units: list[AccessUnit], muxer: Muxer | None = None) -> list[MediaSegment]:
    """The units in segments of 120 ms."""
    cutter = SegmentCutter(muxer or Muxer())
    segments = [segment for unit in units for segment in cutter.add(unit)]
    return segments + cutter.flush()


def ffmpeg_clip(path: Path, *options: str) -> bytes:
    """What ffmpeg writes with these options."""
    command = ["ffmpeg", "-v", "error", "-y", *options, "-f", "mpegts", str(path)]
    subprocess.run(command, check=True)
    return path.read_bytes()


def ffmpeg_complaints(path: Path) -> str:
    """What ffmpeg says while it decodes every frame."""
    command = ["ffmpeg", "-v", "warning", "-i", str(path), "-f", "null", "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stderr


def ffprobe_packets(path: Path) -> list[tuple[str, int]]:
    """(kind, PTS in ticks) of each packet that ffprobe reads."""
    command = ["ffprobe", "-v", "error", "-show_entries", "packet=codec_type,pts", "-of", "csv=p=0"]
    lines = subprocess.run(
        [*command, str(path)], check=True, capture_output=True, text=True
    ).stdout.split()
    fields = [line.strip(",").split(",") for line in lines]
    return [(kind, int(pts)) for kind, pts, *_ in fields]
