"""The loudspeaker at the door, as MQTT reaches it: sound out, reports of what was heard back."""

import asyncio
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from edge_worker.atp.synthesizer import SAMPLE_RATE
from edge_worker.egress.disclosure import service_name
from edge_worker.items import AudioBlock, Samples
from edge_worker.media.encode import FRAME_SAMPLES, AudioEncoder
from edge_worker.media.mpegts import Muxer
from edge_worker.media.segments import MediaSegment, SegmentCutter
from edge_worker.session.announcer import Announcer
from edge_worker.talkback.echo import Echo
from edge_worker.talkback.reply import ReplyFailedError
from mqtt_schemas import Channel, MediaProperties, PlayedStatus, TalkbackPlayed

LEAD_NS = 240_000_000
"""How far sound is sent ahead of its time: two segments, which is what a cancel leaves over."""
_BEGIN_NS = 10_000_000_000
"""A loudspeaker that has not begun by then does not play at all; cameras take seconds to open."""
_END_NS = 5_000_000_000
"""It may end this much later than its beginning and the length of the sound say."""
_USUAL_NS = 150_000_000
"""From the first segment to the first sound, until the camera side says it better."""
_PRIMING_NS = 2 * FRAME_SAMPLES * 1_000_000_000 // SAMPLE_RATE
"""Encoded sound begins a frame before its first sample."""
_FIRST_PTS_NS = 1_000_000_000


