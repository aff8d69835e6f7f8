"""What the doctor finds, and what it advises."""

import json
import re
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge_worker.cli import main
from edge_worker.config import HttpSection, load_settings
from edge_worker.doctor import (
    Finding,
    Health,
    examine_machine,
    examine_media,
    examine_models,
    examine_ports,
)


def about(findings: list[Finding], word: str) -> Finding:
    return next(one for one in findings if one.about == word)


def test_codecs_when_used_once_all_work_here() -> None:
    findings = [one for one in examine_media() if one.about.startswith("codec")]
    assert len(findings) == 4
    assert {one.health for one in findings} == {Health.WELL}


def test_program_when_it_is_not_installed_is_named_with_what_needs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = about(list(examine_media()), "espeak-ng")
    assert found.health is Health.WARNING
    assert "install espeak-ng" in found.advice


def test_machine_when_examined_tells_of_all_its_parts(tmp_path: Path) -> None:
    findings = list(examine_machine(tmp_path / "not" / "there" / "yet"))
    assert [one.about for one in findings] == ["processor", "memory", "disk", "clock", "GPU"]
    assert all(one.advice for one in findings if one.health is not Health.WELL)


def test_models_when_the_recognizer_is_not_here_are_ill_and_say_what_fetches_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("POLYLIP_ENGINES__ASR", "whisper-small")
    monkeypatch.setenv("POLYLIP_DOWNLOADS__FOLDER", str(tmp_path))
    monkeypatch.setenv("POLYLIP_DEFAULTS__SOURCE_LANGUAGE", "de")
    findings = list(examine_models(load_settings(None, {})))
    assert about(findings, "recognition").health is Health.ILL
    assert about(findings, "recognition").advice == "polylip models pull whisper-small"
    lacking = about(findings, "languages de to en")
    assert lacking.health is Health.WARNING
    assert re.fullmatch(r"polylip models pull \S.*", lacking.advice)


def test_port_when_another_listens_there_is_ill() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        http = HttpSection(enabled=True, port=other.getsockname()[1])
        assert [one.health for one in examine_ports(http)] == [Health.ILL]


def test_port_when_bound_to_loopback_says_who_cannot_reach_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    [found] = examine_ports(HttpSection(enabled=True, port=port))
    assert found.health is Health.WARNING
    assert "--http-bind" in found.advice


def test_report_when_the_broker_is_away_ends_with_1_and_holds_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_worker.doctor.broker._WITHIN_S", 0.3)
    monkeypatch.setenv("POLYLIP_MQTT__USERNAME", "attic")
    monkeypatch.setenv("POLYLIP_MQTT__PASSWORD", "hunter2")
    done = CliRunner().invoke(main, ["doctor", "--port", "1", "--json"])
    assert done.exit_code == 1
    found = {one["about"]: one for one in json.loads(done.stdout)}
    assert found["broker"]["health"] == "ill"
    assert "hunter2" not in done.output
