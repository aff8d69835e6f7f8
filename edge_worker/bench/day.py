"""``polylip bench day``: a day of one stream on a faked clock."""

import asyncio
import math
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import psutil

from edge_worker.atp.stretch import fit
from edge_worker.bench import BenchOptions
from edge_worker.bench.faulting.film import Film, recoded, visitor
from edge_worker.bench.report import BenchReport, Column, Row
from edge_worker.bench.soak import Series, theil_sen
from edge_worker.items import SyncedSpeech, Utterance
from edge_worker.media.encode import SAMPLE_RATE
from edge_worker.media.mpegts import Demuxer
from edge_worker.media.segments import MediaSegment
from edge_worker.media.timestamps import ns_to_ticks, ticks_to_ns
from edge_worker.rvp.lips import Lips
from edge_worker.rvp.tracker import Tracker
from edge_worker.session.intake import Intake
from edge_worker.session.playout import Playout, PlayoutHooks, PlayoutSettings
from edge_worker.session.production import Produced, Production
from edge_worker.timeline import Advance, PlayoutClock, Timeline
from edge_worker.timeline.presentation import Presentation
from edge_worker.transport import Message
from engines.face.mediapipe import MediaPipeFace
from engines.lipsync.mouth_warp import MouthWarp
from mqtt_schemas import MediaProperties, Rung

HOURS, QUICK_HOURS = 24.0, 0.05
DELAY_NS = 500_000_000
CLOCK_PPM = 50.0
"""The camera's clock runs fast by so much."""
_JITTER_NS = 30_000_000
_NS, _MINUTE_NS = 1_000_000_000, 60_000_000_000
_WRAP = 2**33
_BEGAN_UTC_NS = 1_790_000_000 * _NS
_STEP_NS = 200_000_000
"""One picture: the tracks of a segment do not begin at the same moment."""
_SPEECH_EVERY_NS, _SPEECH_S = 10 * _NS, 3
_PICTURE = ("-vf", "scale=160:120", "-r", "5", "-c:v", "libx264", "-preset", "veryfast")
_FILM_S = 20.0
_NOTES = (
    "160x120 at 5 pictures a second, with sound; speech of 3 s every 10 s.",
    "All boxes of a session from the message that comes in to the message that goes out.",
    f"The camera's clock runs {CLOCK_PPM:g} ppm fast; its timestamps wrap around in the middle.",
    f"Messages jitter by up to {_JITTER_NS / 1e6:.0f} ms.",
    "Engines are not in it: what they keep is seen by the soak.",
)

COLUMNS = (
    Column("figure"),
    Column("value", "", 3),
    Column("bar"),
    Column("held"),
)


@dataclass(slots=True)
class Day:
    """What was seen of it."""

    segments_in: int = 0
    segments_out: int = 0
    wraps_in: int = 0
    wraps_out: int = 0
    out_of_step: int = 0
    """Output segments that do not begin where the one before ended, or are not the next."""
    misstamped: int = 0
    """Output segments whose timestamps are not those that they should carry."""
    spoken: int = 0
    added: int = 0
    overloaded: int = 0
    next_ns: int | None = None
    next_seq: int | None = None
    newest_tick: int | None = None
    offset_ms: Series = field(default_factory=Series)
    late_ms: Series = field(default_factory=Series)
    """From the capture of a picture to its output."""
    memory_mb: Series = field(default_factory=Series)


def run(options: BenchOptions) -> BenchReport:
    """Play a small film in a loop, as fast as it goes; every clock is told what time it is.

    Raises:
        BenchFailedError: ffmpeg is not installed.
    """
    hours = QUICK_HOURS if options.quick else HOURS
    film = recoded(options.folder, "tiny", _PICTURE, visitor(_FILM_S))
    day = asyncio.run(_Stream(options, film, hours).live())
    return BenchReport(
        name="day",
        title=f"{hours:g} hours on a faked clock",
        columns=COLUMNS,
        rows=tuple(_rows(day, hours)),
        notes=_NOTES,
    )


