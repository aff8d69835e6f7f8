from collections.abc import Callable

import pytest

from edge_worker.rvp.gates import Gate
from edge_worker.rvp.tracker import TrackedFrame
from tests.unit.rvp.scenes import frame
from tests.unit.rvp.talk import (
    BLACK,
    SECOND_NS,
    Mouth,
    Street,
    Talk,
    chews,
    chosen,
    says,
    still,
    yawns,
)

SEEDS = range(20)
ME, OTHER = 1, 2


def share(found: Callable[[Talk], int | None], wanted: int | None) -> float:
    """Of twenty utterances, those that were given to whom they should be."""
    return sum(found(Talk(seed)) == wanted for seed in SEEDS) / len(SEEDS)


def test_voice_when_a_lone_face_speaks_then_it_is_chosen() -> None:
    assert share(lambda talk: chosen(Street([talk], {ME: says(talk)})), ME) >= 0.95


def test_voice_when_the_speaker_mumbles_then_it_is_chosen() -> None:
    def mumbles(talk: Talk) -> Mouth:
        return lambda at_ns: 0.4 * talk.mouth(at_ns)

    assert share(lambda talk: chosen(Street([talk], {ME: mumbles(talk)})), ME) >= 0.9


@pytest.mark.parametrize(
    "silent", [still(), still(0.3), chews, yawns], ids=["shut", "open", "chews", "yawns"]
)
def test_voice_when_somebody_silent_stands_beside_the_speaker_then_the_speaker_is_chosen(
    silent: Mouth,
) -> None:
    def found(talk: Talk) -> int | None:
        return chosen(Street([talk], {OTHER: silent, ME: says(talk)}))

    assert share(found, ME) >= 0.95


