"""``polylip camera --talkback``: what the owner answers is heard at the door, and reported."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_worker.camera import SpeakerAddress
from edge_worker.items import Samples
from mqtt_schemas import PlayedStatus
from tests.broker.answering import Owner, beep, filming, owner, segments_of
from tests.broker.conftest import Mosquitto
from tests.broker.filming import film, of, watched
from tests.broker.watching import until
from tests.rtsp_camera import BackChannel, Clip, RtspCamera, Traits

pytestmark = pytest.mark.broker

STARTED, ENDED, FAILED = PlayedStatus.STARTED, PlayedStatus.ENDED, PlayedStatus.FAILED
RAW = "-loglevel error -f s16le -ar 48000 -ac 1 -probesize 32 -i pipe:0"
PCMU = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "pcm_mulaw")
BEEP = segments_of(beep(0.6))


def recorder(path: Path) -> SpeakerAddress:
    """A command of the user's that plays into a file."""
    return SpeakerAddress.read(f"command:ffmpeg -y {RAW} -f s16le {path}")


def recorded(path: Path) -> Samples:
    return np.frombuffer(path.read_bytes(), "<i2").astype(np.float32) / np.float32(32767)


def loud_s(samples: Samples) -> float:
    """Seconds of sound, silence left out."""
    return np.count_nonzero(np.abs(samples) > 0.01) / 48_000


async def heard_by(someone: Owner, transaction: str) -> list[PlayedStatus]:
    """Say it, and wait for its end."""
    await someone.say(transaction, BEEP)
    return await someone.over(transaction)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("clip") / "a.mp4", seconds=1)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """What a network camera films."""
    folder = tmp_path_factory.mktemp("scene")
    return Clip.read(film(folder / "a.mkv", *PCMU, seconds=1, sample_rate=8_000))


async def test_reply_when_published_then_the_command_plays_it_and_its_end_is_reported(
    mosquitto: Mosquitto, tmp_path: Path, clip: Path
) -> None:
    heard = tmp_path / "heard.raw"
    options = of(clip, mosquitto, loop=True, realtime=True, talkback=recorder(heard))
    async with watched(mosquitto) as stream, owner(mosquitto) as someone, filming(options):
        await until(lambda: len(stream.segments) > 2)
        (info,) = stream.info
        assert (info.talkback, info.speaker) == (True, "command")
        assert await heard_by(someone, "t1") == [STARTED, ENDED]
        assert loud_s(recorded(heard)) == pytest.approx(0.6, abs=0.1)
        started, ended = someone.played
        assert ended.utc_ns - started.utc_ns > 0.5e9


async def test_doorbell_when_its_talkback_is_auto_then_its_own_back_channel_speaks(
    mosquitto: Mosquitto, scene: Clip
) -> None:
    traits = Traits(back_channel=BackChannel(), account=("admin", "s3cret/word"))
    async with (
        RtspCamera(scene, traits) as camera,
        watched(mosquitto) as stream,
        owner(mosquitto) as someone,
    ):
        talkback = SpeakerAddress.read("auto")
        options = of(camera.url(), mosquitto, talkback=talkback, realtime=True)
        async with filming(options):
            await until(lambda: len(stream.segments) > 2)
            assert (stream.info[0].talkback, stream.info[0].speaker) == (True, "rtsp")
            for transaction in ("t1", "t2"):
                assert await heard_by(someone, transaction) == [STARTED, ENDED]
            seen = len(stream.segments)
            await until(lambda: len(stream.segments) > seen)
        sounds = [heard.samples() for heard in camera.heard]
    assert [loud_s(sound) for sound in sounds] == [pytest.approx(0.6, abs=0.1)] * 2
    steps = np.diff(camera.heard[0].arrivals_ns[5:-5]) / 1e6
    assert np.mean(steps) == pytest.approx(20, abs=4)
    assert all(camera.heard[place].unbroken for place in (0, 1))
    said = " ".join(f"{info}" for info in stream.info)
    assert "s3cret" not in said


