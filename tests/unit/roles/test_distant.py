from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from edge_worker.items import AudioBlock, SyncedSpeech
from edge_worker.roles.distant import DistantInterpreter, aligned
from edge_worker.session.interpreter import InterpreterHooks
from edge_worker.session.reporter import Reporter
from edge_worker.session.visit import Visit
from edge_worker.transport import Message
from mqtt_schemas import (
    PCM_CONTENT_TYPE,
    Channel,
    InterpreterReport,
    MessageRefused,
    ModelNeed,
    Rung,
    StageLatency,
    StreamSettings,
    encode,
)
from tests.unit.house import TOPICS, Broker, services
from tests.unit.roles.parts import RATE, SECOND_NS, Clock, pieces, speech
from tests.unit.timeline.speech import synced


@dataclass
class Owner:
    """A session whose interpreter is elsewhere, and what reaches it."""

    ranking: tuple[str, ...] = ("ears", "spare")
    settings: StreamSettings = field(default_factory=StreamSettings)
    rung: Rung = Rung.FULL
    epoch: str = "e1"
    clock: Clock = field(default_factory=Clock)
    spoken: list[SyncedSpeech] = field(default_factory=list)
    lags: list[int] = field(default_factory=list)
    behind: int = 0
    broker: Broker = field(default_factory=Broker)

    def __post_init__(self) -> None:
        lent = services(self.broker)
        self.visit = Visit(self.clock)
        self.reporter = Reporter("door", lent.announcer, lent.config, lent.now_ns)
        hooks = InterpreterHooks(
            settings=lambda: self.settings,
            rung=lambda: self.rung,
            speech=self.spoken.append,
            behind=self._fell_behind,
            translated=self.lags.append,
        )
        self.interpreter = DistantInterpreter(
            "door", lent, lambda _: self.ranking, self.visit, self.reporter, hooks,
            lambda: self.epoch, self.clock,
        )  # fmt: skip

    def _fell_behind(self) -> None:
        self.behind += 1

    async def hear(self, until_s: float, from_s: float = 0) -> None:
        samples = np.zeros(round((until_s - from_s) * RATE), np.float32)
        block = AudioBlock(self.epoch, round(from_s * SECOND_NS), RATE, samples)
        await self.interpreter.hear(block)

    def comes(self, topic: str, payload: bytes, **more: object) -> None:
        """A message, as the broker would hand it out."""
        address = TOPICS.parse(topic)
        assert address is not None
        message = Message(topic, payload, 0, **more)  # type: ignore[arg-type] # by name
        self.interpreter._takes[address.channel](address, message)

    def says(self, message: object, **parts: str) -> None:
        kinds = {
            "InterpreterReport": Channel.INTERPRETER,
            "SyncedSpeechMessage": Channel.SPEECH,
        }
        topic = TOPICS.build(kinds[type(message).__name__], stream="door", **parts)
        self.comes(topic, encode(message, topic))

    def reports(self, worker: str = "ears", **changes: object) -> None:
        report = InterpreterReport(stream="door", worker=worker, epoch="e1")
        self.says(replace(report, **changes))  # type: ignore[arg-type] # fields by name

    def speaks(self, utterance: str = "u1", start_s: float = 5, worker: str = "ears") -> None:
        """Everything that belongs to one utterance."""
        start_ns = round(start_s * SECOND_NS)
        self.says(speech(utterance, start_ns=start_ns, worker=worker), language="en")
        self.sounds(utterance)

    def sounds(self, utterance: str = "u1") -> None:
        (piece,) = pieces()
        self.comes(
            TOPICS.speech_audio("door", "en", utterance),
            piece.data,
            content_type=PCM_CONTENT_TYPE,
            user_properties=tuple(piece.properties.to_pairs()),
        )

    @property
    def standing(self) -> tuple[bool, bool, int]:
        """Whether nobody speaks, whether speech is on its way, and how far all is known."""
        interpreter = self.interpreter
        return interpreter.silent, interpreter.busy, interpreter.heard_until_ns

    def look(self) -> None:
        self.interpreter._look()


async def heard() -> Owner:
    """Seven seconds have been heard, by a settled interpreter."""
    owner = Owner()
    await owner.hear(7)
    owner.reports()
    owner.look()
    return owner


async def test_speech_when_it_comes_from_the_interpreter_then_the_session_has_it() -> None:
    owner = await heard()
    assert owner.interpreter.interpreter == "ears"
    owner.speaks()
    assert [one.utterance.source_text for one in owner.spoken] == ["Bom dia."]
    owner.speaks()
    assert len(owner.spoken) == 1


async def test_speech_when_a_reply_was_heard_meanwhile_then_it_is_not_spoken() -> None:
    owner = await heard()
    sound = np.zeros(2 * 48_000, np.float32)
    start_ns = speech().source_start_ns
    owner.interpreter.expect(sound, 48_000, start_ns, reply="r1")
    owner.speaks()
    assert owner.spoken == []


async def test_speech_when_a_reply_was_stopped_before_then_it_is_spoken() -> None:
    owner = await heard()
    sound = np.zeros(2 * 48_000, np.float32)
    start_ns = speech().source_start_ns - 2 * SECOND_NS
    owner.interpreter.expect(sound, 48_000, start_ns, reply="r1")
    owner.interpreter.expect_end(start_ns + SECOND_NS // 2, reply="r1")
    owner.speaks()
    assert len(owner.spoken) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"worker": "stranger"},
        {"worker": None},
        {"epoch": "e0"},
        {"placed_start_ns": 5},
    ],
    ids=str,
)
async def test_speech_when_it_is_not_the_interpreters_for_this_clock_then_it_is_left_out(
    change: dict[str, object],
) -> None:
    owner = await heard()
    owner.says(speech(**change), language="en")  # type: ignore[arg-type] # fields by name
    owner.sounds()
    assert owner.spoken == []


