"""``polylip camera`` on network cameras, each with a habit of its own."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_worker.camera import SourceAddress, SourceError, run_camera
from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.timestamps import ticks_to_ns
from mqtt_schemas import ClockSource, MediaProperties
from tests.broker.conftest import Mosquitto
from tests.broker.filming import Stream, beeps, film, flashes, of, watched
from tests.broker.watching import until
from tests.rtsp_camera import Clip, Reports, RtspCamera, Traits

pytestmark = pytest.mark.broker

MILLISECOND = 1_000_000
X264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "25")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params")
MULAW = ("-c:a", "pcm_mulaw")
_AT_ONCE = 5


def filmed(path: Path, *codecs: str, **how: Any) -> Clip:
    """A clip of 2 s with flash and beep after 1 s, 8 kHz sound unless asked for otherwise."""
    return Clip.read(film(path, *codecs, **({"sample_rate": 8_000} | how)))


def enough(stream: Stream, seconds: float) -> Callable[[], bool]:
    """Whether about so much of a stream has come."""

    def holds() -> bool:
        if len(stream.segments) < 2:
            return False
        ends = [
            MediaProperties.from_pairs(message.topic, message.user_properties).pts_ns or 0
            for message in (stream.segments[0], stream.segments[-1])
        ]
        return ends[1] - ends[0] >= seconds * 1e9

    return holds


@dataclass(frozen=True)
class Case:
    """A camera, how long to watch it, and which of its streams."""

    camera: RtspCamera
    seconds: float
    path: str = "main"
    sub_path: str | None = None


async def watch(case: Case, mosquitto: Mosquitto, name: str = "door") -> Stream:
    """What a subscriber saw of so much of the camera's stream."""
    async with case.camera as camera, watched(mosquitto, name) as stream:
        sub = None if case.sub_path is None else camera.url(case.sub_path)
        address = SourceAddress(camera.url(case.path), sub_stream=sub)
        options = replace(of("", mosquitto), source=address, stream=name)
        running = asyncio.create_task(run_camera(options))
        try:
            await until(lambda: running.done() or enough(stream, case.seconds)())
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    return stream


