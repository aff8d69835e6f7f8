"""``polylip record`` never loses what came."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from edge_worker.cli import main
from tests.unit.egress.conftest import sent


def arrives(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the broker be one from which ``data`` comes."""

    async def came(_broker: object, _topics: object, recording: Path, *_: object) -> int:
        write(recording)
        return 1

    def write(recording: Path) -> None:
        recording.write_bytes(data)

    monkeypatch.setattr("edge_worker.cli.record._record", came)


def test_record_when_no_film_can_be_made_keeps_what_came_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrives(b"no transport stream" * 100, monkeypatch)
    film = tmp_path / "visit.mp4"
    film.write_bytes(b"an older film")
    done = CliRunner().invoke(main, ["record", str(film)])
    assert done.exit_code == 1
    assert "was not written" in done.output
    assert "visit.ts" in done.output
    assert (tmp_path / "visit.ts").read_bytes() == b"no transport stream" * 100
    assert film.read_bytes() == b"an older film"
    assert {path.name for path in tmp_path.iterdir()} == {"visit.mp4", "visit.ts"}


def test_record_when_the_size_changes_tells_of_both_films(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrives(sent(10) + sent(12, size=(128, 96)), monkeypatch)
    done = CliRunner().invoke(main, ["record", str(tmp_path / "visit.mp4")])
    assert done.exit_code == 0, done.output
    assert "a film of each" in done.output
    names = {"visit.mp4", "visit.vtt", "visit-2.mp4", "visit-2.vtt"}
    assert {path.name for path in tmp_path.iterdir()} == names
