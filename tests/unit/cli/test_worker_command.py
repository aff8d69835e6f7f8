from typing import Any

import pytest
from click.testing import CliRunner

from edge_worker.cli import main
from edge_worker.config import WorkerSettings


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[WorkerSettings]:
    """Settings of every worker that would have been started."""
    made: list[WorkerSettings] = []

    async def come(settings: WorkerSettings) -> None:
        made.append(settings)

    monkeypatch.setattr("edge_worker.cli.worker._serve", come)
    return made


@pytest.mark.parametrize(
    ("flags", "served_on"),
    [
        ([], ""),
        (["--http"], "127.0.0.1"),
        (["--http-bind", "192.168.1.9"], "192.168.1.9"),
        (["--set", "http.enabled=true", "--set", "http.port=0"], "127.0.0.1"),
    ],
)
def test_worker_when_http_is_asked_for_then_it_is_served_on_loopback_unless_told_otherwise(
    started: list[WorkerSettings], flags: list[str], served_on: str
) -> None:
    result = CliRunner().invoke(main, ["worker", *flags])
    assert result.exit_code == 0, result.output
    http = started[0].http
    assert (http.bind if http.enabled else "") == served_on


@pytest.mark.parametrize(
    ("assignment", "names"),
    [
        ("http.token=short", "http.token"),
        ("http.port=70000", "http.port"),
        ("http.clients=0", "http.clients"),
        ("http.url=ftp://x", "http.url"),
        ("http.nothing=1", "http.nothing"),
    ],
)
def test_worker_when_an_http_setting_does_not_fit_then_it_is_named(
    started: list[WorkerSettings], assignment: str, names: str
) -> None:
    result = CliRunner().invoke(main, ["worker", "--set", assignment])
    assert result.exit_code == 1
    assert names in result.output
    assert started == []


def test_worker_when_the_address_is_taken_then_the_command_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(_settings: Any) -> None:
        raise OSError("cannot serve HTTP on 127.0.0.1 port 8090: in use")

    monkeypatch.setattr("edge_worker.cli.worker._serve", fail)
    result = CliRunner().invoke(main, ["worker", "--http"])
    assert (result.exit_code, result.output) == (
        1,
        "Error: cannot serve HTTP on 127.0.0.1 port 8090: in use\n",
    )
