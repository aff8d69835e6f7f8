"""Speaking through a camera: what its loudspeaker hears, and what is said when it cannot."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from edge_worker.camera.speaker import SinkError, SpeakerAddress
from edge_worker.camera.speaker.backchannel import BackChannelSink
from tests.rtsp_camera import BackChannel, Clip, Heard, RtspCamera, Traits
from tests.unit.camera.speaker.sounds import loud_s, played, strongest_hertz, tone

NO_CLIP = Clip((), 1.0, None, b"", None, b"", 8000, 1)
AAC = "streamtype=5;profile-level-id=15;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3"
CODINGS = {
    "pcmu": BackChannel(),
    "pcma": BackChannel("pcm_alaw", 8, "PCMA/8000"),
    "pcma-16-khz": BackChannel("pcm_alaw", 97, "PCMA/16000"),
    "l16": BackChannel("pcm_s16be", 98, "L16/16000"),
    "l16-stereo": BackChannel("pcm_s16be", 98, "L16/48000/2"),
    "aac-16-khz": BackChannel(
        "aac", 99, "MPEG4-GENERIC/16000/1", f"{AAC};config=1408", config=b"\x14\x08"
    ),
    "opus": BackChannel("libopus", 100, "opus/48000/2"),
    "g726-and-pcmu": BackChannel(more_formats=("G726-32/8000", "telephone-event/8000")),
}


def camera(back: BackChannel | None, **traits: object) -> RtspCamera:
    """A camera with a loudspeaker and nothing to see."""
    return RtspCamera(NO_CLIP, replace(Traits(back_channel=back), **traits))  # type: ignore[arg-type]  # names of its fields


def sink_of(there: RtspCamera, path: str = "main") -> BackChannelSink:
    return BackChannelSink(SpeakerAddress.read(there.url(path)))


async def heard_through(there: RtspCamera) -> Heard:
    """Half a second of sound, sent to a camera."""
    async with there:
        await played(await sink_of(there).open(), tone(0.5))
    (heard,) = there.heard
    return heard


async def test_sound_when_sent_in_any_coding_then_the_loudspeaker_hears_it(
    subtests: pytest.Subtests,
) -> None:
    cameras = {name: camera(coding) for name, coding in CODINGS.items()}
    found = await asyncio.gather(*(heard_through(there) for there in cameras.values()))
    for (name, there), heard in zip(cameras.items(), found, strict=True):
        with subtests.test(name):
            sound = heard.samples()
            assert heard.unbroken
            assert loud_s(sound) == pytest.approx(0.5, abs=0.08)
            assert strongest_hertz(sound) == pytest.approx(600, abs=10)
            assert np.abs(sound).max() == pytest.approx(0.5, abs=0.1)
            asked = [method for method, _, _ in there.asked]
            assert asked == ["DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]


async def test_packets_when_sent_then_each_lasts_20_ms_and_the_first_is_marked() -> None:
    async with camera(CODINGS["pcmu"]) as there:
        await played(await sink_of(there).open(), tone(0.3))
    (heard,) = there.heard
    assert {len(packet) - 12 for packet in heard.packets} == {160}
    assert {b[3] - a[3] & 0xFFFFFFFF for a, b in pairwise(heard.heads)} == {160}
    assert [kind >> 7 for _, kind, _, _, _ in heard.heads][:2] == [1, 0]


@pytest.mark.parametrize("basic", [False, True])
async def test_camera_when_it_asks_for_an_account_then_it_is_told(*, basic: bool) -> None:
    account = ("ad:min", "p@ss/wo rd")
    account = ("admin", "p@ss/wo rd") if basic else account
    async with camera(BackChannel(), account=account, basic=basic) as there:
        await played(await sink_of(there).open(), tone(0.1))
        assert there.heard[0].packets


async def test_camera_when_the_password_is_wrong_then_it_says_so_and_does_not_show_it() -> None:
    async with camera(BackChannel(), account=("admin", "right")) as there:
        url = there.url().replace("right", "s3cret")
        with pytest.raises(SinkError, match="refuses the account") as caught:
            await BackChannelSink(SpeakerAddress.read(url)).open()
        bare = url.replace("admin:s3cret@", "")
        with pytest.raises(SinkError, match="it wants an account"):
            await BackChannelSink(SpeakerAddress.read(bare)).open()
    assert "s3cret" not in str(caught.value)


REFUSALS: dict[str, tuple[Callable[[], RtspCamera], str]] = {
    "551": (lambda: camera(None), "it has no back-channel"),
    "no-track": (lambda: camera(None, knows_require=False), "it has no back-channel"),
    "udp-only": (lambda: camera(BackChannel(), udp_only=True), "only over UDP"),
    "461": (
        lambda: camera(BackChannel(set_up_status="461 Unsupported Transport")),
        "only over UDP",
    ),
    "busy": (
        lambda: camera(BackChannel(set_up_status="453 Not Enough Bandwidth")),
        "somebody else",
    ),
    "454": (lambda: camera(BackChannel(play_status="454 Session Not Found")), "ended the session"),
    "500": (
        lambda: camera(BackChannel(play_status="500 Internal Server Error")),
        "PLAY: 500 Internal Server Error",
    ),
    "codings": (
        lambda: camera(BackChannel("adpcm_g726le", 101, "G726-32/8000")),
        "takes only G726-32; choose G.711 or AAC",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_camera_when_it_refuses_then_the_error_says_why(case: str) -> None:
    make, says = REFUSALS[case]
    async with make() as there:
        with pytest.raises(SinkError, match=f"rtsp://127.0.0.1:{there.port}/main: .*{says}"):
            await sink_of(there).open()


async def test_camera_when_it_is_not_there_then_the_error_says_so() -> None:
    there = camera(BackChannel())
    await there.start()
    await there.stop()
    with pytest.raises(SinkError, match="it cannot be reached"):
        await sink_of(there).open()
    async with camera(BackChannel()) as other:
        with pytest.raises(SinkError, match="there is no such stream"):
            await sink_of(other, "elsewhere").open()


async def test_camera_when_it_hangs_up_in_the_middle_then_the_sink_says_so_and_opens_again() -> (
    None
):
    async with camera(BackChannel(hangs_up_after=5)) as there:
        sink = sink_of(there)
        for _ in range(2):
            with pytest.raises(SinkError, match=r"closed the connection|no sound any more"):
                await played(await sink.open(), tone(10), every_s=0.001)
        assert len(there.heard) == 2


async def test_session_when_it_lives_shortly_then_it_is_kept_alive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_worker.camera.speaker.backchannel._MIN_ALIVE_S", 0.2)
    async with camera(BackChannel(timeout_s=0)) as there:
        playback = await sink_of(there).open()
        async with asyncio.timeout(20):
            while "OPTIONS" not in {method for method, _, _ in there.asked}:
                await playback.write(tone(0.02))
                await asyncio.sleep(0.02)
        await playback.stop()


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("recvonly sendonly", True),
        ("- sendonly", True),
        ("sendonly recvonly", True),
        ("- sendrecv", True),
        ("- recvonly", False),
        ("- -", False),
    ],
)
async def test_probe_when_directions_are_written_from_either_side_then_the_track_is_found(
    *, lines: str, found: bool
) -> None:
    pictures, sound = lines.split()
    traits = Traits(
        back_channel=BackChannel(direction=sound),
        picture_direction=pictures.strip("-"),
        tells_parameter_sets=False,
    )
    async with RtspCamera(replace(NO_CLIP, picture_codec="h264"), traits) as there:
        if found:
            await sink_of(there).probe()
        else:
            with pytest.raises(SinkError, match="no back-channel"):
                await sink_of(there).probe()
