"""Connections as they are accepted: counted from then on, and none held by who does nothing."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack, suppress

_log = logging.getLogger(__name__)
HANDSHAKE_S = 5.0
"""A client that has not agreed on TLS by then does not."""
UNREAD_S = 15.0
"""A client that takes nothing of what is sent for so long is gone."""
_WAITING = 128
_BREATH_S = 0.5
_USER_TIMEOUT = getattr(socket, "TCP_USER_TIMEOUT", None)
"""RFC 5482; Linux has it."""

Factory = Callable[[], asyncio.BaseProtocol]


class Doorway:
    """Accepts connections while its context lasts.

    asyncio's own server counts a connection when TLS is agreed upon, and waits a minute for that.

    Args:
        serve: makes the protocol of a connection.
        turn_away: likewise, where there is no room.
        served: how many connections ``serve`` has.
        room: for so many, with those that still agree on TLS.
        certificate: speaks TLS; None: not.
    """

    def __init__(
        self,
        serve: Factory,
        turn_away: Factory,
        served: Callable[[], int],
        room: int,
        certificate: ssl.SSLContext | None,
    ) -> None:
        self._serve = serve
        self._turn_away = turn_away
        self._served = served
        self._room = room
        self._certificate = certificate
        self._coming: set[asyncio.Task[None]] = set()
        self._accepting: list[asyncio.Task[None]] = []
        self._sockets = ExitStack()

    async def open(self, bind: str, port: int) -> int:
        """Begin to accept.

        Returns:
            The port.

        Raises:
            OSError: nothing can listen there.
        """
        loop = asyncio.get_running_loop()
        # asyncio knows which addresses a name stands for, and how each is bound.
        bound = await loop.create_server(asyncio.Protocol, bind, port, start_serving=False)
        with ExitStack() as opening:
            sockets = [opening.enter_context(one.dup()) for one in bound.sockets]
            bound.close()
            for listening in sockets:
                listening.settimeout(0)
                listening.listen(_WAITING)
            self._sockets = opening.pop_all()
        self._accepting = [
            asyncio.create_task(self._accept(listening), name="http-accept")
            for listening in sockets
        ]
        return int(sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Accept no more."""
        ending = (*self._accepting, *self._coming)
        for one in ending:
            one.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        self._sockets.close()  # when the loop no longer looks at them

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listening)
            except OSError as error:  # it went again, or this process has too many files open
                _log.debug("a connection was not accepted: %s", error)
                await asyncio.sleep(_BREATH_S)
                continue
            self._admit(connection)

    def _admit(self, connection: socket.socket) -> None:
        full = self._served() + len(self._coming) >= self._room
        if full and self._certificate is not None:
            connection.close()  # telling it takes a handshake, which takes room
            return
        _limit_unread(connection)
        coming = asyncio.create_task(self._bring_in(connection, full=full), name="http-come-in")
        self._coming.add(coming)
        coming.add_done_callback(self._coming.discard)

    async def _bring_in(self, connection: socket.socket, *, full: bool) -> None:
        secured = self._certificate is not None
        with suppress(OSError):  # TLS was not agreed upon, or the client went: its own affair
            await asyncio.get_running_loop().connect_accepted_socket(
                self._turn_away if full else self._serve,
                connection,
                ssl=self._certificate,
                ssl_handshake_timeout=HANDSHAKE_S if secured else None,
                ssl_shutdown_timeout=HANDSHAKE_S if secured else None,
            )


def _limit_unread(connection: socket.socket) -> None:
    if _USER_TIMEOUT is not None:
        with suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, _USER_TIMEOUT, int(UNREAD_S * 1000))
