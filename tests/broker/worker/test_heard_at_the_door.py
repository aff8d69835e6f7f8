"""From the owner's text through worker, broker and camera side to a loudspeaker and a listener."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge_worker.camera import CameraOptions, SourceAddress, SpeakerAddress
from edge_worker.engine_set import EngineSet
from edge_worker.items import AudioBlock, Samples
from edge_worker.media.resample import Resampler
from engines.asr import SAMPLE_RATE
from mqtt_schemas import ResponseStatus
from tests.broker.answering import filming
from tests.broker.conftest import Mosquitto
from tests.broker.filming import film
from tests.broker.worker.house import serving, watching
from tests.broker.worker.loudspeaker import Owner
from tests.rtsp_camera import BackChannel, Clip, RtspCamera, Traits

pytestmark = [pytest.mark.broker, pytest.mark.models]

COMING = "Eu já vou abrir a porta."
RATE = 48_000


def pcm(path: Path) -> Samples:
    return np.frombuffer(path.read_bytes(), "<i2").astype(np.float32) / np.float32(32767)


def understood(sound: Samples, engines: EngineSet) -> str:
    """What a listener understands of it, in lower case."""
    resampler = Resampler(SAMPLE_RATE)
    blocks = [*resampler.process(AudioBlock("", 0, RATE, sound)), *resampler.flush()]
    heard = np.concatenate([block.samples for block in blocks])
    return engines.recognizer.engine.transcribe(heard, language="en").text.lower()


async def test_say_when_the_owner_writes_then_a_listener_at_each_kind_of_loudspeaker_understands(
    mosquitto: Mosquitto,
    engines: EngineSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    subtests: pytest.Subtests,
) -> None:
    (tmp_path / "asound.conf").write_text(
        "pcm.nothing { type null }\n"
        f'pcm.door {{ type file slave.pcm "nothing" file "{tmp_path}/device" format "raw" }}\n'
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "asound.conf"))
    clip = film(tmp_path / "a.mp4", seconds=2, audio=False, rate="2", size="160x120")
    read = "-f s16le -ar 48000 -ac 1 -probesize 32 -i pipe:0"
    bell = RtspCamera(
        Clip((), 1.0, None, b"", None, b"", 8000, 1), Traits(back_channel=BackChannel())
    )
    await bell.start()
    doors: dict[str, tuple[str, Callable[[], Samples]]] = {
        "device": ("device:door", lambda: pcm(tmp_path / "device")),
        "command": (
            f"command:ffmpeg -y -loglevel error {read} -f s16le {tmp_path}/command",
            lambda: pcm(tmp_path / "command"),
        ),
        "rtsp": (bell.url(), lambda: bell.heard[0].samples()),  # noqa: PLW0108 - not heard yet
    }
    async with (
        watching(mosquitto) as house,
        serving(mosquitto, engines),
        contextlib.AsyncExitStack() as cameras,
    ):
        owners = {door: Owner(house.link, door) for door in doors}
        for door, (talkback, _) in doors.items():
            options = CameraOptions(
                SourceAddress(str(clip)),
                door,
                broker=mosquitto.settings,
                language="en",
                loop=True,
                talkback=SpeakerAddress.read(talkback),
            )
            await cameras.enter_async_context(filming(options))
            await owners[door].listen()
        await house.until(lambda: all(house[door].states for door in doors))
        asked = {door: owners[door].say(COMING, "pt") for door in doors}
        answers = await asyncio.gather(*(owners[door].answer(asked[door]) for door in doors))
    for door, answer in zip(doors, answers, strict=True):
        with subtests.test(door):
            assert answer.status is ResponseStatus.OK, answer.error
            heard = understood(doors[door][1](), engines)
            assert "open the door" in heard
    await bell.stop()
