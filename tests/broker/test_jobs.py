"""Jobs between workers over a real broker: sent, shared, repeated, refused, given up."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_worker.engine_set import EngineSet
from edge_worker.jobs import Exchange
from edge_worker.lending import Lent
from edge_worker.peers import Peers
from edge_worker.session.announcer import Announcer
from edge_worker.transport import Message, MqttLink
from engines.asr import Recognizer, Transcript
from engines.mt import Translator
from engines.tts import Phoneme, Speech, Synthesizer
from mqtt_schemas import Channel, Topics, TranslationJob, WorkerStatus, encode
from tests.broker.conftest import Mosquitto
from tests.broker.watching import Heard, until

pytestmark = pytest.mark.broker

TOPICS = Topics()
SOUND = np.sin(np.arange(16_000, dtype=np.float32) / 20) * np.float32(0.5)


@dataclass
class Engine:
    """All three engines in one, whose calls wait for each other and are noted."""

    name: str
    gate: threading.Event = field(default_factory=threading.Event)
    calls: list[str] = field(default_factory=list)
    pairs: frozenset[tuple[str, str]] = frozenset({("pt", "en")})
    voices: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"en": ("joe",)})
    languages: frozenset[str] = frozenset({"pt"})
    takes_prefix: bool = True

    def __post_init__(self) -> None:
        self.gate.set()

    def _work(self, what: str) -> None:
        self.gate.wait(30)
        self.calls.append(what)

    def transcribe(
        self, samples: NDArray[np.float32], *, language: str, prefix: str = ""
    ) -> Transcript:
        self._work(f"asr {language} {prefix}")
        return Transcript(f"{len(samples)} heard by {self.name}", "pt", 0.9, 0.1)

    def translate_to_english(self, samples: NDArray[np.float32], *, language: str) -> Transcript:
        self._work(f"english {language} {len(samples)}")
        return Transcript(f"in English by {self.name}", "en", 0.8)

    def languages_heard(self, samples: NDArray[np.float32]) -> dict[str, float]:
        self._work(f"languages {len(samples)}")
        return {"pt": 0.7, "en": 0.3}

    def translate(self, text: str, *, source: str, target: str) -> str:
        self._work(f"mt {text}")
        if (source, target) not in self.pairs:
            raise KeyError(source)
        return f"{text} by {self.name}"

    def synthesize(
        self, text: str, *, language: str, voice: str | None = None, speed: float = 1.0
    ) -> Iterator[Speech]:
        self._work(f"tts {language} {text} {voice} {speed}")
        for _ in range(2):
            yield Speech(22_050, SOUND[:1000], (Phoneme("a", 600), Phoneme(".", 400)))


class Box:
    """One worker's engines and its part in the exchange."""

    def __init__(self, link: MqttLink, name: str) -> None:
        self.link = link
        self.engine = Engine(name)
        self.recognizer = Lent[Recognizer]("recognizer", self.engine)
        self.translator = Lent[Translator]("translator", self.engine)
        self.synthesizer = Lent[Synthesizer]("synthesizer", self.engine)
        engines = SimpleNamespace(
            recognizer=self.recognizer, translator=self.translator, synthesizer=self.synthesizer
        )
        self.peers = Peers(name, 4.0)
        self.tau = 0.0
        self._waits: list[asyncio.Task[None]] = []
        self.exchange = Exchange(
            Announcer(link, TOPICS), cast("EngineSet", engines), self.peers, lambda: self.tau
        )

    @property
    def taking(self) -> bool:
        return self.exchange.taker.taking

    def knows(self, name: str) -> None:
        self.peers.hear_status("t", name, WorkerStatus.READY)

    async def busy(self) -> None:
        """Have the translator's queue long, and its calls known to be slow."""
        self.engine.gate.clear()
        for lent in (self.recognizer, self.translator, self.synthesizer):
            lent._usual_ns = 1_000_000_000
            self._waits.append(asyncio.create_task(_quietly(lent)))
        await asyncio.sleep(0)

    async def translate(self, text: str = "porta") -> str:
        return await self.translator.call(
            lambda engine: engine.translate(text, source="pt", target="en"), deadline_ns=0
        )

    def close(self) -> None:
        self.engine.gate.set()
        for lent in (self.recognizer, self.translator, self.synthesizer):
            lent.close()


