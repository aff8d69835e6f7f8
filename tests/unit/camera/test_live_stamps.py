"""Timestamps of cameras that count in every wrong way, without waiting for it."""

import subprocess
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from edge_worker.camera.live_stamps import LiveStamps
from edge_worker.camera.packets import Packet, ticks_of
from edge_worker.camera.picture import PassedPicture
from edge_worker.media.access_unit import Kind
from edge_worker.media.decode import VideoDecoder

PICTURE_S, SOUND_S = 0.04, 0.02
Stamp = Callable[[float], float | None]


def right(at_s: float) -> float | None:
    return at_s


def packet(kind: Kind, stamp_s: float | None) -> Packet:
    clock = 90_000 if kind == "video" else 8_000
    one = av.Packet(b"x")
    one.time_base = Fraction(1, clock)
    one.duration = round((PICTURE_S if kind == "video" else SOUND_S) * clock)
    if stamp_s is not None:
        one.pts = one.dts = round(stamp_s * clock)
    return one


def live(
    seconds: float,
    *,
    picture: Stamp = right,
    sound: Stamp = right,
    sound_from_s: float = 0.0,
    jitter_s: float = 0.02,
    stall: tuple[float, float] = (0.0, 0.0),
) -> dict[Kind, list[tuple[float, float]]]:
    """(true capture time, corrected timestamp), seconds, of each packet of a camera.

    Args:
        seconds: how long it is watched.
        picture: what its timestamps say of pictures.
        sound: what they say of sound.
        sound_from_s: the microphone says nothing before.
        jitter_s: of the network.
        stall: from when for how long nothing arrives; then all of it at once.
    """
    chance = np.random.default_rng(1)
    events: list[tuple[float, Kind]] = [
        (n * PICTURE_S, "video") for n in range(round(seconds / PICTURE_S))
    ]
    events += [
        (sound_from_s + n * SOUND_S, "audio")
        for n in range(round((seconds - sound_from_s) / SOUND_S))
    ]
    stamps = LiveStamps("cam")
    out: dict[Kind, list[tuple[float, float]]] = {"video": [], "audio": []}
    arrival_s = 0.0
    for at_s, kind in sorted(events):
        begin_s, length_s = stall
        held_s = begin_s + length_s if begin_s <= at_s < begin_s + length_s else 0.0
        arrival_s = max(arrival_s, held_s, at_s + 0.05 + chance.uniform(0, jitter_s))
        one = packet(kind, (picture if kind == "video" else sound)(at_s))
        for ready in stamps.correct(kind, one, round((arrival_s + 5000) * 1e9)):
            assert ready.pts is not None
            out[kind].append((at_s, ticks_of(ready.pts, ready.time_base) / 90_000))
    return out


def errors(track: list[tuple[float, float]], reference: list[tuple[float, float]]) -> list[float]:
    """How far each packet lies from where it would if the reference's first were right."""
    shift = reference[0][1] - reference[0][0]
    return [stamp - at_s - shift for at_s, stamp in track]


@pytest.mark.parametrize("stall", [(0.0, 0.0), (20.0, 4.0)])
def test_stamps_when_they_are_right_then_not_one_is_touched(stall: tuple[float, float]) -> None:
    out = live(60, jitter_s=0.1, stall=stall)
    for track in out.values():
        assert max(map(abs, errors(track, out["video"]))) < 1e-4


def test_first_pictures_when_the_very_first_has_no_timestamp_then_it_lies_before_the_others() -> (
    None
):
    stamps = LiveStamps("cam")
    stated = [(None, None), (0.20, None), (0.10, None), (0.05, 0.05), (0.15, 0.1)]
    ready: list[Packet] = []
    for number, (pts, dts) in enumerate(stated):
        one = packet("video", pts)
        one.duration = 4500
        one.dts = None if dts is None else round(dts * 90_000)
        ready += stamps.correct("video", one, number * 50_000_000)
    assert [one.pts for one in ready] == [0, 18_000, 9_000, 4_500, 13_500]


@pytest.mark.parametrize("late_s", [0.4, 2.0, 30.0])
def test_sound_when_it_starts_late_and_counts_from_its_own_start_then_it_is_put_right(
    late_s: float,
) -> None:
    out = live(60, sound=lambda at_s: at_s - late_s, sound_from_s=late_s)
    assert max(map(abs, errors(out["audio"], out["video"]))) < 0.05


@pytest.mark.parametrize("ppm", [1200, -1200])
def test_sound_when_its_clock_drifts_then_it_stays_with_the_pictures(ppm: float) -> None:
    out = live(200, sound=lambda at_s: at_s * (1 + ppm / 1e6))
    apart = errors(out["audio"], out["video"])
    assert max(map(abs, apart)) < 0.09  # left alone it would be 0.24


