"""What is known of the workers that share the streams."""

from edge_worker.ownership import owner_of
from mqtt_schemas import MAX_WORKERS, MessageRefused, WorkerInfo, WorkerStatus, is_compatible

_DESCRIBED = 1024
"""Workers whose capacity is remembered; the broker keeps what long dead ones said."""


class Peers:
    """This worker and the others, by what they said last.

    Only those that said ``ready`` take part; what the broker keeps of dead ones takes no place.
    Each ``hear`` says whether it may change who owns what.

    Args:
        worker: this one's id; it always takes part.
        capacity: this one's.
    """

    def __init__(self, worker: str, capacity: float) -> None:
        self.worker = worker
        self._own = capacity
        self._described: dict[str, float] = {}
        self._ready: set[str] = set()
        self._draining: set[str] = set()
        self._shares = {worker: capacity}

    def hear_info(self, info: WorkerInfo) -> bool:
        """Another worker described itself, maybe before it said that it is ready."""
        self._described.pop(info.worker, None)
        self._described[info.worker] = info.capacity if is_compatible(info.protocol) else 0.0
        if len(self._described) > _DESCRIBED:
            del self._described[next(name for name in self._described if name not in self._ready)]
        return self._changed()

    def hear_status(self, topic: str, worker: str, status: WorkerStatus | None) -> bool:
        """Another worker said how it is; None when the broker forgot it.

        Raises:
            MessageRefused: there are as many workers as can be.
        """
        drained = worker in self._draining
        self._draining.discard(worker)
        self._ready.discard(worker)
        if status is WorkerStatus.READY:
            if len(self._ready) >= MAX_WORKERS - 1:
                raise MessageRefused(topic, "", f"more than {MAX_WORKERS} workers are ready")
            self._ready.add(worker)
        elif status is WorkerStatus.DRAINING:
            self._draining.add(worker)
        elif status is not WorkerStatus.INIT:
            self._described.pop(worker, None)
        return self._changed() or drained

    def owner_of(self, stream: str, before: str) -> str | None:
        """Who should own a stream that ``before`` owned so far.

        A worker that drains keeps what it owns until it is gone, so that nobody cuts its speech.
        """
        return before if before in self._draining else owner_of(stream, self._shares)

    def _changed(self) -> bool:
        others = {name: self._described.get(name, 0.0) for name in self._ready}
        shares = {self.worker: self._own, **{name: size for name, size in others.items() if size}}
        before, self._shares = self._shares, shares
        return shares != before
