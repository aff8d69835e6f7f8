"""The worker's own ears, as fast as they can listen: what they take sound for."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from edge_worker.atp.cut_options import SegmenterOptions
from edge_worker.atp.hearing import Hearing
from edge_worker.atp.listened import Listened
from edge_worker.atp.recognizer import SpeechRecognizer
from edge_worker.atp.segmenter import Segmenter
from edge_worker.bench import BenchFailedError
from edge_worker.items import AudioBlock, SpeechSpan, Utterance
from edge_worker.lending import Lent
from engines.asr import Recognizer
from engines.asr.whisper import WhisperRecognizer
from engines.catalogue import Catalogue
from engines.turn import TurnDetector
from engines.turn.smart_turn import SmartTurn
from engines.vad import VoiceDetector
from engines.vad.gate import GatedDetector
from engines.vad.silero import SileroDetector

_PAIRS: Final = frozenset({("pt", "en"), ("en", "pt")})
_PATIENT: Final = SegmenterOptions(answer_within_ns=600_000_000_000)
"""Nothing that is said depends on how fast the machine is."""


@dataclass(slots=True)
class Heard:
    """What was made of a stretch of sound."""

    spans: int = 0
    """Stretches that the segmenter took for speech."""
    utterances: list[Utterance] = field(default_factory=list)
    """Those of them that the recognizer found words in: all of them reach ``final``."""

    @property
    def text(self) -> str:
        """All words."""
        return " ".join(utterance.source_text for utterance in self.utterances)


class Ears:
    """The default engines, lent to one listener after the other; a context manager.

    Raises:
        BenchFailedError: the recognizer's model is not on this machine.
    """

    def __init__(self, threads: int = 2) -> None:
        folder = Catalogue.load().locate("whisper-base")
        if folder is None:
            raise BenchFailedError("the recognizer is missing: polylip models pull whisper-base")
        self._voice: VoiceDetector = GatedDetector(SileroDetector())
        self._turn: Lent[TurnDetector] = Lent("turn", SmartTurn())
        self._recognizer: Lent[Recognizer] = Lent("asr", WhisperRecognizer(folder, threads=threads))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._turn.close()
        self._recognizer.close()

    def hear(self, blocks: Iterable[AudioBlock], *, source: str, target: str) -> Heard:
        """Listen to sound as a worker would that had all the time it wants.

        Args:
            blocks: in order.
            source: language that is set, or ``auto``.
            target: language that is translated to.
        """
        return asyncio.run(self._hear(blocks, source, target))

    async def _hear(self, blocks: Iterable[AudioBlock], source: str, target: str) -> Heard:
        hearing = Hearing(self._recognizer, lambda: (source, target), pairs=lambda: _PAIRS)
        segmenter = Segmenter(self._voice, self._turn, hearing, _PATIENT)
        recognizer = SpeechRecognizer(hearing, lambda: _PAIRS, lambda: (source, target))
        heard = Heard()
        for block in blocks:
            await _understand(await segmenter.process(block), recognizer, heard)
            while segmenter.pending:
                await _understand(await segmenter.news(), recognizer, heard)
        await _understand(await segmenter.finish(), recognizer, heard)
        return heard


async def _understand(
    listened: Sequence[Listened], recognizer: SpeechRecognizer, heard: Heard
) -> None:
    for span in listened:
        if isinstance(span, SpeechSpan):
            heard.spans += 1
            heard.utterances += await recognizer.process(span)
