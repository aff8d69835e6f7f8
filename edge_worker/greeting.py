"""What a worker says of itself: how it is, who it is, which models it has."""

import asyncio
from collections.abc import Callable

from edge_worker.complaints import Complaints
from edge_worker.peers import PULSE_S
from edge_worker.session.announcer import Announcer
from mqtt_schemas import Channel, Refused, WorkerInfo, WorkerModels, WorkerStatus


class Greeting:
    """Says it when it changes and with every connection; what cannot be said ends nothing.

    Args:
        worker: id.
        announcer: of the worker.
        complaints: told of what cannot be said.

    Attributes:
        info: who the worker is; None until its engines are loaded.
        models: makes the message of its models; None where they are what they are.
    """

    def __init__(self, worker: str, announcer: Announcer, complaints: Complaints) -> None:
        self.info: WorkerInfo | None = None
        self.models: Callable[[], WorkerModels] | None = None
        self._worker = worker
        self._announcer = announcer
        self._complaints = complaints
        self._status = WorkerStatus.INIT

    def become(self, status: WorkerStatus) -> None:
        """Be in another state from now on, and say so."""
        self._status = status
        self.greet()

    def greet(self) -> None:
        """Say all of it; how we are comes last, when the rest is known."""
        info = self.info
        if info is not None:
            self._say(Channel.WORKER_INFO, lambda: info)
            self.tell_models()
        self._announcer.word(Channel.WORKER_STATUS, self._status, worker=self._worker)

    async def run(self) -> None:
        """Say again and again that we are there, until cancelled."""
        while True:
            self._announcer.word(Channel.WORKER_PULSE, self._status, worker=self._worker)
            await asyncio.sleep(PULSE_S)

    def tell_models(self) -> None:
        """Say which models there are, and how far a fetch is."""
        if self.models is not None:
            self._say(Channel.WORKER_MODELS, self.models)

    def _say(self, channel: Channel, message: Callable[[], object]) -> None:
        try:
            self._announcer.say(channel, message(), worker=self._worker)
        except (Refused, OSError) as error:  # a disk that does not say how much is free
            self._complaints.of(channel, str(error))
