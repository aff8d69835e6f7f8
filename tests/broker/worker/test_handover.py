"""A stream goes from one worker to another: by a drain, by a return, and by a death."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator

import pytest

from edge_worker.engine_set import EngineSet
from edge_worker.ownership import share_out
from mqtt_schemas import UtteranceMessage
from tests.broker.conftest import Mosquitto
from tests.broker.worker.doors import Clip, play, visit
from tests.broker.worker.house import Heard, House, serving, watching

pytestmark = [pytest.mark.broker, pytest.mark.models]

STREAM = next(
    name for name in "abcdefgh" if share_out({name}, {"box": 4.0, "spare": 4.0})[name] == "box"
)
"""Is the box's as long as there is one."""
SEGMENT_NS = 120_000_000


@contextlib.asynccontextmanager
async def playing(house: House, clip: Clip) -> AsyncIterator[None]:
    """A camera at work."""
    task = asyncio.create_task(play(house.link, STREAM, clip))
    try:
        yield
    finally:
        task.cancel()


def accepted(heard: Heard) -> list[tuple[int, int, int]]:
    """(term, output time, arrival) of what a subscriber takes: no lower term than before."""
    taken: list[tuple[int, int, int]] = []
    for message, told in zip(heard.out, heard.properties(), strict=True):
        term = told.term or 0
        if not taken or term >= taken[-1][0]:
            taken.append((term, told.pts_ns or 0, message.received_ns))
    return taken


def gap_ns(heard: Heard) -> int:
    """Output time that no segment has, where one term follows another; < 0: it is there twice."""
    taken = accepted(heard)
    return max(
        after[1] - before[1] - SEGMENT_NS
        for before, after in itertools.pairwise(taken)
        if after[0] > before[0]
    )


async def going_on(house: House, term: int) -> None:
    """Wait until a subscriber has ten segments of a term."""
    heard = house[STREAM]
    await house.until(lambda: sum(one.term == term for one in heard.properties()) >= 10)


@pytest.fixture(scope="module")
def visitor() -> Clip:
    """Misses his dog, 3.9 s, and then stays for 50 s without a word."""
    return visit(12.1, 15.95, silence_s=50)


async def test_stream_when_its_owner_drains_then_a_subscriber_sees_no_gap(
    mosquitto: Mosquitto, engines: EngineSet, visitor: Clip
) -> None:
    async with watching(mosquitto) as house, serving(mosquitto, engines, "spare"):
        heard = house[STREAM]
        async with serving(mosquitto, engines) as first, playing(house, visitor):
            await going_on(house, 1)
            assert heard.states[-1].owner == "box"
            first.stop()
            await going_on(house, 2)
    assert heard.states[-1].owner == "spare"
    named = [state for state in heard.states if state.successor]
    assert {(state.owner, state.successor) for state in named} == {("box", "spare")}
    assert named[-1].yields
    assert gap_ns(heard) <= 2 * SEGMENT_NS


async def test_stream_when_its_worker_returns_then_it_waits_until_all_has_been_heard(
    mosquitto: Mosquitto,
    engines: EngineSet,
    visitor: Clip,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_worker.peers._STEADY_S", 0.0)
    async with watching(mosquitto) as house, serving(mosquitto, engines, "spare"):
        heard = house[STREAM]
        async with playing(house, visitor):
            await house.until(lambda: bool(heard.utterances))
            assert heard.states[-1].owner == "spare"
            async with serving(mosquitto, engines) as returned:
                await house.until(lambda: returned.owned == (STREAM,))
                await going_on(house, 2)
                assert heard.states[-1].owner == "box"
    assert _after(heard, heard.spoken()[0])
    assert gap_ns(heard) <= 2 * SEGMENT_NS


def _after(heard: Heard, spoken: UtteranceMessage) -> bool:
    """The second term began when the translation had been heard to its end."""
    ended_ns = (spoken.placed_end_ns or 0) + heard.states[0].playout_delay_ns
    return next(one[1] for one in accepted(heard) if one[0] == 2) > ended_ns
