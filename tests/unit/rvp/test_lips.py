from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from edge_worker.items import PlacedSpeech
from edge_worker.rvp.gates import Gate
from edge_worker.rvp.lips import Lips, RenderedFrame
from edge_worker.rvp.tracker import TrackedFrame, Tracker
from engines.face import FaceMesh, Picture
from engines.face.mediapipe import MediaPipeFace
from engines.lipsync import LipCue, LipPatch, LipSession
from engines.lipsync.mouth_curve import LEAD_NS, MouthCurve, timed_visemes
from engines.lipsync.mouth_warp import MouthWarp
from engines.lipsync.visemes import Viseme
from tests.unit.rvp.scenes import FRAME_NS, speech, swaying

START_NS = 10 * FRAME_NS


@pytest.fixture(scope="module")
def landmarker() -> MediaPipeFace:
    return MediaPipeFace()


@pytest.fixture(scope="module")
def seen(landmarker: MediaPipeFace) -> list[TrackedFrame]:
    """Four seconds of somebody at the door."""
    tracker = Tracker(landmarker)
    return [tracker.track(swaying(number)) for number in range(90)]


@pytest.fixture(scope="module")
def placed() -> PlacedSpeech:
    return speech(START_NS)


@pytest.fixture(scope="module")
def shown(seen: list[TrackedFrame], placed: PlacedSpeech) -> list[RenderedFrame]:
    lips = Lips(MouthWarp())
    return [lips.render(tracked, placed, 1, tracked.frame.pts_ns) for tracked in seen]


def test_only_frames_around_audible_speech_are_altered(
    shown: list[RenderedFrame], placed: PlacedSpeech
) -> None:
    altered = [rendered.frame.pts_ns for rendered in shown if rendered.altered]
    assert altered[0] >= START_NS - 5 * FRAME_NS
    assert altered[-1] <= placed.end_ns + 5 * FRAME_NS
    assert len(altered) == (altered[-1] - altered[0]) // FRAME_NS + 1


def test_pass_through_returns_the_very_same_planes(
    seen: list[TrackedFrame], shown: list[RenderedFrame]
) -> None:
    for tracked, rendered in zip(seen, shown, strict=True):
        assert (rendered.frame.planes is tracked.frame.planes) is not rendered.altered


def test_planes_outside_the_mouth_stay_bit_identical(
    seen: list[TrackedFrame], shown: list[RenderedFrame]
) -> None:
    for tracked, rendered in zip(seen, shown, strict=True):
        eyes = int(tracked.faces[0].mesh.points[[33, 263], 1].max()) // 2 * 2
        assert np.array_equal(rendered.frame.planes[:eyes], tracked.frame.planes[:eyes])


def test_mouth_follows_the_speech_and_closes_where_it_must(
    landmarker: MediaPipeFace, shown: list[RenderedFrame], placed: PlacedSpeech
) -> None:
    again = Tracker(landmarker)
    read = {
        rendered.frame.pts_ns: again.track(rendered.frame).faces[0].mouth_opening
        for rendered in shown
    }
    curve = MouthCurve(placed.speech.phonemes)
    times = [t for t in read if START_NS <= t < placed.end_ns]
    meant = [curve.at(t - START_NS).opening for t in times]
    assert np.corrcoef([read[t] for t in times], meant)[0, 1] > 0.85
    for viseme in timed_visemes(placed.speech.phonemes):
        if viseme.viseme is Viseme.CLOSED:
            middle = START_NS + (viseme.start_ns + viseme.end_ns) // 2
            assert min(read[t] for t in times if abs(t - middle) <= 60_000_000) < 0.03


def test_fade_takes_three_to_five_frames_at_both_ends(
    seen: list[TrackedFrame], placed: PlacedSpeech
) -> None:
    engine = Recording()
    lips = Lips(engine)
    for tracked in seen:
        lips.render(tracked, placed, 1, tracked.frame.pts_ns)
    amounts = engine.amounts
    assert 2 <= amounts.index(1.0) <= 5
    assert 2 <= amounts[::-1].index(1.0) <= 5
    assert all(b - a < 0.35 for a, b in pairwise(amounts))


def test_mouth_is_all_ours_before_the_lips_first_move(
    seen: list[TrackedFrame], placed: PlacedSpeech
) -> None:
    """Else a P at the very beginning would be half the person's own open mouth."""
    engine = Recording()
    lips = Lips(engine)
    early = [tracked for tracked in seen if tracked.frame.pts_ns <= START_NS - LEAD_NS]
    for tracked in early:
        lips.render(tracked, placed, 1, tracked.frame.pts_ns)
    assert engine.amounts[-1] == 1.0


def test_voice_off_camera_leaves_every_face_alone(
    seen: list[TrackedFrame], placed: PlacedSpeech
) -> None:
    rendered = Lips(MouthWarp()).render(seen[20], placed, None, seen[20].frame.pts_ns)
    assert (rendered.altered, rendered.gate) == (False, Gate.OFF_CAMERA)


