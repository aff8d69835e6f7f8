"""What is known of the workers that share the streams."""

import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from edge_worker.ownership import ranked
from mqtt_schemas import (
    MAX_WORKERS,
    MessageRefused,
    Role,
    WorkerInfo,
    WorkerStatus,
    is_compatible,
)

PULSE_S = 1.0
"""Every worker that is ready says so again so often."""
_SILENT_S = 3.0
"""Who has not been heard for so long is gone, whatever the broker still believes or keeps."""
_STEADY_S = 10.0
"""A worker is given streams of others only when it has been there so long."""
_LONGEST_STEADY_S = 300.0
_REMEMBERED_S = 600.0
_DESCRIBED = 1024
"""Workers whose capacity is remembered; the broker keeps what long dead ones said."""


@dataclass(slots=True)
class _Peer:
    since_s: float
    """Ready since."""
    draining: bool = False
    silent_s: float = 0.0
    """Since its ``ready`` or its last pulse, as far as we could have heard one."""


@dataclass(frozen=True, slots=True)
class _Capacity:
    """Of a worker, by role: how many streams it takes."""

    shows: float
    hears: float
    full: bool = False
    """It has no room for more than it has."""


_NONE = _Capacity(0.0, 0.0)


@dataclass(slots=True)
class _Losses:
    """When a worker was lost, of late."""

    at_s: deque[float] = field(default_factory=lambda: deque(maxlen=8))

    def since(self, moment_s: float) -> int:
        return sum(at_s > moment_s for at_s in self.at_s)


