"""Who owns which stream, and whose word counts."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_worker.ownership import Standing, Tenure, next_in_line, share_out
from mqtt_schemas import MAX_TERM, MessageRefused, StreamSettings, StreamState, encode

NAMES = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)
CAPACITIES = st.dictionaries(NAMES, st.floats(0.5, 12), min_size=1, max_size=6)
STREAMS = st.sets(NAMES, max_size=40)
MANY = [f"stream-{number}" for number in range(120)]
THREE = {"attic": 100.0, "cellar": 200.0, "hall": 100.0}


def moved(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {stream for stream in before if after.get(stream) != before[stream]}


@given(STREAMS, CAPACITIES)
def test_streams_when_there_is_room_are_all_owned_and_nobody_has_more_than_it_takes(
    streams: set[str], capacities: dict[str, float]
) -> None:
    owners = share_out(streams, capacities)
    room = {worker: max(1, int(size)) for worker, size in capacities.items()}
    assert len(owners) == min(len(streams), sum(room.values()))
    assert all(count <= room[worker] for worker, count in Counter(owners.values()).items())


@given(STREAMS, CAPACITIES)
def test_owner_when_asked_in_another_order_is_the_same(
    streams: set[str], capacities: dict[str, float]
) -> None:
    backwards = dict(reversed(capacities.items()))
    assert share_out(sorted(streams, reverse=True), backwards) == share_out(streams, capacities)


@given(STREAMS, CAPACITIES, st.data())
def test_stream_when_it_is_kept_stays_and_takes_its_place(
    streams: set[str], capacities: dict[str, float], data: st.DataObject
) -> None:
    owner = st.sampled_from(sorted(capacities))
    kept = data.draw(st.dictionaries(st.sampled_from(sorted(streams)), owner)) if streams else {}
    owners = share_out(streams, capacities, kept)
    assert kept.items() <= owners.items()
    room = {worker: max(1, int(size)) for worker, size in capacities.items()}
    given_anew = Counter(owner for stream, owner in owners.items() if stream not in kept)
    held = Counter(kept.values())
    assert all(held[one] + count <= room[one] for one, count in given_anew.items())


def test_streams_of_a_lost_worker_when_the_others_have_room_are_the_only_ones_that_must_move() -> (
    None
):
    before = share_out(MANY, THREE)
    for lost in THREE:
        rest = {name: size for name, size in THREE.items() if name != lost}
        kept = {stream: owner for stream, owner in before.items() if owner != lost}
        after = share_out(MANY, rest, kept)
        assert moved(before, after) == {s for s, owner in before.items() if owner == lost}
        assert len(after) == len(MANY)


def test_shares_when_a_worker_comes_back_are_what_they_were() -> None:
    before = share_out(MANY, THREE)
    rest = {name: size for name, size in THREE.items() if name != "attic"}
    meanwhile = share_out(MANY, rest, {s: o for s, o in before.items() if o in rest})
    assert "attic" not in meanwhile.values()
    assert share_out(MANY, THREE) == before


def test_shares_of_many_streams_follow_the_capacities() -> None:
    counts = Counter(share_out(MANY, THREE).values())
    assert 0.35 <= counts["cellar"] / len(MANY) <= 0.65
    assert all(count <= 1.25 * len(MANY) * THREE[name] / 400 + 1 for name, count in counts.items())


@pytest.mark.parametrize("count", range(1, 9))
def test_few_streams_when_workers_are_alike_are_never_all_one_workers(count: int) -> None:
    for house in range(50):
        owners = share_out([f"{house}-{n}" for n in range(count)], dict.fromkeys("abc", 8.0))
        assert max(Counter(owners.values()).values()) <= -(-count * 5 // 12)


def test_stream_when_nobody_is_there_or_has_room_is_nobodys() -> None:
    assert share_out(["door"], {}) == {}
    assert next_in_line("door", {"box": 4.0}, "box") == ""
    assert len(share_out(["door", "gate"], {"box": 1.0})) == 1


def test_next_in_line_when_the_owner_is_lost_owns_the_stream() -> None:
    for stream in MANY:
        owner = share_out([stream], THREE)[stream]
        rest = {name: size for name, size in THREE.items() if name != owner}
        assert share_out([stream], rest)[stream] == next_in_line(stream, THREE, owner)


def test_elected_worker_reads_the_retained_state_before_it_takes_over_one_term_on() -> None:
    tenure = Tenure("b").elected(is_owner=True)
    assert tenure.standing is Standing.READING
    tenure = tenure.saw("a", 6).took_over()
    assert tenure == Tenure("b", Standing.OWNER, 7)


def test_owner_that_sees_a_higher_term_stops_at_once() -> None:
    tenure = Tenure("b", Standing.OWNER, 7).saw("a", 8)
    assert (tenure.standing, tenure.term) == (Standing.ASIDE, 8)


def test_claim_when_a_higher_one_was_seen_before_then_it_is_outdated() -> None:
    stopped = Tenure("b", Standing.OWNER, 7).saw("c", 8)
    for owner, term in (("b", 7), ("d", 8), ("a", 6)):
        assert stopped.outdated(owner, term)
        assert stopped.saw(owner, term) == stopped
    for owner, term in (("c", 8), ("a", 8), ("d", 9)):
        assert not stopped.outdated(owner, term)
        assert stopped.saw(owner, term).outdated("b", 7)
    reading = stopped.elected(is_owner=True)
    assert reading.outdated("b", 7)
    assert reading.took_over() == Tenure("b", Standing.OWNER, 9)


def test_claim_when_our_own_was_higher_and_we_gave_it_up_then_it_is_outdated() -> None:
    given_up = Tenure("b", Standing.OWNER, 7).elected(is_owner=False)
    assert given_up.outdated("c", 7)
    assert not given_up.outdated("b", 7)
    assert not given_up.outdated("c", 8)


def test_claim_when_all_that_is_retained_comes_again_then_it_counts_and_no_term_falls() -> None:
    stopped = Tenure("b", Standing.OWNER, 7).saw("c", 8).reconnected()
    assert not stopped.outdated("a", 1)
    told = stopped.saw("a", 1)
    assert not told.outdated("a", 1)
    assert told.elected(is_owner=True).took_over().term == 9


def test_owner_that_sees_an_older_term_stays() -> None:
    tenure = Tenure("b", Standing.OWNER, 7)
    assert tenure.saw("a", 6) == tenure
    assert tenure.outranks("a", 6)


def test_two_owners_of_one_term_leave_exactly_the_lower_id() -> None:
    assert Tenure("a", Standing.OWNER, 7).saw("b", 7).standing is Standing.OWNER
    assert Tenure("b", Standing.OWNER, 7).saw("a", 7).standing is Standing.ASIDE
    assert Tenure("a", Standing.OWNER, 7).saw("aa", 7).standing is Standing.OWNER
    assert Tenure("aa", Standing.OWNER, 7).saw("a", 7).standing is Standing.ASIDE


@given(st.dictionaries(NAMES, st.integers(0, 5), min_size=2, max_size=6))
def test_owners_when_a_partition_heals_leave_exactly_one_whoever_is_heard_first(
    terms: dict[str, int],
) -> None:
    tenures = {worker: Tenure(worker, Standing.OWNER, term) for worker, term in terms.items()}
    for hearer in sorted(tenures):
        for owner, term in terms.items():
            if owner != hearer:
                tenures[hearer] = tenures[hearer].saw(owner, term)
    left = [one for one, tenure in tenures.items() if tenure.standing is Standing.OWNER]
    highest = max(terms.values())
    assert left == [min(worker for worker, term in terms.items() if term == highest)]
    assert all(tenures[left[0]].outranks(worker, terms[worker]) for worker in terms.keys() - left)


def test_owner_that_sees_its_own_state_stays() -> None:
    tenure = Tenure("b", Standing.OWNER, 7)
    assert tenure.saw("b", 7) == tenure
    assert not tenure.outranks("b", 7)


def test_term_when_it_is_as_high_as_the_contract_takes_then_it_stays_there() -> None:
    assert Tenure("b", Standing.READING, MAX_TERM).took_over().term == MAX_TERM


def test_state_when_its_term_is_higher_than_json_keeps_exact_then_it_is_refused() -> None:
    state = StreamState(
        stream="door", settings=StreamSettings(), owner="b", term=MAX_TERM, revision=0
    )
    encode(state)
    with pytest.raises(MessageRefused, match="term"):
        encode(replace(state, term=MAX_TERM + 1))
    with pytest.raises(MessageRefused, match="revision"):
        encode(replace(state, revision=MAX_TERM + 1))
