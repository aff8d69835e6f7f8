from hypothesis import given
from hypothesis import strategies as st

from edge_worker.timeline import PlacementLimits, Situation, place

LIMITS = PlacementLimits()
SECOND_NS = 1_000_000_000
times = st.integers(0, 20 * SECOND_NS)
lengths = st.integers(1, 10 * SECOND_NS)


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    start_ns = draw(times)
    end_ns = start_ns + draw(lengths)
    return Situation(
        source_start_ns=start_ns,
        source_end_ns=end_ns,
        duration_ns=draw(lengths),
        playhead_ns=draw(times),
        previous_end_ns=draw(st.none() | times),
        free_until_ns=end_ns + draw(st.integers(0, 3 * SECOND_NS)),
    )


@given(situations())
def test_start_in_any_situation_is_never_behind_playhead_source_or_previous_speech(
    situation: Situation,
) -> None:
    placement = place(situation, LIMITS)
    assert placement.start_ns >= situation.playhead_ns
    assert placement.start_ns >= situation.source_start_ns
    if situation.previous_end_ns is not None:
        assert placement.start_ns >= situation.previous_end_ns + LIMITS.gap_ns


@given(situations())
def test_start_in_any_situation_is_the_earliest_allowed(situation: Situation) -> None:
    bounds = [situation.playhead_ns, situation.source_start_ns]
    if situation.previous_end_ns is not None:
        bounds.append(situation.previous_end_ns + LIMITS.gap_ns)
    assert place(situation, LIMITS).start_ns == max(bounds)


@given(situations())
def test_speed_in_any_situation_stays_within_limits_and_late_speech_is_never_slowed(
    situation: Situation,
) -> None:
    placement = place(situation, LIMITS)
    late = placement.start_ns > situation.source_start_ns
    assert (1.0 if late else LIMITS.slowest) <= placement.speed <= LIMITS.fastest


@given(st.lists(st.tuples(lengths, lengths, st.integers(0, SECOND_NS)), min_size=1, max_size=12))
def test_a_conversation_placed_one_by_one_never_overlaps_and_keeps_order(
    talk: list[tuple[int, int, int]],
) -> None:
    source_ns = 0
    previous_end_ns: int | None = None
    for source_length_ns, duration_ns, pause_ns in talk:
        end_ns = source_ns + source_length_ns
        placement = place(
            Situation(source_ns, end_ns, duration_ns, end_ns, previous_end_ns, end_ns + pause_ns),
            LIMITS,
        )
        if previous_end_ns is not None:
            assert placement.start_ns > previous_end_ns
        previous_end_ns = placement.end_ns(duration_ns)
        source_ns = end_ns + pause_ns


def test_speech_whose_source_is_still_ahead_fills_the_source_span() -> None:
    situation = Situation(
        source_start_ns=5 * SECOND_NS,
        source_end_ns=7 * SECOND_NS,
        duration_ns=2_200_000_000,
        playhead_ns=SECOND_NS,
        previous_end_ns=None,
        free_until_ns=7 * SECOND_NS,
    )
    placement = place(situation, LIMITS)
    assert placement.speed == 1.1
    assert placement.end_ns(situation.duration_ns) == situation.source_end_ns


def test_late_speech_longer_than_its_source_uses_the_following_pause_before_it_hurries() -> None:
    patient = Situation(0, 2 * SECOND_NS, 2_400_000_000, 3 * SECOND_NS, None, 2_500_000_000)
    assert place(patient, LIMITS).speed == 1.0
    pressed = Situation(0, 2 * SECOND_NS, 2_400_000_000, 3 * SECOND_NS, None, 2 * SECOND_NS)
    assert place(pressed, LIMITS).speed == 1.2


def test_late_speech_that_queues_behind_other_speech_hurries_to_catch_up() -> None:
    situation = Situation(
        0, 2 * SECOND_NS, 2 * SECOND_NS, 3 * SECOND_NS, 3_200_000_000, 2 * SECOND_NS
    )
    assert 1.0 < place(situation, LIMITS).speed <= 1.25
