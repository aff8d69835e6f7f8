"""The video half of a session: translated speech gets its place, is seen on lips and sent out."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from edge_worker.atp.stretch import fit
from edge_worker.items import AudioBlock, PlacedSpeech, SyncedSpeech, Utterance
from edge_worker.media.encode import SAMPLE_RATE
from edge_worker.rvp.lips import Lips
from edge_worker.rvp.tracker import TrackedFrame
from edge_worker.session.outlet import Outlet
from edge_worker.session.playout import Playout, PlayoutHooks, PlayoutSettings
from edge_worker.session.pressure import Pressure
from edge_worker.session.production import Produced, Production, RenderCounters
from edge_worker.session.reporter import Reporter
from edge_worker.session.services import Services
from edge_worker.session.source import Source
from edge_worker.session.speakers import Speakers
from edge_worker.session.thread import unless_ended
from edge_worker.timeline import Advance, LearnedDelay, PlayoutClock, Timeline, wanted_delay_ns
from edge_worker.timeline.presentation import Presentation
from mqtt_schemas import Rung, StreamSettings

_SOUND_ONLY_AFTER_NS = 1_000_000_000
_RENDER_ROOM_NS = 120_000_000
"""What decoding, tracking and rendering of one picture may take at most."""


class Dubbing:
    """Shows one stream, dubbed where there is something to dub it with.

    Args:
        stream: id.
        services: of the worker.
        settings: in force, asked again and again.
        term: under which the stream is owned.
        source: of the pictures and the original sound.
        reporter: tells the world.
        pressure: feels how late the output is.
    """

    def __init__(
        self,
        stream: str,
        services: Services,
        settings: Callable[[], StreamSettings],
        term: int,
        source: Source,
        reporter: Reporter,
        pressure: Pressure,
    ) -> None:
        self._services = services
        self._settings = settings
        self._source = source
        self._reporter = reporter
        self._pressure = pressure
        self._speakers = Speakers()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"render-{stream}")
        self._timeline = Timeline(
            fit, debt_limit_ns=round(services.config.limits.debt_s * 1_000_000_000)
        )
        self._learned = LearnedDelay()
        clock = PlayoutClock(self._wanted_delay_ns())
        self._presentation = Presentation(self._timeline, clock, SAMPLE_RATE)
        language = settings().target_language
        self._production = Production(Lips(services.engines.lips), services.config.worker, language)
        self._playout = Playout(
            self._timeline,
            clock,
            self._presentation,
            self._production,
            self._thread,
            services.now_ns,
        )
        self._outlet = Outlet(
            stream, language, term, services.announcer, reporter, source.clock, source.epochs
        )

    @property
    def delay_ns(self) -> int:
        """The playout delay in force."""
        return self._playout.delay_ns

    @property
    def out_topic(self) -> str:
        """Where the output goes."""
        return self._outlet.topic

    @property
    def silent(self) -> bool:
        """No translated speech plays or waits."""
        return self._timeline.silent_at(self._playout.media_ns)

    @property
    def tracking(self) -> bool:
        """Faces are worth looking for: lips are, or will be, rendered."""
        settings = self._settings()
        wanted = settings.enabled and settings.lip_sync
        return wanted and self._pressure.rung in {Rung.FULL, Rung.LIPS_HALF_RATE}

    @property
    def watched(self) -> frozenset[int]:
        """Face tracks to look at in every picture."""
        return self._speakers.watched

    @property
    def counters(self) -> RenderCounters:
        """What has been rendered."""
        return self._production.counters

    @property
    def frames_skipped(self) -> int:
        """Pictures that were too late to be shown."""
        return self._presentation.frames_skipped

    def debt_ns(self, playhead_ns: int) -> int:
        """How long speech waits that could play at ``playhead_ns``."""
        return self._timeline.debt_ns(playhead_ns)

    def close(self) -> None:
        """End the thread; it cannot be run again."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def finish(self) -> None:
        """Send what has been rendered."""
        rest = await unless_ended(self._thread, self._production.flush) or []
        self._outlet.send(rest, self._source.epoch, self.delay_ns)

    # --- what comes in

    def see(self, picture: TrackedFrame, *, tracked: bool) -> None:
        """Take a picture; ``tracked``: faces were looked for in it."""
        self._presentation.show(picture)
        if tracked:
            self._speakers.observe(picture)
            self._reporter.faces(picture)

    def hear(self, block: AudioBlock, *, tracked: bool) -> None:
        """Take original sound at 48 kHz."""
        self._presentation.hear(block)
        if not tracked:
            self._speakers.overlook(block.end_ns)
        self._speakers.hear(block)

    def restart(self) -> None:
        """The media clock began anew."""
        self._speakers.restart()
        self._timeline.clear()
        self._presentation.restart()
        self._playout.restart()

    def speak(self, speech: SyncedSpeech) -> None:
        """Queue translated speech, unless the stream has meanwhile gone elsewhere."""
        utterance = speech.utterance
        spoken_here = {self._outlet.language, self._settings().target_language}
        same_clock = utterance.epoch == self._source.epoch
        if not same_clock or {utterance.target_language} != spoken_here:
            return
        captured_ns = self._outlet.captured_utc_ns(utterance.start_ns)
        if captured_ns is not None:
            self._learned.observe(self._services.now_ns() - captured_ns)
        self._timeline.add(speech)

    def drop_waiting(self) -> None:
        """What waits is not spoken."""
        self._timeline.drop_waiting()

    def off_camera(self, utterance: Utterance) -> bool:
        """Whether nobody in the picture spoke it; not asked while faces are not looked for."""
        return self.tracking and self._speakers.off_camera(utterance)

    async def change_language(self, language: str) -> None:
        """End the old topic at a segment boundary; the new one starts with a keyframe."""
        self._timeline.drop_waiting()
        speak = partial(self._production.speak, language)
        ended = await unless_ended(self._thread, speak) or []
        self._outlet.send(ended, self._source.epoch, self.delay_ns)
        self._outlet.language = language
        self._timeline.drop_waiting()

    async def begin_anew(self, language: str, term: int) -> None:
        """Begin with a keyframe, the time going on; what was before is nobody's."""
        await unless_ended(self._thread, partial(self._production.speak, language))
        self._outlet.language, self._outlet.term = language, term

    # --- playout

    async def run(
        self,
        silent: Callable[[], bool],
        heard_until_ns: Callable[[], int],
        delayed: Callable[[], None],
    ) -> None:
        """Play until cancelled.

        Args:
            silent: nobody speaks at the source just now.
            heard_until_ns: media time before which no utterance is still to come.
            delayed: told when another playout delay is in force.
        """
        hooks = PlayoutHooks(
            settings=self._playout_settings,
            silent=silent,
            heard_until_ns=heard_until_ns,
            advanced=self._advanced,
            produced=self._produced,
            speakers=lambda: self._speakers.by_utterance,
            late=self._pressure.late,
            delayed=delayed,
        )
        await self._playout.run(self._source.clock, hooks)

    def _wanted_delay_ns(self) -> int:
        needed_ns = self._source.jitter_ns + _RENDER_ROOM_NS
        delay = self._settings().playout_delay
        return wanted_delay_ns(delay, self._learned.delay_ns, needed_ns)

    def _playout_settings(self) -> PlayoutSettings:
        settings = self._settings()
        return PlayoutSettings(
            epoch=self._source.epoch,
            lips=settings.lip_sync,
            label=settings.label,
            original_volume=settings.original_volume,
            rung=self._pressure.rung,
            delay_ns=self._wanted_delay_ns(),
            sound_only=self._source.without_picture_ns > _SOUND_ONLY_AFTER_NS,
            video_bit_rate=self._services.config.limits.video_kbps * 1000,
        )

    async def _advanced(self, advance: Advance) -> None:
        for speech in advance.overloaded:
            self._reporter.overloaded(speech.utterance)
            self._speakers.end(speech.utterance)
        for placed in advance.placed:
            self._begin(placed)
        for placed in advance.ended:
            self._speakers.end(placed.speech.utterance)

    def _begin(self, placed: PlacedSpeech) -> None:
        utterance = placed.speech.utterance
        off_camera = self.off_camera(utterance)
        self._speakers.begin(utterance, placed.end_ns)
        if not off_camera:
            # The mouth's curve takes milliseconds that no picture has to spare.
            loop = asyncio.get_running_loop()
            loop.run_in_executor(None, self._production.prepare, placed)
        self._reporter.placed(placed, off_camera=off_camera)

    async def _produced(self, produced: Produced) -> None:
        self._reporter.produced(produced)
        self._outlet.end(produced.ended, produced.ended_epoch)
        self._outlet.send(produced.segments, produced.epoch, self.delay_ns)
