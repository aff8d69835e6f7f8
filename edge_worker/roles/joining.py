"""Speech that comes from another machine in parts, any of which may come first, is joined again."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from edge_worker.items import PhonemeTiming, SyncedSpeech, Utterance
from edge_worker.media.encode import SAMPLE_RATE
from edge_worker.roles.pcm import Piece, joined
from mqtt_schemas import SyncedSpeechMessage

_LONGEST = 60 * SAMPLE_RATE
"""Samples."""
_PIECES = 64
_WAITING = 16
"""Utterances of which parts may lack."""
_WAITING_BYTES = 16 << 20
_WAITS_NS = 10_000_000_000
_DONE = 64


class SpeechRefusedError(ValueError):
    """The parts do not make speech; the message says why and quotes nothing that was said."""


@dataclass(slots=True)
class _Parts:
    """What has come of one utterance."""

    since_ns: int
    speech: SyncedSpeechMessage | None = None
    pieces: dict[int, Piece] = field(default_factory=dict)

    @property
    def samples(self) -> int:
        return sum(piece.samples for piece in self.pieces.values())


class Joining:
    """Of one stream: its synced speech and its PCM, each on a topic of its own.

    Every method takes one part and gives the speech that it completes, if any. Parts may be
    repeated; those of speech that was given already are left out. Parts whose others do not come
    within ten seconds are forgotten, as are the oldest when more than sixteen utterances wait.

    Args:
        clock: monotonic nanoseconds.

    Attributes:
        forgotten: utterances of which parts never came.
    """

    def __init__(self, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self.forgotten = 0
        self._clock = clock
        self._waiting: dict[str, _Parts] = {}
        self._done: deque[str] = deque(maxlen=_DONE)

    @property
    def busy(self) -> bool:
        """Speech is on its way."""
        self._forget_old()
        return any(parts.speech is not None for parts in self._waiting.values())

    @property
    def _bytes(self) -> int:
        return 2 * sum(parts.samples for parts in self._waiting.values())

    def clear(self) -> None:
        """Forget what waits."""
        self._done.extend(self._waiting)
        self._waiting.clear()

    def speech(self, speech: SyncedSpeechMessage) -> SyncedSpeech | None:
        """Take what is known of the speech of an utterance.

        Raises:
            SpeechRefusedError: it cannot be played, or the parts contradict each other.
        """
        parts = self._parts(speech.utterance)
        if parts is None:
            return None
        parts.speech = speech
        return self._complete(speech.utterance, parts)

    def piece(self, utterance: str, piece: Piece) -> SyncedSpeech | None:
        """Take a piece of the sound of an utterance.

        Raises:
            SpeechRefusedError: there is too much of it, or the parts contradict each other.
        """
        parts = self._parts(utterance)
        if parts is None:
            return None
        parts.pieces[piece.properties.seq] = piece
        while len(self._waiting) > 1 and self._bytes > _WAITING_BYTES:
            self._forget(next(one for one in self._waiting if one != utterance))
        return self._complete(utterance, parts)

    def _parts(self, utterance: str) -> _Parts | None:
        """Where the parts of an utterance are kept; None when it is done with."""
        self._forget_old()
        if utterance in self._done:
            return None
        if utterance not in self._waiting and len(self._waiting) >= _WAITING:
            self._forget(next(iter(self._waiting)))
        return self._waiting.setdefault(utterance, _Parts(self._clock()))

    def _complete(self, utterance: str, parts: _Parts) -> SyncedSpeech | None:
        for fault in _faults(parts):
            self._drop(utterance)
            raise SpeechRefusedError(f"speech {utterance}: {fault}")
        if parts.speech is None or parts.samples < parts.speech.samples:
            return None
        self._drop(utterance)
        return _synced(parts.speech, [piece for _, piece in sorted(parts.pieces.items())])

    def _forget_old(self) -> None:
        oldest_ns = self._clock() - _WAITS_NS
        for utterance, parts in list(self._waiting.items()):
            if parts.since_ns < oldest_ns:
                self._forget(utterance)

    def _forget(self, utterance: str) -> None:
        """Give up waiting."""
        self.forgotten += 1
        self._drop(utterance)

    def _drop(self, utterance: str) -> None:
        del self._waiting[utterance]
        self._done.append(utterance)


def _faults(parts: _Parts) -> Iterator[str]:
    """Why these parts will never make speech; nothing while they may."""
    speech = parts.speech
    if parts.samples > _LONGEST or len(parts.pieces) > _PIECES:
        yield f"more than {_LONGEST // SAMPLE_RATE} s or {_PIECES} pieces of sound"
    if any(len(piece.data) % 2 for piece in parts.pieces.values()):
        yield "its PCM ends within a sample"
    rates = {piece.properties.sample_rate for piece in parts.pieces.values()}
    if speech is not None:
        rates.add(speech.sample_rate)
        if not 0 < speech.samples <= _LONGEST:
            yield f"{speech.samples} samples; takes 1 to {_LONGEST}"
        if parts.samples > speech.samples:
            yield f"{parts.samples} samples came, {speech.samples} were announced"
        if speech.source_end_ns < speech.source_start_ns:
            yield "its source ends before it begins"
    if rates - {SAMPLE_RATE}:
        yield f"sound at {max(rates - {SAMPLE_RATE})} Hz; takes {SAMPLE_RATE}"


def _synced(speech: SyncedSpeechMessage, pieces: list[Piece]) -> SyncedSpeech:
    utterance = Utterance(
        id=speech.utterance,
        epoch=speech.epoch,
        start_ns=speech.source_start_ns,
        end_ns=speech.source_end_ns,
        source_language=speech.source_language,
        source_text=speech.source_text,
        confidence=speech.confidence,
        target_language=speech.language,
        target_text=speech.text,
        via=speech.via,
    )
    phonemes = tuple(PhonemeTiming(one.symbol, one.start_ns, one.end_ns) for one in speech.phonemes)
    return SyncedSpeech(utterance, speech.sample_rate, joined(pieces), phonemes)