def _rows(day: Day, hours: float) -> Iterator[Row]:
    def row(figure: str, value: float | None, bar: str, *, holds: bool) -> Row:
        held = None if value is None else "yes" if holds else "no"
        return Row({"figure": figure, "value": value, "bar": bar, "held": held})

    settled_s = hours * 3600 / 12
    growth = theil_sen(day.memory_mb.after(settled_s))
    per_day = None if growth is None else growth * 86_400
    drift = theil_sen(day.late_ms.after(settled_s))
    per_hour = None if drift is None else drift * 3600
    offset = max(map(abs, day.offset_ms.values), default=None)
    yield row("segments in", float(day.segments_in), "", holds=True)
    yield row("segments out", float(day.segments_out), "", holds=True)
    yield row("wraps in", float(day.wraps_in), "1", holds=day.wraps_in == 1)
    yield row("wraps out", float(day.wraps_out), "1", holds=day.wraps_out == 1)
    yield row("out of step", float(day.out_of_step), "0", holds=not day.out_of_step)
    yield row("misstamped", float(day.misstamped), "0", holds=not day.misstamped)
    share = day.spoken / max(1, day.added)
    yield row("speech spoken", share, "1", holds=day.added - day.spoken <= 1)
    largest = offset if offset is not None else math.inf
    yield row("largest A/V offset [ms]", offset, "<= 1", holds=largest <= 1)
    late = day.late_ms.percentile(95)
    yield row("capture to output p95 [ms]", late, "<= 750", holds=(late or 0) <= 750)
    yield row(
        "its drift [ms/h]", per_hour, "|x| <= 1", holds=per_hour is not None and abs(per_hour) <= 1
    )
    yield row(
        "memory slope [MB/day]", per_day, "<= 20", holds=per_day is not None and per_day <= 20
    )


