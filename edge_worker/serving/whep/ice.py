"""How viewers reach us: our own addresses, and STUN or TURN where somebody set them.

Without a setting nobody outside is asked for anything: the local network needs no server.
"""

import ipaddress
import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass

from aioice import Candidate
from aiortc import RTCIceServer, RTCPeerConnection

_GATHER_S = 5
_TURN = re.compile(r"(turns?):([^:@\s]+):([^@\s]+)@([^@\s?#]+(\?transport=(udp|tcp))?)")

_Gather = Callable[..., Coroutine[None, None, list[Candidate]]]


@dataclass(frozen=True, slots=True)
class Ice:
    """How viewers reach us (ICE, RFC 8445)."""

    addresses: tuple[str, ...] = ()
    """Of ours that are offered; empty: all but loopback."""
    servers: tuple[RTCIceServer, ...] = ()
    """STUN and TURN, for viewers beyond the local network."""


def addresses_of(bind: str) -> tuple[str, ...]:
    """What is offered of a server bound to ``bind``; empty: every address but loopback."""
    if bind == "localhost":
        return ("127.0.0.1",)
    try:
        address = ipaddress.ip_address(bind)
    except ValueError:
        return ()  # a host name: it may have several addresses
    return () if address.is_unspecified else (str(address),)


def servers_of(stun: str, turn: str) -> tuple[RTCIceServer, ...]:
    """Servers as the configuration names them; empty strings for none.

    Args:
        stun: ``stun:HOST:PORT``.
        turn: ``turn:USER:PASSWORD@HOST:PORT``, or ``turns:``, with ``?transport=tcp`` or ``udp``.

    Raises:
        ValueError: ``turn`` is written otherwise; says how, without its password.
    """
    servers = [RTCIceServer(urls=stun)] if stun else []
    if turn:
        match = _TURN.fullmatch(turn)
        if match is None:
            raise ValueError("a TURN server is written turn:USER:PASSWORD@HOST:PORT")
        scheme, user, password, rest = match.group(1, 2, 3, 4)
        servers.append(RTCIceServer(f"{scheme}:{rest}", username=user, credential=password))
    return tuple(servers)


def bind(connection: RTCPeerConnection, offered: Sequence[str]) -> None:
    """Offer these addresses only, and open sockets on no others.

    Left alone, aiortc listens on every address of the machine but never on loopback.

    Args:
        connection: that has an offer and has not yet looked for its own addresses.
        offered: addresses of ours.
    """
    transports = {one.receiver.transport for one in connection.getTransceivers()}
    if connection.sctp is not None:
        transports.add(connection.sctp.transport)
    for dtls in transports:
        agent = dtls.transport.iceGatherer._connection  # noqa: SLF001 - there is no setting for it
        gather = _bound(agent.get_component_candidates, list(offered))
        agent.get_component_candidates = gather  # type: ignore[method-assign] # likewise


def _bound(gather: _Gather, offered: list[str]) -> _Gather:
    async def gather_bound(
        component: int,
        addresses: list[str],  # noqa: ARG001 - those of every network card
        timeout: int = _GATHER_S,  # noqa: ASYNC109 - the name is aioice's
    ) -> list[Candidate]:
        return await gather(component, offered, timeout)

    return gather_bound