async def watch_all(cases: dict[str, Case], mosquitto: Mosquitto) -> dict[str, Stream]:
    """The same of several cameras, some at once, which saves the time."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(name: str, case: Case) -> Stream:
        async with room:
            return await watch(case, mosquitto, name)

    streams = await asyncio.gather(*(one(name, case) for name, case in cases.items()))
    return dict(zip(cases, streams, strict=True))


def pictures(units: list[AccessUnit]) -> list[int]:
    """Media time of every picture, in the order of display, nanoseconds."""
    return [ticks_to_ns(pts) for pts in sorted(u.pts for u in units if u.kind == "video")]


def apart(units: list[AccessUnit]) -> list[int]:
    """How far each flash is from the nearest beep, nanoseconds."""
    heard = beeps(units)
    return [min(abs(flash - beep) for beep in heard) for flash in flashes(units)]


def in_sync(units: list[AccessUnit], within_ms: int) -> bool:
    """Every flash has its beep, and there is one."""
    return max(apart(units), default=1_000 * MILLISECOND) < within_ms * MILLISECOND


CAMERAS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "h265-b-frames-g711-20-fps": (
        (*X265, "log-level=none:bframes=3:keyint=20", *MULAW),
        {"rate": "20"},
    ),
    "h264-b-frames-alaw": ((*X264, "-bf", "2", "-c:a", "pcm_alaw"), {}),
    "h264-aac-16-khz": ((*X264, "-bf", "0", "-c:a", "aac"), {"sample_rate": 16_000}),
    "h264-l16": ((*X264, "-bf", "0", "-c:a", "pcm_s16be"), {"sample_rate": 16_000}),
}


async def test_camera_when_it_sends_any_codec_then_picture_and_sound_stay_together(
    mosquitto: Mosquitto, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    cases = {}
    for name, (codecs, how) in CAMERAS.items():
        cases[name] = Case(RtspCamera(filmed(tmp_path / f"{name}.mkv", *codecs, **how)), 2.6)
    for name, stream in (await watch_all(cases, mosquitto)).items():
        with subtests.test(name):
            units = stream.units()
            assert in_sync(units, 5)
            rate = int(CAMERAS[name][1].get("rate", "25"))
            steps = np.diff(pictures(units)[:-8])
            assert np.abs(steps - 1e9 / rate).max() < MILLISECOND
            info = stream.info[0]
            assert info.video is not None
            assert info.video.codec == ("h265" if name.startswith("h265") else "h264")
            assert info.video.fps == rate
            assert info.audio is not None
            assert info.audio.codec == "aac"
            assert info.note == ""
            assert ClockSource.NTP in {anchor.source for anchor in stream.anchors}


async def test_pictures_when_too_large_then_the_sub_stream_is_taken_or_they_are_scaled(
    mosquitto: Mosquitto,
    tmp_path: Path,
    subtests: pytest.Subtests,
    caplog: pytest.LogCaptureFixture,
) -> None:
    large = filmed(tmp_path / "a.mkv", *X264, *MULAW, size="1600x900", rate="5")
    small = filmed(tmp_path / "b.mkv", *X264, *MULAW, size="640x360", rate="20")
    tiny = filmed(tmp_path / "c.mkv", *X264, *MULAW, size="320x240")
    mute = filmed(tmp_path / "d.mkv", *X264, size="640x360", audio=False)
    upright = filmed(tmp_path / "e.mkv", *X264, *MULAW, size="1080x1440", rate="5")
    channels = ("Streaming/Channels/101", "Streaming/Channels/102")

    def pair(main: Clip, sub: Clip, paths: tuple[str, str] = ("main", "small")) -> RtspCamera:
        return RtspCamera(dict(zip(paths, (main, sub), strict=True)))

    cases = {
        "no-sub": Case(RtspCamera(large), 2.5),
        "told": Case(pair(large, small), 0.3, sub_path="small"),
        "found": Case(pair(large, small, channels), 0.3, path=channels[0]),
        "told-tiny": Case(pair(large, tiny), 0.3, sub_path="small"),
        "found-tiny": Case(pair(large, tiny, channels), 0.3, path=channels[0]),
        "told-missing": Case(RtspCamera(large), 0.3, sub_path="small"),
        "told-mute": Case(pair(large, mute), 0.3, sub_path="small"),
        "told-large": Case(pair(large, large), 0.3, sub_path="small"),
        "upright": Case(RtspCamera(upright), 0.3),
        "not-needed": Case(pair(small, tiny), 0.3, sub_path="small"),
    }
    expected = dict.fromkeys(cases, (1280, 720)) | {
        "told": (640, 360),
        "found": (640, 360),
        "told-tiny": (320, 240),
        "upright": (720, 960),
        "not-needed": (640, 360),
    }
    seen = await watch_all(cases, mosquitto)
    for name, stream in seen.items():
        with subtests.test(name):
            info = stream.info[0]
            assert info.video is not None
            assert (info.video.width, info.video.height) == expected[name]
            assert info.audio is not None
            if expected[name] == (1280, 720):
                assert "1600x900 is encoded as H.264, scaled to 1280x720; a sub-stream" in info.note
    assert in_sync(seen["no-sub"].units(), 5)
    assert seen["found"].info[0].note == (
        "its sub-stream of 640x360 is used, not the main one of 1600x900"
    )
    assert seen["not-needed"].info[0].note == ""
    assert cases["not-needed"].camera.played == ["main"]
    for lack in ("no sub-stream", "it has no sound", "too large as well", "too small for lips"):
        assert lack in caplog.text


async def test_gop_when_it_is_joined_in_the_middle_then_pictures_begin_with_its_next_keyframe(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    gop = ("log-level=none:keyint=200:min-keyint=200:scenecut=0", *MULAW)
    clip = filmed(tmp_path / "a.mkv", *X265, *gop, rate="20", seconds=10)
    told = Case(RtspCamera(clip, Traits(join_s=7)), 3.5)
    untold = Case(RtspCamera(clip, Traits(join_s=7, tells_parameter_sets=False)), 0.5)
    seen = await watch_all({"told": told, "untold": untold}, mosquitto)
    waited_s = {}
    for name, stream in seen.items():
        units = stream.units()
        first = next(unit for unit in units if unit.kind == "video")
        assert first.key
        sound = min(unit.pts for unit in units if unit.kind == "audio")
        waited_s[name] = (first.pts - sound) / 90_000
    assert waited_s["told"] == pytest.approx(3, abs=0.3)  # sound does not wait
    assert waited_s["untold"] == pytest.approx(0, abs=0.3)  # nothing is known before


ODD: dict[str, tuple[Traits, ClockSource]] = {
    "no-reports": (Traits(reports=Reports.NONE), ClockSource.ARRIVAL),
    "clock-never-set": (Traits(reports=Reports.UNSET), ClockSource.ARRIVAL),
    "from-1970-to-now": (Traits(reports=Reports.UNSET, set_right_s=1.5), ClockSource.NTP),
    "ntp-zero": (Traits(reports=Reports.ZERO, report_every_s=2), ClockSource.ARRIVAL),
    "sound-late": (Traits(reports=Reports.NONE, sound_from_s=1.2), ClockSource.ARRIVAL),
    "wrap-of-32-bits": (Traits(first_stamp=(1 << 32) - 180_000), ClockSource.NTP),
    "jump-back": (Traits(stamp=lambda at_s: at_s - 40 * (at_s > 2.5)), ClockSource.NTP),
    "jump-ahead": (Traits(stamp=lambda at_s: at_s + 40 * (at_s > 2.5)), ClockSource.NTP),
    "digest": (Traits(account=("door", "p@ss w/rd")), ClockSource.NTP),
    "udp-only": (Traits(udp_only=True), ClockSource.NTP),
}


async def test_camera_when_its_clock_or_door_is_odd_then_one_steady_epoch_comes_of_it(
    mosquitto: Mosquitto, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    clip = filmed(tmp_path / "a.mkv", *X264, "-bf", "0", *MULAW)
    cases = {name: Case(RtspCamera(clip, traits), 4.5) for name, (traits, _) in ODD.items()}
    for name, stream in (await watch_all(cases, mosquitto)).items():
        with subtests.test(name):
            units = stream.units()
            assert len({p.epoch for p in stream.properties}) == 1
            steps = np.diff(pictures(units)) / MILLISECOND
            assert np.median(steps) == pytest.approx(40, abs=1)
            assert steps.max() < 4_000
            assert min(apart(units)) < 300 * MILLISECOND
            assert ODD[name][1] in {anchor.source for anchor in stream.anchors}


async def test_pictures_when_their_timestamps_stand_still_then_their_arrival_dates_them(
    mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clip = filmed(tmp_path / "a.mkv", *X264, "-bf", "0", *MULAW)
    traits = Traits(reports=Reports.NONE, stamp=lambda _: 1.0)
    units = (await watch(Case(RtspCamera(clip, traits), 4.5), mosquitto)).units()
    assert "timestamps stand still; it is dated by its arrival" in caplog.text
    assert min(apart(units)) < 300 * MILLISECOND
    assert np.diff(pictures(units)).min() >= 0


async def test_camera_when_a_track_is_missing_or_muted_then_the_other_does_not_wait_for_it(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    pictures_only = filmed(tmp_path / "v.mkv", *X264, "-bf", "0", audio=False)
    sound_only = filmed(tmp_path / "a.mkv", *MULAW, video=False)
    both = filmed(tmp_path / "b.mkv", *X264, "-bf", "0", *MULAW)
    cases = {
        "pictures": Case(RtspCamera(pictures_only), 1.5),
        "sound": Case(RtspCamera(sound_only), 1.5),
        "muted": Case(RtspCamera(both, Traits(sound_from_s=1e9)), 1.5),
    }
    seen = await watch_all(cases, mosquitto)
    kinds = {name: {unit.kind for unit in stream.units()} for name, stream in seen.items()}
    assert kinds == {"pictures": {"video"}, "sound": {"audio"}, "muted": {"video"}}
    assert seen["muted"].info[0].audio is not None
    assert len(pictures(seen["muted"].units())) >= 35


async def test_camera_when_its_power_fails_then_it_is_opened_again_in_a_new_epoch(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    clip = filmed(tmp_path / "a.mkv", *X264, "-bf", "0", *MULAW)
    async with RtspCamera(clip) as device, watched(mosquitto) as stream:
        running = asyncio.create_task(run_camera(of(device.url(), mosquitto, realtime=True)))
        await until(lambda: len(stream.segments) > 10)
        await device.stop()
        await until(lambda: stream.status[-1] == "offline")
        before = len(stream.segments)
        await device.start()
        await until(lambda: stream.status[-1] == "online" and len(stream.segments) > before + 10)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert len(device.played) == 2
    assert len({p.epoch for p in stream.properties}) == 2
    assert stream.anchors[-1].source is ClockSource.NTP


@pytest.mark.parametrize("trait", ["silent", "blind"])
async def test_camera_when_it_stops_sending_without_a_word_then_it_is_opened_again(
    trait: str, mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_worker.camera.source._READ_S", 1.0)
    monkeypatch.setattr("edge_worker.camera.tracks._BLIND_NS", 1_000 * MILLISECOND)
    clip = filmed(tmp_path / "a.mkv", *X264, "-bf", "0", *MULAW)
    gone = {"silent": Traits(silent_from_s=1.5), "blind": Traits(blind_from_s=1.5)}
    camera = RtspCamera(clip, gone[trait])
    async with camera, watched(mosquitto) as stream:
        running = asyncio.create_task(run_camera(of(camera.url(), mosquitto, realtime=True)))
        await until(lambda: stream.status.count("online") > 1)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert len(camera.played) >= 2


async def test_account_when_the_password_is_wrong_then_the_message_says_so_without_it(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    clip = filmed(tmp_path / "a.mkv", *X264, *MULAW)
    async with RtspCamera(clip, Traits(account=("door", "right"))) as camera:
        url = camera.url().replace("right", "wr@ng")
        with pytest.raises(SourceError, match="401 Unauthorized") as caught:
            await run_camera(of(url, mosquitto))
    assert "wr@ng" not in str(caught.value)
    assert "ng@" not in str(caught.value)