class _Stream:
    """The boxes of one session, on a clock that is told what time it is."""

    def __init__(self, options: BenchOptions, film: Film, hours: float) -> None:
        self._options = options
        self._film = film
        self._end_ns = round(hours * 3600 * _NS)
        self._now_ns = _BEGAN_UTC_NS
        self._origin = _WRAP - ns_to_ticks(self._end_ns // 2)
        self._chance = random.Random(1)  # noqa: S311 - jitter
        self._day = Day()
        self._thread = ThreadPoolExecutor(1)
        self._intake = Intake("door", lambda: Tracker(MediaPipeFace()))
        self._intake.tracking = False
        self._timeline = Timeline(fit, debt_limit_ns=4 * _NS)
        clock = PlayoutClock(DELAY_NS)
        self._presentation = Presentation(self._timeline, clock, SAMPLE_RATE)
        production = Production(Lips(MouthWarp()), "day", "en")
        self._playout = Playout(
            self._timeline, clock, self._presentation, production, self._thread, self._now
        )
        self._hooks = PlayoutHooks(
            settings=self._settings,
            silent=lambda: True,
            heard_until_ns=lambda: self._heard_ns,
            advanced=self._advanced,
            produced=self._produced,
            speakers=dict,
            late=lambda _: None,
            delayed=lambda: None,
        )
        self._heard_ns = 0
        self._next_speech_ns: int | None = None
        self._process = psutil.Process()

    async def live(self) -> Day:
        """Live through all of it."""
        start_ns, seq = 0, 0
        told_hours = 0.0
        try:
            while start_ns < self._end_ns:
                segments = self._film.segments(self._origin + ns_to_ticks(start_ns), seq)
                seq += len(segments)
                for segment in segments:
                    await self._step(segment)
                start_ns = (
                    segments[-1].pts_ns + segments[-1].duration_ns - ticks_to_ns(self._origin)
                )
                self._note(start_ns)
                if start_ns / 3.6e12 >= told_hours:
                    self._options.progress(f"{start_ns / 3.6e12:.1f} h")
                    told_hours += 0.5
        finally:
            self._thread.shutdown()
        return self._day

    async def _step(self, segment: MediaSegment) -> None:
        day = self._day
        begins_ns = ticks_to_ns(self._origin)
        media_ns = segment.pts_ns + segment.duration_ns - begins_ns
        captured_ns = _BEGAN_UTC_NS + round(media_ns / (1 + CLOCK_PPM / 1e6))
        self._now_ns = max(self._now_ns, captured_ns + self._chance.randrange(_JITTER_NS))
        tick = ns_to_ticks(segment.pts_ns) % _WRAP
        if day.newest_tick is not None and tick < day.newest_tick - _WRAP // 2:
            day.wraps_in += 1
        day.newest_tick = tick
        properties = MediaProperties(seq=segment.seq, epoch="day")
        message = Message(
            "polylip/stream/door/in/av",
            segment.data,
            self._now_ns,
            user_properties=tuple(properties.to_pairs()),
        )
        taken = self._intake.take(message)
        day.segments_in += 1
        for picture in taken.pictures:
            self._presentation.show(picture)
        for block in taken.blocks:
            self._heard_ns = block.end_ns
            self._presentation.hear(block)
        self._speak()
        await self._playout.tick(self._intake.ingest.clock, self._hooks)

    def _speak(self) -> None:
        if self._next_speech_ns is None:
            self._next_speech_ns = self._heard_ns
        if self._heard_ns < self._next_speech_ns:
            return
        self._next_speech_ns += _SPEECH_EVERY_NS
        utterance = Utterance(
            id=f"u{self._day.added}",
            epoch="day",
            start_ns=self._heard_ns - _SPEECH_S * _NS,
            end_ns=self._heard_ns,
            source_language="pt",
            source_text="",
            confidence=1.0,
            target_language="en",
        )
        tone = np.sin(np.arange(_SPEECH_S * SAMPLE_RATE) * 0.05).astype(np.float32) * 0.1
        self._timeline.add(SyncedSpeech(utterance, SAMPLE_RATE, tone, ()))
        self._day.added += 1

    def _note(self, at_ns: int) -> None:
        self._day.memory_mb.add(at_ns / 1e9, self._process.memory_info().rss / 2**20)

    def _now(self) -> int:
        return self._now_ns

    def _settings(self) -> PlayoutSettings:
        return PlayoutSettings(
            epoch=self._intake.ingest.epoch,
            lips=False,
            label=True,
            original_volume=0.18,
            rung=Rung.FULL,
            delay_ns=DELAY_NS,
            sound_only=False,
            video_bit_rate=100_000,
        )

    async def _advanced(self, advance: Advance) -> None:
        self._day.overloaded += len(advance.overloaded)
        self._day.spoken += len(advance.ended)

    async def _produced(self, produced: Produced) -> None:
        day = self._day
        at_s = (self._now_ns - _BEGAN_UTC_NS) / 1e9
        if produced.stamp_offset_ns is not None and not day.segments_out % 50:
            day.offset_ms.add(at_s, produced.stamp_offset_ns / 1e6)
        for out in produced.segments:
            self._check(out.media)
            media_ns = out.media.pts_ns - DELAY_NS - ticks_to_ns(self._origin)
            captured_ns = _BEGAN_UTC_NS + round(media_ns / (1 + CLOCK_PPM / 1e6))
            if not day.segments_out % 500:
                day.late_ms.add(at_s, (self._now_ns - captured_ns) / 1e6)

    def _check(self, media: MediaSegment) -> None:
        day = self._day
        if day.next_ns is not None:
            apart_ns = abs(media.pts_ns - day.next_ns)
            day.out_of_step += apart_ns > _STEP_NS or media.seq != day.next_seq
        day.next_seq = media.seq + 1
        before_ns, day.next_ns = day.next_ns, media.pts_ns + media.duration_ns
        if before_ns is not None:
            before, after = ns_to_ticks(before_ns) // _WRAP, ns_to_ticks(day.next_ns) // _WRAP
            day.wraps_out += after > before
        if not day.segments_out % 500:
            carried = [unit.pts for unit in Demuxer().feed(media.data, whole=True)]
            day.misstamped += min(carried) != ns_to_ticks(media.pts_ns) % _WRAP
        day.segments_out += 1