async def _quietly(lent: "Lent[Recognizer] | Lent[Translator] | Lent[Synthesizer]") -> None:
    gate = cast("Engine", lent.engine).gate
    await cast("Lent[object]", lent).call_here(lambda _: gate.wait(30), deadline_ns=0)


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_worker.jobs.taker._LOOK_S", 0.02)


@contextlib.asynccontextmanager
async def box(broker: Mosquitto, name: str) -> AsyncIterator[Box]:
    async with broker.link() as link:
        await link.wait_connected()
        made = Box(link, name)
        running = asyncio.create_task(made.exchange.run(link))
        await until(lambda: made.translator.relief is not None)
        try:
            yield made
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            made.close()


@contextlib.asynccontextmanager
async def loaded_and_idle(broker: Mosquitto) -> AsyncIterator[tuple[Box, Box]]:
    async with box(broker, "loaded") as loaded, box(broker, "idle") as idle:
        loaded.knows("idle")
        await loaded.busy()
        await until(lambda: idle.taking and not loaded.taking)
        yield loaded, idle


async def test_calls_when_the_queue_here_is_long_then_an_idle_worker_does_them(
    mosquitto: Mosquitto,
) -> None:
    async with loaded_and_idle(mosquitto) as (loaded, idle):
        assert await loaded.translate() == "porta by idle"
        heard = await loaded.recognizer.call(
            lambda one: one.transcribe(SOUND, language="pt", prefix="Olá,"), deadline_ns=0
        )
        assert heard == Transcript("16000 heard by idle", "pt", 0.9, 0.1)
        languages = await loaded.recognizer.call(
            lambda one: one.languages_heard(SOUND), deadline_ns=0
        )
        assert list(languages.items()) == [("pt", 0.7), ("en", 0.3)]
        sentences = await loaded.synthesizer.call(
            lambda one: list(one.synthesize("Door.", language="en", voice="joe", speed=1.25)),
            deadline_ns=0,
        )
        assert [one.sample_rate for one in sentences] == [22_050] * 2
        assert np.abs(sentences[1].samples - SOUND[:1000]).max() < 1e-4
        assert sentences[0].phonemes == (Phoneme("a", 600), Phoneme(".", 400))
        assert idle.engine.calls == [
            *("mt porta", "asr pt Olá,", "languages 16000", "tts en Door. joe 1.25")
        ]
        assert loaded.engine.calls == []
        assert loaded.exchange.requester.answered == idle.exchange.taker.done == 4


async def test_call_when_the_queue_here_is_short_then_it_is_done_here(
    mosquitto: Mosquitto,
) -> None:
    async with box(mosquitto, "here") as here, box(mosquitto, "idle") as idle:
        here.knows("idle")
        await until(lambda: idle.taking)
        assert await here.translate() == "porta by here"
        assert idle.engine.calls == []


