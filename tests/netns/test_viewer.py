"""A viewer on a machine of its own: what it reaches, and with which token."""

import asyncio
import json
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from aiohttp import ClientSession, ClientTimeout

from edge_worker.transport import Message, MqttLink
from engines.vad import SAMPLE_RATE
from mqtt_schemas import Request, Response, ResponseStatus, ViewGrant, decode, encode
from tests.broker.watching import Heard, until
from tests.netns import Cable, Hosts, why_not
from tests.netns.village import HTTP_PORT, Village
from tests.unit.serving.whep.door import nals, pictures_in
from tests.unit.serving.whep.talker import Talker, silence, speech
from tests.unit.serving.whep.viewer import viewing

_PATIENCE_S = 90.0
"""Engines are loaded meanwhile, on a busy machine."""


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    """A house with a worker that serves others, one that keeps to itself, and a camera."""
    reason = why_not()
    if reason:
        pytest.skip(f"no hosts here: {reason}")
    with Hosts("broker", "worker", "shy", "camera", "viewer") as hosts:
        village = Village(hosts, tmp_path_factory.mktemp("village"))
        village.broker()
        village.worker("--http-bind", hosts["worker"].address)
        village.worker("--http", "--prefix", "elsewhere", host="shy")
        village.camera("door")
        yield village


def reaches(village: Village, host: str, address: str) -> bool:
    """Whether HTTP is answered there, seen from a host."""
    with village.hosts[host].inside(), socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((address, HTTP_PORT)) == 0


@asynccontextmanager
async def listening(village: Village) -> AsyncIterator[MqttLink]:
    """The viewer's own connection to the broker."""
    async with MqttLink(village.broker_settings) as link:
        await link.wait_connected()
        yield link


async def granted(link: MqttLink, scope: str) -> ViewGrant:
    """Ask over MQTT for a token, again and again until a worker is ready to answer."""
    heard = Heard()
    await link.subscribe("polylip/response/view", heard, qos=1)
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            transaction = secrets.token_hex(8)
            request = Request(transaction=transaction, stream="door", data={"scope": scope})
            link.publish("polylip/request/view", encode(request, "polylip/request/view"))
            await asyncio.sleep(0.5)
            answer = _answer(heard.messages, transaction)
            if answer is not None and answer.status is ResponseStatus.OK:
                data = json.dumps(dict(answer.data)).encode()
                return decode(ViewGrant, "polylip/response/view", data)


def _answer(messages: list[Message], transaction: str) -> Response | None:
    answers = [decode(Response, one.topic, one.payload) for one in messages]
    return next((one for one in answers if one.transaction == transaction), None)


async def test_worker_when_http_is_on_by_itself_then_only_its_own_host_reaches_it(
    village: Village,
) -> None:
    await until(lambda: reaches(village, "shy", "127.0.0.1"), _PATIENCE_S)
    shy = village.hosts["shy"].address
    assert not any(reaches(village, host, shy) for host in ("shy", "viewer", "broker"))


async def test_viewer_when_http_is_bound_for_it_then_its_token_opens_its_stream_and_no_other(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    with village.hosts["viewer"].inside():
        async with (
            listening(village) as link,
            ClientSession(timeout=ClientTimeout(30)) as client,
            viewing(monkeypatch) as viewer,
        ):
            grant = await granted(link, "view")
            address = f"http://{village.hosts['worker'].address}:{HTTP_PORT}"
            assert grant.whep_url == f"{address}/whep/door"

            for url in (grant.original_url, grant.live_url, f"{address}/live/gate.ts"):
                assert (await client.get(url)).status == 401
            bearer = {"Authorization": f"Bearer {grant.token}"}
            assert (await client.get(f"{address}/live/gate.ts", headers=bearer)).status == 401
            async with client.get(grant.original_url, headers=bearer) as original:
                assert original.status == 200
                assert (await original.content.readexactly(1)) == b"\x47"

            refused = await viewer.ask(client, f"{grant.whep_url}?token={'A' * 22}")
            assert refused.status == 401
            response = await viewer.ask(client, f"{grant.whep_url}?token={grant.token}")
            assert response.status == 201, await response.text()
            await until(lambda: len(viewer.frames["H264"]) > 10, _PATIENCE_S)
            await until(lambda: len(viewer.frames["opus"]) > 10, _PATIENCE_S)
            sent_from = {one.split()[4] for one in (await response.text()).split("candidate:")[1:]}
            assert sent_from == {village.hosts["worker"].address}


async def test_owner_when_talking_into_a_microphone_then_the_reply_goes_over_the_broker(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    with village.hosts["viewer"].inside():
        said = np.concatenate([silence(0.5), speech("thank you"), silence(20)])
        async with (
            listening(village) as link,
            ClientSession(timeout=ClientTimeout(30)) as client,
            viewing(monkeypatch, Talker(said)) as viewer,
        ):
            replies = Heard()
            await link.subscribe("polylip/stream/door/talkback/in/+", replies, qos=1)
            grant = await granted(link, "talk")
            response = await viewer.ask(client, f"{grant.whep_url}?token={grant.token}")
            assert "a=sendrecv" in await response.text()
            await until(lambda: bool(replies.messages), _PATIENCE_S)
    assert replies.messages[0].content_type == "audio/pcm"
    assert len(replies.payloads[0]) > SAMPLE_RATE  # half a second of 16 bits and more


@pytest.mark.long
async def test_viewer_when_its_network_loses_and_delays_then_lost_packets_are_sent_again(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    village.hosts.spoil("viewer", Cable(loss=0.02, delay_ms=20, jitter_ms=10))
    with village.hosts["viewer"].inside():
        async with (
            listening(village) as link,
            ClientSession(timeout=ClientTimeout(30)) as client,
            viewing(monkeypatch) as viewer,
        ):
            published = Heard()
            await link.subscribe("polylip/stream/door/out/+/av", published, capacity=4096)
            grant = await granted(link, "view")
            await viewer.ask(client, f"{grant.whep_url}?token={grant.token}")
            await until(lambda: len(viewer.frames["H264"]) > 300, _PATIENCE_S)
    village.hosts.mend("viewer")
    sent = [nals(unit.data) for unit in pictures_in(published.payloads)]
    received = [nals(data) for _, data in viewer.frames["H264"] if nals(data) in sent]
    meanwhile = sent[sent.index(received[0]) : sent.index(received[-1]) + 1]
    assert len(received) / len(meanwhile) > 0.97