class _Reports:
    """What the camera side says of one transaction."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self.heard = asyncio.Event()
        """Anything at all."""
        self.heard_ns = 0
        """When that was first, monotonic."""
        self.over = asyncio.Event()
        self.began_utc_ns: int | None = None
        self.failure = ""

    def hear(self, played: TalkbackPlayed) -> None:
        """Take a report."""
        match played.status:
            case PlayedStatus.STARTED if self.began_utc_ns is None:
                self.began_utc_ns = played.utc_ns
            case PlayedStatus.ENDED:
                if self.began_utc_ns is None:
                    self.failure = "the door's loudspeaker ended it without having begun"
                self.over.set()
            case PlayedStatus.FAILED:
                self.failure = played.detail or "the door's loudspeaker failed"
                self.over.set()
        if not self.heard.is_set():
            self.heard_ns = self._clock()
        self.heard.set()


class Loudspeaker:
    """Plays one reply after the other.

    Args:
        stream: id.
        announcer: the way out.
        echo: told what the door's microphone is about to hear.
        clock: monotonic nanoseconds.
        now_ns: UTC.
    """

    def __init__(
        self,
        stream: str,
        announcer: Announcer,
        echo: Echo,
        clock: Callable[[], int] = time.monotonic_ns,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._stream = stream
        self._announcer = announcer
        self._echo = echo
        self._clock = clock
        self._now_ns = now_ns
        self._origin_ns = clock() - _FIRST_PTS_NS
        self._free_ns = 0
        """Media time from which on nothing has been said yet."""
        self._reports: dict[str, _Reports] = {}

    def hear(self, played: TalkbackPlayed) -> None:
        """The camera side reports; of what is not being played nothing is to be known."""
        reports = self._reports.get(played.transaction)
        if reports is not None:
            reports.hear(played)

    async def play(
        self,
        transaction: str,
        samples: Samples,
        *,
        altered: bool,
        began: Callable[[], None] = lambda: None,
    ) -> None:
        """Send sound at its own speed and wait until it has been heard; cancelling stops at once.

        Args:
            transaction: that it answers.
            samples: at 48 kHz.
            altered: whether AI made it.
            began: told when the loudspeaker has begun.

        Raises:
            ReplyFailedError: it was not heard to its end.
        """
        start_ns = max(self._clock() - self._origin_ns, self._free_ns)
        segments = await asyncio.to_thread(segments_of, samples, start_ns, altered=altered)
        self._free_ns = segments[-1].pts_ns + segments[-1].duration_ns + _PRIMING_NS
        reports = self._reports[transaction] = _Reports(self._clock)
        expect = partial(self._echo.expect, samples, SAMPLE_RATE, reply=transaction)
        expect(self._now_ns() + _USUAL_NS)
        telling = asyncio.create_task(_tell(reports, expect, began))
        try:
            await self._send(transaction, segments, reports, altered=altered)
            await self._heard_out(reports, len(samples) * 1_000_000_000 // SAMPLE_RATE)
        except BaseException:  # also where it is cancelled
            self._echo.stop(self._now_ns() + LEAD_NS, reply=transaction)
            raise
        finally:
            telling.cancel()
            del self._reports[transaction]

    async def _heard_out(self, reports: _Reports, length_ns: int) -> None:
        """Wait until the loudspeaker says that it ended.

        Raises:
            ReplyFailedError: it did not, or failed.
        """
        await self._wait(reports.heard, self._clock() + _BEGIN_NS)
        if not reports.heard.is_set():
            raise ReplyFailedError(_SILENT)
        await self._wait(reports.over, reports.heard_ns + length_ns + _END_NS)
        if not reports.over.is_set():
            raise ReplyFailedError("the door's loudspeaker began and never said that it ended")
        if reports.failure:
            raise ReplyFailedError(reports.failure)

    async def _send(
        self,
        transaction: str,
        segments: list[MediaSegment],
        reports: _Reports,
        *,
        altered: bool,
    ) -> None:
        topic = self._announcer.topics.talkback_out(self._stream)
        epoch = secrets.token_hex(8)
        began_ns = self._clock()
        for segment in segments:
            offset_ns = segment.pts_ns - segments[0].pts_ns
            await self._wait(reports.over, began_ns + offset_ns - LEAD_NS)
            if reports.over.is_set():
                raise ReplyFailedError(
                    reports.failure or "the door's loudspeaker stopped before the end"
                )
            if not reports.heard.is_set() and self._clock() > began_ns + _BEGIN_NS:
                raise ReplyFailedError(_SILENT)
            properties = MediaProperties(
                seq=segment.seq,
                pts_ns=segment.pts_ns,
                epoch=epoch,
                capture_ns=self._now_ns(),
                ai_modified=altered,
                transaction=transaction,
                last=segment is segments[-1],
            )
            sent = self._announcer.link.publish_media(
                topic, segment.data, user_properties=properties.to_pairs()
            )
            if not sent:
                raise ReplyFailedError("the connection to the broker was lost on the way")

    async def _wait(self, event: asyncio.Event, until_ns: int) -> None:
        """Until it is set, or a monotonic time has come."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0, until_ns - self._clock()) / 1e9):
                await event.wait()


_SILENT = (
    f"the door's loudspeaker did not say within {_BEGIN_NS // 1_000_000_000} s that it plays: "
    f"does its camera side run, and does it answer on {Channel.TALKBACK_PLAYED.rpartition('/')[2]}?"
)


def segments_of(samples: Samples, start_ns: int, *, altered: bool) -> list[MediaSegment]:
    """Sound as messages of 120 ms: AAC in MPEG-TS.

    Args:
        samples: at 48 kHz.
        start_ns: media time of the first one.
        altered: whether AI made it; the service name says so.
    """
    cutter = SegmentCutter(Muxer(None, "aac", service_name=service_name(altered=altered)))
    encoder = AudioEncoder()
    units = [*encoder.encode(AudioBlock("", start_ns, SAMPLE_RATE, samples)), *encoder.flush()]
    return [*(segment for unit in units for segment in cutter.add(unit)), *cutter.flush()]


async def _tell(
    reports: _Reports, expect: Callable[[int], None], began: Callable[[], None]
) -> None:
    """Pass on what the loudspeaker says of its beginning."""
    await reports.heard.wait()
    if reports.began_utc_ns is not None:
        expect(reports.began_utc_ns)
        began()
