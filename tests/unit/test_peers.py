"""Who takes part in sharing the streams."""

import pytest

from edge_worker.ownership import share_out
from edge_worker.peers import Peers
from mqtt_schemas import MAX_WORKERS, MessageRefused, Role, WorkerInfo, WorkerStatus

TOPIC = "polylip/worker/other/status"
NAMES = [f"stream-{number}" for number in range(8)]


class Clock:
    """Monotonic seconds, as the test says."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def pass_by(self, peers: Peers, for_s: float, *, connected: bool = True) -> bool:
        """Let time pass while ``peers`` looks twice a second; whether that changed anything."""
        changed = False
        for _ in range(round(for_s * 2)):
            self.now_s += 0.5
            changed |= peers.look(connected=connected)
        return changed


def shares(peers: Peers) -> set[str]:
    return set(share_out(NAMES, peers.capacities).values())


def joined(peers: Peers, worker: str = "other", capacity: float = 4.0) -> bool:
    told = peers.hear_info(WorkerInfo(worker=worker, capacity=capacity))
    return peers.hear_status(TOPIC, worker, WorkerStatus.READY) or told


def test_peers_when_nobody_else_is_there_then_all_is_ours() -> None:
    assert shares(Peers("box", 4.0)) == {"box"}


def test_peers_when_another_is_ready_then_it_takes_its_share_whatever_it_said_first() -> None:
    for first_info in (True, False):
        peers = Peers("box", 4.0)
        if first_info:
            assert not peers.hear_info(WorkerInfo(worker="other", capacity=4.0))
            assert peers.hear_status(TOPIC, "other", WorkerStatus.READY)
        else:
            peers.hear_status(TOPIC, "other", WorkerStatus.READY)
            assert shares(peers) == {"box"}
            assert peers.hear_info(WorkerInfo(worker="other", capacity=4.0))
        assert shares(peers) == {"box", "other"}


def test_peers_when_nothing_new_is_said_then_nothing_is_to_be_decided() -> None:
    peers = Peers("box", 4.0)
    assert joined(peers)
    assert not joined(peers)


def test_peers_when_another_speaks_another_protocol_then_it_has_no_share() -> None:
    peers = Peers("box", 4.0)
    peers.hear_info(WorkerInfo(worker="other", capacity=4.0, protocol="9.0"))
    peers.hear_status(TOPIC, "other", WorkerStatus.READY)
    assert shares(peers) == {"box"}


@pytest.mark.parametrize("end", [None, WorkerStatus.LOST, WorkerStatus.DISCONNECTED])
def test_peers_when_one_is_gone_or_forgotten_then_its_share_is_ours(
    end: WorkerStatus | None,
) -> None:
    peers = Peers("box", 4.0)
    joined(peers)
    assert peers.hear_status(TOPIC, "other", end)
    assert shares(peers) == {"box"}


def test_peers_when_the_broker_remembers_thousands_of_dead_ones_then_a_living_one_takes_part() -> (
    None
):
    peers = Peers("box", 4.0)
    for number in range(3000):
        peers.hear_info(WorkerInfo(worker=f"dead-{number}", capacity=4.0))
    for number in range(3000):
        peers.hear_status(TOPIC, f"dead-{number}", WorkerStatus.LOST)
    assert joined(peers)
    assert shares(peers) == {"box", "other"}


def test_peers_when_too_many_are_ready_then_one_more_is_refused() -> None:
    peers = Peers("box", 4.0)
    for number in range(MAX_WORKERS - 1):
        joined(peers, f"ready-{number}")
    with pytest.raises(MessageRefused, match="more than 64 workers"):
        joined(peers)


def test_peers_when_one_drains_then_it_keeps_what_it_owns_and_is_given_nothing_new() -> None:
    peers = Peers("box", 4.0)
    joined(peers)
    assert peers.hear_status(TOPIC, "other", WorkerStatus.DRAINING)
    assert peers.alive("other")
    assert shares(peers) == {"box"}
    assert peers.hear_status(TOPIC, "other", WorkerStatus.DISCONNECTED)
    assert not peers.alive("other")


def test_peers_when_this_one_drains_then_all_is_the_others() -> None:
    peers = Peers("box", 4.0)
    joined(peers, capacity=8.0)
    peers.drain()
    assert peers.alive("box")
    assert shares(peers) == {"other"}


def test_peers_when_another_only_translates_sound_then_it_owns_no_stream() -> None:
    peers = Peers("box", 4.0)
    peers.hear_info(WorkerInfo(worker="other", capacity=4.0, roles=(Role.ATP,)))
    peers.hear_status(TOPIC, "other", WorkerStatus.READY)
    assert shares(peers) == {"box"}


def test_peer_when_it_falls_silent_then_it_is_left_out_until_it_is_heard_again() -> None:
    clock = Clock()
    peers = Peers("box", 4.0, clock)
    joined(peers)
    peers.hear_pulse(TOPIC, "other", WorkerStatus.READY)
    assert not clock.pass_by(peers, 2.5)
    peers.hear_pulse(TOPIC, "other", WorkerStatus.READY)
    assert not clock.pass_by(peers, 3.0)
    assert clock.pass_by(peers, 0.5)
    assert not peers.alive("other")
    assert peers.hear_pulse(TOPIC, "other", WorkerStatus.READY)
    assert peers.alive("other")


def test_peer_when_the_broker_said_that_it_is_gone_then_a_late_pulse_does_not_bring_it_back() -> (
    None
):
    peers = Peers("box", 4.0)
    joined(peers)
    peers.hear_status(TOPIC, "other", WorkerStatus.LOST)
    assert not peers.hear_pulse(TOPIC, "other", WorkerStatus.READY)
    assert not peers.alive("other")


def test_worker_of_which_the_broker_kept_ready_when_it_never_pulses_then_it_is_left_out() -> None:
    clock = Clock()
    peers = Peers("box", 4.0, clock)
    joined(peers)
    assert peers.alive("other")  # it may own streams that are heard just now
    assert not clock.pass_by(peers, 3.0)
    assert clock.pass_by(peers, 0.5)
    for _ in range(3):  # the connection comes back, and all that is retained again
        assert not joined(peers)
        assert not peers.hear_status(TOPIC, "other", WorkerStatus.DRAINING)
        assert not peers.alive("other")
        assert not peers.others
        assert peers.interpreters_of("door") == ()
        assert peers.roomiest_for("door") == ""
        assert shares(peers) == {"box"}
        assert not clock.pass_by(peers, 20.0)
    assert peers.hear_pulse(TOPIC, "other", WorkerStatus.READY)
    assert peers.others
    assert peers.interpreters_of("door") == ("other",)
    assert shares(peers) == {"box", "other"}


def test_peer_when_our_connection_comes_back_then_it_has_its_time_to_be_heard_again() -> None:
    clock = Clock()
    peers = Peers("box", 4.0, clock)
    joined(peers)
    clock.pass_by(peers, 2.5)
    clock.pass_by(peers, 60.0, connected=False)
    assert not joined(peers)
    assert not clock.pass_by(peers, 3.0)
    peers.hear_pulse(TOPIC, "other", WorkerStatus.READY)
    assert not clock.pass_by(peers, 3.0)
    assert peers.alive("other")


def test_peer_when_it_was_silent_and_starts_again_then_it_takes_part_at_once() -> None:
    clock = Clock()
    peers = Peers("box", 4.0, clock)
    joined(peers)
    clock.pass_by(peers, 4.0)
    assert not peers.hear_status(TOPIC, "other", WorkerStatus.INIT)
    assert joined(peers)


def test_peer_that_found_no_room_when_dead_ones_are_left_out_then_its_pulse_is_enough() -> None:
    clock = Clock()
    peers = Peers("box", 4.0, clock)
    for number in range(MAX_WORKERS - 1):
        joined(peers, f"kept-{number}")
    with pytest.raises(MessageRefused):
        joined(peers)
    assert not peers.hear_pulse(TOPIC, "other", WorkerStatus.READY)
    clock.pass_by(peers, 4.0)
    assert peers.hear_pulse(TOPIC, "other", WorkerStatus.READY)
    assert shares(peers) == {"box", "other"}


def test_peer_when_we_could_not_hear_it_then_it_is_not_left_out() -> None:
    clock = Clock()
    peers = Peers("box", 4.0, clock)
    joined(peers)
    peers.hear_pulse(TOPIC, "other", WorkerStatus.READY)
    assert not clock.pass_by(peers, 60, connected=False)
    clock.now_s += 60  # this process was stopped
    assert not peers.look(connected=True)
    assert peers.alive("other")


def test_peer_when_it_has_just_come_then_it_is_not_given_what_others_serve() -> None:
    clock = Clock()
    peers = Peers("box", 4.0, clock)
    joined(peers)
    clock.now_s += 9.9
    assert not peers.steady("other")
    clock.now_s += 0.2
    assert peers.steady("other")
    assert not peers.steady("stranger")


def test_peer_when_it_was_lost_again_and_again_then_it_must_stay_longer_each_time() -> None:
    clock = Clock()
    peers = Peers("box", 4.0, clock)
    needed: list[float] = []
    for _ in range(8):
        joined(peers)
        came_s = clock.now_s
        while not peers.steady("other"):
            clock.now_s += 1.0
        needed.append(clock.now_s - came_s)
        peers.hear_status(TOPIC, "other", WorkerStatus.LOST)
    assert needed[:4] == [10.0, 20.0, 40.0, 80.0]
    assert max(needed) <= 300.0
    clock.now_s += 601.0
    joined(peers)
    clock.now_s += 10.0
    assert peers.steady("other")


def test_roomiest_when_workers_are_full_or_new_then_a_stream_goes_to_the_best_of_the_others() -> (
    None
):
    clock = Clock()
    peers = Peers("me", 4.0, clock)
    assert peers.roomiest_for("door") == ""
    for worker in ("one", "two"):
        joined(peers, worker)
    assert peers.roomiest_for("door") == ""
    clock.pass_by(peers, 2.0)
    clock.now_s += 20.0
    first = peers.roomiest_for("door")
    assert first in {"one", "two"}
    assert peers.hear_info(WorkerInfo(worker=first, capacity=4.0, full=True))
    assert not peers.steady(first)
    assert peers.roomiest_for("door") == ({"one", "two"} - {first}).pop()
    assert peers.hear_info(WorkerInfo(worker=first, capacity=4.0))
    assert peers.roomiest_for("door") == first
