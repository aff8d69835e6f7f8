"""``polylip camera`` against a real broker: what a subscriber gets of every kind of source."""

import asyncio
import functools
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from edge_worker.camera import SourceError, run_camera
from edge_worker.camera.capture import BEGINNING
from edge_worker.media.timestamps import ticks_to_ns
from mqtt_schemas import ClockSource
from tests.broker.conftest import Mosquitto
from tests.broker.filming import (
    FLASH_NS,
    beeps,
    film,
    flash_and_beep_of,
    flashes,
    of,
    published,
    recut,
    span_ns,
    watched,
)
from tests.broker.watching import until

pytestmark = pytest.mark.broker

START_NS = ticks_to_ns(BEGINNING)
MILLISECOND = 1_000_000
X264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")

CLIPS: dict[str, tuple[str, dict[str, Any]]] = {
    "mp4-b-frames-25": ("a.mp4", {"codecs": (*X264, "-bf", "3", "-g", "25")}),
    "mp4-15-fps": ("a.mp4", {"codecs": X264, "rate": "15"}),
    "mp4-29.97-fps": ("a.mp4", {"codecs": X264, "rate": "30000/1001"}),
    "mp4-30-fps-44100-hz": ("a.mp4", {"codecs": X264, "rate": "30", "sample_rate": 44_100}),
    "mp4-fragmented": ("a.mp4", {"codecs": (*X264, "-movflags", "frag_keyframe+delay_moov")}),
    "mkv-pcm-8-khz": ("a.mkv", {"codecs": (*X264, "-c:a", "pcm_s16le"), "sample_rate": 8_000}),
    "mkv-g711": ("a.mkv", {"codecs": (*X264, "-c:a", "pcm_mulaw"), "sample_rate": 8_000}),
    "mkv-opus": ("a.mkv", {"codecs": (*X264, "-c:a", "libopus")}),
    "ts-mp2": ("a.ts", {"codecs": (*X264, "-c:a", "mp2")}),
    "avi-mjpeg-pcm": ("a.avi", {"codecs": ("-c:v", "mjpeg", "-c:a", "pcm_s16le")}),
    "mp4-1080p": ("a.mp4", {"codecs": X264, "size": "1920x1080", "rate": "10"}),
    "mp4-hevc": ("a.mp4", {"codecs": ("-c:v", "libx265", "-preset", "ultrafast",
                                      "-x265-params", "log-level=none")}),
}  # fmt: skip


@pytest.mark.parametrize("clip", CLIPS)
async def test_file_when_published_then_flash_and_beep_are_where_the_file_has_them(
    clip: str, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    name, how = CLIPS[clip]
    path = film(tmp_path / name, *how["codecs"], **{k: v for k, v in how.items() if k != "codecs"})
    stream = await published(mosquitto, of(path, mosquitto))
    units = stream.units()
    flash_ns, beep_ns = flash_and_beep_of(path)
    assert flashes(units) == [pytest.approx(START_NS + flash_ns, abs=MILLISECOND)]
    assert beeps(units) == [pytest.approx(START_NS + beep_ns, abs=MILLISECOND)]
    assert beep_ns == pytest.approx(flash_ns, abs=10 * MILLISECOND)
    (info,) = stream.info
    assert info.video is not None
    assert info.video.codec in {"h264", "h265"}
    assert info.video.width <= 1280
    assert info.audio is not None
    assert info.audio.codec in {"aac", "mp2"}


async def test_segments_when_published_then_properties_tell_seq_pts_epoch_and_capture_time(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    path = film(tmp_path / "a.mp4", *X264, "-g", "25", "-bf", "2")
    stream = await published(mosquitto, of(path, mosquitto))
    found = stream.properties
    assert [p.seq for p in found] == list(range(len(found)))
    assert len({p.epoch for p in found}) == 1
    (anchor,) = stream.anchors
    assert anchor.source is ClockSource.NTP
    assert anchor.epoch == found[0].epoch
    for properties in found:
        assert properties.pts_ns is not None
        assert properties.capture_ns == anchor.utc_ns + properties.pts_ns - anchor.pts_ns
    assert all(m.content_type == "video/mp2t" for m in stream.segments)
    assert all(len(m.payload) % 188 == 0 for m in stream.segments)


async def test_segments_when_joined_then_ffprobe_reads_the_source_s_own_packets(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    path = film(tmp_path / "a.mp4", *X264, "-g", "25", "-bf", "3")
    stream = await published(mosquitto, of(path, mosquitto))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(message.payload for message in stream.segments))
    for track in ("v", "a"):
        original, ours = (_packets(file, track) for file in (path, joined))
        shift = ours[0] - original[0]
        assert [stamp - shift for stamp in ours] == pytest.approx(original, abs=2e-5)
        assert shift == pytest.approx(START_NS / 1e9, abs=2e-5)


def _packets(path: Path, track: str) -> list[float]:
    """PTS of all packets of a track, in their order."""
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", track, "-show_entries", "packet=pts_time",
         "-of", "csv=p=0", str(path)],
        check=True, capture_output=True, text=True, timeout=60,
    ).stdout  # fmt: skip
    return [float(line.strip(",")) for line in told.split()]


