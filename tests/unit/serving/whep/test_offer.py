"""Offers are checked and trimmed before anything is made for them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_worker.serving.whep.offer import (
    Offer,
    OfferMalformedError,
    OfferRefusedError,
    read_offer,
)
from tests.unit.serving.whep.viewer import Viewer


@pytest.fixture
async def offer() -> str:
    viewer = Viewer()
    text = await viewer.offer()
    await viewer.connection.close()
    return text


def with_candidates(offer: str, *candidates: str) -> str:
    """The offer with these addresses in the place of its own."""
    lines = [
        line
        for line in offer.splitlines()
        if not line.startswith(("a=candidate", "a=end-of-candidates"))
    ]
    return "\r\n".join([*lines, *candidates, "a=end-of-candidates"]) + "\r\n"


def candidates_of(offer: Offer) -> list[str]:
    return [line for line in offer.sdp.splitlines() if line.startswith("a=candidate")]


async def test_candidates_when_they_are_names_or_tcp_then_they_are_not_tried(offer: str) -> None:
    name = "a=candidate:1 1 udp 2113937151 6f1e-4d0b.local 50000 typ host"
    tcp = "a=candidate:2 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active"
    udp = "a=candidate:3 1 udp 2113937151 192.0.2.1 50000 typ host"
    read = read_offer(with_candidates(offer, name, tcp, udp))
    assert candidates_of(read) == [udp]
    assert "end-of-candidates" not in read.sdp  # the viewer's checks may come from elsewhere


async def test_candidates_when_there_are_many_then_a_few_are_tried(offer: str) -> None:
    many = [f"a=candidate:{n} 1 udp 1 192.0.2.{n} 50000 typ host" for n in range(1, 200)]
    assert len(candidates_of(read_offer(with_candidates(offer, *many)))) == 8


async def test_offer_when_its_sound_is_only_received_then_it_does_not_speak(offer: str) -> None:
    assert not read_offer(offer).speaks
    assert read_offer(offer.replace("a=recvonly", "a=sendrecv")).speaks


@pytest.mark.parametrize("missing", ["a=ice-ufrag", "a=fingerprint", "a=mid", "a=setup"])
async def test_offer_when_a_line_is_missing_then_it_is_malformed(offer: str, missing: str) -> None:
    lines = [line for line in offer.splitlines() if not line.startswith(missing)]
    with pytest.raises(OfferMalformedError):
        read_offer("\r\n".join(lines))


async def test_offer_when_it_has_thousands_of_lines_then_it_is_not_even_parsed(offer: str) -> None:
    with pytest.raises(OfferMalformedError, match="lines"):
        read_offer(offer + "a=rtcp-fb:* nack\r\n" * 1000)


async def test_offer_when_it_has_two_videos_then_it_is_refused(offer: str) -> None:
    video = offer[offer.index("m=video") :].split("m=audio", maxsplit=1)[0]
    with pytest.raises(OfferRefusedError, match="at most one video"):
        read_offer(offer + video.replace("a=mid:0", "a=mid:7"))


async def test_offer_when_it_is_not_bundled_then_it_is_refused(offer: str) -> None:
    lines = [line for line in offer.splitlines() if not line.startswith("a=group:BUNDLE")]
    with pytest.raises(OfferRefusedError, match="bundled"):
        read_offer("\r\n".join(lines))


_LINES = st.sampled_from(
    [
        "v=0",
        "m=video 9 UDP/TLS/RTP/SAVPF 96",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "a=rtpmap:96 H264/90000",
        "a=fmtp:96 profile-level-id=42e01f",
        "a=mid:0",
        "a=group:BUNDLE 0",
        "a=setup:actpass",
        "a=fingerprint:sha-256 00",
        "a=ice-ufrag:abcd",
        "a=candidate:1 1 udp 1 ::1 1 typ host",
        "a=ssrc:1 cname:x",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(_LINES, st.text(max_size=40), _LINES.map(lambda x: x[:-3])), max_size=20))
def test_offer_when_it_is_anything_at_all_then_it_is_read_or_refused(lines: list[str]) -> None:
    try:
        read_offer("\r\n".join(lines))
    except (OfferMalformedError, OfferRefusedError):
        return
