"""Ask the engines about a pause while it still lasts, in case it is the end of a thought."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeVar

from edge_worker.atp.cut_score import Evidence
from edge_worker.atp.hearing import Hearing
from edge_worker.atp.sense import sense
from edge_worker.items import AudioBlock, Hypothesis
from edge_worker.lending import Lent
from engines.turn import TurnDetector

_log = logging.getLogger(__name__)

Answer = TypeVar("Answer")


class Speculation:
    """What the engines say about the speech before one pause.

    Attributes:
        sound: the speech asked about, with a little of the pause.
        turn_end: the turn-end model's answer, when it has come.
        hypothesis: the recognizer's answer, when it has come.
        told: the hypothesis has been told as partial speech.
    """

    def __init__(self, sound: AudioBlock) -> None:
        self.sound = sound
        self.turn_end: float | None = None
        self.hypothesis: Hypothesis | None = None
        self.told = False
        self._task: asyncio.Task[None] | None = None

    @property
    def answered(self) -> bool:
        """Nothing more will come: all engines have answered, failed or run out of time."""
        return self._task is None or self._task.done()

    @property
    def evidence(self) -> Evidence:
        """What is known so far."""
        heard = self.hypothesis
        return Evidence(
            turn_end=self.turn_end,
            sense=None if heard is None else sense(heard.text, heard.language),
        )

    def run(self, questions: Awaitable[None], answered: Callable[[], None]) -> None:
        """Ask in the background; ``answered`` is called at the end."""
        self._task = asyncio.ensure_future(questions)
        self._task.add_done_callback(lambda _: answered())

    def cancel(self) -> None:
        """The answer is not wanted any more; a call not yet begun leaves the queue."""
        if self._task is not None:
            self._task.cancel()


class Speculator:
    """Puts the questions; an engine that fails or is late leaves its answer out.

    Args:
        turn: the turn-end model, or None to do without.
        hearing: the stream's hearing, or None to do without.
        within_ns: answers later than this are not waited for.
        clock: monotonic nanoseconds, the scale of the engines' deadlines.
    """

    def __init__(
        self,
        turn: Lent[TurnDetector] | None,
        hearing: Hearing | None,
        within_ns: int,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.failures: Counter[str] = Counter()
        self._turn = turn
        self._hearing = hearing
        self._within_ns = within_ns
        self._clock = clock

    @property
    def able(self) -> bool:
        """Whether there is any engine to ask."""
        return self._turn is not None or self._hearing is not None

    def ask(self, sound: AudioBlock, voiced_ns: int, answered: Callable[[], None]) -> Speculation:
        """Start asking about ``sound`` (16 kHz); ``answered`` is called when all is known."""
        speculation = Speculation(sound)
        speculation.run(self._ask_all(speculation, voiced_ns), answered)
        return speculation

    async def _ask_all(self, speculation: Speculation, voiced_ns: int) -> None:
        await asyncio.gather(self._ask_turn(speculation), self._ask_hearing(speculation, voiced_ns))

    async def _ask_turn(self, speculation: Speculation) -> None:
        if self._turn is None:
            return
        samples = speculation.sound.samples
        call = self._turn.call(
            lambda turn: turn.probability(samples), deadline_ns=self._clock() + self._within_ns
        )
        speculation.turn_end = await self._guarded("turn end", call)

    async def _ask_hearing(self, speculation: Speculation, voiced_ns: int) -> None:
        if self._hearing is None:
            return
        call = self._hearing.hear(speculation.sound, voiced_ns=voiced_ns, within_ns=self._within_ns)
        speculation.hypothesis = await self._guarded("recognition", call)

    async def _guarded(self, name: str, call: Awaitable[Answer]) -> Answer | None:
        try:
            async with asyncio.timeout(self._within_ns / 1e9):
                return await call
        except Exception as error:  # noqa: BLE001 - whatever an engine raises, the cut goes on without it
            if not self.failures[name]:
                _log.warning("%s does not answer: %r; cutting without it", name, error)
            self.failures[name] += 1
            return None