@pytest.mark.parametrize("missing", ["video", "audio"])
async def test_file_when_a_track_is_missing_then_the_other_is_published(
    missing: str, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    kept = "audio" if missing == "video" else "video"
    path = film(tmp_path / "a.mp4", video=missing != "video", audio=missing != "audio")
    stream = await published(mosquitto, of(path, mosquitto))
    (info,) = stream.info
    assert getattr(info, missing) is None
    assert getattr(info, kept) is not None
    assert {unit.kind for unit in stream.units()} == {kept}


async def test_sound_when_the_file_delays_it_then_the_delay_is_kept(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    clip = film(tmp_path / "a.mp4", *X264)
    tracks = ("-map", "0:v", "-map", "1:a")
    delayed = ("-i", str(clip), "-itsoffset", "0.25", "-i", str(clip))
    late = recut(tmp_path / "late.mp4", *delayed, *tracks)
    units = (await published(mosquitto, of(late, mosquitto))).units()
    apart = beeps(units)[0] - flashes(units)[0]
    assert apart == pytest.approx(250 * MILLISECOND, abs=2 * MILLISECOND)


async def test_file_when_cut_by_an_edit_list_then_its_start_is_the_stream_s_start(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    clip = film(tmp_path / "a.mp4", *X264, "-g", "10")
    cut = recut(tmp_path / "cut.mp4", "-ss", "0.5", "-i", str(clip))
    units = (await published(mosquitto, of(cut, mosquitto))).units()
    flash_ns, beep_ns = flash_and_beep_of(cut)
    assert flashes(units) == [pytest.approx(START_NS + flash_ns, abs=MILLISECOND)]
    assert beeps(units) == [pytest.approx(START_NS + beep_ns, abs=MILLISECOND)]
    assert flash_ns == pytest.approx(FLASH_NS // 2, abs=40 * MILLISECOND)


async def test_file_when_looped_then_the_clock_goes_on_in_the_same_epoch(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    path = film(tmp_path / "a.mp4", *X264, "-bf", "2", seconds=1.5)
    async with watched(mosquitto) as stream:
        camera = asyncio.create_task(run_camera(of(path, mosquitto, loop=True)))
        await until(lambda: len(stream.segments) > 60)
        camera.cancel()
        await until(lambda: stream.status[-1] == "offline")
    assert len({p.epoch for p in stream.properties}) == 1
    units = stream.units()
    for kind in ("video", "audio"):
        dts = [unit.dts for unit in units if unit.kind == kind]
        assert all(later > earlier for earlier, later in pairwise(dts))
    flash, beep = flashes(units), beeps(units)
    assert len(flash) >= 3
    for seen, heard in zip(flash, beep, strict=False):
        assert heard == pytest.approx(seen, abs=2 * MILLISECOND)


async def test_file_when_played_in_real_time_then_nothing_comes_before_it_was_captured(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    path = film(tmp_path / "a.mp4", *X264, "-bf", "3", seconds=1.5)
    stream = await published(mosquitto, of(path, mosquitto, realtime=True))
    ends = [p.capture_ns for p in stream.properties[1:]]
    for message, next_begins_ns in zip(stream.segments, ends, strict=False):
        assert next_begins_ns is not None
        assert message.received_ns > next_begins_ns - 150 * MILLISECOND
    whole_ns = stream.segments[-1].received_ns - stream.segments[0].received_ns
    assert whole_ns > span_ns(stream.units()) - 500 * MILLISECOND


async def test_broker_when_it_restarts_then_the_stream_is_announced_again_and_goes_on(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    path = film(tmp_path / "a.mp4", *X264, "-g", "25", seconds=1)
    async with watched(mosquitto) as stream:
        camera = asyncio.create_task(run_camera(of(path, mosquitto, loop=True, realtime=True)))
        await until(lambda: len(stream.segments) > 3)
        mosquitto.stop()
        seen = len(stream.segments)
        mosquitto.start()
        await until(lambda: len(stream.info) > 1 and len(stream.segments) > seen + 3)
        assert len(stream.anchors) > 1
        assert stream.status[-1] == "online"
        camera.cancel()
        await asyncio.gather(camera, return_exceptions=True)


@functools.cache
def _polylip() -> list[str]:
    return [sys.executable, "-c", "from edge_worker.cli import main; main()"]


async def test_command_when_fed_by_ffmpeg_on_standard_input_then_the_stream_is_exact(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    path = film(tmp_path / "a.mp4", *X264, "-g", "25")
    async with watched(mosquitto) as stream:
        read_end, write_end = os.pipe()
        feed = await asyncio.create_subprocess_exec(
            "ffmpeg", "-loglevel", "error", "-re", "-i", str(path), "-c", "copy", "-f", "mpegts",
            "-", stdout=write_end,
        )  # fmt: skip
        os.close(write_end)
        command = await asyncio.create_subprocess_exec(
            *_polylip(), "camera", "-", "--port", str(mosquitto.port), stdin=read_end
        )
        os.close(read_end)
        assert await command.wait() == 0
        await feed.wait()
        await until(lambda: stream.status[-1:] == ["offline"])
    units = stream.units()
    assert beeps(units)[0] == pytest.approx(flashes(units)[0], abs=2 * MILLISECOND)
    assert stream.anchors[0].source is ClockSource.ARRIVAL


async def test_command_when_killed_then_the_stream_goes_offline(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    path = film(tmp_path / "a.mp4", *X264, seconds=1)
    async with watched(mosquitto) as stream:
        command = await asyncio.create_subprocess_exec(
            *_polylip(), "camera", str(path), "--loop", "--port", str(mosquitto.port)
        )
        await until(lambda: len(stream.segments) > 2)
        command.kill()
        await command.wait()
        await until(lambda: stream.status[-1] == "offline")


async def test_command_when_terminated_then_it_says_offline_and_ends_well(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    path = film(tmp_path / "a.mp4", *X264, seconds=1)
    async with watched(mosquitto) as stream:
        command = await asyncio.create_subprocess_exec(
            *_polylip(), "camera", str(path), "--loop", "--port", str(mosquitto.port)
        )
        await until(lambda: len(stream.segments) > 2)
        command.terminate()
        assert await command.wait() == 0
        await until(lambda: stream.status[-1] == "offline")


async def test_http_source_when_published_then_it_is_a_recording_like_a_file(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    film(tmp_path / "a.mp4", *X264)
    served = asyncio.start_server(functools.partial(_serve_file, tmp_path), "127.0.0.1", 0)
    async with await served as server:
        port = server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}/a.mp4"
        units = (await published(mosquitto, of(url, mosquitto))).units()
    assert beeps(units) == [pytest.approx(START_NS + FLASH_NS, abs=2 * MILLISECOND)]


async def _serve_file(
    folder: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Just enough of HTTP for one GET without ranges."""
    request = (await reader.readuntil(b"\r\n\r\n")).decode()
    body = (folder / request.split()[1].lstrip("/")).read_bytes()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nConnection: close\r\n")
    writer.write(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    try:
        await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("/nowhere/clip.mp4", "no such file"),
        ("rtsp://user:secret@127.0.0.1:1/door", "rtsp://127.0.0.1:1/door: cannot be opened"),
        (__file__, "cannot be opened"),
    ],
)
async def test_source_when_it_cannot_be_opened_then_one_sentence_says_so(
    source: str, says: str, mosquitto: Mosquitto
) -> None:
    with pytest.raises(SourceError, match=says) as caught:
        await run_camera(of(source, mosquitto))
    assert "secret" not in str(caught.value)
