"""One worker's give and take of jobs."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from edge_worker.engine_set import EngineSet
from edge_worker.jobs.relief import Relief
from edge_worker.jobs.remote import Away, RemoteRecognizer, RemoteSynthesizer, RemoteTranslator
from edge_worker.jobs.requester import Requester
from edge_worker.jobs.taker import Taker
from edge_worker.peers import Peers
from edge_worker.session.announcer import Announcer
from edge_worker.transport import MqttLink

Remote = TypeVar("Remote")

_WITHIN_S = 3.0
"""A try; meanwhile the call keeps its turn here."""
_IDLE_NS = 100_000_000
"""Who has calls waiting longer than this takes no job."""
_BUSY_TAU = 0.8
"""Nor does who uses so much of its cores."""


class Exchange:
    """Lends calls of this worker's engines to others while their queues are long, and the reverse.

    Args:
        announcer: of the worker.
        engines: of the worker; their queues are given relief while this runs.
        peers: the workers that might take a job.
        tau: how much of its cores this worker uses.

    Attributes:
        requester: of jobs for others.
        taker: of others' jobs.
    """

    def __init__(
        self, announcer: Announcer, engines: EngineSet, peers: Peers, tau: Callable[[], float]
    ) -> None:
        self.requester = Requester(announcer)
        self.taker = Taker(announcer, engines, lambda: self.spare, self.requester.sent)
        self._engines = engines
        self._peers = peers
        self._tau = tau

    @property
    def spare(self) -> bool:
        """This worker has nothing better to do than others' jobs."""
        engines = self._engines
        lent = (engines.recognizer, engines.translator, engines.synthesizer)
        # What it does for others does not make it leave: of that there is a bound.
        waits = max(one.wait_ns for one in lent) >= _IDLE_NS and not self.taker.working
        return not waits and self._tau() < _BUSY_TAU

    async def run(self, link: MqttLink) -> None:
        """Give and take until cancelled."""
        engines = self._engines
        recognizer = self._relief(
            lambda away: RemoteRecognizer(away, lambda: engines.recognizer.engine)
        )
        translator = self._relief(
            lambda away: RemoteTranslator(away, lambda: engines.translator.engine)
        )
        synthesizer = self._relief(
            lambda away: RemoteSynthesizer(away, lambda: engines.synthesizer.engine)
        )
        await self.requester.subscribe(link)
        engines.recognizer.relief = recognizer
        engines.translator.relief = translator
        engines.synthesizer.relief = synthesizer
        try:
            await self.taker.run(link)
        finally:
            engines.recognizer.relief = None
            engines.translator.relief = None
            engines.synthesizer.relief = None
            recognizer.close()
            translator.close()
            synthesizer.close()

    def _relief(self, engine: Callable[[Away], Remote]) -> Relief[Remote]:
        away = partial(Away, self.requester, asyncio.get_running_loop(), _WITHIN_S)
        return Relief(engine, away, self.requester, lambda: self._peers.others)
