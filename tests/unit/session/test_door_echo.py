"""A reply reaches the guard of whichever session hears the door's microphone."""

from typing import Any, cast

import numpy as np

from edge_worker.items import Samples
from edge_worker.session.door_echo import DoorEcho
from edge_worker.session.session import Session

SOUND: Samples = np.ones(480, np.float32)


class _Session:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def expect(self, samples: Samples, rate: int, start_utc_ns: int, *, reply: str) -> None:
        self.told.append(("expect", len(samples), rate, start_utc_ns, reply))

    def expect_end(self, end_utc_ns: int, *, reply: str) -> None:
        self.told.append(("end", end_utc_ns, reply))


def test_reply_when_a_session_serves_the_stream_then_it_is_told_of_beginning_and_end() -> None:
    session = _Session()
    echo = DoorEcho(lambda: cast("Session", session))
    echo.expect(SOUND, 48_000, 5, reply="r1")
    echo.stop(9, reply="r1")
    assert session.told == [("expect", 480, 48_000, 5, "r1"), ("end", 9, "r1")]


def test_reply_when_no_session_serves_the_stream_then_nothing_happens() -> None:
    echo = DoorEcho(lambda: None)
    echo.expect(SOUND, 48_000, 5, reply="r1")
    echo.stop(9, reply="r1")