def test_voice_when_another_talks_without_a_sound_then_the_speaker_is_chosen() -> None:
    def found(talk: Talk) -> int | None:
        mute = says(Talk(talk.seed + 100, start_ns=SECOND_NS // 2, syllables=(25, 26)))
        return chosen(Street([talk], {ME: says(talk), OTHER: mute}))

    assert share(found, ME) >= 0.95


@pytest.mark.parametrize(
    "silent", [still(), still(0.3), chews, yawns], ids=["shut", "open", "chews", "yawns"]
)
def test_voice_when_no_mouth_in_view_makes_it_then_it_is_off_camera(silent: Mouth) -> None:
    assert share(lambda talk: chosen(Street([talk], {ME: silent, OTHER: still()})), None) >= 0.95


def test_voice_when_a_poster_hangs_there_then_it_is_off_camera() -> None:
    assert share(lambda talk: chosen(Street([talk], {ME: still(0.03)}, jitter=0)), None) == 1


def test_voice_when_nobody_is_in_view_then_it_is_off_camera() -> None:
    assert chosen(Street([Talk(1)], {})) is None


def test_utterance_when_it_is_of_another_epoch_then_it_is_off_camera() -> None:
    talk = Talk(1)
    assert chosen(Street([talk], {ME: says(talk)}), epoch="earlier") is None


def test_voice_when_a_face_spoke_only_before_then_it_is_off_camera() -> None:
    early, late = Talk(1), Talk(2, start_ns=5 * SECOND_NS)
    assert chosen(Street([early, late], {ME: says(early)}), late) is None


def test_voices_when_two_speak_in_turn_within_a_second_then_each_is_chosen() -> None:
    right = total = 0
    for seed in range(6):
        talks = [Talk(seed)]
        for turn in range(1, 5):
            talks.append(Talk(seed + 50 * turn, start_ns=talks[-1].end_ns + 250_000_000))
        choice = Street(talks, {ME: says(*talks[::2]), OTHER: says(*talks[1::2])}).watched()
        found = [choice.choose("e", talk.start_ns, talk.end_ns) for talk in talks]
        right += sum(a == b for a, b in zip(found, [ME, OTHER] * 3, strict=False))
        total += len(talks)
    assert right / total >= 0.95


def test_voices_when_one_is_off_camera_then_only_that_one_is() -> None:
    mine, theirs = Talk(1), Talk(2, start_ns=5 * SECOND_NS)
    street = Street([mine, theirs], {ME: says(mine), OTHER: still()})
    choice = street.watched()
    found = [choice.choose("e", talk.start_ns, talk.end_ns) for talk in (mine, theirs)]
    assert found == [ME, None]


def test_word_when_it_says_little_by_itself_then_who_spoke_before_keeps_it() -> None:
    before = Talk(3, syllables=(12, 13))
    word = Talk(4, start_ns=before.end_ns + 300_000_000, syllables=(1, 2))
    mouths = {ME: says(before, word), OTHER: says(word)}
    choice = Street([before, word], mouths).watched()
    assert choice.choose("e", before.start_ns, before.end_ns) == ME
    assert choice.choose("e", word.start_ns, word.end_ns) == ME


def test_choice_when_asked_after_a_second_then_it_is_mostly_known() -> None:
    def found(talk: Talk) -> int | None:
        street = Street([talk], {ME: says(talk), OTHER: still()})
        return chosen(street, until_ns=talk.start_ns + SECOND_NS)

    assert share(found, ME) >= 0.8


@pytest.mark.parametrize("late_ns", [-160_000_000, 160_000_000])
def test_camera_when_its_sound_comes_at_another_time_then_the_lag_is_learned(late_ns: int) -> None:
    talks = [Talk(seed, start_ns=(1 + 4 * seed) * SECOND_NS) for seed in range(5)]
    choice = Street(talks, {ME: says(*talks)}, sound_late_ns=late_ns).watched()
    found = [choice.choose("e", talk.start_ns + late_ns, talk.end_ns + late_ns) for talk in talks]
    assert found.count(ME) >= 4
    assert choice.lag_ns == pytest.approx(late_ns, abs=60_000_000)


def test_mouth_when_it_is_looked_at_only_in_every_third_frame_then_it_is_still_chosen() -> None:
    def found(talk: Talk) -> int | None:
        return chosen(Street([talk], {ME: says(talk), OTHER: still()}, every=3))

    assert share(found, ME) >= 0.9


def test_voice_when_a_noise_goes_on_then_its_speaker_is_chosen() -> None:
    def found(talk: Talk) -> int | None:
        return chosen(Street([talk], {ME: says(talk), OTHER: chews}, noise=0.05))

    assert share(found, ME) >= 0.9


def test_speaker_when_walking_in_at_mid_utterance_then_the_rest_is_enough() -> None:
    talk = Talk(3, syllables=(20, 21))
    comes_ns = talk.start_ns + (talk.end_ns - talk.start_ns) // 3
    street = Street(
        [talk],
        {ME: says(talk), OTHER: still()},
        absent=lambda identity, at_ns: identity == ME and at_ns < comes_ns,
    )
    assert chosen(street) == ME


def test_face_when_hardly_seen_during_the_utterance_then_it_is_not_chosen() -> None:
    talk = Talk(3, syllables=(20, 21))
    goes_ns = talk.start_ns + (talk.end_ns - talk.start_ns) // 4
    street = Street([talk], {ME: says(talk)}, absent=lambda _, at_ns: at_ns > goes_ns)
    assert chosen(street) is None


def test_speaker_when_a_hand_comes_before_the_mouth_then_the_bare_part_is_enough() -> None:
    talk = Talk(3, syllables=(20, 21))
    covered_ns = (talk.start_ns + talk.end_ns) // 2

    def gate(_identity: int, at_ns: int) -> Gate:
        return Gate.OCCLUDED if at_ns > covered_ns else Gate.OPEN

    def mouth(at_ns: int) -> float:
        return talk.mouth(at_ns) if at_ns <= covered_ns else 0.01

    assert chosen(Street([talk], {ME: mouth, OTHER: still()}, gate=gate)) == ME


def test_speaker_when_the_mouth_is_covered_then_who_spoke_before_speaks_on() -> None:
    before = Talk(3, syllables=(12, 13))
    after = Talk(4, start_ns=before.end_ns + 700_000_000)

    def gate(identity: int, at_ns: int) -> Gate:
        covered = identity == ME and at_ns > before.end_ns + 300_000_000
        return Gate.OCCLUDED if covered else Gate.OPEN

    choice = Street([before, after], {ME: says(before), OTHER: still()}, gate=gate).watched()
    assert choice.choose("e", before.start_ns, before.end_ns) == ME
    assert choice.choose("e", after.start_ns, after.end_ns) == ME


def test_epoch_when_another_begins_then_mouths_are_forgotten() -> None:
    talk = Talk(1)
    choice = Street([talk], {ME: says(talk)}).watched()
    choice.observe(TrackedFrame(frame(BLACK, 0, epoch="later"), ()))
    assert choice.choose("later", talk.start_ns, talk.end_ns) is None
