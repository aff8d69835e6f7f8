"""Who takes part in sharing the streams."""

import pytest

from edge_worker.peers import Peers
from mqtt_schemas import MAX_WORKERS, MessageRefused, WorkerInfo, WorkerStatus

TOPIC = "polylip/worker/other/status"
NAMES = [f"stream-{number}" for number in range(64)]


def shares(peers: Peers) -> set[str | None]:
    return {peers.owner_of(stream, "") for stream in NAMES}


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
            assert not peers.hear_status(TOPIC, "other", WorkerStatus.READY)
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
    peers.hear_status(TOPIC, "other", WorkerStatus.DRAINING)
    assert {peers.owner_of(stream, "other") for stream in NAMES} == {"other"}
    assert shares(peers) == {"box"}
    assert peers.hear_status(TOPIC, "other", WorkerStatus.DISCONNECTED)
    assert {peers.owner_of(stream, "other") for stream in NAMES} == {"box"}
