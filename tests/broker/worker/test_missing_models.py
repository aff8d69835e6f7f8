"""A language whose model is not here: said, fetched when asked, translated without a restart."""

import asyncio
import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge_worker.config import EngineSection
from edge_worker.engine_set import EngineSet
from edge_worker.lending import Lent
from edge_worker.sources import Sources
from edge_worker.stock import Stock
from engines.catalogue import Catalogue, Model, Patience
from mqtt_schemas import (
    EventType,
    FetchModels,
    ModelStatus,
    Reach,
    Topics,
    Verdict,
    WorkerInfo,
    WorkerModels,
    decode,
    encode,
)
from tests.broker.conftest import Mosquitto
from tests.broker.watching import Heard
from tests.broker.worker.doors import Clip, play, sounding
from tests.broker.worker.house import House, serving, watching
from tests.broker.worker.test_translation import conversation, english
from tests.unit.catalogue.mirror import Mirror, running_mirror

pytestmark = [pytest.mark.broker, pytest.mark.models]

TOPICS = Topics()
LACKING = "bergamot-en-pt"
READY = ("whisper-base", "bergamot-pt-en", "piper-en-us-joe")


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    """Has what the door lacks, packed as Firefox has it; it hangs once, half way."""
    folder = Catalogue.load().locate(LACKING)
    assert folder is not None
    with running_mirror() as running:
        for file in (*folder.glob("*.bin"), *folder.glob("*.spm")):
            running.files[f"/{file.name}.gz"] = gzip.compress(file.read_bytes(), 1)
        running.hang_after = [5_000_000]
        yield running


def without(engines: EngineSet, mirror: Mirror, root: Path) -> EngineSet:
    """The engines of a house that lacks one model, and knows where it can be had."""
    whole = Catalogue.load()
    lacking = whole.model(LACKING)
    packaged = next(one.model_dump() for one in lacking.sources if one.kind == "package")
    files = [one for one in packaged["files"] if one["name"].endswith((".bin", ".spm"))]
    source = {"kind": "url", "url": mirror.address, "packed": "gzip", "files": files}
    fetched = Model.model_validate({**lacking.model_dump(), "sources": [source]})
    models = [*(whole.model(name) for name in READY), fetched]
    catalogue = Catalogue(
        {one.id: one for one in models},
        root=root,
        patience=Patience(silence_s=3.0, attempts=9, pause_s=0.0),
    )
    assert engines.sources is not None
    sources = Sources(Stock(catalogue, EngineSection()), voices=engines.sources.voices)
    return replace(
        engines,
        translator=Lent("translator", sources.translators()),
        synthesizer=Lent("synthesizer", sources.synthesizers()),
        sources=sources,
    )


@pytest.fixture
def caller(engines: EngineSet, folder: Path) -> Clip:
    """One sentence in English."""
    sound, _ = conversation(("en", english(engines, "Could you leave the package at the door?")))
    return sounding(folder, sound)


async def test_language_when_its_model_is_missing_then_it_is_said_fetched_and_spoken(
    mosquitto: Mosquitto,
    engines: EngineSet,
    mirror: Mirror,
    tmp_path: Path,
    caller: Clip,
    parcel_heard: Clip,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_worker.upkeep._PROGRESS_S", 0.05)
    models, asks = Heard(), {"target_language": "pt", "source_language": "en"}
    house_engines = without(engines, mirror, tmp_path)
    async with (
        watching(mosquitto) as house,
        serving(mosquitto, house_engines, streams={"door": asks}, limits={"debt_s": 30}) as worker,
    ):
        await house.link.subscribe(TOPICS.worker_models("box"), models, qos=1)
        garden = asyncio.create_task(play(house.link, "garden", parcel_heard))

        await play(house.link, "door", caller)
        await house.finished("door", "package")
        await _is_said(house)
        assert {one.ai_modified for one in house["door"].properties()} == {False}
        assert house["door"].out

        wish = FetchModels(worker="box", models=(LACKING,))
        house.link.publish(TOPICS.worker_fetch("box"), encode(wish))
        await house.until(lambda: bool(house["door"].told(EventType.PAIR_READY)))
        await house.until(lambda: house["door"].states[-1].needs is None)
        await play(house.link, "door", caller)
        await house.until(lambda: bool(house["door"].spoken()))

        await garden
        await house.finished("garden", "assina")
        assert worker.owned == ("door", "garden")
    (spoken,) = house["door"].spoken()
    assert (spoken.target_language, spoken.via) == ("pt", "")
    assert "pacote" in spoken.target_text
    assert {one.ai_modified for one in house["door"].properties()} == {False, True}
    _garden_never_noticed(house)
    _fetch_was_told(models)
    first, last = (_info(house.infos[at]) for at in (0, -1))
    assert [_reach(one, "pt") for one in (first, last)] == [Reach.DOWNLOAD, Reach.READY]
    assert ("en", "pt") in {(pair.source, pair.target) for pair in last.pairs}


async def _is_said(house: House) -> None:
    """In the state, as an event, and with the utterance itself."""
    await house.until(lambda: house["door"].states[-1].needs is not None)
    needs = house["door"].states[-1].needs
    assert needs is not None
    assert needs.models == (LACKING,)
    assert needs.licences == ("MPL-2.0",)
    assert needs.size_bytes > 20_000_000
    assert needs.status is ModelStatus.ABSENT
    (verdict,) = {one.verdict for one in house["door"].final()}
    assert verdict is Verdict.PAIR_MISSING
    details = [one.detail for one in house["door"].told(EventType.PAIR_MISSING)]
    reasons = [one.reason for one in house["door"].final()]
    for text in (needs.detail, *details, *reasons):
        assert "bergamot-en-pt (22 MB, MPL-2.0)" in text
        assert "polylip models pull bergamot-en-pt" in text


def _garden_never_noticed(house: House) -> None:
    garden = house["garden"]
    # A slow machine may leave an utterance to its caption; nothing else may happen to it.
    assert {one.verdict for one in garden.final()} <= {Verdict.DUB, Verdict.OVERLOAD}
    assert garden.spoken()
    assert len({one.term for one in garden.properties()}) == 1
    numbers = [one.seq or 0 for one in garden.properties()]
    assert numbers == sorted(numbers)
    quiet = {EventType.PAIR_MISSING, EventType.PAIR_READY, EventType.STAGE_FAILED}
    assert not [one for one in garden.events if one.type in quiet]


def _fetch_was_told(models: Heard) -> None:
    told = [decode(WorkerModels, TOPICS.worker_models("box"), one) for one in models.payloads]
    lacking = [next(model for model in one.models if model.id == LACKING) for one in told]
    statuses = list(dict.fromkeys(one.status for one in lacking))
    waiting = [ModelStatus.ABSENT, ModelStatus.WAITING, ModelStatus.FETCHING, ModelStatus.HERE]
    assert statuses == waiting
    came = [one.fetched_bytes for one in lacking if one.status is ModelStatus.FETCHING]
    assert came == sorted(came)
    assert any(0 < one < lacking[0].size_bytes for one in came)


def _info(payload: bytes) -> WorkerInfo:
    return decode(WorkerInfo, TOPICS.worker_info("box"), payload)


def _reach(info: WorkerInfo, language: str) -> Reach:
    return next(one.target for one in info.languages if one.language == language)
