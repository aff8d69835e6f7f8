import itertools

import numpy as np
import pytest

from edge_worker.items import AudioBlock, Samples
from edge_worker.media.resample import Resampler
from tests.unit.media.clips import SECOND_NS, START_NS


def blocks_of(samples: Samples, rate: int, size: int, start_ns: int = START_NS) -> list[AudioBlock]:
    return [
        AudioBlock("e", start_ns + at * SECOND_NS // rate, rate, samples[at : at + size])
        for at in range(0, len(samples), size)
    ]


def resample(resampler: Resampler, blocks: list[AudioBlock]) -> list[AudioBlock]:
    out = [piece for block in blocks for piece in resampler.process(block)]
    return out + resampler.flush()


@pytest.mark.parametrize(
    ("source", "target"),
    [*itertools.product((8000, 11025, 22050, 44100, 48000), (16_000, 48_000)), (48_000, 22_050)],
)
def test_pulse_when_resampled_then_it_keeps_its_media_time(source: int, target: int) -> None:
    seconds = np.arange(source) / source
    at = 0.4321
    # Band-limited for the lower of both rates, so that its peak can be interpolated.
    width = 3 / min(source, target)
    pulse = np.exp(-(((seconds - at) / width) ** 2)).astype(np.float32)
    pieces = resample(Resampler(target), blocks_of(pulse, source, 333))
    sound = np.concatenate([piece.samples for piece in pieces])
    centre = float(np.sum(np.arange(len(sound)) * sound) / np.sum(sound)) / target
    assert pieces[0].pts_ns == START_NS
    assert centre == pytest.approx(at, abs=0.25 / target)
    assert len(sound) == pytest.approx(target, abs=2)


@pytest.mark.parametrize("size", [160, 1024, 7777])
def test_blocks_when_resampled_then_they_touch(size: int) -> None:
    pieces = resample(Resampler(16_000), blocks_of(np.zeros(88_200, np.float32), 44_100, size))
    assert all(abs(a.end_ns - b.pts_ns) <= 1 for a, b in itertools.pairwise(pieces))
    assert {piece.sample_rate for piece in pieces} == {16_000}
    assert {piece.epoch for piece in pieces} == {"e"}


def test_blocks_when_the_rate_is_right_already_then_they_pass() -> None:
    samples = np.random.default_rng(0).normal(size=4800).astype(np.float32)
    pieces = resample(Resampler(48_000), blocks_of(samples, 48_000, 480))
    assert np.array_equal(np.concatenate([piece.samples for piece in pieces]), samples)


def test_process_when_sound_comes_then_less_than_5_ms_stays_behind() -> None:
    resampler = Resampler(16_000)
    (block,) = blocks_of(np.zeros(44_100, np.float32), 44_100, 44_100)
    given = sum(len(piece.samples) for piece in resampler.process(block))
    assert given >= 16_000 - 80


def test_process_when_there_is_a_gap_then_each_side_keeps_its_place() -> None:
    resampler = Resampler(16_000)
    sound = np.ones(22_050, np.float32)
    blocks = blocks_of(sound, 44_100, 22_050) + blocks_of(sound, 44_100, 22_050, 2 * START_NS)
    pieces = resample(resampler, blocks)
    late = [piece for piece in pieces if piece.pts_ns >= 2 * START_NS]
    assert late[0].pts_ns == 2 * START_NS
    for side in (late, [piece for piece in pieces if piece.pts_ns < 2 * START_NS]):
        assert sum(len(piece.samples) for piece in side) == pytest.approx(8000, abs=2)


def test_process_when_rate_or_epoch_change_then_a_new_run_begins() -> None:
    resampler = Resampler(16_000)
    first = AudioBlock("e", 0, 8000, np.ones(800, np.float32))
    second = AudioBlock("e", 100_000_000, 48_000, np.ones(4800, np.float32))
    third = AudioBlock("f", 200_000_000, 48_000, np.ones(4800, np.float32))
    pieces = resample(resampler, [first, second, third])
    starts = {(piece.epoch, piece.pts_ns) for piece in pieces}
    assert {("e", 0), ("e", 100_000_000), ("f", 200_000_000)} <= starts
    assert sum(len(piece.samples) for piece in pieces) == pytest.approx(4800, abs=6)
