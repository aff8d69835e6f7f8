"""Models that streams lack: what to say of them, and fetching them one after another."""

import asyncio
import logging
import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from edge_worker.config import DownloadSection
from edge_worker.needs import need_of
from edge_worker.session.wording import sentence
from edge_worker.stock import Stock, Wish
from engines import EngineUnavailableError
from engines.catalogue import Model
from mqtt_schemas import (
    DownloadPolicy,
    FetchModels,
    ModelInfo,
    ModelNeed,
    ModelStatus,
    WorkerModels,
    canonical_language,
)

_log = logging.getLogger(__name__)
_FIRST_RETRY_S, _LAST_RETRY_S = 60.0, 3600.0
_SENTENCE = 512


class _StoppedError(Exception):
    """The worker ends: what has come is kept and gone on from another time."""


@dataclass(slots=True)
class _Fetch:
    """A model on its way, or the last word on it."""

    status: ModelStatus
    licence: str = ""
    """Accepted for this model."""
    fetched: int = 0
    detail: str = ""
    failures: int = 0
    retry_s: float = 0.0
    """Monotonic; before it, it is not tried again by itself."""
    told: str = ""
    """What was last said of it in the log."""


class Provision:
    """Fetches models, one at a time, and tells how far each is.

    Args:
        stock: of this machine.
        section: whether and what may be fetched.
        clock: monotonic seconds.
    """

    def __init__(
        self, stock: Stock, section: DownloadSection, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stock = stock
        self._section = section
        self._clock = clock
        self._fetches: dict[str, _Fetch] = {}
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._stopping = threading.Event()

    @property
    def fetching(self) -> bool:
        """Something is on its way."""
        return any(one.status is ModelStatus.FETCHING for one in self._fetches.values())

    def need(self, wish: Wish, *, served: Collection[str] = ()) -> ModelNeed | None:
        """What lacks for a wish; None when nothing does.

        Args:
            wish: of a stream.
            served: languages that a server speaks; a voice of them does not lack.
        """
        broken = {
            model_id: reason
            for model_id, reason in self._stock.broken.items()
            if not self._under_way(model_id)
        }
        statuses = {model_id: one.status for model_id, one in self._fetches.items()}
        details = {model_id: one.detail for model_id, one in self._fetches.items() if one.detail}
        return need_of(
            wish,
            self._stock.way(wish),
            statuses | dict.fromkeys(broken, ModelStatus.FAILED),
            details | broken,
            self._section.policy,
            served,
        )

    def lack(self, need: ModelNeed) -> None:
        """A stream lacks models: under ``allow`` they are fetched.

        One that is here and cannot be loaded is left to people.
        """
        if self._section.policy is DownloadPolicy.ALLOW:
            for model_id in need.models:
                if model_id in self._stock.broken:
                    continue
                fetch = self._fetches.get(model_id)
                if fetch is None or self._may_retry(fetch):
                    self._add(model_id, self._section.accepted)

    def ask(self, asked: FetchModels) -> str:
        """Somebody asks for models: they are fetched, unless the policy is ``never``.

        Returns:
            Why nothing, or not all of it, is fetched; empty when all is.
        """
        if self._section.policy is DownloadPolicy.NEVER:
            return "asks for models, but downloads.policy is never"
        accepted = self._section.accepted | set(asked.accept_licences)
        known = {model.id for model in self._stock.models}
        for model_id in asked.models:
            if model_id in known:
                self._add(model_id, accepted)
        unknown = [model_id for model_id in asked.models if model_id not in known]
        return f"asks for {unknown[0]}, which is no model that runs here" if unknown else ""

    async def run(self, changed: Callable[[], None], arrived: Callable[[], None]) -> None:
        """Fetch what is asked for, until cancelled.

        Args:
            changed: told when the status of a model has changed.
            arrived: told when a model has come.
        """
        try:
            while True:
                model_id = await self._queue.get()
                changed()
                await self._fetch(model_id, changed)
                if self._fetches[model_id].status is ModelStatus.HERE:
                    arrived()
                changed()
        finally:
            self._stopping.set()
            for fetch in self._fetches.values():
                if fetch.status in _UNDER_WAY:
                    fetch.status, fetch.fetched = ModelStatus.ABSENT, 0

    def message(self, worker: str) -> WorkerModels:
        """All models and how far each is, as the contract has it."""
        here, broken = self._stock.here, self._stock.broken
        existing = next(
            place
            for place in (self._stock.catalogue.root, *self._stock.catalogue.root.parents)
            if place.exists()
        )
        return WorkerModels(
            worker=worker,
            download=self._section.policy,
            models=tuple(self._info(model, here, broken) for model in self._stock.models),
            free_bytes=shutil.disk_usage(existing).free,
        )

    def _info(self, model: Model, here: Collection[str], broken: Mapping[str, str]) -> ModelInfo:
        fetch = self._fetches.get(model.id, _Fetch(ModelStatus.ABSENT))
        status = ModelStatus.HERE if model.id in here else _not_here(fetch.status)
        detail = "" if status is ModelStatus.HERE else fetch.detail
        if model.id in broken and status not in _UNDER_WAY:
            status, detail = ModelStatus.FAILED, broken[model.id]
        return ModelInfo(
            id=model.id,
            kind=model.task.value,
            languages=tuple(_languages(model.pair or model.languages)),
            licence=model.licence,
            non_commercial=model.non_commercial,
            size_bytes=model.size or 0,
            status=status,
            fetched_bytes=fetch.fetched if status is ModelStatus.FETCHING else 0,
            loaded=model.id in self._stock.loaded,
            detail=sentence(detail, _SENTENCE),
        )

    def _may_retry(self, fetch: _Fetch) -> bool:
        failed = fetch.status is ModelStatus.FAILED and self._clock() >= fetch.retry_s
        return failed or fetch.status is ModelStatus.HERE

    def _add(self, model_id: str, accepted: Collection[str]) -> None:
        if model_id in self._stock.here or self._under_way(model_id):
            return
        model = self._stock.catalogue.model(model_id)
        known = self._fetches.get(model_id, _Fetch(ModelStatus.ABSENT))
        # A yes holds however often the fetch has to be begun anew.
        licence = model.licence if model.licence in accepted else known.licence
        self._fetches[model_id] = _Fetch(
            ModelStatus.WAITING, licence, failures=known.failures, told=known.told
        )
        self._queue.put_nowait(model_id)

    def _under_way(self, model_id: str) -> bool:
        fetch = self._fetches.get(model_id)
        return fetch is not None and fetch.status in _UNDER_WAY

    async def _fetch(self, model_id: str, changed: Callable[[], None]) -> None:
        """Fetch in a thread that does not keep the process alive."""
        fetch = self._fetches[model_id]
        fetch.status = ModelStatus.FETCHING
        changed()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[str] = loop.create_future()

        def work() -> None:
            fault = self._fetch_now(model_id, fetch)
            if not self._stopping.is_set():
                loop.call_soon_threadsafe(_settle, done, fault)

        threading.Thread(target=work, name=f"fetch-{model_id}", daemon=True).start()
        fetch.detail = await done
        if fetch.detail:
            fetch.failures += 1
            pause_s = min(_LAST_RETRY_S, _FIRST_RETRY_S * 2 ** (fetch.failures - 1))
            fetch.retry_s = self._clock() + pause_s
            level = logging.DEBUG if fetch.detail == fetch.told else logging.WARNING
            _log.log(level, "%s was not fetched: %s", model_id, fetch.detail)
            fetch.told = fetch.detail
        fetch.status = ModelStatus.FAILED if fetch.detail else ModelStatus.HERE

    def _fetch_now(self, model_id: str, fetch: _Fetch) -> str:
        """What went wrong; empty when the model is here."""
        model = self._stock.catalogue.model(model_id)
        sizes = {file.name: file.size or 0 for source in model.sources for file in source.files}
        come: dict[str, int] = {}

        def progress(name: str, here: int, total: int | None) -> None:
            if self._stopping.is_set():
                raise _StoppedError
            come[name] = here * sizes[name] // total if total and sizes[name] else here
            fetch.fetched = sum(come.values())

        try:
            self._stock.catalogue.fetch(model_id, progress, accepted_licence=fetch.licence)
        except EngineUnavailableError as error:
            return str(error)
        except _StoppedError:
            return "the worker ends"
        except Exception as error:  # noqa: BLE001 - whatever it was, other models can be fetched
            return f"{type(error).__name__}: {error}"
        return ""


_UNDER_WAY = (ModelStatus.WAITING, ModelStatus.FETCHING)


def _not_here(status: ModelStatus) -> ModelStatus:
    """What was fetched and has been removed since is absent."""
    return ModelStatus.ABSENT if status is ModelStatus.HERE else status


def _settle(done: "asyncio.Future[str]", fault: str) -> None:
    if not done.done():
        done.set_result(fault)


def _languages(tags: Iterable[str]) -> Iterable[str]:
    return (canonical_language(tag) for tag in tags if tag != "mul")
