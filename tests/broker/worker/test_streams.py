"""Streams beside each other, strangers, broken engines and a broker that goes away."""

import asyncio
import json
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from edge_worker.engine_set import EngineSet
from edge_worker.lending import Lent
from engines.face import FaceLandmarker, FaceMesh, FaceRegion, Picture
from engines.mt import Translator
from mqtt_schemas import EventType, Verdict
from tests.broker.conftest import Mosquitto
from tests.broker.worker.doors import SAMPLE, SECOND_NS, TOPICS, Clip, play
from tests.broker.worker.house import House, serving, watching

pytestmark = [pytest.mark.broker, pytest.mark.models]


async def test_stream_when_a_strange_ffmpeg_sends_it_in_arbitrary_pieces_then_it_is_served(
    mosquitto: Mosquitto, engines: EngineSet
) -> None:
    async with watching(mosquitto) as house, serving(mosquitto, engines):
        await _pipe(house, "stranger", 4000)
        await house.finished("stranger", "assinatura")
    heard = house["stranger"]
    assert "encomenda" in " ".join(one.source_text for one in heard.final()).lower()
    assert not heard.told(EventType.BAD_INPUT)
    assert len(heard.told(EventType.FACE_FOUND)) == 1
    assert {one.off_camera for one in heard.spoken()} == {False}


async def _pipe(house: House, stream: str, size: int) -> None:
    """Publish what a plain ffmpeg writes, cut anywhere, with nothing said beside it."""
    cut = ("-re", "-ss", "0.5", "-t", "7.9", "-i", str(SAMPLE), "-vf", "scale=320:240")
    codecs = ("-c:v", "libx264", "-preset", "veryfast", "-g", "30", "-c:a", "aac", "-b:a", "64k")
    quiet = ("-af", "volume=0:enable='gt(t,6.3)'")
    ffmpeg = await asyncio.create_subprocess_exec(
        *("ffmpeg", "-v", "error", *cut, *quiet, *codecs, "-f", "mpegts", "-flush_packets", "1"),
        "-",
        stdout=asyncio.subprocess.PIPE,
    )
    assert ffmpeg.stdout is not None
    while piece := await ffmpeg.stdout.read(size):
        house.link.publish_media(TOPICS.in_av(stream), piece, content_type="video/mp2t")
    assert await ffmpeg.wait() == 0


class Blind:
    """A face engine that fails with every picture."""

    def detect(self, picture: Picture) -> list[FaceRegion]:
        raise RuntimeError(f"no eyes for {picture.shape}")

    def mesh(self, picture: Picture, region: FaceRegion) -> FaceMesh:
        raise RuntimeError(f"no eyes for {picture.shape} at {region}")


class Moody:
    """A translator that fails with one visitor's words."""

    def __init__(self, honest: Translator, word: str) -> None:
        self._honest = honest
        self._word = word

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        return frozenset({("pt", "en")})

    def translate(self, text: str, *, source: str, target: str) -> str:
        if self._word in text:
            raise RuntimeError("not\nthis\x00word")
        return self._honest.translate(text, source=source, target=target)


async def test_streams_when_ones_engines_fail_then_it_passes_through_and_the_other_is_untouched(
    mosquitto: Mosquitto, engines: EngineSet, parcel: Clip, dog: Clip
) -> None:
    def landmarker() -> FaceLandmarker:
        # Made in the stream's own ingest thread, which is named after it.
        here = threading.current_thread().name
        return Blind() if "failing" in here else engines.landmarker()

    failing = replace(
        engines,
        landmarker=landmarker,
        translator=Lent("translator", Moody(engines.translator.engine, "encomenda")),
    )
    async with watching(mosquitto) as house, serving(mosquitto, failing):
        await house.declare("failing")
        await house.declare("sound")
        await asyncio.gather(play(house.link, "failing", parcel), play(house.link, "sound", dog))
        await house.finished("failing", "assinatura")
        await house.finished("sound", "cachorro")
    failed = house["failing"]
    verdicts = {one.verdict for one in failed.final() if "encomenda" in one.source_text}
    assert verdicts == {Verdict.FAILED}
    told = [event.detail for event in failed.told(EventType.STAGE_FAILED)]
    assert len([detail for detail in told if "face tracker" in detail]) == 1
    assert any("not this word" in detail for detail in told)
    pictures = [unit for unit in failed.units() if unit.kind == "video"]
    assert len(pictures) > 0.4 * 25 * parcel.length_ns / SECOND_NS
    untouched = house["sound"]
    assert not untouched.told(EventType.STAGE_FAILED)
    assert untouched.spoken()
    assert not untouched.spoken()[0].off_camera


async def test_stream_when_the_broker_restarts_in_mid_stream_then_it_goes_on_by_itself(
    mosquitto: Mosquitto, engines: EngineSet, parcel: Clip
) -> None:
    async with watching(mosquitto) as house, serving(mosquitto, engines):
        heard = house["door"]
        playing = asyncio.create_task(play(house.link, "door", parcel))
        await house.until(lambda: len(heard.out) > 5)
        term = heard.states[-1].term
        await asyncio.to_thread(mosquitto.stop)
        before = len(heard.out)
        await asyncio.to_thread(mosquitto.start)
        await house.until(lambda: len(heard.out) > before + 5)
        await playing
        await house.until(lambda: bool(heard.spoken()))
    assert heard.states[-1].owner == "box"
    assert heard.states[-1].term >= term
    assert house.statuses[-1] in {"ready", "draining", "disconnected"}


async def test_output_when_real_programs_read_it_then_they_show_picture_and_sound(
    mosquitto: Mosquitto, engines: EngineSet, dog: Clip, tmp_path: Path
) -> None:
    programs = [shutil.which(name) for name in ("mosquitto_sub", "ffprobe")]
    if None in programs:
        pytest.fail("this test needs mosquitto_sub (mosquitto-clients) and ffprobe", pytrace=False)
    recorded = tmp_path / "out.ts"
    async with watching(mosquitto) as house, serving(mosquitto, engines):
        with recorded.open("wb") as file:
            reader = await asyncio.create_subprocess_exec(
                *("mosquitto_sub", "-h", mosquitto.host, "-p", str(mosquitto.port), "-N"),
                *("-t", "polylip/stream/+/out/en/av"),
                stdout=file,
            )
            await play(house.link, "door", dog)
            reader.terminate()
            await reader.wait()
    probe = await asyncio.create_subprocess_exec(
        *("ffprobe", "-v", "warning", "-show_streams", "-show_programs", "-count_frames"),
        *("-of", "json", str(recorded)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told, complaints = await probe.communicate()
    seen = json.loads(told)
    video, audio = sorted(seen["streams"], key=lambda one: str(one["codec_type"]), reverse=True)
    assert (video["codec_name"], video["profile"]) == ("h264", "Constrained Baseline")
    assert (video["width"], video["height"], video["has_b_frames"]) == (320, 240, 0)
    assert (audio["codec_name"], audio["profile"], audio["sample_rate"], audio["channels"]) == (
        "aac", "LC", "48000", 1,
    )  # fmt: skip
    assert int(video["nb_read_frames"]) > 0.4 * 25 * dog.length_ns / SECOND_NS
    assert seen["programs"][0]["tags"]["service_name"].startswith("Polylip")
    assert not complaints.decode().strip()