async def test_call_when_nobody_takes_it_then_it_is_done_here_and_nobody_is_asked_for_a_while(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_worker.jobs.exchange._WITHIN_S", 0.1)
    async with box(mosquitto, "loaded") as loaded:
        loaded.knows("gone")
        await loaded.busy()
        waiting = asyncio.create_task(loaded.translate())
        await until(lambda: loaded.exchange.requester.failed == 1)
        loaded.engine.gate.set()
        assert await waiting == "porta by loaded"
        await loaded.busy()
        again = asyncio.create_task(loaded.translate())
        await asyncio.sleep(0.3)
        loaded.engine.gate.set()
        assert await again == "porta by loaded"
        assert loaded.exchange.requester.failed == 1


async def test_call_when_the_one_elsewhere_fails_then_it_is_done_here(
    mosquitto: Mosquitto,
) -> None:
    async with loaded_and_idle(mosquitto) as (loaded, idle):
        idle.engine.pairs = frozenset()
        waiting = asyncio.create_task(loaded.translate())
        await until(lambda: loaded.exchange.requester.failed == 1)
        assert not waiting.done()
        loaded.engine.gate.set()
        assert await waiting == "porta by loaded"


async def test_call_when_its_turn_here_comes_first_then_it_does_not_wait_for_the_other(
    mosquitto: Mosquitto,
) -> None:
    async with loaded_and_idle(mosquitto) as (loaded, idle):
        idle.engine.gate.clear()
        waiting = asyncio.create_task(loaded.translate())
        await until(lambda: len(idle.exchange.taker._under_way) == 1)
        loaded.engine.gate.set()
        assert await waiting == "porta by loaded"
        idle.engine.gate.set()


async def test_worker_when_it_is_loaded_itself_then_it_leaves_the_queue_and_comes_back(
    mosquitto: Mosquitto,
) -> None:
    async with box(mosquitto, "idle") as idle:
        await until(lambda: idle.taking)
        idle.tau = 0.9
        await until(lambda: not idle.taking)
        idle.tau = 0.1
        await until(lambda: idle.taking)
        await idle.busy()
        await until(lambda: not idle.taking)


async def test_job_when_it_is_repeated_then_it_is_done_once_and_answered_each_time_alike(
    mosquitto: Mosquitto,
) -> None:
    job = TranslationJob(transaction="t1", text="porta", source_language="pt", target_language="en")
    async with box(mosquitto, "idle") as idle, mosquitto.link() as link:
        await until(lambda: idle.taking)
        await link.wait_connected()
        heard = Heard()
        await link.subscribe(TOPICS.response("mine"), heard)
        for _ in range(3):
            send(link, job)
        await heard.count(3)
        assert len(set(heard.payloads)) == 1
        assert idle.engine.calls == ["mt porta"]


def send(link: MqttLink, job: TranslationJob, **how: object) -> None:
    link.publish(
        TOPICS.job_mt(),
        encode(job),
        response_topic=str(how.get("answer_to", TOPICS.response("mine"))),
        correlation_data=job.transaction.encode(),
        retain=bool(how.get("retain", False)),
    )


async def test_job_when_its_answer_should_go_where_answers_do_not_belong_then_it_is_not_done(
    mosquitto: Mosquitto,
) -> None:
    job = TranslationJob(transaction="t1", text="porta", source_language="pt", target_language="en")
    async with box(mosquitto, "idle") as idle, mosquitto.link() as link:
        await until(lambda: idle.taking)
        await link.wait_connected()
        for topic in (TOPICS.state("door"), "$SYS/x", "elsewhere"):
            send(link, job, answer_to=topic)
        send(link, job, retain=True)
        link.publish(TOPICS.job_mt(), b"no json", response_topic=TOPICS.response("mine"))
        link.publish(TOPICS.job_asr(), b"odd", response_topic=TOPICS.response("mine"))
        good = TranslationJob(
            transaction="t2", text="casa", source_language="pt", target_language="en"
        )
        heard = Heard()
        await link.subscribe(TOPICS.response("mine"), heard)
        send(link, good)
        await heard.count(1)
        assert idle.engine.calls == ["mt casa"]
        link.publish(TOPICS.job_mt(), b"", retain=True)
        await link.flush()


async def test_jobs_when_more_come_than_are_taken_at_once_then_the_rest_is_told_so_at_once(
    mosquitto: Mosquitto,
) -> None:
    async with box(mosquitto, "idle") as idle, mosquitto.link() as link:
        await until(lambda: idle.taking)
        await link.wait_connected()
        idle.engine.gate.clear()
        heard = Heard()
        await link.subscribe(TOPICS.response("mine"), heard)
        for number in range(8):
            send(
                link,
                TranslationJob(
                    transaction=f"t{number}",
                    text="porta",
                    source_language="pt",
                    target_language="en",
                ),
            )
        await heard.count(4)
        assert all(b"busy" in payload for payload in heard.payloads)
        idle.engine.gate.set()
        await heard.count(8)
        assert sum(b'"ok"' in payload for payload in heard.payloads) == 4


async def test_jobs_when_they_are_done_then_nothing_of_them_is_retained_or_logged(
    mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with loaded_and_idle(mosquitto) as (loaded, _):
        assert await loaded.translate("segredo") == "segredo by idle"
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        async with mosquitto.link() as later:
            await later.wait_connected()
            for topic in (TOPICS.filter(Channel.JOB_MT), TOPICS.filter(Channel.RESPONSE)):
                await later.subscribe(topic, keep)
            await asyncio.sleep(0.2)
    assert kept == []
    assert "segredo" not in caplog.text
