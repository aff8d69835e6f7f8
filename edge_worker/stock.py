"""The translation models and voices of this machine: found, loaded when wanted, let go after."""

import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from edge_worker.config import EngineSection
from edge_worker.memory import give_memory_back
from engines import EngineUnavailableError
from engines.catalogue import Catalogue, Model, Task
from engines.catalogue.ways import PIVOT, Way, spoken_way, way
from engines.language import primary
from engines.mt import Translator
from engines.mt.bergamot import BergamotTranslator
from engines.mt.opus import OpusTranslator
from engines.mt.pairs import TranslatorSet
from engines.pool import Pool
from engines.tts import Synthesizer
from engines.tts.on_demand import VoicesOnDemand
from engines.tts.piper import PiperSynthesizer

_Engine = TypeVar("_Engine")
_log = logging.getLogger(__name__)
_AUTO = "auto"
_RETRY_S = 60.0
KINDS = (Task.ASR, Task.MT, Task.TTS)
"""What the user chooses models of; the others come with the program."""


@dataclass(frozen=True, slots=True)
class _Fault:
    """Why a model on this machine cannot be loaded."""

    reason: str
    files: tuple[tuple[str, int, int], ...]
    """As they were then: name, size and time of change in ns."""
    until_s: float
    """Monotonic; it is tried again then, or once its files are others."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What one stream is to be served with."""

    source: str
    """Primary subtag, or ``auto``."""
    target: str
    voice: str = ""


