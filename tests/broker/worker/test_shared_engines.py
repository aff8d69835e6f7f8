"""The real engines, called by another worker over a real broker: the same comes of it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import numpy as np
import pytest

from edge_worker.engine_set import EngineSet
from edge_worker.jobs import Exchange
from edge_worker.jobs.sound import from_pcm, to_pcm
from edge_worker.peers import Peers
from edge_worker.session.announcer import Announcer
from engines.tts import Speech
from mqtt_schemas import Topics, WorkerStatus
from tests.broker.conftest import Mosquitto
from tests.broker.watching import until
from tests.broker.worker.doors import SAMPLE, sound_of
from tests.broker.worker.house import borrowed

pytestmark = [pytest.mark.broker, pytest.mark.models]


@contextlib.asynccontextmanager
async def exchanging(
    broker: Mosquitto, engines: EngineSet, name: str, *others: str
) -> AsyncIterator[tuple[EngineSet, Exchange]]:
    own, peers = borrowed(engines), Peers(name, 4.0)
    for other in others:
        peers.hear_status("t", other, WorkerStatus.READY)
    async with broker.link() as link:
        await link.wait_connected()
        exchange = Exchange(Announcer(link, Topics()), own, peers, lambda: 0.0)
        running = asyncio.create_task(exchange.run(link))
        await until(lambda: own.synthesizer.relief is not None)
        try:
            yield own, exchange
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            own.close()


async def test_calls_when_another_worker_does_them_then_they_give_what_they_give_here(
    mosquitto: Mosquitto, engines: EngineSet
) -> None:
    said = from_pcm(to_pcm(sound_of(SAMPLE, 0.5, 3.0)[::3]))

    def spoken(speech: list[Speech]) -> tuple[int, list[str]]:
        return len(speech), [phoneme.symbol for one in speech for phoneme in one.phonemes]

    async with (
        exchanging(mosquitto, engines, "idle") as (_, idle),
        exchanging(mosquitto, engines, "loaded", "idle") as (loaded, exchange),
    ):
        await until(lambda: idle.taker.taking and exchange.taker.taking)
        recognizer, translator, synthesizer = (
            loaded.recognizer.relief,
            loaded.translator.relief,
            loaded.synthesizer.relief,
        )
        assert recognizer is not None
        assert translator is not None
        assert synthesizer is not None
        heard = await recognizer.call(lambda one: one.transcribe(said, language="pt"))
        here = engines.recognizer.engine.transcribe(said, language="pt")
        assert heard.text == here.text
        text = await translator.call(lambda one: one.translate(here.text, source="pt", target="en"))
        assert text == engines.translator.engine.translate(here.text, source="pt", target="en")
        speech = await synthesizer.call(lambda one: list(one.synthesize(text, language="en")))
        assert spoken(speech) == spoken(
            list(engines.synthesizer.engine.synthesize(text, language="en"))
        )
        assert all(
            sum(phoneme.samples for phoneme in one.phonemes) == len(one.samples) for one in speech
        )
        assert np.abs(speech[0].samples).max() > 0.05
        assert idle.taker.done + exchange.taker.done == 3
