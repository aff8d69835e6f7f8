from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_worker.ownership import Standing, Tenure, owner_of
from mqtt_schemas import MAX_TERM, MessageRefused, StreamSettings, StreamState, encode

workers = st.dictionaries(
    st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True), st.floats(0.5, 8), min_size=1, max_size=6
)


@given(workers, st.text(min_size=1, max_size=10))
def test_owner_after_another_worker_left_stays_unless_it_was_the_one_that_left(
    capacities: dict[str, float], stream: str
) -> None:
    owner = owner_of(stream, capacities)
    for gone in capacities:
        rest = {name: size for name, size in capacities.items() if name != gone}
        if gone != owner:
            assert owner_of(stream, rest) == owner


def test_owner_without_any_worker_is_nobody() -> None:
    assert owner_of("door", {}) is None


def test_shares_of_many_streams_follow_the_capacities() -> None:
    counts = Counter(owner_of(f"stream-{n}", {"small": 1.0, "large": 3.0}) for n in range(4000))
    assert 2.6 < counts["large"] / counts["small"] < 3.4


def test_elected_worker_reads_the_retained_state_before_it_takes_over_one_term_on() -> None:
    tenure = Tenure("b").elected(is_owner=True)
    assert tenure.standing is Standing.READING
    tenure = tenure.saw("a", 6).took_over()
    assert tenure == Tenure("b", Standing.OWNER, 7)


def test_owner_that_sees_a_higher_term_stops_at_once() -> None:
    assert Tenure("b", Standing.OWNER, 7).saw("a", 8) == Tenure("b", Standing.ASIDE, 8)


def test_owner_that_sees_an_older_term_stays() -> None:
    tenure = Tenure("b", Standing.OWNER, 7)
    assert tenure.saw("a", 6) == tenure


def test_two_owners_of_one_term_leave_exactly_the_lower_id() -> None:
    assert Tenure("a", Standing.OWNER, 7).saw("b", 7).standing is Standing.OWNER
    assert Tenure("b", Standing.OWNER, 7).saw("a", 7).standing is Standing.ASIDE
    assert Tenure("a", Standing.OWNER, 7).saw("aa", 7).standing is Standing.OWNER
    assert Tenure("aa", Standing.OWNER, 7).saw("a", 7).standing is Standing.ASIDE


def test_owner_that_sees_its_own_state_stays() -> None:
    tenure = Tenure("b", Standing.OWNER, 7)
    assert tenure.saw("b", 7) == tenure


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
