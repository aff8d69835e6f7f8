"""What is known of the workers that share the streams."""

from edge_worker.ownership import owner_of
from mqtt_schemas import MAX_WORKERS, MessageRefused, WorkerInfo, WorkerStatus, is_compatible

_INFOS_KEPT = 1024
"""Of workers that are not ready; the descriptions of long dead ones stay on the broker."""


class Peers:
    """This worker and the others, by what they said last.

    Only those that said ``ready`` take part; what the broker keeps of dead ones takes no room.

    Args:
        worker: this one's id; it always takes part.
        capacity: this one's.
    """

    def __init__(self, worker: str, capacity: float) -> None:
        self.worker = worker
        self._ready: dict[str, float] = {worker: capacity}
        self._infos: dict[str, float] = {}
        self._draining: set[str] = set()

    def hear_info(self, topic: str, info: WorkerInfo) -> bool:
        """Another worker described itself; says whether that may change who owns what."""
        capacity = info.capacity if is_compatible(info.protocol) else 0.0
        self._infos.pop(info.worker, None)
        self._infos[info.worker] = capacity
        if len(self._infos) > _INFOS_KEPT:
            del self._infos[next(name for name in self._infos if name not in self._ready)]
        return info.worker in self._ready and self._admit(topic, info.worker)

    def hear_status(self, topic: str, worker: str, status: WorkerStatus | None) -> bool:
        """Another worker said how it is, or was forgotten; as ``hear_info``.

        Raises:
            MessageRefused: there are as many workers as can be.
        """
        drained = worker in self._draining
        self._draining.discard(worker)
        if status is WorkerStatus.READY:
            return self._admit(topic, worker) or drained
        if status is WorkerStatus.DRAINING:
            self._draining.add(worker)
        elif status is not WorkerStatus.INIT:
            self._infos.pop(worker, None) if status is None else None
        return self._ready.pop(worker, None) is not None or drained

    def owner_of(self, stream: str, before: str) -> str | None:
        """Who should own a stream that ``before`` has owned so far.

        A worker that drains keeps what it owns until it is gone, so that nobody cuts its speech.
        """
        return before if before in self._draining else owner_of(stream, self._capacities)