async def test_speech_when_nobody_can_have_heard_it_yet_then_it_is_refused() -> None:
    owner = await heard()
    with pytest.raises(MessageRefused, match=r"lies 3.0 s ahead"):
        owner.speaks(start_s=10)
    assert owner.spoken == []


async def test_speech_when_its_parts_make_none_then_it_is_refused_by_topic() -> None:
    owner = await heard()
    with pytest.raises(MessageRefused, match=r"speech/en refused: .*8000 Hz"):
        owner.says(speech(sample_rate=8000), language="en")


async def test_speech_when_interpreters_change_then_the_former_may_end_its_sentence() -> None:
    owner = await heard()
    owner.ranking = ("spare",)
    owner.look()
    assert owner.interpreter.interpreter == "spare"
    owner.speaks("u1", start_s=5)
    owner.speaks("u2", start_s=5.2, worker="spare")  # both heard the same
    owner.speaks("u3", start_s=6.5, worker="spare")
    assert [one.utterance.id for one in owner.spoken] == ["u1", "u3"]
    owner.clock.go(11)
    owner.speaks("u4", start_s=8)
    assert len(owner.spoken) == 2


async def test_speech_when_translation_is_off_or_was_then_it_is_left_out() -> None:
    owner = await heard()
    owner.settings = StreamSettings(enabled=False)
    await owner.hear(8, 7)
    owner.speaks()
    owner.settings = StreamSettings()
    await owner.hear(9, 8)
    owner.speaks("u2", start_s=7.5)
    assert owner.spoken == []
    owner.speaks("u3", start_s=8.5)
    assert len(owner.spoken) == 1


async def test_speech_when_only_captions_are_left_then_the_utterance_is_told_as_such() -> None:
    owner = await heard()
    owner.rung = Rung.CAPTIONS_ONLY
    owner.speaks()
    assert owner.spoken == []
    told = [payload for topic, payload in owner.broker.said if topic == TOPICS.utterance("door")]
    assert b'"verdict":"overload"' in told[-1]


async def test_report_when_somebody_speaks_then_it_is_not_silent_and_the_visit_goes_on() -> None:
    owner = await heard()
    owner.visit.begin()
    owner.clock.go(119)
    owner.reports(speaking_since_ns=6 * SECOND_NS, busy=True)
    owner.look()
    owner.clock.go(2)
    assert owner.visit.lasts
    assert owner.standing == (False, True, 6 * SECOND_NS)
    owner.reports()
    assert owner.standing == (True, False, 7 * SECOND_NS)


async def test_report_when_none_has_come_for_long_then_nobody_speaks_and_the_trouble_is_told() -> (
    None
):
    owner = await heard()
    owner.reports(speaking_since_ns=6 * SECOND_NS, busy=True)
    owner.clock.go(3.5)
    owner.look()
    assert owner.interpreter.silent
    assert not owner.interpreter.busy
    assert owner.interpreter.supply.trouble == "ears, which hears this stream, does not answer"
    owner.clock.go(2)
    owner.look()
    assert owner.interpreter.interpreter == "spare"


async def test_report_when_it_is_anothers_then_it_is_not_believed() -> None:
    owner = await heard()
    owner.reports("stranger", speaking_since_ns=6 * SECOND_NS, trouble="all is lost")
    owner.look()
    assert owner.interpreter.silent
    assert owner.interpreter.supply.trouble == ""


async def test_report_when_models_lack_or_a_server_fails_then_the_state_is_told_anew() -> None:
    owner = await heard()
    told: list[str] = []
    owner.interpreter.supply.changed = lambda: told.append(owner.interpreter.supply.trouble)
    need = ModelNeed(models=("m",), detail="pt to de lacks m")
    owner.reports(needs=need, trouble="the server is away")
    owner.look()
    owner.look()
    assert told == ["the server is away"]
    assert owner.interpreter.supply.need == need


async def test_report_when_the_interpreter_fell_behind_then_the_ladder_hears_of_it_once() -> None:
    owner = await heard()
    owner.reports(behind=1)
    owner.reports(behind=1)
    assert owner.behind == 1


async def test_report_when_texts_were_slow_then_the_ladder_hears_of_each() -> None:
    owner = await heard()
    owner.reports(texts=1, text_lag_ns=SECOND_NS)
    owner.reports(texts=1, text_lag_ns=SECOND_NS, busy=True)
    owner.reports(texts=2, text_lag_ns=4 * SECOND_NS)
    assert owner.lags == [SECOND_NS, 4 * SECOND_NS]


async def test_report_when_it_has_stages_then_they_are_among_the_streams_figures() -> None:
    owner = await heard()
    owner.reports(stages=(StageLatency(stage="recognizer", p50_ns=5, p95_ns=6, count=1),))
    assert [one.stage for one in owner.reporter._figures.elsewhere] == ["recognizer"]


async def test_clock_when_it_begins_anew_then_what_waited_comes_in_vain() -> None:
    owner = await heard()
    owner.says(speech(), language="en")
    owner.interpreter.restart()
    owner.sounds()
    assert owner.spoken == []
    assert owner.interpreter.heard_until_ns == 0


def test_utterance_when_the_other_side_counted_other_wraps_then_it_is_moved_by_them() -> None:
    wrap_ns = (1 << 33) * 100_000 // 9
    utterance = synced(10, 12, 1).utterance
    assert aligned(utterance, 13 * SECOND_NS) is utterance
    moved = aligned(utterance, 2 * wrap_ns + 13 * SECOND_NS)
    assert moved.start_ns - utterance.start_ns == 2 * wrap_ns
    assert moved.duration_ns == utterance.duration_ns
