"""One stream on two workers, each a process of its own: one hears and speaks, the other shows."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from edge_worker.demo.processes import PolylipProcess
from edge_worker.engine_set import EngineSet
from edge_worker.transport import Message
from mqtt_schemas import (
    Channel,
    Role,
    SyncedSpeechMessage,
    WorkerInfo,
    decode,
)
from tests.broker.conftest import Mosquitto
from tests.broker.worker.doors import TOPICS, Clip, play
from tests.broker.worker.house import House, serving, watching

pytestmark = [pytest.mark.broker, pytest.mark.models]


def worker(broker: Mosquitto, folder: Path, name: str, role: str) -> PolylipProcess:
    """A worker with one role."""
    place = [f"--host={broker.host}", f"--port={broker.port}", "--set", "http.enabled=false"]
    arguments = ["worker", f"--worker={name}", f"--role={role}", *place]
    return PolylipProcess(name, arguments, folder / f"{name}.log")


class Speech:
    """All synced speech of one stream, and its sound."""

    def __init__(self) -> None:
        self.messages: list[SyncedSpeechMessage] = []
        self.pcm: list[Message] = []

    async def listen(self, house: House, stream: str) -> None:
        await house.link.subscribe(TOPICS.filter(Channel.SPEECH, stream=stream), self._json, qos=1)
        topic = TOPICS.filter(Channel.SPEECH_AUDIO, stream=stream)
        await house.link.subscribe(topic, self._sound, qos=1)

    async def _json(self, message: Message) -> None:
        self.messages.append(decode(SyncedSpeechMessage, message.topic, message.payload))

    async def _sound(self, message: Message) -> None:
        self.pcm.append(message)


async def test_stream_when_one_worker_hears_and_one_shows_then_it_is_dubbed_until_the_ears_are_lost(
    mosquitto: Mosquitto, tmp_path: Path, dog: Clip
) -> None:
    ears, eyes = (
        worker(mosquitto, tmp_path, "ears", "atp"),
        worker(mosquitto, tmp_path, "eyes", "rvp"),
    )
    async with watching(mosquitto) as house, ears, eyes:
        await house.until(lambda: house.statuses.count("ready") >= 2)
        infos = [decode(WorkerInfo, "", one) for one in house.infos]
        assert {one.worker: one.roles for one in infos} == {
            "ears": (Role.ATP,),
            "eyes": (Role.RVP,),
        }
        kinds = {one.worker: {engine.kind for engine in one.engines} for one in infos}
        assert kinds["eyes"] == {"face", "lipsync"}
        assert not kinds["ears"] & kinds["eyes"]
        heard, speech = house["door"], Speech()
        await speech.listen(house, "door")
        state = await house.declare("door")
        assert (state.owner, state.interpreter) == ("eyes", "ears")

        await play(house.link, "door", dog, stated=False)  # each side counts epochs by itself
        await house.finished("door")
        assert heard.states[-1].trouble == ""
        assert any(one.ai_modified for one in heard.properties())
        spoken = {one.utterance for one in heard.spoken()}
        made = {one.utterance: one for one in speech.messages if one.worker == "ears"}
        placed = {one.utterance: one for one in speech.messages if one.placed_start_ns is not None}
        assert spoken <= set(made) & set(placed)
        for utterance in spoken:
            sound = [one for one in speech.pcm if one.topic.endswith(utterance)]
            assert sum(len(one.payload) for one in sound) == 2 * made[utterance].samples
        assert {one.epoch for one in heard.spoken()} == {heard.states[-1].epoch}

        await ears.kill()
        again = asyncio.create_task(play(house.link, "door", dog))
        await house.until(lambda: "no worker hears this stream" in heard.states[-1].trouble)
        assert heard.states[-1].interpreter is None
        before = len(heard.out)
        await house.until(lambda: len(heard.out) > before + 5)
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)
        await eyes.kill()  # nobody waits for what it has to say


@pytest.mark.long
async def test_interpreter_when_it_is_told_to_stop_then_another_one_goes_on(
    mosquitto: Mosquitto, engines: EngineSet, parcel: Clip, dog: Clip
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        house = await stack.enter_async_context(watching(mosquitto))
        ears = {
            name: await stack.enter_async_context(
                serving(mosquitto, engines, name, roles=(Role.ATP,))
            )
            for name in ("ears", "spare")
        }
        await stack.enter_async_context(serving(mosquitto, engines, "eyes", roles=(Role.RVP,)))
        await house.until(lambda: house.statuses.count("ready") >= 3)
        heard = house["door"]
        first = (await house.declare("door")).interpreter
        await play(house.link, "door", parcel)
        await house.finished("door", "assinatura")

        ears[str(first)].stop()
        (other,) = set(ears) - {first}
        await house.until(lambda: heard.states[-1].interpreter == other)
        known = len(heard.spoken())
        await play(house.link, "door", dog)
        await house.until(lambda: len(heard.spoken()) > known)
        assert heard.states[-1].trouble == ""