class Stock:
    """Finds models on this machine and lends those that streams want.

    All methods may be called from any thread.

    Args:
        catalogue: of models.
        section: how many stay loaded, and with how many threads they work.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        section: EngineSection,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.catalogue = catalogue
        self._section = section
        self._clock = clock
        self._models = [
            model for task in KINDS for model in catalogue.models(task) if model.runs_here
        ]
        self._places: Mapping[str, Path] = {}
        self._usable: Mapping[str, Path] = {}
        self._broken: dict[str, _Fault] = {}
        self._wishes: dict[str, Wish] = {}
        self._translators: Pool[str, Translator] = Pool(
            self._load_translator, capacity=section.pairs_loaded
        )
        self._voices: Pool[str, Synthesizer] = Pool(
            self._load_voice, capacity=section.voices_loaded
        )
        self.rescan()

    @property
    def models(self) -> list[Model]:
        """Recognition, translation and voice models of the catalogue that can run here."""
        return list(self._models)

    @property
    def here(self) -> frozenset[str]:
        """Ids of those on this machine that can be used, as far as that has been tried."""
        return frozenset(self._places.keys() - self._broken.copy().keys())

    @property
    def broken(self) -> Mapping[str, str]:
        """Why those on this machine that cannot be loaded cannot, by id."""
        return {model_id: fault.reason for model_id, fault in self._broken.copy().items()}

    @property
    def loaded(self) -> tuple[str, ...]:
        """Ids of the translation models and voices in memory."""
        return (*self._translators.loaded, *self._voices.loaded)

    def rescan(self) -> bool:
        """Look again what is here and can be used; True when that is not what it was.

        A model that could not be loaded is tried again when its files have changed, or after a
        minute where it was for want of memory or the like.
        """
        places: dict[str, Path] = {}
        for model in self._models:
            try:
                place = self.catalogue.locate(model.id)
            except EngineUnavailableError as error:
                self._complain(model.id, _Fault(str(error), (), math.inf))
                continue
            if place is not None:
                places[model.id] = place
            self._reconsider(model.id, place)
        self._places = places
        before, self._usable = self._usable, {one: places[one] for one in self.here}
        return self._usable != before

    def translators(self) -> TranslatorSet:
        """What translates with the models that are here, those of the catalogue's top first."""
        gets: dict[tuple[str, str], list[Callable[[], Translator]]] = {}
        here = self.here
        for model in self._models:
            if model.pair is not None and model.id in here:
                gets.setdefault(model.pair, []).append(partial(self._translators.get, model.id))
        return TranslatorSet(gets)

    def voices(self) -> VoicesOnDemand:
        """The Piper voices that are here."""
        ids: dict[str, tuple[str, ...]] = {}
        here = self.here
        for model in self._models:
            if model.task is Task.TTS and model.id in here:
                for language in {primary(tag) for tag in model.languages}:
                    ids[language] = (*ids.get(language, ()), model.id)
        return VoicesOnDemand(ids, self._voices.get)

    def way(self, wish: Wish) -> Way | None:
        """What it takes to fulfil ``wish``; with source ``auto`` what it takes to be spoken."""
        if wish.source == _AUTO:
            return spoken_way(self._models, self.here, wish.target, wish.voice)
        return way(self._models, self.here, wish.source, wish.target, wish.voice)

    def want(self, stream: str, wish: Wish | None) -> None:
        """Note what a stream is to be served with; None when it is served no longer."""
        if wish is None:
            self._wishes.pop(stream, None)
        else:
            self._wishes[stream] = wish

    def let_go(self) -> None:
        """Unload what no stream wants any more."""
        wishes = [*self._wishes.values()]
        if not wishes:
            return
        before = self.loaded
        ids = self.voices().voices
        spoken = {
            wish.voice if wish.voice in ids[wish.target] else ids[wish.target][0]
            for wish in wishes
            if wish.target in ids
        }
        self._voices.keep_only(spoken)
        self._translators.keep_only(
            {
                model.id
                for model in self._models
                if model.pair is not None and any(_serves(model.pair, wish) for wish in wishes)
            }
        )
        if self.loaded != before:
            _log.info("unloaded %s", ", ".join(sorted({*before} - {*self.loaded})))
            give_memory_back()

    def _load_translator(self, model_id: str) -> Translator:
        model, place = self._found(model_id)
        source, target = model.pair or ("", "")

        def make() -> Translator:
            if model_id.startswith("bergamot-"):
                return BergamotTranslator(place, source=source, target=target)
            return OpusTranslator(place, source=source, target=target, prefix=model.prefix)

        return self._made(model_id, place, make)

    def _load_voice(self, model_id: str) -> Synthesizer:
        _, place = self._found(model_id)
        return self._made(
            model_id,
            place,
            partial(PiperSynthesizer, place, voice=model_id, threads=self._section.tts_threads),
        )

    def _found(self, model_id: str) -> tuple[Model, Path]:
        fault = self._broken.get(model_id)
        if fault is not None:
            raise EngineUnavailableError(fault.reason)
        place = self._places.get(model_id)
        if place is None:
            raise EngineUnavailableError(f"{model_id} is no longer here")
        return self.catalogue.model(model_id), place

    def _made(self, model_id: str, place: Path, make: Callable[[], _Engine]) -> _Engine:
        files = _files(place)
        try:
            return make()
        except EngineUnavailableError as error:
            self._complain(model_id, _Fault(str(error), files, math.inf))
            raise
        except Exception as error:
            passing = isinstance(error, (MemoryError, OSError))
            reason = f"{model_id} in {place} cannot be loaded: {type(error).__name__}: {error}"
            until_s = self._clock() + _RETRY_S if passing else math.inf
            self._complain(model_id, _Fault(reason, files, until_s))
            raise EngineUnavailableError(reason) from error

    def _reconsider(self, model_id: str, place: Path | None) -> None:
        fault = self._broken.get(model_id)
        if fault is None:
            return
        over = self._clock() >= fault.until_s
        if place is None or over or fault.files != _files(place):
            del self._broken[model_id]

    def _complain(self, model_id: str, fault: _Fault) -> None:
        known = self._broken.get(model_id)
        if known is None or known.reason != fault.reason:
            _log.warning("%s is left out: %s", model_id, fault.reason)
        self._broken[model_id] = fault


def _files(place: Path) -> tuple[tuple[str, int, int], ...]:
    """What tells a model's files from others that are put in their place."""
    try:
        found = [(one, one.stat()) for one in (place, *place.rglob("*")) if one.is_file()]
    except OSError:
        return ()
    return tuple(sorted((str(one), stat.st_size, stat.st_mtime_ns) for one, stat in found))


def _serves(pair: tuple[str, str], wish: Wish) -> bool:
    """Whether a translation model is of use for a wish, directly or as one of two steps."""
    source, target = pair
    begins = wish.source in (_AUTO, source) and target in (wish.target, PIVOT)
    return begins or (source == PIVOT and target == wish.target)