@pytest.mark.parametrize(
    "jump", [-0.9, -40.0, 40.0, 1_790_000_000.0, -95_443.7], ids=lambda jump: f"{jump:+g}-s"
)
def test_stamps_when_the_camera_s_clock_is_set_anew_then_the_stream_goes_on(jump: float) -> None:
    def stated(at_s: float) -> float:
        return at_s + 2e9 + jump * (at_s >= 20)

    out = live(60, picture=stated, sound=stated)
    video = [stamp for _, stamp in out["video"]]
    assert np.diff(video).max() < 0.25
    apart = np.array(errors(out["audio"], out["video"]))[-200:]
    assert np.abs(apart - errors(out["video"], out["video"])[-1]).max() < 0.05


def test_stamps_when_they_begin_anew_every_five_seconds_then_time_goes_on_at_its_speed() -> None:
    out = live(120, picture=lambda at_s: at_s % 5, sound=lambda at_s: at_s % 5)
    for track in out.values():
        assert max(map(abs, errors(track, out["video"]))) < 0.3
    both = zip(out["video"][::25], out["audio"][::50], strict=False)
    assert max(abs(v - a) for (_, v), (_, a) in both) < 0.1


@pytest.mark.parametrize(
    ("stated", "says"),
    [
        (lambda _: 7.0, "timestamps stand still"),
        (lambda _: None, "packets carry no timestamps"),
        (lambda at_s: at_s * 0.8, "clock runs at 0.80 of its speed"),
        (lambda at_s: at_s * 2, "clock runs at 2.00 of its speed"),
    ],
    ids=["constant", "none", "slow", "double"],
)
def test_pictures_when_their_clock_does_not_keep_time_then_their_arrival_dates_them(
    stated: Stamp, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    out = live(60, picture=stated)
    tail = [(at_s, stamp) for at_s, stamp in out["video"] if at_s > 15]
    assert max(map(abs, errors(tail, out["audio"]))) < 0.15
    assert np.diff([stamp for _, stamp in tail]).min() > 0
    assert caplog.text.count("dated by its arrival") == 1
    assert says in caplog.text


def test_sound_when_it_carries_no_timestamps_then_it_goes_on_by_its_length() -> None:
    out = live(60, sound=lambda _: None, jitter_s=0.1)
    steps = np.diff([stamp for _, stamp in out["audio"]])
    assert np.median(steps) == pytest.approx(SOUND_S, abs=1e-4)
    assert np.count_nonzero(np.abs(steps - SOUND_S) > 0.001) < 3
    assert max(map(abs, errors(out["audio"], out["video"]))) < 0.35


def test_pictures_when_their_rate_varies_then_every_timestamp_is_kept() -> None:
    stamps = LiveStamps("cam")
    times = list(_uneven())
    given = []
    for at_s in times:
        (one,) = stamps.correct("video", packet("video", at_s), round((at_s + 0.05) * 1e9))
        given.append((one.pts or 0) / 90_000)
    assert given == pytest.approx(times, abs=1e-4)


def _uneven() -> Iterator[float]:
    """Pictures of 2 to 30 a second, with a pause of 3 s."""
    chance = np.random.default_rng(2)
    at_s = 0.0
    for number in range(600):
        at_s += 3 if number == 300 else chance.uniform(1 / 30, 1 / 2)
        yield at_s


def test_b_frames_when_their_clock_does_not_keep_time_then_few_pictures_are_left_out(
    tmp_path: Path,
) -> None:
    path = tmp_path / "b.ts"
    film = "-f lavfi -i testsrc=s=320x240:r=25:d=24 -c:v libx264 -preset veryfast -threads 1 -bf 2"
    subprocess.run(
        ["ffmpeg", "-loglevel", "error", *film.split(), "-g", "50", str(path)],
        check=True, timeout=60,
    )  # fmt: skip
    container = av.open(str(path))
    stream = container.streams.video[0]
    stamps, picture = LiveStamps("cam"), PassedPicture(stream, "h264")
    decoder = VideoDecoder("h264", "e")
    shown = 0
    for number, one in enumerate(packet for packet in container.demux(stream) if packet.size):
        one.pts, one.dts = (round((stamp or 0) * 1.5) for stamp in (one.pts, one.dts))
        arrived_ns = 1_000_000_000 + number * 40_000_000
        for corrected in stamps.correct("video", one, arrived_ns):
            shown += sum(len(decoder.decode(unit)) for unit in picture.feed(corrected))
    container.close()
    assert decoder.counters.access_units == 600
    assert shown > 600 * 0.78
