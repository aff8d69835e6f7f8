import numpy as np
import pytest
from numpy.typing import NDArray

from edge_worker.items import AudioBlock
from edge_worker.rvp.gates import Gate
from edge_worker.rvp.speaker import SpeakerChoice
from edge_worker.rvp.tracker import FaceTrack, TrackedFrame
from engines.face import FaceMesh
from engines.lipsync.mouth_curve import MouthCurve
from tests.unit.rvp.scenes import FRAME_NS, frame, timings

RATE = 16_000
SYLLABLES = ["pa", "ti", "ku", "so", "me", "la", "ʃi", "fa", "ɾu", "no", "bɐ", "de"]
MESH = FaceMesh(np.zeros((468, 3), np.float32), 1.0)
BLACK = np.zeros((64, 64, 3), np.uint8)


class Talk:
    """A few seconds of speech: the mouth that makes it and how it sounds."""

    def __init__(self, seed: int, *, start_ns: int = 1_000_000_000) -> None:
        self.random = np.random.default_rng(seed)
        words = "".join(self.random.choice(SYLLABLES, self.random.integers(4, 12)))
        self.phonemes = timings(words)
        self.start_ns = start_ns
        self.end_ns = start_ns + self.phonemes[-1].end_ns
        self._curve = MouthCurve(self.phonemes)

    def opening(self, at_ns: int) -> float:
        if not self.start_ns <= at_ns < self.end_ns:
            return 0.01
        return 0.01 + 0.7 * self._curve.at(at_ns - self.start_ns).opening

    def sound(self, length_ns: int) -> NDArray[np.float32]:
        samples = 0.003 * self.random.normal(size=length_ns * RATE // 1_000_000_000)
        for phoneme in self.phonemes:
            loud = 0.2 if phoneme.symbol in "aiueoɐ" else 0.03
            begin = (self.start_ns + phoneme.start_ns) * RATE // 1_000_000_000
            end = (self.start_ns + phoneme.end_ns) * RATE // 1_000_000_000
            samples[begin:end] += loud * self.random.normal(size=end - begin)
        return samples.astype(np.float32)


def chosen(
    talk: Talk, mouths: dict[int, Talk | float], *, jitter: float = 0.004, epoch: str = "e"
) -> int | None:
    """Who spoke ``talk``; mouths make their own talk or hold still at an opening."""
    choice = SpeakerChoice()
    length_ns = talk.end_ns + 500_000_000
    choice.hear(AudioBlock("e", 0, RATE, talk.sound(length_ns)))
    for number in range(length_ns // FRAME_NS):
        picture = frame(BLACK, number)
        faces = []
        for identity, mouth in mouths.items():
            held = mouth.opening(picture.pts_ns) if isinstance(mouth, Talk) else mouth
            seen = max(0.0, held + float(talk.random.normal(0, jitter)))
            faces.append(
                FaceTrack(identity, picture.pts_ns, MESH, (0, 0, 0), 60.0, seen, Gate.OPEN)
            )
        choice.observe(TrackedFrame(picture, tuple(faces)))
    return choice.choose(epoch, talk.start_ns, talk.end_ns)


def test_lone_speaker_is_chosen_for_nearly_every_utterance() -> None:
    talks = [Talk(seed) for seed in range(60)]
    assert sum(chosen(talk, {7: talk}) == 7 for talk in talks) >= 0.95 * len(talks)


def test_poster_never_speaks() -> None:
    assert [chosen(Talk(seed), {1: 0.03}, jitter=0.012) for seed in range(20)] == [None] * 20


def test_speaker_is_chosen_beside_somebody_who_listens() -> None:
    talks = [Talk(seed) for seed in range(20)]
    assert sum(chosen(talk, {1: 0.02, 2: talk}) == 2 for talk in talks) >= 19


def test_voice_without_anybody_in_the_picture_is_off_camera() -> None:
    assert chosen(Talk(1), {}) is None


def test_utterance_of_another_epoch_has_no_speaker() -> None:
    talk = Talk(1)
    assert chosen(talk, {1: talk}, epoch="earlier") is None


def test_person_who_spoke_long_before_is_not_chosen() -> None:
    early, late = Talk(1, start_ns=1_000_000_000), Talk(2, start_ns=4_000_000_000)
    assert chosen(late, {1: early}) is None


@pytest.mark.parametrize("seed", range(3))
def test_choice_needs_no_sound_when_the_mouth_is_lively(seed: int) -> None:
    talk = Talk(seed)
    choice = SpeakerChoice()
    for number in range(talk.end_ns // FRAME_NS):
        picture = frame(BLACK, number)
        seen = 1.6 * talk.opening(picture.pts_ns)
        face = FaceTrack(3, picture.pts_ns, MESH, (0, 0, 0), 60.0, seen, Gate.OPEN)
        choice.observe(TrackedFrame(picture, (face,)))
    assert choice.choose("e", talk.start_ns, talk.end_ns) == 3
