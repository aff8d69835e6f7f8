"""The protocol: who is let in, what is answered, how a session ends."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from edge_worker.serving.tokens import Scope
from edge_worker.serving.whep.offer import MAX_BYTES
from tests.broker.watching import until
from tests.unit.serving.whep.conftest import House
from tests.unit.serving.whep.door import filmed
from tests.unit.serving.whep.viewer import viewing

SDP = {"Content-Type": "application/sdp"}


async def test_offer_when_answered_then_201_says_where_the_session_is(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with viewing(monkeypatch) as viewer:
        response = await viewer.ask(house.client, house.url())
        assert response.status == 201
        assert response.content_type == "application/sdp"
        assert response.headers["ETag"].strip('"')
        assert house.sessions.stream_of(response.headers["Location"].rsplit("/", 1)[1]) == "door"


async def test_answer_when_read_then_it_names_h264_constrained_baseline_and_opus_only(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with viewing(monkeypatch) as viewer:
        answer = await (await viewer.ask(house.client, house.url())).text()
    codecs = {line.split(" ")[1] for line in answer.splitlines() if line.startswith("a=rtpmap")}
    assert codecs == {"H264/90000", "rtx/90000", "opus/48000/2"}
    assert "profile-level-id=42e01f" in answer
    assert "packetization-mode=1" in answer
    assert "a=sendonly" in answer
    assert "a=recvonly" not in answer


async def test_answer_when_bound_to_loopback_then_it_offers_no_other_address(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with viewing(monkeypatch) as viewer:
        answer = await (await viewer.ask(house.client, house.url())).text()
    candidates = [line.split()[4] for line in answer.splitlines() if "candidate:" in line]
    assert candidates
    assert set(candidates) == {"127.0.0.1"}


@pytest.mark.parametrize(
    "order",
    [
        ("audio", "video"),
        ("video", "audio", "application"),
        ("application", "audio", "video"),
        ("video",),
        ("audio",),
    ],
)
async def test_offer_when_its_media_come_in_any_order_then_the_viewer_connects_and_receives(
    house: House, monkeypatch: pytest.MonkeyPatch, order: tuple[str, ...]
) -> None:
    async with filmed(house.feeds.translated("door")), viewing(monkeypatch, order=order) as viewer:
        response = await viewer.ask(house.client, house.url())
        assert response.status == 201
        wanted = {"H264" if kind == "video" else "opus" for kind in order if kind != "application"}
        await until(lambda: all(viewer.frames[codec] for codec in wanted))
        addresses = [
            line.split()[4] for line in (await response.text()).splitlines() if "candidate:" in line
        ]
        assert set(addresses) == {"127.0.0.1"}


async def test_session_when_deleted_then_it_is_over_and_gone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with filmed(house.feeds.translated("door")), viewing(monkeypatch) as viewer:
        session = (await viewer.ask(house.client, house.url())).headers["Location"]
        await until(lambda: viewer.connection.connectionState == "connected")
        token = house.tokens.of("door", Scope.VIEW)
        assert (await house.client.delete(f"{session}?token={token}")).status == 200
        assert house.sessions.watched("door") == 0
        assert (await house.client.delete(f"{session}?token={token}")).status == 404
        await until(lambda: viewer.connection.connectionState == "closed")


async def test_session_when_deleted_with_another_streams_token_then_it_stays(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with viewing(monkeypatch) as viewer:
        session = (await viewer.ask(house.client, house.url())).headers["Location"]
        other = house.tokens.of("gate", Scope.TALK)
        assert (await house.client.delete(f"{session}?token={other}")).status == 401
        elsewhere = session.replace("/door/", "/gate/")
        assert (await house.client.delete(f"{elsewhere}?token={other}")).status == 404
        assert house.sessions.watched("door") == 1


async def test_session_when_its_viewer_leaves_then_it_ends_and_its_seat_is_free(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with viewing(monkeypatch) as viewer:
        await viewer.ask(house.client, house.url())
        await until(lambda: viewer.connection.connectionState == "connected")
    await until(lambda: house.sessions.watched("door") == 0)


async def test_session_when_the_viewer_never_connects_then_it_ends(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_worker.serving.whep.peer.CONNECT_S", 0.2)
    async with viewing(monkeypatch) as viewer:
        offer = await viewer.offer()
    response = await house.client.post(house.url(), data=offer, headers=SDP)
    assert response.status == 201
    await until(lambda: house.sessions.watched("door") == 0)


async def test_sessions_when_the_stream_is_gone_then_they_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with viewing(monkeypatch) as viewer:
        async with filmed(house.feeds.translated("door")):
            await viewer.ask(house.client, house.url())
            await until(lambda: bool(viewer.frames["H264"]))
        house.feeds.translated("door").end()
        await until(lambda: house.sessions.watched("door") == 0)


async def test_session_when_patched_then_405_names_what_is_allowed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with viewing(monkeypatch) as viewer:
        session = (await viewer.ask(house.client, house.url())).headers["Location"]
        patch = await house.client.patch(session, data=b"a=candidate:1 1 UDP 1 1.2.3.4 5 typ host")
    assert patch.status == 405
    assert patch.headers["Allow"] == "DELETE"


async def test_endpoint_when_asked_for_its_options_then_it_says_what_it_takes(house: House) -> None:
    response = await house.client.options("/whep/door")
    assert response.status == 204
    assert response.headers["Accept-Post"] == "application/sdp"


@pytest.mark.parametrize(
    ("token", "status"), [("", 401), ("A" * 22, 401), ("of the gate", 401), ("talk", 201)]
)
async def test_offer_when_the_token_is_not_the_streams_then_nobody_is_let_in(
    house: House, monkeypatch: pytest.MonkeyPatch, token: str, status: int
) -> None:
    tokens = {
        "of the gate": house.tokens.of("gate", Scope.TALK),
        "talk": house.tokens.of("door", Scope.TALK),
    }
    async with viewing(monkeypatch) as viewer:
        offer = await viewer.offer()
        url = f"/whep/door?token={tokens.get(token, token)}"
        response = await house.client.post(url, data=offer, headers=SDP)
    assert response.status == status
    assert house.sessions.watched("door") == (status == 201)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"v=0", {"Content-Type": "text/plain"}, 415),
        (b"", SDP, 400),
        (b"\xff\xfe", SDP, 400),
        (b"v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n", SDP, 400),
        (b"m=\r\n", SDP, 400),
        (b"v=0\r\n" * (MAX_BYTES // 5 + 1), SDP, 413),
    ],
)
async def test_offer_when_it_is_none_then_it_is_refused_and_no_seat_is_taken(
    house: House, body: bytes, headers: dict[str, str], status: int
) -> None:
    response = await house.client.post(house.url(), data=body, headers=headers)
    assert response.status == status
    assert (await response.json(content_type=None))["error"]
    assert house.sessions.watched("door") == 0


async def test_offer_when_it_does_not_come_then_408(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_worker.serving.whep.routes._BODY_S", 0.1)

    async def stalling() -> AsyncIterator[bytes]:
        yield b"v=0\r\n"
        await asyncio.sleep(60)

    response = await house.client.post(house.url(), data=stalling(), headers=SDP)
    assert response.status == 408
    assert "0 s" in (await response.json())["error"]
    response.close()


async def test_offer_when_the_viewer_takes_no_h264_then_422_says_so(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with viewing(monkeypatch) as viewer:
        offer = (await viewer.offer()).replace("H264/90000", "H266/90000")
        response = await viewer.ask(house.client, house.url(), offer)
        assert response.status == 422
        assert "H.264" in await response.text()
    assert house.sessions.watched("door") == 0


async def test_offer_when_the_stream_is_unknown_then_404(house: House) -> None:
    response = await house.client.post(house.url("shed"), data=b"v=0", headers=SDP)
    assert response.status == 404


async def test_offer_when_the_stream_or_the_house_is_full_then_it_is_turned_away_until_one_leaves(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with viewing(monkeypatch) as viewer:
        offer = await viewer.offer()
        asked = [
            await house.client.post(house.url(stream), data=offer, headers=SDP)
            for stream in ("door", "door", "door", "gate", "gate")
        ]
        assert [response.status for response in asked] == [201, 201, 429, 201, 503]
        assert asked[2].headers["Retry-After"]
        first = asked[0].headers["Location"]
        await house.client.delete(f"{first}?token={house.tokens.of('door', Scope.VIEW)}")
        assert (await house.client.post(house.url(), data=offer, headers=SDP)).status == 201
