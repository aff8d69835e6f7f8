"""A worker's life as the broker sees it: status, info, ownership, settings over a restart."""

import asyncio
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from edge_worker.demo.processes import PolylipProcess
from edge_worker.engine_set import EngineSet
from edge_worker.transport import MqttLink
from edge_worker.worker import Worker
from mqtt_schemas import EventType, WorkerInfo, decode, encode
from tests.broker.conftest import Mosquitto
from tests.broker.worker.doors import TOPICS, Clip, play
from tests.broker.worker.house import borrowed, serving, settings_for, watching

pytestmark = [pytest.mark.broker, pytest.mark.models]


async def test_status_when_a_worker_lives_then_each_step_is_told_and_info_stays_the_same(
    mosquitto: Mosquitto, engines: EngineSet
) -> None:
    may_load = threading.Event()

    def load() -> EngineSet:
        may_load.wait(60)
        return borrowed(engines)

    worker = Worker(settings_for(mosquitto), load)
    async with watching(mosquitto) as house:
        running = asyncio.create_task(worker.run())
        await house.until(lambda: house.statuses == ["init"])
        may_load.set()
        await house.until(lambda: house.statuses[-1] == "ready" and bool(house.infos))
        worker.stop()
        await running
        await house.until(lambda: house.statuses[-1] == "disconnected")
        assert list(dict.fromkeys(house.statuses)) == ["init", "ready", "draining", "disconnected"]
        assert len(set(house.infos)) == 1
    info = decode(WorkerInfo, TOPICS.worker_info("box"), house.infos[0])
    assert {(pair.source, pair.target) for pair in info.pairs} >= {("pt", "en"), ("en", "pt")}
    assert {engine.kind for engine in info.engines} == {
        *("vad", "turn", "asr", "mt", "tts", "face", "lipsync")
    }
    async with watching(mosquitto) as later:
        await later.until(lambda: later.statuses == ["disconnected"])
        assert later.infos == house.infos[:1]


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
async def test_status_when_a_worker_is_killed_then_the_broker_says_lost(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    place = [f"--host={mosquitto.host}", f"--port={mosquitto.port}"]
    process = PolylipProcess("the worker", ["worker", "--worker=box", *place], tmp_path / "log")
    async with watching(mosquitto) as house, process:
        await house.until(lambda: house.statuses == ["init"])
        assert process._process is not None
        process._process.kill()
        await house.until(lambda: house.statuses[-1] == "lost")


async def test_state_when_the_worker_restarts_then_settings_stay_and_the_term_rises(
    mosquitto: Mosquitto, engines: EngineSet
) -> None:
    async with watching(mosquitto) as house:
        async with serving(mosquitto, engines):
            first = await house.declare("door")
            assert (first.owner, first.term) == ("box", 1)
            changed = await house.set("door", "original_volume", "0.5")
            assert changed.settings.original_volume == 0.5
        async with serving(mosquitto, engines):
            await house.until(lambda: house["door"].states[-1].term == 2)
            again = house["door"].states[-1]
    assert again.settings == changed.settings
    assert again.revision > changed.revision
    async with watching(mosquitto) as later:
        await later.until(lambda: bool(later["door"].states))
        assert later["door"].states[0] == again


async def test_state_when_another_worker_has_a_higher_term_then_output_stops_at_once(
    mosquitto: Mosquitto, engines: EngineSet, parcel: Clip
) -> None:
    async with watching(mosquitto) as house, serving(mosquitto, engines) as worker:
        playing = asyncio.create_task(play(house.link, "door", parcel))
        await house.until(lambda: len(house["door"].out) > 5)
        ours = house["door"].states[-1]
        theirs = replace(ours, owner="other", term=ours.term + 5)
        topic = TOPICS.state("door")
        house.link.publish(topic, encode(theirs, topic), retain=True)
        await house.until(lambda: not worker.owned)
        await asyncio.sleep(0.3)
        published = len(house["door"].out)
        await asyncio.sleep(1)
        assert len(house["door"].out) == published
        assert house["door"].states[-1] == theirs
        playing.cancel()


async def test_session_when_the_connection_is_cut_and_comes_back_then_it_goes_on_under_its_term(
    mosquitto: Mosquitto, engines: EngineSet, parcel: Clip
) -> None:
    async with watching(mosquitto) as house, serving(mosquitto, engines) as worker:
        playing = asyncio.create_task(play(house.link, "door", parcel))
        await house.until(lambda: len(house["door"].out) > 5)
        # A second client of the same id makes the broker cut off the first and publish its will.
        async with MqttLink(replace(mosquitto.settings, client_id="polylip-box")) as impostor:
            await impostor.wait_connected()
        await house.until(lambda: house.statuses[-2:] == ["lost", "ready"])
        before = len(house["door"].out)
        await house.until(lambda: len(house["door"].out) > before + 5)
        await playing
        assert worker.owned == ("door",)
    assert {state.term for state in house["door"].states} == {1}


async def test_set_when_retained_refused_or_no_text_then_the_state_says_so(
    mosquitto: Mosquitto, engines: EngineSet
) -> None:
    async with watching(mosquitto) as house, serving(mosquitto, engines):
        before = await house.declare("door")
        for setting, text, said in (
            ("target_language", "not a language", "BCP-47"),
            ("original_volume", "2", "0 (mute) to 1"),
            ("playout_delay", "9", "0.2 to 6"),
            ("colour", "red", "there is no such setting"),
            ("voice", b"\xff\xfe", "not UTF-8"),
        ):
            state = await house.set("door", setting, text)
            assert state.last_error is not None
            assert setting in state.last_error.setting
            assert said in state.last_error.reason
            assert state.settings == before.settings
        accepted = await house.set("door", "captions", "off")
        assert accepted.last_error is None
        assert accepted.revision == before.revision + 6
    async with watching(mosquitto) as house:
        house.link.publish(TOPICS.set("door", "captions"), "on", retain=True)
        await house.link.flush()
        async with serving(mosquitto, engines):
            await house.until(lambda: bool(house["door"].told(EventType.RETAINED_COMMAND)))
            await house.until(lambda: house["door"].states[-1].term == 2)
            state = await house.set("door", "label", "off")
    assert not state.settings.captions
    assert state.retained_commands_ignored >= 1


async def test_stream_when_its_info_is_emptied_then_it_is_given_up(
    mosquitto: Mosquitto, engines: EngineSet
) -> None:
    async with watching(mosquitto) as house, serving(mosquitto, engines) as worker:
        await house.declare("door")
        house.link.publish(TOPICS.stream_info("door"), b"", retain=True)
        await house.until(lambda: not worker.owned)
        await house.link.flush()
    async with watching(mosquitto) as later:
        await asyncio.sleep(0.3)
        assert not later["door"].states
