"""One stream on several machines, over cables that delay, jitter and lose."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_worker.transport import MqttLink
from tests.broker.watching import until
from tests.broker.worker.house import Heard, House
from tests.netns import Cable, Hosts, why_not
from tests.netns.village import Village

pytestmark = [pytest.mark.broker, pytest.mark.models, pytest.mark.long]

_PATIENCE_S = 180.0
"""Engines of four workers are loaded meanwhile."""
_ROUGH = Cable(loss=0.01, delay_ms=20, jitter_ms=10)
_EARS, _EYES = ("ears", "spare"), ("eyes", "reserve")


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    reason = why_not()
    if reason:
        pytest.skip(f"no hosts here: {reason}")
    with Hosts("broker", *_EARS, *_EYES, "camera", "viewer") as hosts:
        village = Village(hosts, tmp_path)
        village.broker()
        for name in (*_EARS, *_EYES):
            hosts.spoil(name, _ROUGH)
        yield village


def other(names: tuple[str, str], name: str | None) -> str:
    return names[1] if name == names[0] else names[0]


async def spoken_again(heard: Heard) -> None:
    """Something that is said from now on is understood and spoken."""
    known = {one.utterance for one in heard.utterances}

    def again() -> bool:
        return any(one.utterance not in known for one in heard.spoken())

    await until(again, _PATIENCE_S)


def gaps(heard: Heard) -> list[int]:
    """Segments that lack between neighbours of one owner and session."""
    stated = heard.properties()
    return [
        after.seq - before.seq - 1
        for before, after in itertools.pairwise(stated)
        if before.term == after.term and before.seq is not None and after.seq is not None
    ]


async def test_stream_when_its_ears_and_then_its_eyes_are_killed_then_others_take_over(
    village: Village,
) -> None:
    workers = {name: village.worker("--role", "atp", host=name) for name in _EARS}
    workers |= {name: village.worker("--role", "rvp", host=name) for name in _EYES}
    with village.hosts["viewer"].inside():
        async with MqttLink(village.broker_settings) as link:
            house = House(link)
            await link.wait_connected()
            await house.listen()
            await until(lambda: house.statuses.count("ready") >= len(workers), _PATIENCE_S)
            village.camera("door")
            heard = house["door"]
            await until(lambda: bool(heard.spoken()), _PATIENCE_S)
            first = heard.states[-1]
            assert first.owner in _EYES
            assert first.interpreter in _EARS
            assert first.trouble == ""

            village.hosts.kill(workers[str(first.interpreter)])
            successor = other(_EARS, first.interpreter)
            await until(lambda: heard.states[-1].interpreter == successor, _PATIENCE_S)
            await spoken_again(heard)
            assert heard.states[-1].trouble == ""
            assert heard.states[-1].term == first.term
            assert set(gaps(heard)) == {0}  # the original went on without a break

            village.hosts.kill(workers[first.owner])
            await until(lambda: heard.states[-1].owner == other(_EYES, first.owner), _PATIENCE_S)
            await spoken_again(heard)
            assert {one.interpreter for one in heard.states if one.term > first.term} == {successor}
            assert "interprets it no longer" not in village.log(successor)
