"""Replies played one after the other, and what is told of each."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest

from edge_worker.camera.speaker.player import Played, Player
from edge_worker.camera.speaker.sink import SinkError
from edge_worker.items import Samples
from edge_worker.media.segments import MediaSegment
from mqtt_schemas import MediaProperties, PlayedStatus
from tests.broker.answering import segments_of
from tests.broker.watching import until
from tests.unit.camera.speaker.sounds import tone

STARTED, ENDED, FAILED = PlayedStatus.STARTED, PlayedStatus.ENDED, PlayedStatus.FAILED
SHORT = segments_of(tone(0.3))


@dataclass
class Shelf:
    """A loudspeaker that keeps what it is given; and its playbacks."""

    refuses: list[str] = field(default_factory=list)
    """Why opening fails, one time each."""
    breaks_after: int = 10_000
    """Blocks."""
    drains_s: float = 0.0
    kind: str = "device"
    lead_ns: int = 100_000_000
    sounds: list[Samples] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    open_now: int = 0

    async def open(self) -> "Shelf":
        if self.refuses:
            raise SinkError(self.refuses.pop(0))
        self.open_now += 1
        self.sounds.append(np.zeros(0, np.float32))
        return self

    async def write(self, samples: Samples) -> None:
        if len(self.sounds[-1]) >= self.breaks_after * len(samples):
            raise SinkError("it fell off the wall")
        self.sounds[-1] = np.concatenate([self.sounds[-1], samples])

    async def finish(self) -> None:
        await asyncio.sleep(self.drains_s)
        self.ended.append("finished")

    async def stop(self) -> None:
        self.open_now -= 1
        self.ended.append("stopped")


@dataclass
class Room:
    """A player that runs, and what it told."""

    player: Player
    told: list[Played]

    def of(self, transaction: str) -> list[PlayedStatus]:
        return [played.status for played in self.told if played.transaction == transaction]

    async def over(self, transaction: str) -> list[PlayedStatus]:
        await until(lambda: bool({ENDED, FAILED} & {*self.of(transaction)}))
        return self.of(transaction)

    def detail(self, transaction: str) -> str:
        return [played.detail for played in self.told if played.transaction == transaction][-1]

    def say(
        self, transaction: str, segments: Sequence[MediaSegment] = SHORT, *, ends: bool = True
    ) -> None:
        """All of it at once."""
        for segment in segments:
            properties = MediaProperties(
                seq=segment.seq, pts_ns=segment.pts_ns, last=ends and segment is segments[-1]
            )
            self.player.add(transaction, properties, segment.data)


@asynccontextmanager
async def room(shelf: Shelf) -> AsyncIterator[Room]:
    told: list[Played] = []
    player = Player(shelf, told.append)
    running = asyncio.create_task(player.run())
    try:
        yield Room(player, told)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert shelf.open_now == 0


async def test_reply_when_played_then_its_begin_and_end_are_told_with_their_times() -> None:
    async with room(Shelf()) as there:
        there.say("a")
        assert await there.over("a") == [STARTED, ENDED]
        started, ended = there.told
        assert ended.utc_ns - started.utc_ns > 0.28e9


async def test_replies_when_two_come_together_then_one_is_played_after_the_other() -> None:
    shelf = Shelf()
    async with room(shelf) as there:
        there.say("a")
        there.say("b")
        await there.over("b")
        assert [(p.transaction, p.status) for p in there.told] == [
            ("a", STARTED), ("a", ENDED), ("b", STARTED), ("b", ENDED),
        ]  # fmt: skip
    assert len(shelf.sounds) == 2
    assert shelf.ended == ["finished", "stopped"] * 2


async def test_end_when_the_sink_still_has_sound_then_it_is_told_only_afterwards() -> None:
    shelf = Shelf(drains_s=0.3)
    async with room(shelf) as there:
        there.say("a")
        await until(lambda: len(shelf.sounds) > 0 and len(shelf.sounds[0]) > 0.3 * 48_000)
        assert there.of("a") == [STARTED]
        assert await there.over("a") == [STARTED, ENDED]
        assert shelf.ended[0] == "finished"


async def test_sink_when_it_cannot_be_opened_then_it_is_told_and_tried_again() -> None:
    async with room(Shelf(refuses=["it is not there"])) as there:
        there.say("a")
        there.say("b")
        assert await there.over("a") == [FAILED]
        assert there.detail("a") == "it is not there"
        assert await there.over("b") == [STARTED, ENDED]


async def test_sink_when_it_breaks_then_it_is_told_and_tried_again() -> None:
    shelf = Shelf(breaks_after=4)
    async with room(shelf) as there:
        there.say("a")
        assert await there.over("a") == [STARTED, FAILED]
        assert there.detail("a") == "it fell off the wall"
        shelf.breaks_after = 10_000
        there.say("b")
        assert await there.over("b") == [STARTED, ENDED]


async def test_sink_when_it_fails_unexpectedly_then_the_next_reply_is_played(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shelf = Shelf()
    with monkeypatch.context() as broken:
        broken.setattr(shelf, "write", lambda _: 1 / 0)
        async with room(shelf) as there:
            there.say("a")
            assert await there.over("a") == [FAILED]
            broken.undo()
            there.say("b")
            assert await there.over("b") == [STARTED, ENDED]


async def test_sink_when_opening_hangs_then_it_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_worker.camera.speaker.player._OPENS_WITHIN_S", 0.1)
    shelf = Shelf()
    monkeypatch.setattr(shelf, "open", lambda: asyncio.sleep(60), raising=False)
    async with room(shelf) as there:
        there.say("a")
        assert await there.over("a") == [FAILED]
        assert "could not be opened within" in there.detail("a")


async def test_reply_when_cancelled_then_it_falls_silent_and_what_follows_is_left_out() -> None:
    shelf = Shelf(drains_s=30)
    async with room(shelf) as there:
        there.say("a", segments_of(tone(20)), ends=False)
        await until(lambda: there.of("a") == [STARTED])
        there.player.cancel("a")
        assert await there.over("a") == [STARTED, FAILED]
        assert there.detail("a") == "cancelled"
        there.say("a")
        there.say("b")
        await until(lambda: there.of("b") == [STARTED])
        there.player.cancel("b")
        assert await there.over("b") == [STARTED, FAILED]
        assert there.of("a") == [STARTED, FAILED]
    assert len(shelf.sounds) == 2
    assert len(shelf.sounds[0]) < 10 * 48_000


async def test_reply_when_cancelled_before_its_turn_or_before_it_came_then_it_is_never_played() -> (
    None
):
    shelf = Shelf()
    async with room(shelf) as there:
        there.player.cancel("c")
        there.say("a")
        there.say("b")
        there.say("c")
        await until(lambda: there.of("a") == [STARTED])
        there.player.cancel("b")
        assert there.of("b") == [FAILED]
        await there.over("a")
        await asyncio.sleep(0.1)
    assert len(shelf.sounds) == 1
    assert there.of("c") == []


async def test_sound_when_it_stops_coming_then_the_reply_fails_and_the_next_is_played(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_worker.camera.speaker.reply._STALLED_NS", 200_000_000)
    async with room(Shelf()) as there:
        there.say("a", ends=False)
        there.say("b")
        assert await there.over("a") == [STARTED, FAILED]
        assert "stopped coming" in there.detail("a")
        assert await there.over("b") == [STARTED, ENDED]


async def test_reply_when_cancelled_after_its_end_then_it_stays_ended() -> None:
    async with room(Shelf()) as there:
        there.say("a")
        await there.over("a")
        there.player.cancel("a")
        await asyncio.sleep(0.05)
    assert there.of("a") == [STARTED, ENDED]


@pytest.mark.parametrize(
    ("missing", "outcome", "says"),
    [
        (range(0), ENDED, ""),
        (range(4, 6), ENDED, "2 of 8 segments did not arrive"),
        (range(4, 7), FAILED, "part of it did not arrive: 3 of 8 segments"),
        (range(1, 7), FAILED, "part of it did not arrive: 6 of 8 segments"),
        (range(3), FAILED, "part of it did not arrive: 3 of 8 segments"),
    ],
)
async def test_reply_when_segments_are_lost_then_only_a_few_of_many_are_let_pass(
    missing: range, outcome: PlayedStatus, says: str
) -> None:
    shelf = Shelf()
    async with room(shelf) as there:
        there.say("a", [one for one in segments_of(tone(1.0)) if one.seq not in missing])
        assert await there.over("a") == [STARTED, outcome]
        assert there.detail("a") == says
    assert shelf.ended == ["finished", "stopped"]


async def test_reply_when_its_sound_cannot_be_read_then_it_fails() -> None:
    async with room(Shelf()) as there:
        there.player.add("a", MediaProperties(seq=0, last=True), b"nonsense")
        assert await there.over("a") == [FAILED]
        assert "cannot be read" in there.detail("a")


async def test_reply_when_too_many_wait_then_it_is_refused() -> None:
    async with room(Shelf()) as there:
        for number in range(9):
            there.player.add(f"t{number}", MediaProperties(seq=0), SHORT[0].data)
        assert there.of("t8") == [FAILED]
        assert "already wait" in there.detail("t8")


async def test_reply_when_it_waited_too_long_for_its_turn_then_it_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_worker.camera.speaker.player._MAX_WAIT_NS", 100_000_000)
    async with room(Shelf(drains_s=0.2)) as there:
        there.say("a")
        there.say("b")
        assert await there.over("b") == [FAILED]
        assert "busy" in there.detail("b")


async def test_reply_when_refused_then_it_is_told_once_and_never_played() -> None:
    shelf = Shelf()
    async with room(shelf) as there:
        there.player.refuse("a", "too late")
        there.player.refuse("a", "too late")
        there.say("a")
        await asyncio.sleep(0.05)
    assert there.of("a") == [FAILED]
    assert shelf.sounds == []


async def test_player_when_it_is_ended_then_what_is_not_over_has_failed() -> None:
    shelf = Shelf()
    async with room(shelf) as there:
        there.say("a", ends=False)
        there.say("b")
        await until(lambda: there.of("a") == [STARTED])
    assert there.of("a") == [STARTED, FAILED]
    assert there.of("b") == [FAILED]
    assert shelf.ended == ["stopped"]
