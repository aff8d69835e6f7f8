"""One stream and its models: prepared, missed, told of, and there at last."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import cast

import pytest

from edge_worker.engine_set import EngineSet
from edge_worker.items import Utterance, Verdict
from edge_worker.provision import Provision
from edge_worker.session.reporter import Reporter
from edge_worker.session.supply import Supplied, Supply
from edge_worker.stock import Wish
from mqtt_schemas import EventType, ModelNeed, StreamSettings
from tests.broker.watching import until

HEARD = Utterance("u1", "e", 0, 1, "de", "Guten Tag", 0.9, "pt")


@dataclass
class House:
    """A supply with everything around it."""

    settings: StreamSettings = field(
        default_factory=lambda: StreamSettings(source_language="de", target_language="pt")
    )
    lacking: dict[Wish, str] = field(default_factory=dict)
    """What a wish lacks."""
    trouble: str = ""
    told: list[tuple[EventType, str]] = field(default_factory=list)
    prepared: list[tuple[str, ...]] = field(default_factory=list)
    wanted: list[Wish | None] = field(default_factory=list)
    asked: list[ModelNeed] = field(default_factory=list)
    changes: int = 0
    pairs: frozenset[tuple[str, str]] = frozenset()
    served_languages: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        stock = SimpleNamespace(want=lambda _stream, wish: self.wanted.append(wish))
        self.sources = SimpleNamespace(stock=stock)
        self.supply = Supply(
            "door",
            cast("EngineSet", self),
            cast("Provision", self),
            lambda: self.settings,
            cast("Reporter", self),
        )
        self.supply.changed = self._changed

    def _changed(self) -> None:
        self.changes += 1

    def need(self, wish: Wish, *, served: frozenset[str] = frozenset()) -> ModelNeed | None:
        assert served == self.served_languages
        detail = self.lacking.get(replace(wish, voice=""))
        return ModelNeed(models=("m",), detail=detail) if detail else None

    def lack(self, need: ModelNeed) -> None:
        self.asked.append(need)

    def event(self, kind: EventType, *, detail: str = "") -> None:
        self.told.append((kind, detail))

    async def prepare_pair(self, source: str, target: str) -> None:
        self.prepared.append((source, target))

    async def prepare_voice(self, language: str, voice: str) -> None:
        self.prepared.append((language, f"voice {voice}"))


@contextlib.asynccontextmanager
async def running(house: House) -> AsyncIterator[None]:
    task = asyncio.create_task(house.supply.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_worker.session.supply._LOOK_S", 0.002)


async def test_run_when_languages_are_set_then_what_they_take_is_prepared_and_kept() -> None:
    house = House()
    async with running(house):
        await until(lambda: len(house.prepared) == 2)
        house.settings = replace(house.settings, target_language="fr-ca", voice="v")
        await until(lambda: len(house.prepared) == 4)
    assert house.prepared == [("pt", "voice "), ("de", "pt"), ("fr", "voice v"), ("de", "fr")]
    assert house.wanted == [Wish("de", "pt"), Wish("de", "fr", "v"), None]
    assert (house.told, house.changes, house.supply.need) == ([], 0, None)


async def test_run_when_models_lack_then_it_is_said_once_and_they_are_asked_for() -> None:
    house = House(lacking={Wish("de", "pt"): "lacks m"})
    async with running(house):
        await until(lambda: len(house.asked) > 3)
        assert house.supply.need is not None
        house.lacking.clear()
        await until(lambda: house.supply.need is None)
    assert house.told == [
        (EventType.PAIR_MISSING, "lacks m"),
        (EventType.PAIR_READY, "translated from now on"),
    ]
    assert house.changes == 2


async def test_run_when_only_a_better_voice_lacks_then_the_state_says_so_and_no_event_does() -> (
    None
):
    house = House(lacking={Wish("de", "pt"): "better with v"}, pairs=frozenset({("de", "pt")}))
    async with running(house):
        await until(lambda: house.supply.need is not None)
        house.lacking.clear()
        await until(lambda: house.supply.need is None)
    assert (house.told, house.changes) == ([], 2)


async def test_run_when_other_languages_are_set_while_models_lack_then_it_is_said_of_those() -> (
    None
):
    house = House(lacking={Wish("de", "pt"): "lacks m", Wish("de", "fr"): "lacks n"})
    async with running(house):
        await until(lambda: len(house.told) == 1)
        house.settings = replace(house.settings, target_language="fr")
        await until(lambda: len(house.told) == 2)
        house.settings = replace(house.settings, target_language="de")
        await until(lambda: house.supply.need is None)
    assert [detail for _, detail in house.told] == ["lacks m", "lacks n"]


async def test_run_when_the_stream_is_switched_off_then_nothing_is_fetched_for_it() -> None:
    house = House(lacking={Wish("de", "pt"): "lacks m"})
    house.settings = replace(house.settings, enabled=False)
    async with running(house):
        await until(lambda: house.supply.need is not None)
        await asyncio.sleep(0.02)
    assert house.asked == []


async def test_run_when_any_language_may_be_spoken_then_those_that_were_heard_count() -> None:
    house = House(lacking={Wish("de", "pt"): "lacks german"})
    house.settings = replace(house.settings, source_language="auto")
    async with running(house):
        await until(lambda: len(house.prepared) == 2)
        await asyncio.sleep(0.02)
        assert house.supply.need is None
        house.supply.heard(replace(HEARD, verdict=Verdict.PAIR_MISSING))
        await until(lambda: house.supply.need is not None)
        assert house.supply.lacking(HEARD) == "lacks german"
        house.settings = replace(house.settings, target_language="en")
        await until(lambda: house.supply.need is None)


def test_lacking_when_a_server_speaks_the_language_then_its_voice_does_not_lack() -> None:
    house = House(lacking={Wish("de", "pt"): "lacks m"}, served_languages=frozenset({"pt"}))
    assert house.supply.lacking(HEARD) == "lacks m", "and the catalogue was told what is served"


async def test_run_when_a_server_is_away_then_the_state_changes_and_again_when_it_is_back() -> None:
    house = House()
    async with running(house):
        await until(lambda: len(house.prepared) == 2)
        house.trouble = "tcp://pi:10300 does not answer"
        await until(lambda: house.changes == 1)
        assert house.supply.trouble == house.trouble
        house.trouble = ""
        await until(lambda: house.changes == 2)


@pytest.mark.parametrize(
    ("utterance", "ready"),
    [
        (HEARD, [("de", "pt"), ("pt", "voice ")]),
        (replace(HEARD, verdict=Verdict.UNSURE), []),
    ],
)
async def test_stage_when_an_utterance_comes_then_its_models_are_ready_before_the_stage_works(
    utterance: Utterance, ready: list[tuple[str, str]]
) -> None:
    house = House()

    class Stage:
        async def process(self, item: Utterance) -> list[Utterance]:
            house.prepared.append(("worked",))
            return [item]

    translator = Supplied(Stage(), house.supply.translator_ready)
    synthesizer = Supplied(Stage(), house.supply.voice_ready)
    assert await translator.process(utterance) == [utterance]
    assert await synthesizer.process(utterance) == [utterance]
    worked = [("worked",)]
    assert house.prepared == (
        [ready[0], *worked, ready[1], *worked] if ready else [*worked, *worked]
    )
