"""The sample visitor is what a door camera would send, and small enough for the repository."""

from itertools import pairwise
from pathlib import Path

import av
import pytest

from edge_worker.verify.reference import Reference


def test_sample_is_h264_with_a_keyframe_a_second_and_aac(
    sample: Path, reference: Reference
) -> None:
    with av.open(str(sample / "visitor.mp4")) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.width, video.height) == ("h264", 640, 480)
        assert video.average_rate == 25
        assert video.pix_fmt == "yuv420p"
        assert (audio.codec_context.name, audio.rate, audio.channels) == ("aac", 48_000, 1)
        keyframes = [
            packet.pts * packet.time_base
            for packet in container.demux(video)
            if packet.is_keyframe and packet.pts is not None
        ]
    steps = [float(b - a) for a, b in pairwise(keyframes)]
    assert max(steps) <= 1.0
    assert len(keyframes) == pytest.approx(reference.duration_ns / 1e9, abs=1)
    assert reference.duration_ns >= 66_000_000_000


def test_sample_with_its_sources_stays_below_8_mb(sample: Path) -> None:
    assert sum(f.stat().st_size for f in sample.rglob("*") if f.is_file()) < 8_000_000


def test_sample_tells_whose_voice_and_picture_it_is(sample: Path) -> None:
    licence = (sample / "LICENSE").read_text(encoding="utf-8")
    assert "CC BY-SA 4.0" in licence
    assert "NASA" in licence
