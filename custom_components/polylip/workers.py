"""The workers under one topic prefix, as their retained messages tell of them."""

from dataclasses import dataclass, field

from .mqtt_schemas import MessageRefused, Topics, WorkerInfo, decode
from .mqtt_schemas.limits import MAX_WORKERS


@dataclass(slots=True)
class Workers:
    """Who is there; knows nothing of Home Assistant."""

    topics: Topics
    known: dict[str, WorkerInfo] = field(default_factory=dict)
    """By worker id."""

    def heard(self, topic: str, payload: bytes) -> str | None:
        """Take in a message on ``worker/<worker>/info``; gives the id of the worker it is about.

        Raises:
            MessageRefused: it breaks the contract; what was known of the worker stays.
        """
        address = self.topics.parse(topic)
        if address is None or not address.worker:
            return None
        worker = address.worker
        if not payload:
            self.known.pop(worker, None)
            return worker
        if worker not in self.known and len(self.known) >= MAX_WORKERS:
            raise MessageRefused(topic, "", f"there are {MAX_WORKERS} workers already")
        self.known[worker] = decode(WorkerInfo, address, payload)
        return worker
