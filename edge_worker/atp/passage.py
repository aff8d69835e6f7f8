"""Speech in one uninterrupted passage of sound: its pauses, the questions about them, the cuts."""

import uuid
from collections.abc import Callable, Iterator

from edge_worker.atp.cut_options import CutRule, SegmenterOptions
from edge_worker.atp.cut_score import PauseHabit, probability_of_end
from edge_worker.atp.listened import Listened, PartialSpeech, SpeechEdge, SpeechEvent
from edge_worker.atp.pauses import Pause, PauseTracker, Talk
from edge_worker.atp.sound import RecentSound, duration_ns, samples_of
from edge_worker.atp.speculation import Speculation, Speculator
from edge_worker.items import AudioBlock, Hypothesis, SpeechSpan
from engines.vad import VoiceStream


class Passage:
    """One uninterrupted passage of sound: one epoch, no hole.

    Args:
        sound: where its samples are kept.
        voice: the voice detector's state for it.
        speculator: puts the questions about its pauses.
        habit: the speaker's, which outlives the passage.
        options: what shapes the cuts.
        answered: called when a question has been answered.
    """

    def __init__(
        self,
        sound: RecentSound,
        voice: VoiceStream,
        speculator: Speculator,
        habit: PauseHabit,
        options: SegmenterOptions,
        answered: Callable[[], None],
    ) -> None:
        self.sound = sound
        self._voice = voice
        self._speculator = speculator
        self._habit = habit
        self._options = options
        self._answered = answered
        self._tracker = PauseTracker()
        self._speculations: dict[int, Speculation] = {}
        """By the pause's first sample."""
        self._settled: set[int] = set()
        """Pauses that were found to be hesitations."""
        self._taken = 0
        """First sample that no span has taken yet."""
        self._silent_from = 0
        self._speaking = False

    @property
    def pending(self) -> bool:
        """Whether an engine still owes an answer."""
        return any(not speculation.answered for speculation in self._speculations.values())

    def hear(self, piece: AudioBlock) -> Iterator[Listened]:
        """Take 16 kHz sound, window by window."""
        self.sound.add(piece)
        while (window := self.sound.next_window()) is not None:
            self._tracker.hear(self._voice.probability(window))
            self._drop_click()
            yield from self._edge()
            self._speculate()
            yield from self._cuts()
        self._forget()

    def decide(self) -> list[Listened]:
        """Cut where answers now allow it; what else they say is told as partial speech."""
        cuts = self._cuts()
        talk = self._tracker.talk
        return cuts if cuts or talk is None else list(self._partial(talk))

    def finish(self) -> list[Listened]:
        """Hand on what was being said; nothing more will come."""
        talk = self._tracker.talk
        listened: list[Listened] = []
        if talk is not None and self._voiced_enough(talk):
            pause = talk.pause
            listened.append(
                self._split_at(talk, self._tracker.now, "end of stream")
                if pause is None
                else self._cut_at(talk, pause, "end of stream")
            )
        self.close()
        if self._speaking:
            self._speaking = False
            listened.append(self._event(SpeechEdge.ENDED, self._silent_from))
        return listened

    def close(self) -> None:
        """Ask no more; calls not yet begun leave the engines' queues."""
        self._drop_speculations()

    def _drop_click(self) -> None:
        talk = self._tracker.talk
        if talk is None or talk.pause is None or self._voiced_enough(talk):
            return
        if talk.pause.length(self._tracker.now) >= samples_of(self._options.tail_ns):
            self._tracker.drop()

    def _edge(self) -> Iterator[SpeechEvent]:
        talk, now = self._tracker.talk, self._tracker.now
        if talk is not None:
            self._silent_from = now if talk.pause is None else talk.pause.start
        if not self._speaking:
            if talk is not None and self._voiced_enough(talk):
                self._speaking = True
                yield self._event(SpeechEdge.STARTED, talk.start)
        elif now - self._silent_from >= samples_of(self._options.silent_after_ns):
            self._speaking = False
            yield self._event(SpeechEdge.ENDED, self._silent_from)

    def _event(self, edge: SpeechEdge, sample: int) -> SpeechEvent:
        return SpeechEvent(edge, self.sound.epoch, self.sound.time_ns(sample))

    def _speculate(self) -> None:
        """Ask about the pause that lasts; stop asking about one too short to be cut at."""
        talk = self._tracker.talk
        if talk is None or not self._speculator.able or self._options.rule is not CutRule.MEANING:
            return
        for pause in talk.pauses:
            if pause.end is not None and self._silence_ns(pause) < self._options.patience.least_ns:
                self._drop_speculation(pause)
        current = talk.pause
        if current is None or current.start in self._speculations or not self._voiced_enough(talk):
            return
        if self._silence_ns(current) >= self._options.speculate_after_ns:
            sound = self.sound.block(self._lead(talk), self._tracker.now)
            self._speculations[current.start] = self._speculator.ask(
                sound, duration_ns(talk.voiced), self._answered
            )

    def _cuts(self) -> list[Listened]:
        listened: list[Listened] = []
        while (span := self._next_cut()) is not None:
            listened.append(span)
        return listened

    def _next_cut(self) -> SpeechSpan | None:
        talk = self._tracker.talk
        if talk is None:
            return None
        if self._options.rule is CutRule.WINDOW:
            return self._window_cut(talk)
        for pause in talk.pauses:
            if pause.start not in self._settled and self._ends_thought(talk, pause):
                return self._cut_at(talk, pause, str(self._options.rule))
        if self._tracker.now - talk.start >= samples_of(self._options.max_speech_ns):
            return self._forced_cut(talk)
        return None

    def _ends_thought(self, talk: Talk, pause: Pause) -> bool:
        silence_ns = self._silence_ns(pause)
        if self._options.rule is CutRule.PAUSE:
            return silence_ns >= self._options.pause_ns
        speculation = self._speculations.get(pause.start)
        if speculation is not None and not speculation.answered:
            return False
        if self._judge(talk, pause, speculation):
            return True
        if pause.end is not None:
            self._settled.add(pause.start)
            if silence_ns >= self._options.patience.least_ns:
                self._habit.hesitated(silence_ns)
        return False

    def _judge(self, talk: Talk, pause: Pause, speculation: Speculation | None) -> bool:
        patience = self._options.patience
        pace = self._habit.pace if self._options.adaptive else 1.0
        silence_ns = self._silence_ns(pause)
        if speculation is None or speculation.evidence.nothing:
            return silence_ns >= patience.unaided_ns * pace
        speech_ns = duration_ns(pause.start - talk.start)
        ended = probability_of_end(speculation.evidence, self._options.weights)
        return ended >= patience.needed(silence_ns, speech_ns, pace)

    def _window_cut(self, talk: Talk) -> SpeechSpan | None:
        if self._tracker.now - talk.start < samples_of(self._options.window_ns):
            return None
        return self._split_at(talk, self._tracker.now, str(self._options.rule))

    def _forced_cut(self, talk: Talk) -> SpeechSpan:
        """Cut speech without end at its best pause, or else where it is quietest."""
        earliest = talk.start + samples_of(self._options.max_speech_ns) // 3
        late_enough = [pause for pause in talk.pauses if pause.start >= earliest]
        if late_enough:
            return self._cut_at(talk, max(late_enough, key=self._promise), "length")
        quietest = self.sound.quietest(earliest, self._tracker.now)
        return self._split_at(talk, quietest, "length")

    def _promise(self, pause: Pause) -> float:
        """How good a place to cut: probability of an end, plus the seconds of silence."""
        speculation = self._speculations.get(pause.start)
        silence_s = self._silence_ns(pause) / 1e9
        if speculation is None or speculation.evidence.nothing:
            return silence_s
        return silence_s + probability_of_end(speculation.evidence, self._options.weights)

    def _cut_at(self, talk: Talk, pause: Pause, reason: str) -> SpeechSpan:
        speculation = self._speculations.get(pause.start)
        if speculation is not None and speculation.hypothesis is not None:
            sound, hypothesis = speculation.sound, speculation.hypothesis
        else:
            until = self._tracker.now if pause.end is None else pause.end
            tail = min(until, pause.start + samples_of(self._options.tail_ns))
            sound, hypothesis = self.sound.block(self._lead(talk), tail), None
        span = self._span(talk, pause.start, sound, reason, hypothesis)
        self._tracker.cut(pause)
        self._taken = pause.start
        self._drop_speculations()
        return span

    def _split_at(self, talk: Talk, at: int, reason: str) -> SpeechSpan:
        sound = self.sound.block(self._lead(talk), at)
        span = self._span(talk, at, sound, reason, None)
        self._tracker.split(at)
        self._taken = at
        self._drop_speculations()
        return span

    def _span(
        self, talk: Talk, end: int, sound: AudioBlock, reason: str, hypothesis: Hypothesis | None
    ) -> SpeechSpan:
        return SpeechSpan(
            id=uuid.uuid4().hex[:16],
            epoch=self.sound.epoch,
            start_ns=self.sound.time_ns(talk.start),
            end_ns=self.sound.time_ns(end),
            decided_ns=self.sound.time_ns(self._tracker.now),
            samples=sound.samples,
            samples_start_ns=sound.pts_ns,
            cut_reason=reason,
            hypothesis=hypothesis,
        )

    def _partial(self, talk: Talk) -> Iterator[PartialSpeech]:
        """The newest answer, once."""
        for pause in reversed(talk.pauses):
            speculation = self._speculations.get(pause.start)
            if speculation is None or speculation.hypothesis is None:
                continue
            if speculation.hypothesis.text and not speculation.told:
                speculation.told = True
                yield PartialSpeech(
                    self.sound.epoch,
                    self.sound.time_ns(talk.start),
                    self.sound.time_ns(pause.start),
                    speculation.hypothesis,
                )
            return

    def _voiced_enough(self, talk: Talk) -> bool:
        return talk.voiced >= samples_of(self._options.min_voice_ns)

    def _silence_ns(self, pause: Pause) -> int:
        return duration_ns(pause.length(self._tracker.now))

    def _lead(self, talk: Talk) -> int:
        return max(self._taken, talk.start - samples_of(self._options.lead_ns))

    def _forget(self) -> None:
        talk = self._tracker.talk
        since = self._tracker.now if talk is None else talk.start
        self.sound.forget(since - samples_of(self._options.lead_ns))

    def _drop_speculation(self, pause: Pause) -> None:
        speculation = self._speculations.pop(pause.start, None)
        if speculation is not None:
            speculation.cancel()

    def _drop_speculations(self) -> None:
        """They were about speech from before the cut."""
        for speculation in self._speculations.values():
            speculation.cancel()
        self._speculations.clear()
        self._settled.clear()
