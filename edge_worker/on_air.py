"""The session of one stream that serves it, what it begins with, and the one that stands by."""

import contextlib
from collections.abc import AsyncIterator, Callable

from edge_worker.backlog import Backlog
from edge_worker.media.clock import ClockAnchor
from edge_worker.session.session import Services, Session
from edge_worker.session.visit import Visit
from edge_worker.standby import Standby
from edge_worker.transport import Message
from mqtt_schemas import StreamSettings


class OnAir:
    """Hands a stream's segments to whoever works on it.

    Args:
        stream: id.
        services: of the worker.
        visit: of the stream.

    Attributes:
        session: that serves the stream; None while none does.
    """

    def __init__(self, stream: str, services: Services, visit: Visit) -> None:
        self.session: Session | None = None
        self._stream = stream
        self._services = services
        self._visit = visit
        self._early = Backlog()
        self._anchor: ClockAnchor | None = None
        self._standby: Standby | None = None

    async def anchor(self, anchor: ClockAnchor) -> None:
        """The camera side tied its clock to UTC."""
        self._anchor = anchor
        if self.session is not None:
            await self.session.anchor(anchor)

    async def take(self, message: Message, *, keep: bool) -> None:
        """Take a segment; ``keep``: where nobody works on it, a session will begin with it."""
        if self.session is not None:
            await self.session.take(message)
        elif self._standby is not None:
            await self._standby.take(message)
        elif keep:
            self._early.add(message)
        else:
            self._early.clear()

    def stand_by(self, settings: StreamSettings) -> Standby:
        """A session beside the owner's."""
        return Standby(self._stream, self._services, settings, self._visit, self._anchor)

    def adopt(self, standby: Standby | None) -> None:
        """Begin the next session with one that stood by."""
        if self._standby is not standby:
            self.dismiss()
        self._standby = standby

    def dismiss(self) -> None:
        """Begin the next session anew."""
        standby, self._standby = self._standby, None
        if standby is not None:
            standby.close()

    def clear(self) -> None:
        """What came for the session that was to be is not kept for a later one."""
        self.dismiss()
        self._early.clear()

    @contextlib.asynccontextmanager
    async def begin(
        self, settings: StreamSettings, term: int, changed: Callable[[], None]
    ) -> AsyncIterator[Session | Standby]:
        """Begin a session, which is to be run within the context.

        Args:
            settings: in force.
            term: under which the stream is owned.
            changed: told when something that ``state`` tells has changed by itself.
        """
        standby, self._standby = self._standby, None
        session = standby.session if standby is not None else self._new(settings, term)
        try:
            session.on_change(changed)
            if standby is not None:
                self._early.clear()
                self.session = session
                await standby.go_on_air(settings, term)
            else:
                await self._brief(session)
                self.session = session
            yield standby or session
        finally:
            (standby or session).close()
            if self.session is session:
                self.session = None

    def _new(self, settings: StreamSettings, term: int) -> Session:
        return Session(self._stream, self._services, settings, term, self._visit)

    async def _brief(self, session: Session) -> None:
        """Give it what it has missed."""
        if self._anchor is not None:
            await session.anchor(self._anchor)
        for message in self._early.take():
            await session.take(message)
