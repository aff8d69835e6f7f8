"""Calls that are sent away while they keep their turn here: whichever is done first counts."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import pytest

from edge_worker.jobs.relief import Relief
from edge_worker.jobs.remote import Away
from edge_worker.jobs.requester import JobFailedError, Requester
from edge_worker.lending import first_done
from edge_worker.session.announcer import Announcer
from edge_worker.transport import Message, MqttLink
from mqtt_schemas import Channel, Topics
from tests.broker.watching import until

LONG_NS = 10**9
WITHIN_S = 0.1


@dataclass
class Queue:
    """The jobs that were sent; nobody does one unless the test does."""

    sent: list[tuple[str, bytes]] = field(default_factory=list)

    def publish(
        self,
        _topic: str,
        _payload: bytes,
        *,
        response_topic: str,
        correlation_data: bytes,
        **_: object,
    ) -> bool:
        self.sent.append((response_topic, correlation_data))
        return True

    def answer(self, number: int) -> Message:
        topic, transaction = self.sent[number]
        word = {"schema": 1, "transaction": transaction.decode(), "status": "ok", "data": {}}
        return Message(topic, json.dumps(word).encode(), 0, correlation_data=transaction)


class House:
    """One worker with nobody beside it, whatever it believes."""

    def __init__(self) -> None:
        self.queue = Queue()
        self.now_s = 0.0
        announcer = Announcer(cast("MqttLink", self.queue), Topics())
        self.requester = Requester(announcer)
        loop = asyncio.get_running_loop()
        self.relief: Relief[Away] = Relief(
            lambda away: away,
            partial(Away, self.requester, loop, WITHIN_S),
            self.requester,
            lambda: True,
            lambda: self.now_s,
        )
        self.free = 0
        """Calls whose thread has ended."""
        self._jobs = 0

    def turn(self) -> "asyncio.Future[object]":
        """Of a call that would be done here."""
        return asyncio.get_running_loop().create_future()

    async def call(self, here: "asyncio.Future[object]") -> object:
        """One call, done here when ``here`` is."""
        self._jobs += 1
        name = f"job-{self._jobs}"

        def work(away: Away) -> object:
            try:
                return away.ask(Channel.JOB_MT, b"", name)
            finally:
                self.free += 1

        there = asyncio.ensure_future(self.relief.call(work))
        return await first_done(here, there)


@contextlib.contextmanager
def house() -> Iterator[House]:
    made = House()
    yield made
    made.relief.close()


async def test_call_when_it_is_done_here_first_then_its_thread_is_free_and_no_job_is_repeated() -> (
    None
):
    with house() as at:
        here = at.turn()
        waiting = asyncio.create_task(at.call(here))
        await until(lambda: len(at.queue.sent) == 1)
        here.set_result("here")
        assert await waiting == "here"
        await until(lambda: at.free == 1)
        assert at.relief.wanted(LONG_NS)
        await asyncio.sleep(2 * WITHIN_S)
        assert len(at.queue.sent) == 1


async def test_jobs_when_nobody_does_them_nor_waits_for_them_then_nobody_is_asked_for_a_while() -> (
    None
):
    with house() as at:
        rests: list[float] = []
        for _ in range(3):
            here = at.turn()
            sent = len(at.queue.sent)
            calls = [asyncio.create_task(at.call(here)) for _ in range(2)]
            await until(lambda: len(at.queue.sent) == sent + 2)  # noqa: B023 - called at once
            here.set_result("here")
            await asyncio.gather(*calls)
            await until(lambda: not at.relief.wanted(LONG_NS))
            rests.append(at.relief._rests_until_s - at.now_s)
            at.now_s = at.relief._rests_until_s
        assert rests == [5.0, 10.0, 20.0]


async def test_job_when_it_is_answered_after_all_then_others_are_asked_again() -> None:
    with house() as at:
        here = at.turn()
        waiting = asyncio.create_task(at.call(here))
        await until(lambda: len(at.queue.sent) == 1)
        here.set_result("here")
        await waiting
        await at.requester.hear(at.queue.answer(0))
        await asyncio.sleep(2 * WITHIN_S)
        assert at.relief.wanted(LONG_NS)
        assert at.requester.answered == 1


async def test_call_when_nobody_does_the_job_and_it_is_still_wanted_then_it_is_sent_twice() -> None:
    with house() as at:
        with pytest.raises(JobFailedError):
            await at.relief.call(lambda away: away.ask(Channel.JOB_MT, b"", "job"))
        assert len(at.queue.sent) == 2
        assert not at.relief.wanted(LONG_NS)
