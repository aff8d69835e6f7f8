"""English straight from the sound, for languages that no translator reads."""

import time
from collections import OrderedDict
from collections.abc import Callable

from edge_worker.items import Samples, SpeechSpan, Utterance
from edge_worker.lending import Lent
from engines.asr import Recognizer

_REMEMBERED = 16
_WITHIN_NS = 500_000_000


class SpokenEnglish:
    """Whisper's own translation of the newest spans; worse than a translator, better than none.

    Args:
        recognizer: lent by the worker.
        clock: monotonic nanoseconds, the scale of the engines' deadlines.
    """

    def __init__(
        self, recognizer: Lent[Recognizer], clock: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._recognizer = recognizer
        self._clock = clock
        self._sounds: OrderedDict[str, Samples] = OrderedDict()

    def remember(self, span: SpeechSpan) -> None:
        """Keep the sound of a span until its utterance has been translated."""
        self._sounds[span.id] = span.samples
        while len(self._sounds) > _REMEMBERED:
            self._sounds.popitem(last=False)

    async def __call__(self, utterance: Utterance) -> str:
        """English for an utterance.

        Raises:
            KeyError: its sound is gone.
        """
        samples = self._sounds.pop(utterance.id)
        transcript = await self._recognizer.call(
            lambda engine: engine.translate_to_english(samples, language=utterance.source_language),
            deadline_ns=self._clock() + _WITHIN_NS,
        )
        return transcript.text
