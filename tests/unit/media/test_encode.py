import itertools
from fractions import Fraction

import numpy as np
import pytest

from edge_worker.items import AudioBlock, Samples, VideoFrame
from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.decode import AudioDecoder, VideoDecoder
from edge_worker.media.encode import AudioEncoder, VideoEncoder
from edge_worker.media.mpegts import Demuxer
from edge_worker.media.nal import nal_units
from edge_worker.media.timestamps import ns_to_ticks
from tests.unit.media.clips import SECOND_NS, START_NS, own_units, picture, segments_of


def encode_sound(samples: Samples, size: int, start_ns: int = START_NS) -> list[AccessUnit]:
    encoder = AudioEncoder()
    units = []
    for at in range(0, len(samples), size):
        pts_ns = start_ns + at * SECOND_NS // 48_000
        units += encoder.encode(AudioBlock("e", pts_ns, 48_000, samples[at : at + size]))
    return units + encoder.flush()


def decode_sound(units: list[AccessUnit]) -> tuple[int, Samples]:
    """Media time of the first sample, and all samples."""
    decoder = AudioDecoder("aac", "e")
    blocks = [block for unit in units for block in decoder.decode(unit)]
    return blocks[0].pts_ns, np.concatenate([block.samples for block in blocks])


def test_pictures_when_encoded_then_each_gives_one_unit_with_its_exact_tick() -> None:
    encoder = VideoEncoder(320, 240)
    rng = np.random.default_rng(1)
    stamps = START_NS + np.cumsum(rng.integers(5_000_000, 120_000_000, 60))
    for number, pts_ns in enumerate(stamps):
        (unit,) = encoder.encode(picture(number), int(pts_ns))
        assert unit.pts == unit.dts == ns_to_ticks(int(pts_ns))
    assert encoder.flush() == []


@pytest.mark.parametrize("rate", [Fraction(15), Fraction(30000, 1001)])
def test_keyframes_when_time_passes_then_one_comes_each_second_with_its_parameters(
    rate: Fraction,
) -> None:
    pictures = [unit for unit in own_units(3.5, rate) if unit.kind == "video"]
    keys = [unit for unit in pictures if unit.key]
    assert len(keys) == 4
    for key in keys:
        kinds = [key.data[start] & 31 for _, start, _ in nal_units(key.data)]
        assert {7, 8, 5} <= set(kinds)
        sps = next(start for _, start, _ in nal_units(key.data) if key.data[start] & 31 == 7)
        assert key.data[sps + 1] == 66  # baseline
        assert key.data[sps + 2] & 0x40  # constrained
    gaps = [b.pts - a.pts for a, b in itertools.pairwise(keys)]
    assert all(abs(gap - 90_000) <= 90_000 / rate for gap in gaps)


def test_keyframe_when_demanded_then_it_comes_at_once() -> None:
    encoder = VideoEncoder(320, 240)
    keys = [
        encoder.encode(picture(n), START_NS + n * 40_000_000, force_keyframe=n == 7)[0].key
        for n in range(10)
    ]
    assert keys == [n in {0, 7} for n in range(10)]


def test_bit_rate_when_pictures_are_noisy_then_it_is_kept() -> None:
    encoder = VideoEncoder(320, 240, bit_rate=500_000)
    rng = np.random.default_rng(2)
    sizes = []
    for number in range(100):
        planes = picture(number)
        planes[:240] += rng.integers(0, 40, (240, 320), dtype=np.uint8)
        sizes += [len(u.data) for u in encoder.encode(planes, START_NS + number * 40_000_000)]
    assert 0.5 < sum(sizes) * 8 / 4 / 500_000 < 1.25


def test_picture_when_wrong_in_size_or_time_then_the_error_says_what_is_wrong() -> None:
    encoder = VideoEncoder(320, 240)
    with pytest.raises(ValueError, match=r"planes of 320x240.*got \(180, 160\)"):
        encoder.encode(picture(0, 160, 120), 0)
    encoder.encode(picture(0), SECOND_NS)
    with pytest.raises(ValueError, match="not later than the one before"):
        encoder.encode(picture(1), SECOND_NS)


