"""Devices of this machine, read through the real ffmpeg program.

There is no kernel device here: FFmpeg's own test sources stand in for the camera, and ALSA's file
plugin for the microphone.
"""

import os
import shutil
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import numpy as np
import psutil
import pytest

from edge_worker.camera.devices import (
    DeviceError,
    DeviceInput,
    DevicePatience,
    DeviceReader,
    audio_device,
    reading_command,
    video_device,
)
from edge_worker.camera.opening import open_tracks
from edge_worker.camera.source import SourceAddress, SourceError, SourceKind, open_source

FILMING = DeviceInput("lavfi", "testsrc2=s=320x240:r=20", ("-re",))
TALKING = DeviceInput("lavfi", "sine=1000:r=48000", ("-re",))


def test_command_when_there_are_camera_and_microphone_then_both_are_copied_with_their_times() -> (
    None
):
    command = reading_command("ffmpeg", (video_device("/dev/video0"), audio_device("plughw:1")))
    text = " ".join(command)
    assert "-f v4l2 -thread_queue_size 256 -timestamps abs -i /dev/video0" in text
    assert "-f alsa -thread_queue_size 256 -i plughw:1" in text
    assert text.endswith("-flush_packets 1 -f nut pipe:1")
    assert "-map 0 -map 1 -c copy -copyts" in text


def test_reader_when_two_devices_deliver_then_both_come_and_closing_ends_the_program() -> None:
    reader = DeviceReader((FILMING, TALKING))
    kinds: set[str] = set()
    for packet in reader.container.demux():
        kinds.add(packet.stream.type)
        if kinds == {"video", "audio"}:
            break
    reader.container.close()
    reader.close()
    assert reader._process.returncode is not None


def test_reader_when_the_device_fails_then_the_error_is_what_the_program_said() -> None:
    with pytest.raises(DeviceError, match=r"No such filter"):
        DeviceReader((DeviceInput("lavfi", "there_is_no_such_source"),))


def test_reader_when_there_is_no_ffmpeg_then_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DeviceError, match="apt install ffmpeg"):
        DeviceReader((FILMING,))


def test_source_when_the_device_is_missing_then_the_error_says_how_to_find_one() -> None:
    with pytest.raises(SourceError, match=r"/dev/video99: there is no such device; `ls"):
        open_source(SourceAddress("/dev/video99"))


def test_source_when_a_device_is_no_camera_then_the_error_is_v4l2_s_own() -> None:
    with pytest.raises(SourceError, match=r"/dev/null: cannot be opened: .*/dev/null"):
        open_source(SourceAddress("/dev/null"))


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ffmpeg that takes a test source for the camera, and the real one for everything else."""
    real = shutil.which("ffmpeg")
    script = tmp_path / "bin" / "ffmpeg"
    script.parent.mkdir()
    script.write_text(
        f"#!{sys.executable}\n"
        "import os, sys\n"
        "arguments = sys.argv[1:]\n"
        "at = arguments.index('v4l2')\n"
        "end = arguments.index('-i', at) + 2\n"
        "film = ['lavfi', '-re', '-i', 'testsrc2=s=640x480:r=20']\n"
        f"os.execv({real!r}, ['ffmpeg', *arguments[:at], *film, *arguments[end:]])\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")


@pytest.mark.usefixtures("stand_in")
def test_camera_when_it_sends_raw_pictures_then_they_become_access_units() -> None:
    source, tracks = open_tracks(SourceAddress("/dev/null"))
    assert source.kind is SourceKind.DEVICE
    assert tracks.picture is not None
    assert (tracks.picture.width, tracks.picture.height) == (640, 480)
    units = list(islice(tracks.units(), 5))
    source.close()
    assert {unit.codec for unit in units} == {"h264"}
    assert units[0].key


def test_microphone_when_alsa_delivers_then_its_very_samples_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = (np.sin(np.arange(48_000) * 0.1) * 12_000).astype("<i2").repeat(2)
    (tmp_path / "heard.raw").write_bytes(heard.tobytes())
    config = tmp_path / "asound.conf"
    config.write_text(
        "pcm.silence { type null }\n"
        f'pcm.microphone {{ type file slave.pcm "silence" file "/dev/null" '
        f'infile "{tmp_path}/heard.raw" format "raw" }}\n'
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(config))
    reader = DeviceReader((audio_device("microphone"),))
    packets = (bytes(packet) for packet in reader.container.demux() if packet.size)
    sound = b"".join(islice(packets, 200))
    reader.container.close()
    reader.close()
    assert len(sound) >= 200 * 4
    assert sound in heard.tobytes() * 2


@pytest.mark.usefixtures("stand_in")
def test_microphone_when_it_is_missing_then_the_error_names_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "asound.conf"
    config.write_text("")
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(config))
    with pytest.raises(SourceError, match="cannot open audio device hw:7"):
        open_source(SourceAddress("/dev/null", audio_device="hw:7"))


def programs(folder: Path, lines: str) -> str:
    """A search path whose ffmpeg is a script of these lines."""
    script = folder / "bin" / "ffmpeg"
    script.parent.mkdir()
    script.write_text(f"#!/bin/sh\n{lines}\n")
    script.chmod(0o755)
    return f"{script.parent}:{os.environ['PATH']}"


def test_reader_when_the_device_gives_nothing_then_opening_ends_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", programs(tmp_path, "exec sleep 60"))
    with pytest.raises(DeviceError, match="nothing came from it for 0 s"):
        DeviceReader((FILMING,), DevicePatience(open_s=0.5))


def test_reader_when_the_device_falls_silent_then_the_packets_end_and_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    film = "-re -f lavfi -i testsrc2=s=320x240:r=20 -t 1 -c:v rawvideo -f nut pipe:1"
    lines = f"{shutil.which('ffmpeg')} -loglevel error {film}\nexec sleep 60"
    monkeypatch.setenv("PATH", programs(tmp_path, lines))
    reader = DeviceReader((FILMING,), DevicePatience(read_s=1.0))
    pictures = sum(packet.size > 0 for packet in reader.packets())
    reader.container.close()
    reader.close()
    assert pictures == 20
    assert reader.why_it_ended() == "nothing came from it for 1 s"


def test_reader_when_the_one_who_reads_is_slow_then_the_device_is_not_blamed() -> None:
    reader = DeviceReader((FILMING,), DevicePatience(read_s=1.5))
    packets = reader.packets()
    next(packets)
    time.sleep(2)
    assert next(packets).size
    reader.container.close()
    reader.close()
    assert reader.why_it_ended() == ""


def test_reader_when_interrupted_then_the_packets_end() -> None:
    reader = DeviceReader((FILMING,))
    packets = reader.packets()
    next(packets)
    reader.interrupt()
    assert sum(1 for _ in packets) < 100
    reader.container.close()
    reader.close()


@pytest.mark.skipif(sys.platform == "win32", reason="it has no SIGTERM")
def test_camera_when_it_is_ended_while_a_device_is_silent_then_no_program_is_left(
    tmp_path: Path,
) -> None:
    noted = tmp_path / "pid"
    path = programs(tmp_path, f"echo $$ > {noted}.new; mv {noted}.new {noted}; exec sleep 60")
    camera = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from edge_worker.cli.camera import command; command()",
            "/dev/null",
        ],
        env={**os.environ, "PATH": path},
    )
    try:
        while not noted.exists():
            assert camera.poll() is None
            time.sleep(0.05)
        camera.terminate()
        assert camera.wait(20) == 0
    finally:
        camera.kill()
        camera.wait()
    pid = int(noted.read_text())
    # Nobody may be there to take note of its end, which makes it a zombie.
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
