"""Programs that play: the real ffmpeg, at a device and as a user's command."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

from edge_worker.camera.speaker import SinkError, SpeakerAddress
from edge_worker.camera.speaker.program import ProgramSink, device_command
from edge_worker.items import Samples
from tests.broker.watching import until
from tests.unit.camera.speaker.sounds import loud_s, played, tone

RAW = "-loglevel error -f s16le -ar 48000 -ac 1 -i pipe:0"


def command(text: str) -> ProgramSink:
    return ProgramSink(SpeakerAddress.read(f"command:{text}"))


def python(program: str) -> ProgramSink:
    """A program of a few words in the loudspeaker's place."""
    return command(f"{sys.executable} -c '{program}'")


def raw(path: Path) -> Samples:
    return np.frombuffer(path.read_bytes(), "<i2").astype(np.float32) / np.float32(32_767)


def test_device_when_played_at_then_ffmpeg_reads_pcm_and_writes_to_alsa() -> None:
    text = " ".join(device_command("plughw:1"))
    assert "-f s16le -ar 48000 -ac 1" in text
    assert text.endswith("-i pipe:0 -f alsa plughw:1")


async def test_device_when_played_at_then_alsa_gets_the_very_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "asound.conf"
    config.write_text(
        "pcm.nothing { type null }\n"
        f'pcm.door {{ type file slave.pcm "nothing" file "{tmp_path}/played.raw" format "raw" }}\n'
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(config))
    sink = ProgramSink(SpeakerAddress.read("device:door"))
    assert sink.kind == "device"
    sound = tone(0.5)
    await played(await sink.open(), sound)
    heard = raw(tmp_path / "played.raw")
    assert len(heard) >= len(sound)
    assert np.abs(heard[: len(sound)] - sound).max() < 1e-4


async def test_device_when_there_is_none_then_the_error_is_alsa_s_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "asound.conf").write_text("")
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "asound.conf"))
    with pytest.raises(SinkError, match=r"device hw:7: .*cannot open audio device hw:7"):
        await played(await ProgramSink(SpeakerAddress.read("device:hw:7")).open(), tone(0.5))


async def test_command_when_it_plays_then_it_has_all_of_it_when_the_sink_has_ended(
    tmp_path: Path,
) -> None:
    sink = command(f"ffmpeg -y {RAW} {tmp_path}/heard.wav")
    assert sink.kind == "command"
    await played(await sink.open(), tone(0.6))
    assert loud_s(raw(tmp_path / "heard.wav")[40:]) == pytest.approx(0.6, abs=0.001)


async def test_command_when_it_fails_then_its_own_words_are_told_without_the_account() -> None:
    url = "rtsp://admin:s3cret/pass@127.0.0.1:1/x?token=abc"
    with pytest.raises(SinkError, match=r"command ffmpeg: .*(refused|Error|Invalid)") as caught:
        await played(await command(f"ffmpeg {RAW} -f rtsp {url}").open(), tone(0.5))
    assert "s3cret" not in str(caught.value)
    assert "abc" not in str(caught.value)


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("exit(3)", "ended"),
        ("import sys; sys.stdin.buffer.read(); exit(3)", "it ended with 3"),
        ("import sys; sys.stdin.buffer.read(9600); sys.exit(chr(111) * 3)", "ooo"),
    ],
)
async def test_command_when_it_ends_badly_then_the_sink_says_so(program: str, says: str) -> None:
    with pytest.raises(SinkError, match=says):
        await played(await python(program).open(), tone(3))


async def test_command_when_it_does_not_read_then_the_sink_gives_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_worker.camera.speaker.program._TAKES_WITHIN_S", 0.3)
    playback = await python("import time; time.sleep(60)").open()
    with pytest.raises(SinkError, match="takes no sound any more"):
        await played(playback, tone(4))
    assert playback.ended


async def test_command_when_it_does_not_end_then_the_sink_gives_up_and_ends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_worker.camera.speaker.program._ENDS_WITHIN_S", 0.3)
    playback = await python("import sys, time; sys.stdin.buffer.read(); time.sleep(60)").open()
    with pytest.raises(SinkError, match="did not end"):
        await played(playback, tone(0.1))
    assert playback.ended


async def test_command_when_stopped_then_the_program_is_gone() -> None:
    playback = await python("import sys; sys.stdin.buffer.read()").open()
    await playback.write(tone(0.02))
    await playback.stop()
    assert playback.ended


def script(folder: Path, *lines: str) -> ProgramSink:
    """A shell script in the loudspeaker's place."""
    path = folder / "play.sh"
    path.write_text("\n".join(lines))
    return command(f"/bin/sh {path}")


def alive(pid: str) -> bool:
    """A process that has ended and that nobody has asked about yet is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def open_files() -> int:
    """Of this process."""
    return len([*Path("/proc/self/fd").iterdir()])


async def child_of(folder: Path) -> str:
    """The process id that the script wrote down."""
    await until((folder / "child").exists)
    return (folder / "child").read_text().strip()


CHILD = ("sleep 60 &", "echo $! > {0}/made && mv {0}/made {0}/child")
"""A child that keeps the program's standard error open."""


async def test_script_when_stopped_then_its_children_are_gone_too(tmp_path: Path) -> None:
    child = (line.format(tmp_path) for line in CHILD)
    playback = await script(tmp_path, *child, "cat > /dev/null").open()
    await playback.write(tone(0.02))
    pid = await child_of(tmp_path)
    async with asyncio.timeout(10):
        await playback.stop()
    await until(lambda: not alive(pid))


async def test_script_when_it_leaves_a_child_then_it_has_ended_and_the_child_is_ended(
    tmp_path: Path,
) -> None:
    child = (line.format(tmp_path) for line in CHILD)
    playback = await script(tmp_path, *child, "cat > /dev/null").open()
    await played(playback, tone(0.1))
    pid = await child_of(tmp_path)
    await until(lambda: not alive(pid))


async def test_script_when_its_child_left_the_group_with_all_pipes_then_nobody_waits_for_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    open_before = open_files()
    pid_file = CHILD[1].format(tmp_path)
    playback = await script(
        tmp_path, "exec 3<&0", "setsid sleep 60 <&3 &", pid_file, "sleep 60"
    ).open()
    pid = await child_of(tmp_path)
    try:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await played(playback, tone(4))
        async with asyncio.timeout(10):
            await playback.stop()
        assert playback.ended
        await until(lambda: open_files() <= open_before)
        assert caplog.records == []
    finally:
        os.kill(int(pid), signal.SIGKILL)


async def test_script_when_stopped_while_it_plays_then_the_next_one_plays(tmp_path: Path) -> None:
    sink = script(tmp_path, "cat > /dev/null", "echo done >&2")
    async with asyncio.timeout(10):
        for _ in range(2):
            playback = await sink.open()
            await playback.write(tone(0.02))
            await playback.stop()
        await played(await sink.open(), tone(0.1))


@pytest.mark.parametrize("spoken", ["command:no-such-program -x", "device:default"])
def test_program_when_it_is_not_installed_then_the_error_names_it(
    spoken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SinkError, match=r"the program (no-such-program|ffmpeg) is not installed"):
        ProgramSink(SpeakerAddress.read(spoken))
