"""The worker's engines: loaded once or on demand, lent to every session."""

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from edge_worker.lending import Lent, giving_way
from edge_worker.offers import language_offers
from edge_worker.servers import ServedVoices
from edge_worker.sources import Sources
from engines import EngineUnavailableError
from engines.asr import Recognizer
from engines.catalogue import Task
from engines.face import FaceLandmarker
from engines.language import primary
from engines.lipsync import LipEngine
from engines.mt import Translator
from engines.mt.pairs import TranslatorSet
from engines.tts import Synthesizer
from engines.turn import TurnDetector
from engines.vad import VoiceDetector
from mqtt_schemas import (
    VOICE_PATTERN,
    EngineInfo,
    LanguageOffer,
    LanguagePair,
    VoiceInfo,
    canonical_language,
)

_log = logging.getLogger(__name__)

_VOICES = 256
"""Voices that are listed at most: names of full length leave room in a message for the rest."""


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
    sources: Sources | None = None
    """None: translators and voices are what they are."""
    unlisted: set[str] = field(default_factory=set)
    """Voices of which the log has said that the contract has no room for their names."""

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

    @property
    def trouble(self) -> str:
        """For people: which server does not answer; empty when all is well."""
        servers = self.sources.servers if self.sources else ()
        return "; ".join(server.trouble for server in servers if server.trouble)

    @property
    def served_languages(self) -> frozenset[str]:
        """Languages that a server speaks."""
        voices = self.sources.voices if self.sources else ()
        return frozenset(
            language for one in voices if isinstance(one, ServedVoices) for language in one.voices
        )

    def via(self, source: str, target: str) -> str:
        """The language that a pair among ``pairs`` goes through; empty where it is direct."""
        translator = self.translator.engine
        return translator.via(source, target) if isinstance(translator, TranslatorSet) else ""

    def language_pairs(self) -> tuple[LanguagePair, ...]:
        """``pairs`` as the contract names them."""
        return tuple(
            LanguagePair(source=pair[0], target=pair[1], via=self.via(*pair))
            for pair in sorted(self.pairs)
        )

    def language_offers(self) -> tuple[LanguageOffer, ...]:
        """What is done with each language, and could be after a download."""
        return language_offers(self.sources.stock, self.pairs) if self.sources else ()

    def voice_list(self) -> tuple[VoiceInfo, ...]:
        """Voices of the languages that can be translated to, as far as they can be chosen.

        A server's voice may have a name that the setting ``voice`` does not take: it speaks where
        it is its language's first. Of very many each language's first ones are listed.
        """
        targets = {target for _, target in self.pairs}
        found = [
            (rank, VoiceInfo(id=voice, language=canonical_language(language)))
            for language, voices in sorted(self.synthesizer.engine.voices.items())
            if language in targets
            for rank, voice in enumerate(filter(self._can_be_chosen, voices))
        ]
        kept = [voice for _, voice in sorted(found, key=lambda one: one[0])[:_VOICES]]
        return tuple(sorted(kept, key=lambda voice: voice.language))

    def _can_be_chosen(self, voice: str) -> bool:
        if voice and re.fullmatch(VOICE_PATTERN, voice):
            return True
        if voice not in self.unlisted and len(self.unlisted) < _VOICES:
            self.unlisted.add(voice)
            _log.warning("the voice %.130a cannot be chosen: its name is none for MQTT", voice)
        return False

    def engines(self) -> tuple[EngineInfo, ...]:
        """What is loaded, and what is when it is wanted, as the contract names it."""
        stock = self.sources.stock if self.sources else None
        on_demand = (
            EngineInfo(kind=model.task.value, id=model.id)
            for model in (stock.models if stock else ())
            if model.task is not Task.ASR and stock and model.id in stock.here
        )
        return (*self.loaded, *on_demand)

    def refresh(self) -> bool:
        """Take in models and servers that have come, give up those that have gone.

        Calls under way keep what they have. Blocks for some milliseconds, or for seconds while a
        server does not answer. True when anything has changed.
        """
        if self.sources is None or not self.sources.look():
            return False
        self.translator.engine = self.sources.translators()
        self.synthesizer.engine = self.sources.synthesizers()
        return True

    async def prepare_pair(self, source: str, target: str) -> None:
        """Load what a pair takes, off the queues; what fails is told when it is used."""
        translator = self.translator.engine
        pair = (primary(source), primary(target))
        if isinstance(translator, TranslatorSet) and pair in translator.pairs:
            await _quietly(lambda: translator.prepare(*pair))

    async def prepare_voice(self, language: str, voice: str) -> None:
        """Load a voice, or the language's default one, off the queues; likewise."""
        if self.sources is None:
            return
        known = self.synthesizer.engine.voices.get(primary(language), ())
        own = self.sources.stock.voices()
        chosen = voice if voice in known else next(iter(known), "")
        if chosen in own.voices.get(primary(language), ()):
            await _quietly(lambda: own.prepare(language, chosen))

    def close(self) -> None:
        """End the engines' threads."""
        for lent in (self.turn, self.recognizer, self.translator, self.synthesizer):
            lent.close()


async def _quietly(load: Callable[[], None]) -> None:
    try:
        await asyncio.to_thread(giving_way, load)
    except EngineUnavailableError as error:
        _log.debug("not loaded: %s", error)
