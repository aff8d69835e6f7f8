"""``polylip bench quiet``: its sounds, its counts; a door at which nobody speaks keeps quiet."""

from pathlib import Path

import numpy as np
import pytest

from edge_worker.bench import BenchOptions
from edge_worker.bench.doorway import SPEECH_DBFS, spoken_rms, through_telephone
from edge_worker.bench.quiet import MOST_AN_HOUR, run
from edge_worker.bench.quiet_sounds import SOUNDS, door_sound
from edge_worker.media.encode import SAMPLE_RATE


@pytest.mark.parametrize("name", sorted(set(SOUNDS) - {"babble"}))
def test_sound_when_made_then_it_has_its_length_and_level_and_another_seed_another_take(
    name: str,
) -> None:
    one, other = (door_sound(name, 4.0, seed, -30.0) for seed in (1, 2))
    assert len(one) == 4 * SAMPLE_RATE
    assert 20 * np.log10(spoken_rms(one)) == pytest.approx(-30.0, abs=0.1)
    assert np.array_equal(one, door_sound(name, 4.0, 1, -30.0))
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.9


def test_telephone_when_speech_goes_through_then_nothing_above_4_khz_is_left() -> None:
    noise = 10 ** (SPEECH_DBFS / 20) * np.random.default_rng(1).normal(size=SAMPLE_RATE)
    narrow = through_telephone(noise.astype(np.float32))
    power = np.square(np.abs(np.fft.rfft(narrow)))
    assert len(narrow) == pytest.approx(SAMPLE_RATE, abs=64)
    assert np.sum(power[4200:]) < 0.01 * np.sum(power)


@pytest.mark.models
def test_bench_when_run_quickly_then_no_sound_is_dubbed_and_speech_is_heard(
    tmp_path: Path,
) -> None:
    report = run(BenchOptions(tmp_path, quick=True))
    rows = {str(row.cells["sound"]): row.cells for row in report.rows}
    assert set(rows) == {*SOUNDS, "all", "no noise"}
    dubbed = rows["all"]["false"]
    assert isinstance(dubbed, float)
    assert dubbed <= MOST_AN_HOUR
    errors = rows["no noise"]["WER"]
    assert isinstance(errors, float)
    assert errors < 0.3
    assert rows["no noise"]["missed"] == 0
