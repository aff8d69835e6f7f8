"""Models that streams lack: what is said of them, and when they are fetched."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest

from edge_worker.config import DownloadSection, EngineSection
from edge_worker.provision import Provision
from edge_worker.stock import Stock, Wish
from engines import EngineUnavailableError
from engines.catalogue import Catalogue, Model, Patience
from mqtt_schemas import (
    DownloadPolicy,
    FetchModels,
    ModelInfo,
    ModelStatus,
    StreamSettings,
    StreamState,
    WorkerModels,
    encode,
)
from tests.broker.watching import until
from tests.unit.catalogue.mirror import Mirror, running_mirror

CONTENT = bytes(300_000)
GERMAN, PORTUGUESE, VOICE = "mt-de-en", "mt-en-pt", "voice-pt"


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with running_mirror() as running:
        running.files = {f"/{name}/w.bin": CONTENT for name in (GERMAN, PORTUGUESE, VOICE)}
        yield running


def entry(mirror: Mirror, model_id: str, **more: object) -> Model:
    digest = hashlib.sha256(CONTENT).hexdigest()
    file = {"name": "w.bin", "size": len(CONTENT), "sha256": digest}
    source = {"kind": "url", "url": f"{mirror.address}/{model_id}", "files": [file]}
    known: dict[str, object] = {
        "id": model_id, "licence": "MIT", "origin": "https://example.org", "sources": [source],
    }  # fmt: skip
    return Model.model_validate(known | more)


@pytest.fixture
def stock(tmp_path: Path, mirror: Mirror) -> Stock:
    models = [
        entry(mirror, GERMAN, task="mt", pair=("de", "en"), languages=("de", "en")),
        entry(mirror, PORTUGUESE, task="mt", pair=("en", "pt"), languages=("en", "pt")),
        entry(
            mirror, VOICE, task="tts", languages=("pt-br",),
            licence="CC-BY-NC-4.0", non_commercial=True,
        ),
    ]  # fmt: skip
    catalogue = Catalogue(
        {one.id: one for one in models},
        root=tmp_path,
        patience=Patience(silence_s=10.0, attempts=1, pause_s=0.0),
    )
    return Stock(catalogue, EngineSection())


def provision(stock: Stock, policy: str, accept: str = "") -> Provision:
    section = DownloadSection(policy=DownloadPolicy(policy), accept_licences=accept)
    return Provision(stock, section)


@contextlib.asynccontextmanager
async def working(one: Provision, stock: Stock) -> AsyncIterator[list[WorkerModels]]:
    """Run it; gives what it says at every change."""
    said: list[WorkerModels] = []

    def arrived() -> None:
        stock.rescan()

    task = asyncio.create_task(one.run(lambda: said.append(one.message("box")), arrived))
    try:
        yield said
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def info(message: WorkerModels, model_id: str) -> ModelInfo:
    return next(one for one in message.models if one.id == model_id)


def told_of(said: list[WorkerModels], model_id: str) -> list[ModelStatus]:
    """The statuses it went through."""
    statuses = [info(one, model_id).status for one in said]
    return [status for at, status in enumerate(statuses) if at == 0 or status != statuses[at - 1]]


ASKED = FetchModels(worker="box", models=(GERMAN, PORTUGUESE))
WISH = Wish("de", "pt")


def test_need_when_models_lack_then_it_names_them_their_size_their_licences_and_the_command(
    stock: Stock,
) -> None:
    need = provision(stock, "ask").need(WISH)
    assert need is not None
    assert need.models == (GERMAN, PORTUGUESE, VOICE)
    assert need.size_bytes == 3 * len(CONTENT)
    assert need.licences == ("MIT", "CC-BY-NC-4.0")
    assert need.status is ModelStatus.ABSENT
    assert "de to pt (through en) lacks mt-de-en (0 MB, MIT)" in need.detail
    assert "polylip models pull mt-de-en mt-en-pt voice-pt" in need.detail
    assert "worker/<worker>/fetch" in need.detail
    never = provision(stock, "never").need(WISH)
    assert never is not None
    assert "worker/<worker>/fetch" not in never.detail


def test_need_when_a_server_speaks_the_language_then_its_voice_does_not_lack(stock: Stock) -> None:
    need = provision(stock, "ask").need(WISH, served={"pt"})
    assert need is not None
    assert need.models == (GERMAN, PORTUGUESE)


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        (Wish("pt", "pt"), None),
        (Wish("fi", "en"), None),
        (Wish("fi", "pt"), "no model in the catalogue translates fi to pt"),
        (Wish("auto", "pt"), "speaking pt lacks voice-pt"),
        (Wish("auto", "fi"), None),
    ],
)
def test_need_when_there_is_nothing_to_fetch_then_it_says_what_can_be_said(
    stock: Stock, wish: Wish, says: str | None
) -> None:
    need = provision(stock, "ask").need(wish)
    assert (need is None) if says is None else (need is not None and need.detail.startswith(says))


async def test_lack_when_allowed_then_free_models_are_fetched_one_after_another_and_told(
    stock: Stock,
) -> None:
    one = provision(stock, "allow")
    need = one.need(WISH)
    assert need is not None
    async with working(one, stock) as said:
        one.lack(need)
        await until(lambda: bool(said) and told_of(said, VOICE)[-1] is ModelStatus.FAILED)
        assert stock.here == {GERMAN, PORTUGUESE}
    assert told_of(said, GERMAN) == [ModelStatus.WAITING, ModelStatus.FETCHING, ModelStatus.HERE]
    assert told_of(said, PORTUGUESE)[0] is ModelStatus.WAITING
    assert "forbids commercial use" in info(said[-1], VOICE).detail
    assert "--accept-licence CC-BY-NC-4.0" in info(said[-1], VOICE).detail
    left = one.need(WISH)
    assert left is not None
    assert (left.models, left.status) == ((VOICE,), ModelStatus.FAILED)
    assert "forbids commercial use" in left.detail
    assert all(encode(message) for message in said)


async def test_lack_when_the_licence_was_accepted_in_the_configuration_then_it_is_fetched_too(
    stock: Stock,
) -> None:
    one = provision(stock, "allow", "MIT, CC-BY-NC-4.0")
    need = one.need(WISH)
    assert need is not None
    async with working(one, stock):
        one.lack(need)
        await until(lambda: one.need(WISH) is None)


@pytest.mark.parametrize("policy", ["ask", "never"])
async def test_lack_when_not_allowed_then_nothing_is_asked_for(
    stock: Stock, mirror: Mirror, policy: str
) -> None:
    one = provision(stock, policy)
    need = one.need(WISH)
    assert need is not None
    async with working(one, stock) as said:
        one.lack(need)
        await asyncio.sleep(0.05)
    assert (said, mirror.asked) == ([], [])


async def test_ask_when_somebody_says_so_then_it_is_fetched_unless_the_policy_is_never(
    stock: Stock, mirror: Mirror
) -> None:
    never = provision(stock, "never")
    async with working(never, stock) as said:
        assert "downloads.policy is never" in never.ask(ASKED)
        await asyncio.sleep(0.05)
    assert (said, mirror.asked) == ([], [])
    one = provision(stock, "ask")
    async with working(one, stock):
        some = FetchModels(worker="box", models=("no-such", GERMAN, GERMAN))
        assert one.ask(some) == "asks for no-such, which is no model that runs here"
        accepted = FetchModels(worker="box", models=(VOICE,), accept_licences=("CC-BY-NC-4.0",))
        assert one.ask(accepted) == ""
        await until(lambda: stock.here == {GERMAN, VOICE})
    assert [path for path, _ in mirror.asked].count(f"/{GERMAN}/w.bin") == 1


async def test_fetch_when_it_takes_a_while_then_its_progress_is_told(
    stock: Stock, mirror: Mirror
) -> None:
    mirror.hang_after = [100_000]
    one = provision(stock, "ask")
    async with working(one, stock):
        one.ask(ASKED)
        await until(lambda: info(one.message("box"), GERMAN).fetched_bytes == 100_000)
        message = one.message("box")
        assert one.fetching
        assert info(message, GERMAN).status is ModelStatus.FETCHING
        assert info(message, PORTUGUESE).status is ModelStatus.WAITING
        assert message.free_bytes > 0


async def test_fetch_when_it_fails_then_it_waits_before_it_is_tried_again_by_itself(
    stock: Stock, mirror: Mirror
) -> None:
    now = [0.0]
    section = DownloadSection(policy=DownloadPolicy.ALLOW)
    one = Provision(stock, section, clock=lambda: now[0])
    mirror.statuses = [500, 500]
    need = one.need(Wish("de", "en"))
    assert need is not None
    async with working(one, stock) as said:
        one.lack(need)
        await until(lambda: bool(said) and told_of(said, GERMAN)[-1] is ModelStatus.FAILED)
        assert "the server answered 500" in info(said[-1], GERMAN).detail

        async def asked(times: int) -> None:
            one.lack(need)
            await until(lambda: len(mirror.asked) == times and not one.fetching)

        for seconds, times in ((59.0, 1), (61.0, 2), (61.0 + 119.0, 2), (61.0 + 121.0, 3)):
            now[0] = seconds
            await asked(times)
        await until(lambda: GERMAN in stock.here)


async def test_stop_when_a_model_is_on_its_way_then_it_does_not_hold_up_the_end(
    stock: Stock, mirror: Mirror
) -> None:
    mirror.hang_after = [100_000]
    one = provision(stock, "ask")
    async with working(one, stock):
        one.ask(ASKED)
        await until(lambda: info(one.message("box"), GERMAN).fetched_bytes > 0)
    assert stock.here == frozenset()
    left = one.message("box")
    assert {model.status for model in left.models} == {ModelStatus.ABSENT}
    assert not one.fetching


async def test_lack_when_a_licence_was_accepted_and_the_fetch_failed_then_the_yes_still_holds(
    stock: Stock, mirror: Mirror
) -> None:
    now = [0.0]
    one = Provision(stock, DownloadSection(policy=DownloadPolicy.ALLOW), clock=lambda: now[0])
    mirror.statuses = [500]
    async with working(one, stock) as said:
        one.ask(FetchModels(worker="box", models=(VOICE,), accept_licences=("CC-BY-NC-4.0",)))
        await until(lambda: bool(said) and told_of(said, VOICE)[-1] is ModelStatus.FAILED)
        now[0] = 61.0
        need = one.need(Wish("auto", "pt"))
        assert need is not None
        one.lack(need)
        await until(lambda: VOICE in stock.here)


def failed(said: list[WorkerModels], times: int) -> bool:
    return [info(one, VOICE).status for one in said].count(ModelStatus.FAILED) == times


async def test_ask_when_the_same_fetch_fails_again_and_again_then_it_is_logged_once(
    stock: Stock, caplog: pytest.LogCaptureFixture
) -> None:
    one = provision(stock, "ask")
    refused = FetchModels(worker="box", models=(VOICE,))
    async with working(one, stock) as said:
        for times in range(1, 4):
            one.ask(refused)
            await until(partial(failed, said, times))
    assert caplog.text.count("was not fetched") == 1


def test_message_when_a_licence_is_an_expression_then_it_is_told_as_it_is(
    mirror: Mirror, tmp_path: Path
) -> None:
    licence = "CC-BY-4.0 AND MIT"
    model = entry(mirror, GERMAN, task="mt", pair=("de", "en"), licence=licence)
    one = provision(Stock(Catalogue({GERMAN: model}, root=tmp_path), EngineSection()), "ask")
    assert licence.encode() in encode(one.message("box"))
    assert encode(FetchModels(worker="box", models=(GERMAN,), accept_licences=(licence,)))
    need = one.need(Wish("de", "en"))
    assert need is not None
    state = StreamState(
        stream="door", settings=StreamSettings(), owner="box", term=1, revision=1, needs=need
    )
    assert licence.encode() in encode(state)


async def test_need_when_a_model_is_here_and_broken_then_it_says_why_and_is_not_fetched(
    stock: Stock, mirror: Mirror
) -> None:
    stock.catalogue.fetch(GERMAN)
    mirror.asked.clear()
    stock.rescan()
    one = provision(stock, "allow")
    assert one.need(Wish("de", "en")) is None
    with pytest.raises(EngineUnavailableError):
        stock.translators().prepare("de", "en")
    need = one.need(Wish("de", "en"))
    assert need is not None
    assert (need.models, need.status) == ((GERMAN,), ModelStatus.FAILED)
    assert stock.broken[GERMAN] in need.detail
    told = info(one.message("box"), GERMAN)
    assert (told.status, told.detail) == (ModelStatus.FAILED, stock.broken[GERMAN])
    async with working(one, stock) as said:
        one.lack(need)
        await asyncio.sleep(0.05)
    assert (said, mirror.asked) == ([], [])
