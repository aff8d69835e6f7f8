"""Cut a stream's speech into utterances where the meaning allows.

A pause is judged while it lasts: after 96 ms of silence a turn-end model and the recognizer are
asked about the speech before it, and what they say decides how long a silence is needed to cut.
The recognizer's text rides along with the span, so that at the cut it is already known. Answers
are about the pause, not about the moment they arrive: one that comes after the speaker has gone on
still cuts at that pause. The result therefore depends on the sound, hardly on the machine's speed.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence

from edge_worker.atp.cut_options import SegmenterOptions
from edge_worker.atp.cut_score import PauseHabit
from edge_worker.atp.hearing import Hearing
from edge_worker.atp.listened import Listened
from edge_worker.atp.passage import Passage
from edge_worker.atp.sound import RecentSound
from edge_worker.atp.speculation import Speculator
from edge_worker.items import AudioBlock
from edge_worker.lending import Lent
from edge_worker.media.resample import Resampler
from engines.turn import TurnDetector
from engines.vad import SAMPLE_RATE, VoiceDetector


class Segmenter:
    """Sound in, spans of speech out; one per stream.

    ``process`` never waits for an engine. What engines answer between two blocks is fetched with
    ``news``; ``edge_worker.atp.listening.listen`` does both.

    Args:
        voice: the voice detector.
        turn: the turn-end model, or None to do without.
        hearing: the stream's hearing, shared with its recognizer, or None to do without.
        options: what shapes the cuts.
        clock: monotonic nanoseconds, the scale of the engines' deadlines.
    """

    def __init__(
        self,
        voice: VoiceDetector,
        turn: Lent[TurnDetector] | None,
        hearing: Hearing | None,
        options: SegmenterOptions = SegmenterOptions(),  # noqa: B008 - frozen
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._voice = voice
        self._options = options
        self._speculator = Speculator(turn, hearing, options.answer_within_ns, clock)
        self._resampler = Resampler(SAMPLE_RATE)
        self._habit = PauseHabit()
        self._answered = asyncio.Event()
        self._passage: Passage | None = None
        self._due: list[Listened] = []
        """Certain, but not yet given."""

    @property
    def pending(self) -> bool:
        """Whether an engine still owes an answer that can bring about a cut."""
        return self._passage is not None and self._passage.pending

    @property
    def failures(self) -> Counter[str]:
        """Engine calls that failed or came too late, by engine."""
        return self._speculator.failures

    async def process(self, block: AudioBlock) -> Sequence[Listened]:
        """Listen to a block of any rate; gives what has become certain.

        When the voice detector raises, what was certain before is given by the next call.
        """
        for piece in self._resampler.process(block):
            self._hear(piece)
        return self._all_due()

    async def news(self) -> Sequence[Listened]:
        """Wait for an engine's next answer; gives what follows from it."""
        await self._answered.wait()
        self._answered.clear()
        if self._passage is not None:
            self._due += self._passage.decide()
        return self._all_due()

    async def finish(self) -> Sequence[Listened]:
        """The stream has ended: what was being said is handed on."""
        for piece in self._resampler.flush():
            self._hear(piece)
        listened: list[Listened] = []
        while self.pending:
            listened += await self.news()
        if self._passage is not None:
            self._due += self._passage.decide()
            self._end_passage()
        return [*listened, *self._all_due()]

    def close(self) -> None:
        """Stop without handing anything on."""
        if self._passage is not None:
            self._passage.close()
            self._passage = None

    def _hear(self, piece: AudioBlock) -> None:
        if self._passage is not None and not self._passage.sound.continues(piece):
            self._end_passage()
        if self._passage is None:
            self._passage = self._begin(piece)
        for listened in self._passage.hear(piece):
            self._due.append(listened)

    def _end_passage(self) -> None:
        if self._passage is not None:
            self._due += self._passage.finish()
            self._passage = None

    def _all_due(self) -> list[Listened]:
        due, self._due = self._due, []
        return due

    def _begin(self, first: AudioBlock) -> Passage:
        return Passage(
            RecentSound(first),
            self._voice.open(),
            self._speculator,
            self._habit,
            self._options,
            self._answered.set,
        )
