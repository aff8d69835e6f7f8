"""The interpreter of a stream, as its owner sees it, where another machine interprets."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace

from edge_worker.atp.listened import SpeechEdge, SpeechEvent
from edge_worker.items import AudioBlock, Samples, SyncedSpeech, Utterance, Verdict
from edge_worker.media.timestamps import TICKS_PER_SECOND
from edge_worker.roles.appointment import Appointment
from edge_worker.roles.joining import Joining, SpeechRefusedError
from edge_worker.roles.pcm import read_piece
from edge_worker.roles.reading import Take, reading
from edge_worker.session.interpreter import InterpreterHooks
from edge_worker.session.reporter import Reporter
from edge_worker.session.services import Services
from edge_worker.session.visit import Visit
from edge_worker.transport import Message
from mqtt_schemas import (
    Channel,
    InterpreterReport,
    MessageRefused,
    ModelNeed,
    Rung,
    SyncedSpeechMessage,
    TopicAddress,
    decode,
)

_LOOK_S = 0.1
_FRESH_NS = 3_000_000_000
_FORMER_NS = 10_000_000_000
"""What an interpreter had begun is still taken from it for so long after another was appointed."""
_AHEAD_NS = 2_000_000_000
"""Nobody can have heard what was said later than this after the newest sound here."""
_WRAP_NS = (1 << 33) * 1_000_000_000 // TICKS_PER_SECOND
"""Timestamps of a camera that states no times begin anew after 26.5 hours."""
_SPANS = 16
_ECHO_NS = 1_000_000_000
"""So much later than it is played a reply can still be heard."""
_SILENT = {Rung.CAPTIONS_ONLY, Rung.PASS_THROUGH}


class DistantSupply:
    """What the interpreter lacks, by its own word; and whether there is one."""

    def __init__(self) -> None:
        self.need: ModelNeed | None = None
        self.trouble = ""
        self.changed: Callable[[], None] = lambda: None

    def tell(self, need: ModelNeed | None, trouble: str) -> None:
        """Note how it is now."""
        before = (self.need, self.trouble)
        self.need, self.trouble = need, trouble
        if before != (need, trouble):
            self.changed()


class DistantInterpreter:
    """Appoints the interpreter of one stream, and hands its speech to the session.

    Args:
        stream: id.
        services: of the worker.
        ranking: workers that could interpret the stream, the best one first.
        visit: of the stream, which goes on while somebody speaks.
        reporter: tells the world.
        hooks: of the session.
        epoch: of the media clock in force here.
        clock: monotonic nanoseconds.
    """

    def __init__(
        self,
        stream: str,
        services: Services,
        ranking: Callable[[str], tuple[str, ...]],
        visit: Visit,
        reporter: Reporter,
        hooks: InterpreterHooks,
        epoch: Callable[[], str],
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.supply = DistantSupply()
        self._stream = stream
        self._announcer = services.announcer
        self._ranking = ranking
        self._visit = visit
        self._reporter = reporter
        self._hooks = hooks
        self._epoch = epoch
        self._clock = clock
        self._appointment = Appointment(clock)
        self._appointment.consider(ranking(stream), pause=True)
        self._joining = Joining(clock)
        self._former: dict[str, int] = {}
        """Who interpreted before, and until when what it sends is taken."""
        self._report: InterpreterReport | None = None
        self._reported_ns = 0
        self._spans: deque[tuple[int, int]] = deque(maxlen=_SPANS)
        self._replies: dict[str, tuple[int, int]] = {}
        """When the door's loudspeaker is heard, by transaction."""
        self._heard_ns = 0
        self._awake_since_ns = 0
        self._asleep = False

    @property
    def interpreter(self) -> str:
        """The worker that interprets; empty while there is none."""
        return self._appointment.interpreter

    @property
    def silent(self) -> bool:
        """Nobody speaks just now, as far as is known."""
        return self._speaking_since_ns is None

    @property
    def busy(self) -> bool:
        """Something that was said is on its way to being spoken."""
        report = self._fresh_report
        return self._joining.busy or (report is not None and report.busy)

    @property
    def heard_until_ns(self) -> int:
        """Media time up to which no utterance has begun that is not yet being dealt with."""
        return self._speaking_since_ns or self._heard_ns

    def restart(self) -> None:
        """The media clock began anew."""
        self._joining.clear()
        self._spans.clear()
        self._replies.clear()
        self._heard_ns = self._awake_since_ns = 0

    def pause(self) -> None:
        """Nothing is translated for now; what was being said is not spoken later either."""
        self._asleep = True
        self._joining.clear()

    async def hear(self, block: AudioBlock) -> None:
        """Follow how far the sound has come."""
        self._heard_ns = max(self._heard_ns, block.end_ns)
        for reply in [one for one, span in self._replies.items() if self._past(span)]:
            del self._replies[reply]
        if not self._hooks.settings().enabled or self._hooks.rung() is Rung.PASS_THROUGH:
            self.pause()
        elif self._asleep:
            self._asleep, self._awake_since_ns = False, block.pts_ns

    def _past(self, span: tuple[int, int]) -> bool:
        return span[1] + _FORMER_NS < self._heard_ns

    async def hush(self) -> None:
        """The interpreter notices by itself that its source has ended."""

    def expect(self, samples: Samples, sample_rate: int, start_ns: int, *, reply: str) -> None:
        """The interpreter cannot know a reply: what it hears while one plays is not spoken."""
        length_ns = len(samples) * 1_000_000_000 // sample_rate
        self._replies[reply] = (start_ns, start_ns + length_ns + _ECHO_NS)

    def expect_end(self, end_ns: int, *, reply: str) -> None:
        """What was expected ends at a media time, before its end."""
        if reply in self._replies:
            self._replies[reply] = (self._replies[reply][0], end_ns + _ECHO_NS)

    async def run(self) -> None:
        """Look after it until cancelled."""
        async with reading(self._announcer, self._stream, self._takes, self._reporter.refused):
            while True:
                self._look()
                await asyncio.sleep(_LOOK_S)

    # --- who interprets

    @property
    def _fresh_report(self) -> InterpreterReport | None:
        fresh = self._clock() - self._reported_ns < _FRESH_NS
        return self._report if fresh else None

    @property
    def _speaking_since_ns(self) -> int | None:
        report = self._fresh_report
        here = report is not None and report.epoch == self._epoch()
        return report.speaking_since_ns if report is not None and here else None

    def _look(self) -> None:
        before = self.interpreter
        pause = self.silent and not self.busy
        if self._appointment.consider(self._ranking(self._stream), pause=pause):
            self._former[before] = self._clock() + _FORMER_NS
            self._report = None
            self.supply.changed()
        report = self._fresh_report
        if report is not None and report.speaking_since_ns is not None:
            self._visit.go_on()
        trouble = self._appointment.trouble or (report.trouble if report else "")
        self.supply.tell(report.needs if report else None, trouble)

    def _believes(self, worker: str | None) -> bool:
        if worker is None:
            return False
        return worker == self.interpreter or self._former.get(worker, 0) > self._clock()

    # --- what comes

    @property
    def _takes(self) -> Mapping[Channel, Take]:
        return {
            Channel.INTERPRETER: self._take_report,
            Channel.SPEECH: self._take_speech,
            Channel.SPEECH_AUDIO: self._take_piece,
        }

    def _take_report(self, address: TopicAddress, message: Message) -> None:
        report = decode(InterpreterReport, address, message.payload)
        if report.worker != self.interpreter:
            return
        spoke, before = self.silent, self._report
        self._report, self._reported_ns = report, self._clock()
        if self.silent is not spoke:
            edge = SpeechEdge.ENDED if self.silent else SpeechEdge.STARTED
            self._reporter.spoke(SpeechEvent(edge, report.epoch or "", self.heard_until_ns))
        self._appointment.reported(report.worker)
        self._reporter.elsewhere(report.stages)
        if before is not None and report.behind > before.behind:
            self._hooks.behind()
        if before is not None and report.texts > before.texts:
            self._hooks.translated(report.text_lag_ns)

    def _take_speech(self, address: TopicAddress, message: Message) -> None:
        speech = decode(SyncedSpeechMessage, address, message.payload)
        ours = speech.placed_start_ns is not None
        if not ours and self._believes(speech.worker) and speech.epoch == self._epoch():
            self._hand_on(message.topic, lambda: self._joining.speech(speech))

    def _take_piece(self, address: TopicAddress, message: Message) -> None:
        piece = read_piece(
            message.topic, message.payload, message.content_type, message.user_properties
        )
        self._hand_on(message.topic, lambda: self._joining.piece(address.utterance, piece))

    def _hand_on(self, topic: str, take: Callable[[], SyncedSpeech | None]) -> None:
        """Give the session the speech that a part completes, unless it came in vain."""
        try:
            speech = take()
        except SpeechRefusedError as error:
            raise MessageRefused(topic, "", str(error)) from error
        if speech is None:
            return
        utterance = aligned(speech.utterance, self._heard_ns)
        ahead_ns = utterance.start_ns - self._heard_ns
        if ahead_ns > _AHEAD_NS:
            raise MessageRefused(
                topic,
                "source_start_ns",
                f"lies {ahead_ns / 1e9:.1f} s ahead of what was heard here",
            )
        if self._asleep or utterance.start_ns < self._awake_since_ns or self._again(utterance):
            return
        if self._hooks.rung() in _SILENT:
            reason = "this machine is too slow just now"
            self._reporter.overloaded(replace(utterance, verdict=Verdict.OVERLOAD, reason=reason))
            return
        self._hooks.speech(replace(speech, utterance=utterance))

    def _again(self, utterance: Utterance) -> bool:
        """Whether it was spoken: by us at the door, or by two interpreters that take turns."""
        span = (utterance.start_ns, utterance.end_ns)
        known = (*self._spans, *self._replies.values())
        if any(_overlap_ns(span, one) * 2 > span[1] - span[0] for one in known):
            return True
        self._spans.append(span)
        return False


def aligned(utterance: Utterance, heard_ns: int) -> Utterance:
    """An utterance on the clock of this side, which may have counted other wraps of 33 bits.

    Args:
        utterance: as another machine placed it.
        heard_ns: media time here of the newest sound.
    """
    shift_ns = round((heard_ns - utterance.end_ns) / _WRAP_NS) * _WRAP_NS
    if not shift_ns:
        return utterance
    return replace(
        utterance, start_ns=utterance.start_ns + shift_ns, end_ns=utterance.end_ns + shift_ns
    )


def _overlap_ns(one: tuple[int, int], other: tuple[int, int]) -> int:
    return min(one[1], other[1]) - max(one[0], other[0])