@pytest.mark.parametrize("source", ["rtsp", "file"])
async def test_camera_when_it_has_no_back_channel_then_auto_leaves_it_without_talkback(
    source: str,
    mosquitto: Mosquitto,
    scene: Clip,
    clip: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with RtspCamera(scene, Traits(account=("a", "s3cret"))) as camera:
        where = camera.url() if source == "rtsp" else clip
        options = of(where, mosquitto, talkback=SpeakerAddress.read("auto"), loop=source == "file")
        with caplog.at_level(logging.WARNING):
            async with watched(mosquitto) as stream, filming(options):
                await until(lambda: len(stream.info) > 0)
    assert (stream.info[0].talkback, stream.info[0].speaker) == (False, "")
    assert "it has no back-channel" in caplog.text
    assert "s3cret" not in caplog.text


async def test_doorbell_when_it_fails_then_it_is_reported_and_tried_again_for_the_next_reply(
    mosquitto: Mosquitto, clip: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nothing = Clip((), 1.0, None, b"", None, b"", 8000, 1)
    traits = Traits(back_channel=BackChannel(hangs_up_after=10), account=("a", "s3cret"))
    bell = RtspCamera(nothing, traits)
    await bell.start()
    talkback = SpeakerAddress.read(bell.url())
    options = of(clip, mosquitto, loop=True, realtime=True, talkback=talkback)
    async with watched(mosquitto) as stream, owner(mosquitto) as someone, filming(options):
        await until(lambda: len(stream.segments) > 2)
        assert await heard_by(someone, "hangs-up") == [STARTED, FAILED]
        await bell.stop()
        assert await heard_by(someone, "is-gone") == [FAILED]
        assert "cannot be reached" in someone.detail("is-gone")
        bell.traits = replace(traits, back_channel=BackChannel())
        await bell.start()
        assert await heard_by(someone, "is-back") == [STARTED, ENDED]
    await bell.stop()
    assert loud_s(bell.heard[-1].samples()) == pytest.approx(0.6, abs=0.1)
    assert "s3cret" not in caplog.text + str(someone.played)


async def test_reply_when_cancelled_then_it_ends_at_once_and_the_next_is_heard(
    mosquitto: Mosquitto, tmp_path: Path, clip: Path
) -> None:
    heard = tmp_path / "heard.raw"
    options = of(clip, mosquitto, loop=True, realtime=True, talkback=recorder(heard))
    async with watched(mosquitto) as stream, owner(mosquitto) as someone, filming(options):
        await until(lambda: len(stream.segments) > 2)
        saying = asyncio.create_task(someone.say("long", segments_of(beep(20))))
        await someone.begun("long")
        someone.cancel("long")
        assert await someone.over("long") == [STARTED, FAILED]
        assert someone.detail("long") == "cancelled"
        saying.cancel()
        assert await heard_by(someone, "t2") == [STARTED, ENDED]
        assert someone.of("long") == [STARTED, FAILED]


async def test_reply_when_the_connection_is_lost_in_it_then_its_rest_is_never_spoken(
    mosquitto: Mosquitto,
    tmp_path: Path,
    clip: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("edge_worker.camera.speaker.reply._STALLED_NS", 300_000_000)
    heard = tmp_path / "heard.raw"
    options = of(clip, mosquitto, loop=True, realtime=True, talkback=recorder(heard))
    line = segments_of(beep(2.0))
    async with watched(mosquitto) as stream, owner(mosquitto) as someone, filming(options):
        await until(lambda: len(stream.segments) > 2)
        await someone.say("cut", line[:5], ends=False)
        mosquitto.stop()
        await until(lambda: "talkback cut: its sound stopped coming" in caplog.text)
        mosquitto.start()
        await until(lambda: len(stream.info) > 1)
        await someone.link.wait_connected()
        await someone.say("cut", line[5:])
        assert await heard_by(someone, "t2") == [STARTED, ENDED]
        assert someone.of("cut").count(STARTED) == 1
        assert ENDED not in someone.of("cut")
        assert loud_s(recorded(heard)) == pytest.approx(0.6, abs=0.1)


async def test_reply_when_it_was_on_its_way_for_too_long_then_it_is_not_spoken(
    mosquitto: Mosquitto, tmp_path: Path, clip: Path
) -> None:
    heard = tmp_path / "heard.raw"
    options = of(clip, mosquitto, loop=True, realtime=True, talkback=recorder(heard))
    now_ns = 1_700_000_000_000_000_000
    async with watched(mosquitto) as stream, owner(mosquitto) as someone, filming(options):
        await until(lambda: len(stream.segments) > 2)
        for transaction, age_s in (("new", 0), ("stale", 9)):
            for segment in BEEP:
                someone.publish(
                    transaction,
                    segment,
                    last=segment is BEEP[-1],
                    capture_ns=now_ns - age_s * 1_000_000_000,
                )
            await someone.over(transaction)
    assert someone.of("new") == [STARTED, ENDED]
    assert someone.of("stale") == [FAILED]
    assert "too late" in someone.detail("stale")


async def test_segments_when_they_are_nobody_s_then_nothing_is_played_and_the_next_reply_is(
    mosquitto: Mosquitto, tmp_path: Path, clip: Path
) -> None:
    heard = tmp_path / "heard.raw"
    options = of(clip, mosquitto, loop=True, realtime=True, talkback=recorder(heard))
    async with watched(mosquitto) as stream, owner(mosquitto) as someone, filming(options):
        await until(lambda: len(stream.segments) > 2)
        topic = "polylip/stream/door/talkback/out"
        someone.link.publish_media(topic, BEEP[0].data)
        someone.link.publish_media(topic, BEEP[0].data, user_properties=[("transaction", "a b")])
        someone.link.publish_media(
            topic, BEEP[0].data, user_properties=[("transaction", "t0")], content_type="text/x"
        )
        someone.link.publish("polylip/stream/door/talkback/cancel", b"{nonsense")
        assert await heard_by(someone, "t1") == [STARTED, ENDED]
    assert {played.transaction for played in someone.played} == {"t1"}
