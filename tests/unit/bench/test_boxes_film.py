from pathlib import Path

import av
import pytest

from edge_worker.bench.boxes_film import write_film
from edge_worker.demo import SAMPLE


@pytest.mark.parametrize(("width", "height"), [(640, 480), (1280, 720), (320, 480)])
def test_film_when_written_in_another_size_then_it_is_cut_and_keeps_its_sound(
    tmp_path: Path, width: int, height: int
) -> None:
    film = tmp_path / "film.mp4"
    write_film(SAMPLE / "visitor.mp4", film, width, height, 1.0)
    with av.open(str(film)) as made:
        seen, heard = made.streams.video[0], made.streams.audio[0]
        assert (seen.width, seen.height, seen.codec_context.has_b_frames) == (width, height, 0)
        assert seen.frames == 25
        assert heard.sample_rate == 48_000
        assert made.duration == pytest.approx(1_000_000, abs=50_000)
