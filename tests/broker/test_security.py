"""The documented broker: who gets in, and what each may do."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import pytest

from edge_worker.transport import BrokerSettings, MqttLink, Tls
from mqtt_schemas import RULES, Channel, Party, Topics
from tests.broker.secured import USERS, Secured
from tests.broker.watching import Heard, until

pytestmark = pytest.mark.broker

TOPICS = Topics()
PARTS = {
    "worker": "attic",
    "stream": "door",
    "language": "en",
    "setting": "enabled",
    "utterance": "u1",
    "transaction": "t1",
    "name": "view",
}
HANDED_ON = (
    frozenset(Channel)
    - {channel for channel, rules in RULES.items() if rules.publisher is Party.CAMERA}
    - {Channel.WORKER_FETCH}
)
"""What workers say for each other, and for whoever uses their page; never for a camera."""


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    broker = Secured(tmp_path_factory.mktemp("secured"))
    broker.start()
    yield broker
    broker.stop()


@dataclass
class Crowd:
    """Every user of the documentation, all of them listening to everything."""

    links: dict[str, MqttLink]
    heard: dict[str, Heard]

    async def reaches(self, user: str, topic: str) -> set[str]:
        """Who hears what ``user`` publishes on ``topic``."""
        self.links[user].publish(topic, b"x")
        # What everybody may hear follows on the same way, so that nothing is still under way.
        before = {name: len(heard.messages) for name, heard in self.heard.items()}
        self.links["worker"].publish(TOPICS.event("yard"), b"end")
        self.links["worker"].publish(TOPICS.build(Channel.TALKBACK_OUT, stream="door"), b"end")
        await until(
            lambda: all(
                b"end" in heard.payloads[before[name] :] for name, heard in self.heard.items()
            )
        )
        return {
            name
            for name, heard in self.heard.items()
            if any(one.topic == topic and one.payload == b"x" for one in heard.messages)
        }


@pytest.fixture
async def crowd(secured: Secured) -> AsyncIterator[Crowd]:
    async with AsyncExitStack() as stack:
        links, heard = {}, {}
        for user in USERS:
            links[user] = await stack.enter_async_context(secured.link_of(user))
            await links[user].wait_connected()
            heard[user] = Heard()
            await links[user].subscribe("polylip/#", heard[user], qos=1)
        yield Crowd(links, heard)


def topic_of(channel: Channel, **parts: str) -> str:
    wanted = {name: text for name, text in PARTS.items() if f"{{{name}}}" in channel}
    return TOPICS.build(channel, **{**wanted, **{k: v for k, v in parts.items() if k in wanted}})


async def test_channels_when_somebody_publishes_then_only_their_part_reaches_anybody(
    crowd: Crowd,
) -> None:
    allowed = {
        "worker": {Party.WORKER},
        "door": {Party.CAMERA},
        "homeassistant": {Party.CLIENT},
        "viewer": set(),
    }
    for channel, rules in RULES.items():
        topic = topic_of(channel)
        for user, parties in allowed.items():
            handed_on = user == "worker" and channel in HANDED_ON
            job = user == "homeassistant" and channel.startswith("job/")
            ring = channel is Channel.EVENT and user in {"door", "homeassistant"}
            may = rules.publisher in parties or handed_on or ring
            reached = await crowd.reaches(user, topic)
            for heard in crowd.heard.values():
                heard.messages.clear()
            assert bool(reached) == (may and not job), (user, topic, reached)


async def test_camera_when_another_streams_topics_are_asked_for_then_it_hears_and_says_nothing(
    crowd: Crowd,
) -> None:
    for channel in (Channel.IN_AV, Channel.STREAM_INFO, Channel.EVENT, Channel.TALKBACK_PLAYED):
        assert not await crowd.reaches("door", topic_of(channel, stream="garage"))
    for channel in (Channel.OUT_AV, Channel.UTTERANCE, Channel.TALKBACK_OUT, Channel.STATE):
        reached = await crowd.reaches("worker", topic_of(channel, stream="garage"))
        assert "door" not in reached
    assert "door" in await crowd.reaches("worker", topic_of(Channel.TALKBACK_OUT))


async def test_viewer_when_it_watches_hears_the_stream_and_no_camera_or_microphone(
    crowd: Crowd,
) -> None:
    assert "viewer" in await crowd.reaches("worker", topic_of(Channel.OUT_AV))
    assert "viewer" not in await crowd.reaches("door", topic_of(Channel.IN_AV))
    assert "viewer" not in await crowd.reaches("homeassistant", topic_of(Channel.TALKBACK_SAY))
    assert "viewer" not in await crowd.reaches("worker", topic_of(Channel.RESPONSE))


async def lets_in(settings: BrokerSettings) -> bool:
    async with MqttLink(settings) as link:
        try:
            async with asyncio.timeout(1.5):
                await link.wait_connected()
        except TimeoutError:
            return False
        return True


async def test_broker_when_somebody_is_unknown_does_not_let_them_in(secured: Secured) -> None:
    known = secured.settings_of("viewer")
    assert await lets_in(known)
    assert not await lets_in(secured.settings_of("viewer", "guessed"))
    assert not await lets_in(replace(known, username=None, password=None))
    certified = secured.certified("door")
    assert certified.tls is not None
    assert await lets_in(certified)
    assert not await lets_in(replace(certified, tls=Tls(ca=certified.tls.ca)))


async def test_user_when_known_by_certificate_may_do_what_the_user_of_that_name_may(
    secured: Secured, crowd: Crowd
) -> None:
    async with MqttLink(secured.certified("door")) as door:
        await door.wait_connected()
        door.publish(topic_of(Channel.STATE), b"forged")
        door.publish(topic_of(Channel.EVENT), b"rang")
        await until(lambda: b"rang" in crowd.heard["viewer"].payloads)
    assert b"forged" not in crowd.heard["viewer"].payloads