def test_speaker_out_of_view_is_told(seen: list[TrackedFrame], placed: PlacedSpeech) -> None:
    rendered = Lips(MouthWarp()).render(seen[20], placed, 99, seen[20].frame.pts_ns)
    assert (rendered.altered, rendered.gate) == (False, Gate.NO_FACE)


@pytest.mark.parametrize("gate", [Gate.OCCLUDED, Gate.DARK, Gate.PROFILE])
def test_shut_gate_passes_through_and_is_told(
    seen: list[TrackedFrame], placed: PlacedSpeech, gate: Gate
) -> None:
    shut = replace(seen[20], faces=(replace(seen[20].faces[0], gate=gate),))
    rendered = Lips(MouthWarp()).render(shut, placed, 1, shut.frame.pts_ns)
    assert (rendered.altered, rendered.gate) == (False, gate)


def test_gate_that_shuts_in_mid_speech_fades_out(
    seen: list[TrackedFrame], placed: PlacedSpeech
) -> None:
    engine = Recording()
    lips = Lips(engine)
    for tracked in seen[:40]:
        shut = tracked.frame.pts_ns >= 30 * FRAME_NS
        faces = tuple(replace(f, gate=Gate.OCCLUDED if shut else f.gate) for f in tracked.faces)
        lips.render(replace(tracked, faces=faces), placed, 1, tracked.frame.pts_ns)
    tail = engine.amounts[-4:]
    assert tail == sorted(tail, reverse=True)
    assert tail[-1] < 0.35


def test_failing_engine_passes_the_frame_through_and_is_counted(
    seen: list[TrackedFrame], placed: PlacedSpeech
) -> None:
    lips = Lips(Broken())
    rendered = [lips.render(t, placed, 1, t.frame.pts_ns) for t in seen[15:18]]
    assert not any(r.altered for r in rendered)
    assert lips.failures == 3
    assert "out of lipstick" in lips.last_failure


def test_face_that_was_carried_on_is_drawn_but_not_learned_from(
    seen: list[TrackedFrame], placed: PlacedSpeech
) -> None:
    engine = Recording()
    carried = replace(seen[20], faces=(replace(seen[20].faces[0], measured=False),))
    Lips(engine).render(carried, placed, 1, carried.frame.pts_ns)
    assert engine.observed == 0
    assert engine.amounts == [1.0]


def test_prepared_speech_is_drawn_as_any_other(
    seen: list[TrackedFrame], placed: PlacedSpeech
) -> None:
    at_ns = seen[20].frame.pts_ns
    shapes = []
    for prepares in (True, False):
        engine = Recording()
        lips = Lips(engine)
        if prepares:
            lips.prepare(placed)
        lips.render(seen[20], placed, 1, at_ns)
        shapes.append(engine.cues[-1].shape)
    assert shapes[0] == shapes[1]


def test_new_epoch_forgets_everybody(seen: list[TrackedFrame], placed: PlacedSpeech) -> None:
    engine = Recording()
    lips = Lips(engine)
    lips.render(seen[0], placed, 1, 0)
    lips.render(replace(seen[1], frame=replace(seen[1].frame, epoch="later")), placed, 1, 0)
    assert engine.opened == 2


def test_engines_driven_by_sound_get_a_fifth_of_a_second_around_the_frame(
    seen: list[TrackedFrame], placed: PlacedSpeech
) -> None:
    ramp = np.arange(len(placed.speech.samples), dtype=np.float32)
    sounding = replace(placed, speech=replace(placed.speech, samples=ramp))
    engine = Recording(driven_by_sound=True)
    at_ns = seen[20].frame.pts_ns
    Lips(engine).render(seen[20], sounding, 1, at_ns)
    sound = engine.cues[-1].sound
    assert sound is not None
    assert sound.shape == (3200,)
    assert sound[1600] == pytest.approx((at_ns - START_NS) * 16_000 / 1e9, abs=2)


def test_engines_not_driven_by_sound_get_none(
    seen: list[TrackedFrame], placed: PlacedSpeech
) -> None:
    engine = Recording()
    Lips(engine).render(seen[20], placed, 1, seen[20].frame.pts_ns)
    assert engine.cues[-1].sound is None


class Recording:
    """An engine that draws nothing and remembers what was asked."""

    def __init__(self, *, driven_by_sound: bool = False) -> None:
        self.driven_by_sound = driven_by_sound
        self.opened = self.observed = 0
        self.cues: list[LipCue] = []

    @property
    def amounts(self) -> list[float]:
        return [round(cue.amount, 6) for cue in self.cues]

    def open(self) -> LipSession:
        self.opened += 1
        return self

    def observe(self, _picture: Picture, _face: FaceMesh, /) -> None:
        self.observed += 1

    def render(self, _picture: Picture, _face: FaceMesh, cue: LipCue, /) -> LipPatch | None:
        self.cues.append(cue)
        return None


class Broken(Recording):
    def render(self, _picture: Picture, _face: FaceMesh, _cue: LipCue, /) -> LipPatch | None:
        raise RuntimeError("out of lipstick")
