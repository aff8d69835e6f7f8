"""All WebRTC viewers of a worker: let in, counted, and sent away again."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

from edge_worker.serving.feeds import Feeds
from edge_worker.serving.seats import Seats
from edge_worker.serving.whep.ice import Ice
from edge_worker.serving.whep.microphone import Microphone, Pcm, Replies
from edge_worker.serving.whep.offer import Offer
from edge_worker.serving.whep.peer import Ears, Peer
from edge_worker.serving.whep.programme import Programme
from engines.vad import VoiceDetector
from engines.vad.gate import GatedDetector
from engines.vad.silero import SileroDetector

Speak = Callable[[str, Pcm], None]
"""Takes what an owner said to a stream's door: signed 16-bit mono at 16 kHz."""


@dataclass(slots=True, eq=False)
class Session:
    """One viewer, from its offer until it leaves."""

    id: str
    """Unguessable: whoever has it may end the session."""
    stream: str
    peer: Peer
    microphone: Microphone | None
    leaving: ExitStack
    """Gives back what the session holds."""
    task: asyncio.Task[None] | None = field(default=None)


class Sessions:
    """Opens, keeps and ends them.

    Args:
        feeds: of all streams.
        seats: bounds how many there are, together with other clients.
        ice: how viewers reach us.
        speak: takes what they say.
    """

    def __init__(self, feeds: Feeds, seats: Seats, ice: Ice, speak: Speak) -> None:
        self._feeds = feeds
        self._seats = seats
        self._ice = ice
        self._speak = speak
        self._voice: VoiceDetector | None = None
        self._programmes: dict[str, Programme] = {}
        self._sessions: dict[str, Session] = {}

    def __contains__(self, session: str) -> bool:
        return session in self._sessions

    def stream_of(self, session: str) -> str:
        """The stream that a session watches; empty where there is no such session."""
        known = self._sessions.get(session)
        return known.stream if known else ""

    def watched(self, stream: str) -> int:
        """How many watch a stream."""
        return sum(session.stream == stream for session in self._sessions.values())

    async def open(self, stream: str, offer: Offer, *, may_speak: bool) -> tuple[str, str]:
        """Let a viewer in.

        Args:
            stream: to be watched.
            offer: of the viewer.
            may_speak: its microphone is heard, if it offers one.

        Returns:
            The id of the session, and the answer (SDP).

        Raises:
            web.HTTPException: too many clients.
            OfferRefusedError: see ``Peer.answer``.
            OfferMalformedError: likewise.
        """
        with ExitStack() as holding:
            holding.enter_context(self._seats.take(stream))
            holding.callback(self._forget_idle, stream)
            reception = holding.enter_context(self._programme(stream).received())
            microphone = await self._microphone(stream) if may_speak and offer.speaks else None
            ears = Ears(microphone.listen, microphone.button) if microphone else None
            peer = Peer(reception, self._ice, ears)
            try:
                answer = await peer.answer(offer)
            except BaseException:
                await peer.close()
                raise
            session = Session(
                secrets.token_urlsafe(16), stream, peer, microphone, holding.pop_all()
            )
        self._sessions[session.id] = session
        session.task = asyncio.create_task(self._keep(session), name=f"whep-viewer-{stream}")
        await asyncio.sleep(0)  # it has begun: whatever ends it now, what it holds is given back
        return session.id, answer

    async def end(self, session: str) -> bool:
        """End a session; False where there is none."""
        known = self._sessions.get(session)
        if known is None or known.task is None:
            return False
        known.task.cancel()
        await asyncio.wait([known.task])
        return True

    async def close(self) -> None:
        """End all of them."""
        for session in list(self._sessions):
            await self.end(session)

    async def _keep(self, session: Session) -> None:
        """Until the viewer leaves or is sent away."""
        try:
            await session.peer.over()
        finally:
            self._sessions.pop(session.id, None)
            session.leaving.close()
            if session.microphone is not None:
                await session.microphone.close()
            await session.peer.close()

    def _programme(self, stream: str) -> Programme:
        programme = self._programmes.get(stream)
        if programme is None:
            feed = self._feeds.translated(stream)
            programme = self._programmes[stream] = Programme(stream, feed)
        return programme

    def _forget_idle(self, stream: str) -> None:
        programme = self._programmes.get(stream)
        if programme is not None and programme.idle:
            del self._programmes[stream]

    async def _microphone(self, stream: str) -> Microphone:
        if self._voice is None:
            self._voice = await asyncio.to_thread(lambda: GatedDetector(SileroDetector()))
        return Microphone(stream, Replies(self._voice.open(), partial(self._speak, stream)))
