"""What a stream's languages take: loaded before it is used, fetched or told of where it lacks."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from edge_worker.engine_set import EngineSet
from edge_worker.items import Utterance, Verdict
from edge_worker.links import Stage
from edge_worker.provision import Provision
from edge_worker.session.reporter import Reporter
from edge_worker.stock import Wish
from engines.language import primary
from mqtt_schemas import EventType, ModelNeed, StreamSettings

_LOOK_S = 0.25
_LANGUAGES_HEARD = 8
_AUTO = "auto"

Out = TypeVar("Out")


class Supply:
    """Sees to it that one stream has the models that its settings and its visitors take.

    Args:
        stream: id.
        engines: of the worker.
        provision: of the worker; None where models are what they are.
        settings: in force, asked again and again.
        reporter: tells the world.
    """

    def __init__(
        self,
        stream: str,
        engines: EngineSet,
        provision: Provision | None,
        settings: Callable[[], StreamSettings],
        reporter: Reporter,
    ) -> None:
        self.need: ModelNeed | None = None
        self.changed: Callable[[], None] = lambda: None
        """Told when ``need`` or ``trouble`` is another."""
        self._stream = stream
        self._engines = engines
        self._provision = provision
        self._settings = settings
        self._reporter = reporter
        self._wish: Wish | None = None
        self._trouble = ""
        self._mute = False
        """It was said that the wanted languages cannot be translated."""
        self._heard: list[str] = []
        """Languages that were heard and cannot be translated, newest last."""

    @property
    def trouble(self) -> str:
        """For people: which server does not answer; empty when all is well."""
        return self._engines.trouble

    def heard(self, utterance: Utterance) -> None:
        """Note a language that no model here translates to what is wanted."""
        source, target = primary(utterance.source_language), primary(utterance.target_language)
        unknown = utterance.verdict in {Verdict.PAIR_MISSING, Verdict.DUB}
        if unknown and source != target and (source, target) not in self._engines.pairs:
            self._heard = [*(one for one in self._heard if one != source), source]
            self._heard = self._heard[-_LANGUAGES_HEARD:]

    def lacking(self, utterance: Utterance) -> str:
        """Which models an utterance lacks, for people; empty where nothing is known of it."""
        if self._provision is None:
            return ""
        source, target = primary(utterance.source_language), primary(utterance.target_language)
        need = self._provision.need(
            Wish(source, target, self._settings().voice), served=self._engines.served_languages
        )
        return need.detail if need else ""

    async def run(self) -> None:
        """Look after it until cancelled."""
        if self._provision is None:
            return
        try:
            while True:
                await self._look(self._provision)
                await asyncio.sleep(_LOOK_S)
        finally:
            self._want(None)

    async def translator_ready(self, utterance: Utterance) -> None:
        """Load what translates an utterance, while other streams' calls go on."""
        if utterance.verdict is Verdict.DUB:
            await self._engines.prepare_pair(utterance.source_language, utterance.target_language)

    async def voice_ready(self, utterance: Utterance) -> None:
        """Load what speaks an utterance, likewise."""
        if utterance.verdict is Verdict.DUB:
            await self._engines.prepare_voice(utterance.target_language, self._settings().voice)

    async def _look(self, provision: Provision) -> None:
        settings = self._settings()
        wish = Wish(
            primary(settings.source_language), primary(settings.target_language), settings.voice
        )
        anew = wish != self._wish
        if anew:
            self._wish, self._heard = wish, []
            self._want(wish)
            await self._prepare(wish)
        self._tell(*self._newest_need(provision, wish), anew=anew)
        if self._trouble != self._engines.trouble:
            self._trouble = self._engines.trouble
            self.changed()
        if self.need is not None and settings.enabled:
            provision.lack(self.need)

    async def _prepare(self, wish: Wish) -> None:
        """Have the first sentence not wait for what is known to be needed."""
        await self._engines.prepare_voice(wish.target, wish.voice)
        await self._engines.prepare_pair(wish.source, wish.target)

    def _newest_need(self, provision: Provision, wish: Wish) -> tuple[Wish, ModelNeed | None]:
        """Of the languages that were heard, else of those that were chosen."""
        wishes = [Wish(source, wish.target, wish.voice) for source in reversed(self._heard)]
        served = self._engines.served_languages
        for one in (*wishes, wish):
            need = provision.need(one, served=served)
            if need is not None:
                return one, need
        return wish, None

    def _tell(self, wish: Wish, need: ModelNeed | None, *, anew: bool) -> None:
        before, self.need = self.need, need
        if need != before:
            self.changed()
        # A better voice is worth a word in the state; what keeps a visitor mute is an event.
        untranslated = need is not None and (wish.source, wish.target) not in self._engines.pairs
        if need is not None and untranslated and wish.source != _AUTO:
            if anew or not self._mute:
                self._reporter.event(EventType.PAIR_MISSING, detail=need.detail)
            self._mute = True
        elif self._mute:
            self._mute = False
            if not anew:
                self._reporter.event(EventType.PAIR_READY, detail="translated from now on")

    def _want(self, wish: Wish | None) -> None:
        sources = self._engines.sources
        if sources is not None:
            sources.stock.want(self._stream, wish)


class Supplied(Generic[Out]):
    """A stage whose models are made ready before it works on an utterance.

    Args:
        stage: the stage.
        ready: makes them ready.
    """

    def __init__(
        self, stage: Stage[Utterance, Out], ready: Callable[[Utterance], Awaitable[None]]
    ) -> None:
        self._stage = stage
        self._ready = ready

    async def process(self, item: Utterance, /) -> Sequence[Out]:
        """What the stage makes of it."""
        await self._ready(item)
        return await self._stage.process(item)
