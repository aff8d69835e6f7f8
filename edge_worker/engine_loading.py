"""Loads what a worker's roles take, and nothing else."""

import logging
import time
from collections.abc import Callable, Collection
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import cv2

from edge_worker.config import EngineSection
from edge_worker.engine_set import EngineSet
from edge_worker.lending import Lent
from edge_worker.servers import ServedVoices
from edge_worker.sources import Progress, Sources, recognizer_of, sources_of
from engines import EngineUnavailableError
from engines.absent import AbsentEars, AbsentEyes, AbsentTongue
from engines.catalogue import Catalogue
from engines.face import FaceLandmarker
from engines.face.mediapipe import MediaPipeFace
from engines.language import primary
from engines.lipsync import LipEngine
from engines.lipsync.mouth_warp import MouthWarp
from engines.mt.pairs import TranslatorSet
from engines.tts.voices import SynthesizerSet
from engines.turn.smart_turn import SmartTurn
from engines.vad.gate import GatedDetector
from engines.vad.silero import SileroDetector
from mqtt_schemas import EngineInfo, Role

_log = logging.getLogger(__name__)
_WARM_UP = {"en": "Hello.", "pt": "Olá."}


def load_engines(
    section: EngineSection,
    catalogue: Catalogue,
    progress: Progress = lambda _: None,
    targets: Collection[str] = ("en",),
    *,
    may_fetch: bool = True,
    accepted_licences: Collection[str] = (),
    roles: Collection[Role] = tuple(Role),
) -> EngineSet:
    """Load what the configuration asks for; blocks for some seconds.

    Args:
        section: of the configuration.
        catalogue: of models.
        progress: told of every step.
        targets: languages that will be translated to; their voices are loaded at once.
        may_fetch: the recognition model is fetched when it is not here.
        accepted_licences: non-commercial ones that it may be fetched under.
        roles: what the worker does; engines of other roles are not loaded.

    Raises:
        EngineUnavailableError: an engine without which nothing works is not to be had.
    """
    # The worker has threads of its own; OpenCV's would only take turns with them.
    cv2.setNumThreads(1)
    if Role.ATP not in roles:
        return _without_ears(section, progress)
    progress("voice activity and turn end")
    voice, turn = GatedDetector(SileroDetector()), SmartTurn()
    recognizer, heard_by = recognizer_of(
        section, catalogue, progress, may_fetch=may_fetch, accepted_licences=accepted_licences
    )
    progress("translation and voices")
    sources = sources_of(section, catalogue, heard_by)
    translator, synthesizer = sources.translators(), sources.synthesizers()
    eyes = _eyes(section, progress) if Role.RVP in roles else _NO_EYES
    progress("warming up")
    _warm_up(sources, translator, synthesizer, {primary(target) for target in targets})
    return EngineSet(
        voice=voice,
        turn=Lent("turn", turn),
        recognizer=Lent("recognizer", recognizer),
        translator=Lent("translator", translator),
        synthesizer=Lent("synthesizer", synthesizer),
        lips=eyes.lips,
        landmarker=eyes.landmarker,
        loaded=(
            EngineInfo(kind="vad", id="silero-vad"),
            EngineInfo(kind="turn", id="smart-turn"),
            EngineInfo(kind="asr", id="wyoming" if heard_by else section.asr),
            *eyes.loaded,
        ),
        sources=sources,
    )


@dataclass(frozen=True, slots=True)
class _Eyes:
    """What the video pipeline takes."""

    lips: LipEngine
    landmarker: Callable[[], FaceLandmarker]
    loaded: tuple[EngineInfo, ...] = ()


_BLIND = AbsentEyes("this worker shows nothing: it does not take the role rvp")
_NO_EYES = _Eyes(_BLIND, lambda: _BLIND)


def _eyes(section: EngineSection, progress: Progress) -> _Eyes:
    progress(f"lips ({section.lips})")
    if section.lips != "mouth-warp":
        raise EngineUnavailableError(
            f"no lip renderer is called {section.lips!r}; there is mouth-warp"
        )
    loaded = (
        EngineInfo(kind="face", id="mediapipe-face"),
        EngineInfo(kind="lipsync", id=section.lips),
    )
    return _Eyes(MouthWarp(), MediaPipeFace, loaded)


def _without_ears(section: EngineSection, progress: Progress) -> EngineSet:
    """What shows streams that other workers hear."""
    reason = "this worker hears nothing: it does not take the role atp"
    ears, tongue = AbsentEars(reason), AbsentTongue(reason)
    eyes = _eyes(section, progress)
    return EngineSet(
        voice=ears,
        turn=Lent("turn", ears),
        recognizer=Lent("recognizer", ears),
        translator=Lent("translator", tongue),
        synthesizer=Lent("synthesizer", tongue),
        lips=eyes.lips,
        landmarker=eyes.landmarker,
        loaded=eyes.loaded,
    )


def _warm_up(
    sources: Sources,
    translator: TranslatorSet,
    synthesizer: SynthesizerSet,
    targets: AbstractSet[str],
) -> None:
    """The first call of most models is several times slower than the next."""
    began = time.monotonic()
    served = {
        language
        for one in sources.voices
        if isinstance(one, ServedVoices)
        for language in one.voices
    }
    for pair in sorted(translator.pairs):
        if pair[1] in targets and pair[0] in _WARM_UP and not translator.via(*pair):
            translator.translate(_WARM_UP[pair[0]], source=pair[0], target=pair[1])
    for language in targets & sources.stock.voices().voices.keys() - served:
        for _ in synthesizer.synthesize(_WARM_UP.get(language, "1"), language=language):
            pass
    _log.debug("warmed up in %.1f s", time.monotonic() - began)