@pytest.mark.parametrize("size", [480, 1024, 1920, 4096])
def test_impulse_when_encoded_and_decoded_then_it_lies_on_the_same_sample(size: int) -> None:
    samples = np.zeros(48_000, np.float32)
    at = 20_123
    samples[at] = 0.9
    first_ns, decoded = decode_sound(encode_sound(samples, size))
    offset = (first_ns - START_NS) * 48_000 / SECOND_NS
    assert abs(int(np.argmax(np.abs(decoded))) + offset - at) < 0.01


def test_sound_when_encoded_then_access_units_follow_each_other_exactly() -> None:
    units = encode_sound(np.zeros(96_000, np.float32), 1920)
    stamps = [unit.pts for unit in units]
    assert stamps == [ns_to_ticks(START_NS) + (n - 1) * 1920 for n in range(len(stamps))]


def test_sound_when_it_pauses_then_silence_fills_in_and_the_rest_keeps_its_place() -> None:
    encoder = AudioEncoder()
    impulse = np.zeros(4800, np.float32)
    impulse[100] = 0.9
    units = encoder.encode(AudioBlock("e", 0, 48_000, impulse))
    units += encoder.encode(AudioBlock("e", SECOND_NS, 48_000, impulse))
    first_ns, decoded = decode_sound(units + encoder.flush())
    assert first_ns == pytest.approx(-1024 * SECOND_NS / 48_000, abs=12_000)
    assert int(np.argmax(np.abs(decoded[20_000:]))) + 20_000 == 1024 + 48_000 + 100


def test_sound_when_it_pauses_for_long_then_timestamps_leap() -> None:
    encoder = AudioEncoder()
    block = np.zeros(4800, np.float32)
    units = encoder.encode(AudioBlock("e", 0, 48_000, block))
    units += encoder.encode(AudioBlock("e", 3600 * SECOND_NS, 48_000, block)) + encoder.flush()
    assert len(units) < 20
    assert units[-1].pts > 3600 * 90_000


def test_sound_when_it_overlaps_or_has_another_rate_then_the_error_says_so() -> None:
    encoder = AudioEncoder()
    block = np.zeros(4800, np.float32)
    encoder.encode(AudioBlock("e", 0, 48_000, block))
    with pytest.raises(ValueError, match="overlaps the sound before it by 2400 samples"):
        encoder.encode(AudioBlock("e", 50_000_000, 48_000, block))
    with pytest.raises(ValueError, match="got 16000 Hz"):
        encoder.encode(AudioBlock("e", 0, 16_000, block))


def test_flash_and_beep_when_sent_through_everything_then_they_stay_together() -> None:
    flashes = range(25, 75, 25)
    sound = np.zeros(96_000 + 48_000, np.float32)
    for number in flashes:
        sound[number * 1920] = 0.9
    video, audio, units = VideoEncoder(320, 240), AudioEncoder(), []
    for number in range(75):
        pts_ns = START_NS + number * 40_000_000
        luma = 230 if number in flashes else 40
        units += video.encode(picture(number, luma=luma), pts_ns)
        piece = sound[number * 1920 : (number + 1) * 1920]
        units += audio.encode(AudioBlock("e", pts_ns, 48_000, piece))
    demuxer, pictures, sounds = Demuxer(), VideoDecoder("h264", "e"), AudioDecoder("aac", "e")
    frames: list[VideoFrame] = []
    beeps: list[float] = []
    for segment in segments_of(units + audio.flush()):
        for unit in demuxer.feed(segment.data, whole=True):
            if unit.kind == "video":
                frames += pictures.decode(unit)
                continue
            for block in sounds.decode(unit):
                peak = int(np.argmax(np.abs(block.samples)))
                if abs(block.samples[peak]) > 0.5:
                    beeps.append(block.pts_ns + peak * SECOND_NS / 48_000)
    lit = [frame.pts_ns for frame in frames if frame.planes[:240].mean() > 200]
    assert len(frames) == 75
    assert lit == [START_NS + number * 40_000_000 for number in flashes]
    assert beeps == pytest.approx(lit, abs=12_000)  # half a sample
