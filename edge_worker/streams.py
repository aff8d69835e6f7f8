"""The streams that a worker knows, and which of them it serves."""

import asyncio
import logging
import time
from collections.abc import Callable

from edge_worker.ownership import next_in_line, share_out
from edge_worker.peers import Peers
from edge_worker.session.session import Services
from edge_worker.stream_keeper import StreamKeeper
from edge_worker.talkback import Talkback
from mqtt_schemas import MAX_STREAMS, Channel, StreamState

_log = logging.getLogger(__name__)
_LOOK_S = 0.25
_ELECT_S = 5.0
_DRAIN_S = 5.0
"""When this worker leaves, a speaker without a pause is cut off then."""
_ECHO_S = 5.0
"""What is still under way of a stream that was given up does not bring it back."""


class Streams:
    """Keeps a ``StreamKeeper`` for every stream, and says to each whose it is.

    Args:
        services: lent to sessions.
        peers: the workers to share with.
        read_state_s: how long retained messages may still be on their way.
        filled: told when this worker has no room any more, and when it has again.
    """

    def __init__(
        self,
        services: Services,
        peers: Peers,
        read_state_s: Callable[[], float],
        filled: Callable[[], None] = lambda: None,
    ) -> None:
        self._filled = filled
        self._full_before = False
        self._services = services
        self._peers = peers
        self._read_state_s = read_state_s
        self._keepers: dict[str, StreamKeeper] = {}
        self._given_up: dict[str, float] = {}
        """Until when (monotonic seconds) their echoes are ignored."""
        self._leaving: dict[str, asyncio.Task[None]] = {}
        self._unserved: set[str] = set()
        """Those that have been told to be too many."""
        self._full = self._draining = False

    def __contains__(self, stream: str) -> bool:
        return stream in self._keepers

    @property
    def owned(self) -> tuple[str, ...]:
        """Streams that this worker owns."""
        return tuple(name for name, keeper in self._keepers.items() if keeper.serving)

    def get(self, stream: str) -> StreamKeeper | None:
        """The keeper of a stream that is known."""
        return self._keepers.get(stream)

    def talkback(self, stream: str) -> Talkback | None:
        """The reply path of a stream that is known."""
        keeper = self._keepers.get(stream)
        return keeper.talkback if keeper else None

    def meet(self, stream: str) -> StreamKeeper | None:
        """The keeper of a stream of which something was heard; None when there is no room."""
        keeper = self._keepers.get(stream)
        if keeper is None and not self._draining and not self._echoes(stream):
            if not self._room():
                return None
            keeper = StreamKeeper(stream, self._services, self._read_state_s)
            self._keepers[stream] = keeper
        return keeper

    def source(self, stream: str) -> StreamKeeper | None:
        """As ``meet``, of a stream whose segments come: it may be served."""
        keeper = self.meet(stream)
        if keeper is not None and not keeper.present:
            keeper.hear()
            self.elect()
        return keeper

    def declare(self, stream: str, *, doorbell: bool = False) -> None:
        """The camera side described the stream: it may be served."""
        self._given_up.pop(stream, None)
        leaving = self._leaving.pop(stream, None)
        if leaving is not None:
            leaving.cancel()
        keeper = self.meet(stream)
        if keeper is not None:
            was_present = keeper.present
            keeper.declare(doorbell=doorbell)
            if not was_present:
                self.elect()

    def give_up(self, stream: str) -> None:
        """The camera side took the stream back: what plays is heard to its end, then it is gone."""
        keeper = self._keepers.pop(stream, None)
        if keeper is None:
            return
        now_s = time.monotonic()
        self._given_up = {name: at for name, at in self._given_up.items() if at > now_s}
        self._given_up[stream] = now_s + _ECHO_S
        self._unserved.discard(stream)
        self._full = False
        owner = keeper.owner if self._peers.alive(keeper.owner) else self._share_of(stream)
        if keeper.taken or owner == self._peers.worker:
            self._services.announcer.word(Channel.STATE, "", stream=stream)
        keeper.forget()
        task = asyncio.create_task(keeper.drain(), name=f"leave-{stream}")
        self._leaving[stream] = task
        task.add_done_callback(lambda _: self._left(stream, task))

    async def saw(self, state: StreamState) -> None:
        """A ``state`` was seen, ours or another worker's."""
        keeper = self.meet(state.stream)
        if keeper is None:
            return
        before = keeper.owner
        await keeper.saw(state)
        # Of one that has not been heard of itself more may be on its way.
        if keeper.owner != before and self._peers.alive(keeper.owner):
            self.elect()

    async def run(self, connected: Callable[[], bool]) -> None:
        """Look after who owns what until cancelled.

        Args:
            connected: whether the broker can be reached.
        """
        elected_s = time.monotonic()
        while True:
            await asyncio.sleep(_LOOK_S)
            self._tell_room()
            # A stream that was left to another worker may be nobody's by now.
            due = time.monotonic() - elected_s >= _ELECT_S
            if self._peers.look(connected=connected()) or due:
                elected_s = time.monotonic()
                self.elect()

    def elect(self) -> None:
        """Say to every keeper whether its stream is this worker's, and to whom it should go."""
        me, capacities = self._peers.worker, self._peers.capacities
        present = {name: one.owner for name, one in self._keepers.items() if one.present}
        kept = {name: owner for name, owner in present.items() if self._peers.alive(owner)}
        owners = share_out(present, capacities, kept)
        shares = share_out(present, capacities)
        limit = self._services.config.limits.streams
        taken = sum(keeper.taken for keeper in self._keepers.values())
        # Streams that are being served come first: a new one never pushes one of them out.
        for stream, keeper in sorted(self._keepers.items(), key=lambda item: not item[1].taken):
            mine = owners.get(stream) == me
            if mine and not keeper.taken and taken >= limit:
                if stream not in self._unserved:
                    _log.warning("%s is not served: limits.streams is %d", stream, limit)
                self._unserved.add(stream)
                continue
            taken += mine - keeper.taken
            keeper.next_in_line = next_in_line(stream, capacities, keeper.owner) == me
            keeper.elected(is_owner=mine)
            self._unserved.discard(stream)
            if mine:
                self._hand_over(keeper, shares.get(stream, me))

    def _hand_over(self, keeper: StreamKeeper, successor: str) -> None:
        """Let a stream go to whose share it is, once that worker has proved to stay."""
        if keeper.refused and not self._draining:
            keeper.hand_over(self._peers.roomiest_for(keeper.stream))
        elif self._draining and successor != self._peers.worker:
            keeper.hand_over(successor, _DRAIN_S)
        else:
            keeper.hand_over(successor if self._peers.steady(successor) else "")

    def _tell_room(self) -> None:
        admission = self._services.admission
        full = admission is not None and admission.full
        if full != self._full_before:
            self._full_before = full
            self._filled()
            self.elect()

    def reconnected(self) -> None:
        """Everything that is retained comes again."""
        for keeper in self._keepers.values():
            keeper.reconnected(self._read_state_s())

    async def drain(self) -> None:
        """Leave every stream when what plays has been heard; take none."""
        self._draining = True
        self._peers.drain()
        self.elect()
        leaving = tuple(self._leaving.values())
        drains = (keeper.drain() for keeper in self._keepers.values())
        await asyncio.gather(*drains, *leaving, return_exceptions=True)

    def _share_of(self, stream: str) -> str | None:
        return share_out({stream}, self._peers.capacities).get(stream)

    def _echoes(self, stream: str) -> bool:
        return self._given_up.get(stream, 0.0) > time.monotonic()

    def _room(self) -> bool:
        """Make room for one more; streams without a source are forgotten, oldest first."""
        if len(self._keepers) < MAX_STREAMS:
            return True
        idle = (name for name, one in self._keepers.items() if not one.present and not one.taken)
        oldest = next(idle, None)
        if oldest is not None:
            del self._keepers[oldest]
        elif not self._full:
            self._full = True
            _log.warning("no further stream is taken: there are %d", MAX_STREAMS)
        return oldest is not None

    def _left(self, stream: str, task: asyncio.Task[None]) -> None:
        if self._leaving.get(stream) is task:
            del self._leaving[stream]
