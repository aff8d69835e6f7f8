"""Where the worker's engines come from: models on this machine, and servers of the user's own."""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from edge_worker.config import EngineSection
from edge_worker.servers import Reached, ServedRecognizer, ServedVoices
from edge_worker.stock import Stock
from engines import EngineUnavailableError
from engines.address import SCHEME
from engines.asr import Recognizer
from engines.asr.whisper import WhisperRecognizer
from engines.catalogue import Catalogue
from engines.mt.pairs import TranslatorSet
from engines.tts import Synthesizer
from engines.tts.espeak import EspeakSynthesizer
from engines.tts.voices import SynthesizerSet

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where translators and voices come from; what they are made of may change at any time."""

    stock: Stock
    """Models on this machine."""
    servers: tuple[Reached[Recognizer] | Reached[Synthesizer], ...] = ()
    voices: tuple[Synthesizer, ...] = ()
    """Servers' voices, and the last resort behind those of the stock."""

    def translators(self) -> TranslatorSet:
        """All that translates."""
        return self.stock.translators()

    def synthesizers(self) -> SynthesizerSet:
        """All that speaks: servers first, then voices on this machine, then the last resort."""
        served = [one for one in self.voices if isinstance(one, ServedVoices)]
        others = [one for one in self.voices if not isinstance(one, ServedVoices)]
        return SynthesizerSet([*served, self.stock.voices(), *others])

    def look(self) -> bool:
        """Look for models and servers that have come or gone; True when some have."""
        found = [server.look() for server in self.servers]
        return self.stock.rescan() or any(found)


Progress = Callable[[str], None]
"""Told in a few words what is being loaded."""

_TENTHS = 10


def recognizer_of(
    section: EngineSection,
    catalogue: Catalogue,
    progress: Progress,
    *,
    may_fetch: bool,
    accepted_licences: Collection[str] = (),
) -> tuple[Recognizer, Reached[Recognizer] | None]:
    """The recognizer, and the server that it is where it is one.

    Raises:
        EngineUnavailableError: its model is not to be had.
    """
    progress(f"recognition ({section.asr})")
    if not section.asr.startswith(SCHEME):
        place = catalogue.locate(section.asr)
        if place is None:
            if not may_fetch:
                raise EngineUnavailableError(
                    f"{section.asr} is not here and downloads.policy is never: "
                    f"polylip models pull {section.asr}"
                )
            place = _fetched(section.asr, catalogue, progress, accepted_licences)
        return WhisperRecognizer(place, threads=section.asr_threads), None

    def reach() -> Recognizer:
        try:
            from engines.asr.wyoming import WyomingRecognizer  # noqa: PLC0415 - only with a server
        except ImportError as error:
            raise _package_missing(section.asr, error) from error
        return WyomingRecognizer(section.asr)

    server = Reached(reach)
    _say_if_away(server)
    return ServedRecognizer(server), server


def _fetched(
    model_id: str, catalogue: Catalogue, progress: Progress, accepted_licences: Collection[str]
) -> Path:
    """Fetch a model; every tenth of it is told."""
    licence = catalogue.model(model_id).licence
    whole = catalogue.model(model_id).size or 0
    come: dict[str, int] = {}
    told = 0

    def fetched(name: str, bytes_here: int, _total: int | None) -> None:
        nonlocal told
        come[name] = bytes_here
        tenth = _TENTHS * sum(come.values()) // whole if whole else 0
        if tenth > told:
            told = tenth
            progress(f"fetching {model_id}: {tenth * _TENTHS} % of {whole / 1e6:.0f} MB")

    accepted = licence if licence in accepted_licences else ""
    return catalogue.fetch(model_id, fetched, accepted_licence=accepted)


def sources_of(
    section: EngineSection, catalogue: Catalogue, heard_by: Reached[Recognizer] | None
) -> Sources:
    """Where translators and voices come from.

    Args:
        section: of the configuration.
        catalogue: of models.
        heard_by: server that recognises speech, if one does.
    """
    servers: list[Reached[Recognizer] | Reached[Synthesizer]] = [heard_by] if heard_by else []
    voices: list[Synthesizer] = []
    if section.tts:

        def reach() -> Synthesizer:
            try:
                from engines.tts.wyoming import (  # noqa: PLC0415 - only with a server
                    WyomingSynthesizer,
                )
            except ImportError as error:
                raise _package_missing(section.tts, error) from error
            return WyomingSynthesizer(section.tts)

        server = Reached(reach)
        _say_if_away(server)
        servers.append(server)
        voices.append(ServedVoices(server))
    try:
        voices.append(EspeakSynthesizer())
    except EngineUnavailableError as error:
        _log.info("%s; languages without a Piper voice stay silent", error)
    return Sources(Stock(catalogue, section), tuple(servers), tuple(voices))


def _package_missing(address: str, error: ImportError) -> EngineUnavailableError:
    return EngineUnavailableError(
        f"{address}: it takes the package wyoming: pip install 'polylip[worker]' ({error})"
    )


def _say_if_away(server: Reached[Recognizer] | Reached[Synthesizer]) -> None:
    try:
        server.get()
    except EngineUnavailableError as error:
        _log.warning("%s; it is looked for again every few seconds", error)
