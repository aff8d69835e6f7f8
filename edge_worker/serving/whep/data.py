"""The data channel of a viewer (SCTP, RFC 8831): only for who may speak, and bounded.

aiortc keeps whatever a client sends until a message is whole; it never holds a client to the
window that it announces.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiortc import RTCPeerConnection, RTCSctpTransport

HELD_BYTES = 64 << 10
"""Of messages that are not whole yet; what a button says has five."""
_HELD_CHUNKS = 256
_CHANNELS = 4
_STREAMS = 16
_SECTION = re.compile(r"^(?=m=)", re.MULTILINE)
_MID = re.compile(r"^a=mid:(\S+)", re.MULTILINE)
_BUNDLE = re.compile(r"^a=group:BUNDLE[^\r\n]*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Declined:
    """An offer without its data channel, and how the answer says so."""

    offer: str
    """What is answered (SDP)."""
    place: int
    """Of the data channel among the offer's media."""
    section: str
    """What the answer has there: port 0 (RFC 9429, 5.3.1); empty where none was offered."""

    def complete(self, answer: str) -> str:
        """The answer to the whole offer."""
        session, *media = _SECTION.split(answer)
        media[self.place : self.place] = [self.section]
        return "".join((session, *media))


def decline(offer: str) -> Declined:
    """Take the data channel out of an offer that has a ``mid`` in each of its media.

    Addresses that stand in its section alone go with it: the viewer's own checks show them.
    """
    session, *media = _SECTION.split(offer)
    place = next((n for n, part in enumerate(media) if part.startswith("m=application")), -1)
    if place < 0:
        return Declined(offer, 0, "")
    part = media.pop(place)
    line, found = part.splitlines()[0], _MID.search(part)
    mid = found[1] if found else ""
    kind, _, *rest = line.split(" ")
    session = _BUNDLE.sub(lambda group: _without(group[0], mid), session)
    refused = (" ".join((kind, "0", *rest)), "c=IN IP4 0.0.0.0", f"a=mid:{mid}", "")
    return Declined("".join((session, *media)), place, "\r\n".join(refused))


def bound(connection: RTCPeerConnection, exceeded: Callable[[], None]) -> None:
    """Hear no more of a viewer that makes us keep more than a button ever says.

    Args:
        connection: that has an offer.
        exceeded: called once it does.
    """
    sctp = connection.sctp
    if sctp is None:
        return
    hear = sctp._handle_data  # noqa: SLF001 - there is no setting for it
    deaf = False

    async def hear_bounded(data: bytes) -> None:
        nonlocal deaf
        if deaf:
            return
        await hear(data)
        if _exceeds(sctp):
            deaf = True
            exceeded()

    sctp._handle_data = hear_bounded  # type: ignore[method-assign] # noqa: SLF001 - likewise


def _exceeds(sctp: RTCSctpTransport) -> bool:
    streams = sctp._inbound_streams.values()  # noqa: SLF001 - see ``bound``, here and below
    if len(streams) > _STREAMS or len(sctp._data_channels) > _CHANNELS:  # noqa: SLF001 - likewise
        return True
    chunks = [chunk for stream in streams for chunk in stream.reassembly]
    kept: Sequence[int] = (
        len(chunks),
        len(sctp._sack_misordered),  # noqa: SLF001 - likewise
        len(sctp._outbound_queue),  # noqa: SLF001 - likewise
        len(sctp._data_channel_queue),  # noqa: SLF001 - likewise
    )
    return max(kept) > _HELD_CHUNKS or sum(len(one.user_data) for one in chunks) > HELD_BYTES


def _without(group: str, mid: str) -> str:
    return " ".join(word for word in group.split() if word != mid)
