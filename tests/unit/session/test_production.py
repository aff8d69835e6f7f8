"""What is rendered, what passes untouched, and that the marks say exactly which is which."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from edge_worker.egress import Output, OutputSegment
from edge_worker.items import PlacedSpeech, Planes, VideoFrame
from edge_worker.media.mpegts import Demuxer
from edge_worker.media.nal import read_sei
from edge_worker.media.timestamps import ticks_to_ns
from edge_worker.rvp.gates import Gate
from edge_worker.rvp.lips import Lips, RenderedFrame
from edge_worker.rvp.tracker import FaceTrack, TrackedFrame
from edge_worker.session.production import Batch, Produced, Production
from edge_worker.timeline.presentation import PictureJob, SoundJob
from engines.face import FaceMesh, Picture
from engines.lipsync import LipCue, LipPatch
from tests.unit.media.clips import picture
from tests.unit.timeline.speech import RATE, SECOND_NS, placed

FRAME_NS = 40_000_000
DELAY_NS = 500_000_000
SPEECH = placed(1.0, 1.0)
ME = 7


class Painter:
    """A lip engine that paints a square, or fails."""

    driven_by_sound = False

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails

    def open(self) -> "Painter":
        return self

    def observe(self, picture: Picture, face: FaceMesh) -> None:
        del picture, face

    def render(self, picture: Picture, face: FaceMesh, cue: LipCue) -> LipPatch | None:
        del face, cue
        if self.fails:
            raise RuntimeError("out of paint")
        return LipPatch(100, 100, np.full_like(picture[100:120, 100:120], 255))


@dataclass
class Shown:
    """What went into the encoder and what came out."""

    planes: dict[int, Planes] = field(default_factory=dict)
    """By output time."""
    segments: list[OutputSegment] = field(default_factory=list)
    produced: list[Produced] = field(default_factory=list)

    def marks(self) -> dict[int, bool]:
        """Output time of every marked picture, and whether it says that lips were drawn."""
        demuxer = Demuxer()
        units = [u for one in self.segments for u in demuxer.feed(one.media.data, whole=True)]
        texts = {ticks_to_ns(u.pts): read_sei(u) for u in units if u.kind == "video"}
        return {at: json.loads(text)["lips"] for at, text in texts.items() if text}


def tracked(number: int, *, epoch: str = "e", gate: Gate = Gate.OPEN) -> TrackedFrame:
    planes = picture(number)
    corners = (0, 0, 0), (240, 220, 0)
    mesh = FaceMesh(np.linspace(*corners, 468, dtype=np.float32), 1.0)
    face = FaceTrack(ME, number * FRAME_NS, mesh, (0.0, 0.0, 0.0), 60.0, 0.0, gate)
    return TrackedFrame(VideoFrame(epoch, number * FRAME_NS, planes), (face,))


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    seen = Shown()
    encode = Output.picture

    def watched(
        output: Output, planes: Planes, output_ns: int, *, lips: bool = False
    ) -> list[OutputSegment]:
        seen.planes[output_ns] = planes
        return encode(output, planes, output_ns, lips=lips)

    monkeypatch.setattr(Output, "picture", watched)
    return seen


EVERYTHING = Batch(
    epoch="e",
    run=0,
    pictures=[],
    sounds=[],
    speakers={SPEECH.speech.utterance.id: ME},
    lips=True,
    half_rate=False,
    label=True,
    original_volume=0.18,
    sound_only=False,
    frame_rate=25.0,
    video_bit_rate=500_000,
)


def play(
    production: Production,
    shown: Shown,
    base: Batch,
    frames: list[TrackedFrame],
    speech: PlacedSpeech = SPEECH,
) -> None:
    """Produce frame by frame, with the sound that belongs to each."""
    block = 0
    for one in frames:
        media_ns = one.frame.pts_ns
        near = abs(media_ns - (speech.start_ns + speech.end_ns) // 2) < SECOND_NS
        sounds = []
        while block * 1024 * SECOND_NS // RATE <= media_ns:
            at_ns = block * 1024 * SECOND_NS // RATE
            sounds.append(SoundJob(np.zeros(1024, np.float32), at_ns, at_ns + DELAY_NS, (speech,)))
            block += 1
        job = PictureJob(one, media_ns + DELAY_NS, speech if near else None)
        produced = production.produce(replace(base, pictures=[job], sounds=sounds))
        shown.produced.append(produced)
        shown.segments += produced.segments
    shown.segments += production.flush()


def test_picture_when_nobody_is_translated_then_it_is_the_very_object_that_was_decoded(
    shown: Shown,
) -> None:
    frames = [tracked(number) for number in range(130)]
    production = Production(Lips(Painter()), "box", "en")
    play(production, shown, replace(EVERYTHING, label=False), frames)
    sources = {one.frame.pts_ns + DELAY_NS: one.frame.planes for one in frames}
    assert set(shown.planes) == set(sources)
    altered = {at for at, planes in shown.planes.items() if planes is not sources[at]}
    assert altered
    first, last = min(altered), max(altered)
    assert altered == set(range(first, last + 1, FRAME_NS))
    assert SPEECH.start_ns - 220_000_000 < first - DELAY_NS <= SPEECH.start_ns
    assert SPEECH.end_ns <= last - DELAY_NS < SPEECH.end_ns + 160_000_000
    for number, one in enumerate(frames):
        np.testing.assert_array_equal(one.frame.planes, picture(number))


def test_marks_when_lips_are_drawn_then_they_name_exactly_those_pictures_and_two_seconds_more(
    shown: Shown,
) -> None:
    frames = [tracked(number) for number in range(130)]
    play(Production(Lips(Painter()), "box", "en"), shown, EVERYTHING, frames)
    sources = {one.frame.pts_ns + DELAY_NS: one.frame.planes for one in frames}
    marks = shown.marks()
    drawn = {at for at, lips in marks.items() if lips}
    painted = {at for at, planes in shown.planes.items() if (planes[100:120, 100:120] > 225).all()}
    assert drawn == painted
    last_sound_ns = SPEECH.end_ns + 30_000_000 + DELAY_NS
    held_until_ns = max(max(drawn) + FRAME_NS, last_sound_ns) + 2 * SECOND_NS
    assert min(marks) == min(drawn)
    assert abs(max(marks) + FRAME_NS - held_until_ns) <= FRAME_NS
    untouched = {at for at, planes in shown.planes.items() if planes is sources[at]}
    assert untouched == set(sources) - set(marks)
    for segment in shown.segments:
        end_ns = segment.media.pts_ns + segment.media.duration_ns
        inside = [at for at in marks if segment.media.pts_ns <= at < end_ns]
        assert segment.altered or not inside


@pytest.mark.parametrize("why", ["lips off", "off camera", "covered", "engine fails"])
def test_picture_when_lips_may_not_be_drawn_then_only_the_sound_is_marked(
    why: str, shown: Shown
) -> None:
    base = replace(
        EVERYTHING,
        label=False,
        lips=why != "lips off",
        speakers={} if why == "off camera" else EVERYTHING.speakers,
    )
    gate = Gate.OCCLUDED if why == "covered" else Gate.OPEN
    frames = [tracked(number, gate=gate) for number in range(100)]
    lips = Lips(Painter(fails=why == "engine fails"))
    play(Production(lips, "box", "en"), shown, base, frames)
    sources = {one.frame.pts_ns + DELAY_NS: one.frame.planes for one in frames}
    assert all(planes is sources[at] for at, planes in shown.planes.items())
    assert shown.marks()
    assert not any(shown.marks().values())
    faults = [one.fault for one in shown.produced if one.fault]
    assert bool(faults) == (why == "engine fails")
    assert all("out of paint" in fault for fault in faults)
    gates = {gate for one in shown.produced for gate in one.gates}
    assert gates == ({Gate.OCCLUDED} if why == "covered" else gates - {Gate.OCCLUDED})


def test_picture_when_the_speaker_is_not_known_then_it_does_not_pass_as_off_camera(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[PlacedSpeech | None, int | None]] = []

    def render(
        _lips: Lips,
        one: TrackedFrame,
        placed: PlacedSpeech | None,
        speaker: int | None,
        _at_ns: int,
    ) -> RenderedFrame:
        asked.append((placed, speaker))
        return RenderedFrame(one.frame, altered=False, gate=Gate.OPEN)

    monkeypatch.setattr(Lips, "render", render)
    frames = [tracked(25)]
    for speakers in ({}, {SPEECH.speech.utterance.id: None}):
        production = Production(Lips(Painter()), "w", "en")
        play(production, shown, replace(EVERYTHING, speakers=speakers), frames)
    assert asked == [(None, None), (SPEECH, None)]


def test_sound_when_the_original_is_muted_then_only_speech_is_left(shown: Shown) -> None:
    production = Production(Lips(Painter()), "box", "en")
    loud = np.full(1024, 0.25, np.float32)
    mixed: list[float] = []
    sound = Output.sound

    def watched(output: Output, samples: Planes, output_ns: int) -> list[OutputSegment]:
        mixed.append(float(samples[512]))
        return sound(output, samples, output_ns)  # type: ignore[arg-type] # samples, by whatever name

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Output, "sound", watched)
        for at_ns in (0, SPEECH.start_ns + SECOND_NS // 2):
            job = SoundJob(loud, at_ns, at_ns + DELAY_NS, (SPEECH,))
            job_picture = PictureJob(tracked(at_ns // FRAME_NS), at_ns + DELAY_NS, None)
            batch = replace(EVERYTHING, original_volume=0.0, sounds=[job], pictures=[job_picture])
            production.produce(batch)
    assert mixed == pytest.approx([0.25, 0.5])
    assert shown.planes


def test_epoch_when_the_clock_starts_again_then_the_output_does_and_nothing_raises(
    shown: Shown,
) -> None:
    production = Production(Lips(Painter()), "box", "en")
    play(production, shown, EVERYTHING, [tracked(number) for number in range(40)])
    play(
        production,
        shown,
        replace(EVERYTHING, epoch="f"),
        [tracked(number, epoch="f") for number in range(10)],
        placed(100, 1),
    )
    numbers = [one.media.seq for one in shown.segments]
    assert numbers == sorted(set(numbers))
    assert shown.segments[-1].media.pts_ns < shown.segments[0].media.pts_ns + SECOND_NS
    assert not shown.segments[-1].altered


def test_production_when_used_from_its_thread_then_a_change_of_size_goes_on(shown: Shown) -> None:
    production = Production(Lips(Painter()), "box", "en")
    with ThreadPoolExecutor(1) as thread:
        for number, width in enumerate((320, 640, 320)):
            planes = picture(number, width, width * 3 // 4)
            frame = TrackedFrame(VideoFrame("e", number * FRAME_NS, planes), ())
            job = PictureJob(frame, number * FRAME_NS + DELAY_NS, None)
            batch = replace(EVERYTHING, pictures=[job])
            shown.segments += thread.submit(production.produce, batch).result().segments
    shown.segments += production.flush()
    demuxer = Demuxer()
    units = [u for one in shown.segments for u in demuxer.feed(one.media.data, whole=True)]
    assert [unit.key for unit in units if unit.kind == "video"] == [True, True, True]
