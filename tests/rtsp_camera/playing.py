"""A clip on its way to one viewer, again and again, at the time of capture."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from itertools import count

from tests.rtsp_camera.clip import PICTURE_CLOCK, Clip, Sample
from tests.rtsp_camera.rtp import (
    PICTURE_TYPE,
    SOUND_TYPE,
    payloads_of,
    rtp,
    sender_report,
    unset_clock_ns,
)
from tests.rtsp_camera.traits import Reports, Traits

Sink = Callable[[bytes], None]


class Playing:
    """Plays it.

    Args:
        clip: what to play.
        traits: how.
        sinks: where RTP and RTCP packets of each track go.
        drain: waits until there is room for more.
    """

    def __init__(
        self,
        clip: Clip,
        traits: Traits,
        sinks: Mapping[str, tuple[Sink, Sink]],
        drain: Callable[[], Awaitable[None]],
    ) -> None:
        self._clip = clip
        self._traits = traits
        self._sinks = sinks
        self._drain = drain
        self._sequences = {track: count() for track in ("video", "audio")}
        self._clocks = {"video": PICTURE_CLOCK, "audio": clip.sound_rate}
        self._report_s = traits.join_s

    async def run(self) -> None:
        """Until cancelled."""
        begun_s = time.monotonic() - self._traits.join_s
        for turn in count():
            for sample in self._clip.samples:
                sent_s = turn * self._clip.seconds + sample.sent_s
                if sent_s < self._traits.join_s:
                    continue
                await asyncio.sleep(max(0.0, begun_s + sent_s - time.monotonic()))
                if self._mute(sample.track, sent_s):
                    continue
                self._report(begun_s)
                self._send(sample, turn * self._clip.seconds + sample.taken_s)
                await self._drain()

    def _mute(self, track: str, at_s: float) -> bool:
        blind_s = self._traits.blind_from_s if track == "video" else None
        for gone_s in (self._traits.silent_from_s, blind_s):
            if gone_s is not None and at_s >= gone_s:
                return True
        return track not in self._sinks or (track == "audio" and at_s < self._traits.sound_from_s)

    def _stamp(self, track: str, at_s: float) -> int:
        stated_s = self._traits.stamp(at_s) if track == "video" else at_s
        return self._traits.first_stamp + round(stated_s * self._clocks[track])

    def _send(self, sample: Sample, taken_s: float) -> None:
        track = sample.track
        codec = self._clip.picture_codec if track == "video" else self._clip.sound_codec
        kind, ssrc = (PICTURE_TYPE, 1) if track == "video" else (SOUND_TYPE, 2)
        parts = payloads_of(codec or "", sample.data)
        for place, part in enumerate(parts):
            last = place == len(parts) - 1
            number = next(self._sequences[track])
            self._sinks[track][0](
                rtp(kind, number, self._stamp(track, taken_s), ssrc, part, last=last)
            )

    def _report(self, begun_s: float) -> None:
        now_s = time.monotonic() - begun_s
        if self._traits.reports is Reports.NONE or now_s < self._report_s:
            return
        self._report_s = now_s + self._traits.report_every_s
        for ssrc, track in enumerate(("video", "audio"), 1):
            if track in self._sinks:
                report = sender_report(
                    self._stamp(track, now_s), ssrc, self._utc_ns(begun_s, now_s)
                )
                self._sinks[track][1](report)

    def _utc_ns(self, begun_s: float, now_s: float) -> int | None:
        if self._traits.reports is Reports.ZERO:
            return None
        set_right_s = self._traits.set_right_s
        unset = self._traits.reports is Reports.UNSET
        if unset and (set_right_s is None or now_s < set_right_s):
            return unset_clock_ns(begun_s)
        return time.time_ns()
