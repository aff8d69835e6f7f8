"""Jobs of others, as the worker that takes them answers."""

import json
from types import SimpleNamespace
from typing import cast

import pytest

from edge_worker.engine_set import EngineSet
from edge_worker.jobs.taker import Taker
from edge_worker.lending import EngineBusyError
from edge_worker.session.announcer import Announcer
from edge_worker.transport import Message, MqttLink
from mqtt_schemas import Channel, ResponseStatus, Topics, TranslationJob, encode
from tests.unit.house import Broker, settle

TOPICS = Topics()
ANSWERS = TOPICS.response("job-1")
JOB = TranslationJob(transaction="j", text="porta", source_language="pt", target_language="en")


class Translating:
    """An engine whose queue is full at first."""

    def __init__(self) -> None:
        self.full = True
        self.done = 0

    async def call_here(self, _work: object, *, deadline_ns: int) -> str:
        assert deadline_ns
        if self.full:
            raise EngineBusyError("full")
        self.done += 1
        return "door"


@pytest.mark.parametrize("again", [1, 2])
async def test_job_when_the_queue_was_full_then_it_is_done_when_it_is_asked_again_and_only_once(
    again: int,
) -> None:
    broker, translator = Broker(), Translating()
    announcer = Announcer(cast("MqttLink", broker), TOPICS)
    engines = cast("EngineSet", SimpleNamespace(translator=translator))
    taker = Taker(announcer, engines, lambda: True, lambda _: False)
    job = Message(TOPICS.build(Channel.JOB_MT), encode(JOB), 0, response_topic=ANSWERS)
    await taker.hear(job)
    await settle()
    translator.full = False
    for _ in range(again):
        await taker.hear(job)
        await settle()
    said = [json.loads(payload)["status"] for payload in broker.on(ANSWERS)]
    assert said == [ResponseStatus.ERROR, *[ResponseStatus.OK] * again]
    assert (translator.done, taker.done) == (1, 1)