class Peers:
    """This worker and the others, by what they said last.

    Only those that said ``ready`` take part, and go on saying that they are there; what the broker
    keeps of dead ones takes no place for longer than that takes to be noticed.
    Each ``hear`` says whether it may change who owns what.

    Args:
        worker: this one's id; it takes part until it drains.
        capacity: this one's.
        clock: monotonic seconds.
        roles: this one's.
    """

    def __init__(
        self,
        worker: str,
        capacity: float,
        clock: Callable[[], float] = time.monotonic,
        roles: Collection[Role] = tuple(Role),
    ) -> None:
        self.worker = worker
        self._own = capacity if Role.RVP in roles else 0.0
        self._clock = clock
        self._draining = False
        self._described: dict[str, _Capacity] = {}
        self._there: dict[str, _Peer] = {}
        self._losses: dict[str, _Losses] = {}
        self._silent: dict[str, None] = {}
        """Left out until they are heard, although the broker has not said that they are gone."""
        self._heard_s = clock()

    @property
    def capacities(self) -> Mapping[str, float]:
        """Of the workers that take streams."""
        own = {} if self._draining else {self.worker: self._own}
        sizes = {**own, **{name: one.shows for name, one in self._taking.items()}}
        return {name: size for name, size in sizes.items() if size}

    def interpreters_of(self, stream: str) -> tuple[str, ...]:
        """Other workers that could interpret a stream, the best first, those that leave last."""
        staying = {name: one.hears for name, one in self._taking.items() if one.hears}
        leaving = (name for name, peer in self._there.items() if peer.draining)
        return (
            *ranked(stream, staying),
            *(name for name in leaving if self._described.get(name, _NONE).hears),
        )

    @property
    def others(self) -> bool:
        """Another worker is ready, whatever it takes on."""
        return any(not peer.draining for peer in self._there.values())

    def alive(self, worker: str) -> bool:
        """Whether a worker still serves what it owns: it is ready, or drains."""
        return worker == self.worker or worker in self._there

    def steady(self, worker: str) -> bool:
        """Whether a worker has room, and is there long enough to get streams that others serve.

        The more often it was lost lately the longer that takes, so that one that dies again and
        again does not take them with it.
        """
        peer = self._there.get(worker)
        if peer is None or self._described.get(worker, _NONE).full:
            return False
        now_s = self._clock()
        lost = self._losses.get(worker, _Losses()).since(now_s - _REMEMBERED_S)
        return now_s - peer.since_s >= min(_LONGEST_STEADY_S, _STEADY_S * 2.0**lost)

    def roomiest_for(self, stream: str) -> str:
        """Another worker to which a stream can go for which there is no room here; else empty."""
        others = {name: one.shows for name, one in self._taking.items() if one.shows}
        return next((worker for worker in ranked(stream, others) if self.steady(worker)), "")

    def drain(self) -> None:
        """This worker takes no more streams."""
        self._draining = True

    def hear_info(self, info: WorkerInfo) -> bool:
        """Another worker described itself, maybe before it said that it is ready."""
        size = info.capacity if is_compatible(info.protocol) else 0.0
        before = self._described.get(info.worker)
        self._described.pop(info.worker, None)
        self._described[info.worker] = _Capacity(
            shows=size if Role.RVP in info.roles else 0.0,
            hears=size if Role.ATP in info.roles else 0.0,
            full=info.full,
        )
        changed: bool = info.worker in self._there and before != self._described[info.worker]
        if len(self._described) > _DESCRIBED:
            del self._described[next(name for name in self._described if name not in self._there)]
        return changed

    def hear_status(self, topic: str, worker: str, status: WorkerStatus | None) -> bool:
        """Another worker said how it is; None when the broker forgot it.

        What a silent one says counts with its next pulse: the broker may have kept it of a worker
        that is no more.

        Raises:
            MessageRefused: there are as many workers as can be.
        """
        before = self._view
        if status in {WorkerStatus.READY, WorkerStatus.DRAINING}:
            if worker not in self._silent:
                self._stay(topic, worker, draining=status is WorkerStatus.DRAINING)
        else:
            self._leave(worker)
            self._silent.pop(worker, None)
            if status is not WorkerStatus.INIT:
                self._described.pop(worker, None)
        return self._view != before

    def hear_pulse(self, topic: str, worker: str, status: WorkerStatus) -> bool:
        """Another worker said that it is still there; one that was silent takes part again."""
        peer = self._there.get(worker)
        if peer is not None:
            peer.silent_s = 0.0
        if worker not in self._silent or not self._has_room:
            return False
        del self._silent[worker]
        return self.hear_status(topic, worker, status)

    def look(self, *, connected: bool) -> bool:
        """Leave out who has fallen silent, as with its power or its network.

        Call it often: time in which this worker did not run or had no connection does not count,
        as nobody could have been heard.

        Returns:
            Whether it may change who owns what.
        """
        now_s = self._clock()
        passed_s, self._heard_s = min(now_s - self._heard_s, PULSE_S), now_s
        if not connected:
            passed_s = 0.0
        for peer in self._there.values():
            peer.silent_s += passed_s
        gone = [name for name, peer in self._there.items() if peer.silent_s > _SILENT_S]
        for name in gone:
            self._leave(name)
            self._leave_out(name)
        return bool(gone)

    @property
    def _taking(self) -> Mapping[str, _Capacity]:
        """Others that are there and do not leave."""
        taking = (name for name, peer in self._there.items() if not peer.draining)
        return {name: self._described.get(name, _NONE) for name in taking}

    @property
    def _view(self) -> tuple[dict[str, bool], Mapping[str, float]]:
        return {name: peer.draining for name, peer in self._there.items()}, self.capacities

    @property
    def _has_room(self) -> bool:
        return sum(not one.draining for one in self._there.values()) < MAX_WORKERS - 1

    def _stay(self, topic: str, worker: str, *, draining: bool) -> None:
        peer = self._there.get(worker)
        if not draining and (peer is None or peer.draining):
            if not self._has_room:
                self._leave_out(worker)
                raise MessageRefused(topic, "", f"more than {MAX_WORKERS} workers are ready")
            peer = None
        peer = peer or _Peer(self._clock())
        peer.draining, peer.silent_s = draining, 0.0
        self._there[worker] = peer

    def _leave_out(self, worker: str) -> None:
        self._silent[worker] = None
        if len(self._silent) > _DESCRIBED:
            del self._silent[next(iter(self._silent))]

    def _leave(self, worker: str) -> None:
        if self._there.pop(worker, None) is None:
            return
        self._losses.setdefault(worker, _Losses()).at_s.append(self._clock())
        if len(self._losses) > _DESCRIBED:
            del self._losses[next(iter(self._losses))]
