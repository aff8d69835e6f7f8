"""The worker's engines: loaded once, lent to every session."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import cv2

from edge_worker.config import EngineSection
from edge_worker.lending import Lent
from engines import EngineUnavailableError
from engines.asr import Recognizer
from engines.asr.whisper import WhisperRecognizer
from engines.catalogue import Catalogue, Model, Task
from engines.face import FaceLandmarker
from engines.face.mediapipe import MediaPipeFace
from engines.lipsync import LipEngine
from engines.lipsync.mouth_warp import MouthWarp
from engines.mt import Translator
from engines.mt.bergamot import BergamotTranslator
from engines.mt.opus import OpusTranslator
from engines.mt.pairs import TranslatorSet
from engines.tts import Synthesizer
from engines.tts.espeak import EspeakSynthesizer
from engines.tts.piper import PiperSynthesizer
from engines.tts.voices import SynthesizerSet
from engines.turn import TurnDetector
from engines.turn.smart_turn import SmartTurn
from engines.vad import VoiceDetector
from engines.vad.gate import GatedDetector
from engines.vad.silero import SileroDetector
from mqtt_schemas import EngineInfo, LanguagePair, VoiceInfo, canonical_language

_log = logging.getLogger(__name__)

Progress = Callable[[str], None]
"""Told in a few words what is being loaded."""

_WARM_UP = {"en": "Hello.", "pt": "Olá."}


@dataclass(frozen=True, slots=True)
class EngineSet:
    """Everything that sessions borrow."""

    voice: VoiceDetector
    turn: Lent[TurnDetector]
    recognizer: Lent[Recognizer]
    translator: Lent[Translator]
    synthesizer: Lent[Synthesizer]
    lips: LipEngine
    landmarker: Callable[[], FaceLandmarker]
    """Makes one per session: its buffers serve one thread at a time."""
    loaded: tuple[EngineInfo, ...]

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """Languages that can be translated into a voice."""
        spoken = self.synthesizer.engine.voices
        return frozenset(pair for pair in self.translator.engine.pairs if pair[1] in spoken)

    @property
    def waiting(self) -> int:
        """Calls that wait for an engine."""
        lent: tuple[
            Lent[TurnDetector] | Lent[Recognizer] | Lent[Translator] | Lent[Synthesizer], ...
        ]
        lent = (self.turn, self.recognizer, self.translator, self.synthesizer)
        return sum(one.waiting for one in lent)

    def language_pairs(self) -> tuple[LanguagePair, ...]:
        """``pairs`` as the contract names them."""
        return tuple(LanguagePair(source=pair[0], target=pair[1]) for pair in sorted(self.pairs))

    def voice_list(self) -> tuple[VoiceInfo, ...]:
        """Voices of the languages that can be translated to."""
        targets = {target for _, target in self.pairs}
        return tuple(
            VoiceInfo(id=voice, language=canonical_language(language))
            for language, voices in sorted(self.synthesizer.engine.voices.items())
            if language in targets
            for voice in voices
        )

    def close(self) -> None:
        """End the engines' threads."""
        for lent in (self.turn, self.recognizer, self.translator, self.synthesizer):
            lent.close()


def load_engines(
    section: EngineSection, catalogue: Catalogue, progress: Progress = lambda _: None
) -> EngineSet:
    """Load what the configuration asks for; blocks for some seconds.

    Raises:
        EngineUnavailableError: an engine without which nothing works is not to be had.
    """
    # The worker has threads of its own; OpenCV's would only take turns with them.
    cv2.setNumThreads(1)
    progress("voice activity and turn end")
    voice, turn = GatedDetector(SileroDetector()), SmartTurn()
    progress(f"recognition ({section.asr})")
    recognizer = WhisperRecognizer(catalogue.fetch(section.asr), threads=section.asr_threads)
    progress("translation")
    translator = _translators(catalogue)
    progress("voices")
    synthesizer = _synthesizers(catalogue, section.tts_threads)
    progress(f"lips ({section.lips})")
    lips = _lips(section.lips)
    progress("warming up")
    _warm_up(translator, synthesizer)
    loaded = [
        EngineInfo(kind="vad", id="silero-vad"),
        EngineInfo(kind="turn", id="smart-turn"),
        EngineInfo(kind="asr", id=section.asr),
        EngineInfo(kind="face", id="mediapipe-face"),
        EngineInfo(kind="lipsync", id=section.lips),
    ]
    for kind, task in (("mt", Task.MT), ("tts", Task.TTS)):
        here = [model for model in catalogue.models(task) if catalogue.locate(model.id)]
        loaded += [EngineInfo(kind=kind, id=model.id) for model in here]
    return EngineSet(
        voice=voice,
        turn=Lent("turn", turn),
        recognizer=Lent("recognizer", recognizer),
        translator=Lent("translator", translator),
        synthesizer=Lent("synthesizer", synthesizer),
        lips=lips,
        landmarker=MediaPipeFace,
        loaded=tuple(loaded),
    )


def _translators(catalogue: Catalogue) -> TranslatorSet:
    bergamot: dict[tuple[str, str], Model] = {}
    opus: list[Translator] = []
    for model in catalogue.models(Task.MT):
        folder = catalogue.locate(model.id)
        if folder is None or model.pair is None:
            continue
        if model.id.startswith("bergamot-"):
            bergamot[model.pair] = model
        else:
            try:
                opus.append(OpusTranslator(folder, source=model.pair[0], target=model.pair[1]))
            except EngineUnavailableError as error:
                _log.warning("%s is left out: %s", model.id, error)
    folders = {pair: catalogue.fetch(model.id) for pair, model in bergamot.items()}
    return TranslatorSet([BergamotTranslator(folders), *opus])


def _synthesizers(catalogue: Catalogue, threads: int) -> SynthesizerSet:
    synthesizers: list[Synthesizer] = []
    for model in catalogue.models(Task.TTS):
        path = catalogue.locate(model.id)
        if path is None:
            continue
        try:
            synthesizers.append(PiperSynthesizer(path, voice=model.id, threads=threads))
        except EngineUnavailableError as error:
            _log.warning("voice %s is left out: %s", model.id, error)
    try:
        synthesizers.append(EspeakSynthesizer())
    except EngineUnavailableError as error:
        _log.info("%s; languages without a Piper voice stay silent", error)
    return SynthesizerSet(synthesizers)


def _lips(name: str) -> LipEngine:
    if name != "mouth-warp":
        raise EngineUnavailableError(f"no lip renderer is called {name!r}; there is mouth-warp")
    return MouthWarp()


def _warm_up(translator: TranslatorSet, synthesizer: SynthesizerSet) -> None:
    """The first call of most models is several times slower than the next."""
    began = time.monotonic()
    for source, target in translator.pairs:
        if source in _WARM_UP:
            translator.translate(_WARM_UP[source], source=source, target=target)
    if "en" in synthesizer.voices:
        for _ in synthesizer.synthesize(_WARM_UP["en"], language="en"):
            pass
    _log.debug("warmed up in %.1f s", time.monotonic() - began)
