"""The service unit, the container file and the compose file name only what there is."""

import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest
import yaml

from edge_worker.cli import COMMANDS, main
from edge_worker.config import load_settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
UNIT = (DEPLOY / "polylip-worker.service").read_text()
CONTAINER = (DEPLOY / "Containerfile").read_text()

GIVEN = {"POLYLIP_HTTP__URL": "http://192.168.1.9:8090", "POLYLIP_HTTP__TOKEN": "x" * 22}
"""What the .env file is asked for."""


def options_of(words: list[str]) -> tuple[click.Command, set[str]]:
    """The command that a command line names, and the long options that it gives."""
    name = next(word for word in words if word in COMMANDS)
    command = main.get_command(click.Context(main), name)
    assert command is not None
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    return command, given


def known_options(*commands: click.Command) -> set[str]:
    return {
        option
        for command in commands
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }


@pytest.mark.parametrize("service", ["worker", "camera"])
def test_compose_when_a_service_is_started_gives_it_options_that_exist(service: str) -> None:
    command, given = options_of(COMPOSE["services"][service]["command"])
    assert given <= known_options(main, command)


def test_unit_when_started_gives_the_worker_options_that_exist() -> None:
    line = re.search(r"^ExecStart=(.*)$", UNIT, re.MULTILINE)
    assert line is not None
    command, given = options_of(line[1].split()[1:])
    assert given <= known_options(main, command)


def test_compose_when_it_sets_variables_then_the_worker_knows_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in COMPOSE["services"]["worker"]["environment"].items():
        monkeypatch.setenv(name, GIVEN.get(name, "x") if "$" in value else value)
    settings = load_settings(None, {})
    assert settings.worker == "box"
    assert settings.http.url == GIVEN["POLYLIP_HTTP__URL"]
    assert (settings.mqtt.host, settings.mqtt.port, settings.mqtt.tls) == ("mosquitto", 8883, True)


def test_compose_when_it_is_kept_in_the_repository_holds_no_password() -> None:
    for service in COMPOSE["services"].values():
        for name, value in service.get("environment", {}).items():
            assert not name.endswith(("PASSWORD", "TOKEN")) or value.startswith("${")


def test_go2rtc_when_it_opens_the_translated_stream_asks_the_worker_of_the_compose_file() -> None:
    streams = yaml.safe_load((DEPLOY / "go2rtc.yaml").read_text())["streams"]
    [address] = streams["door_translated"]
    assert address == "http://worker:8090/live/door.ts?token=${POLYLIP_HTTP_TOKEN}"
    assert "8090:8090" in COMPOSE["services"]["worker"]["ports"]


def test_container_when_built_finds_what_it_copies() -> None:
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", CONTAINER, re.MULTILINE)
    assert copied
    for names in copied:
        for name in names.split():
            assert (ROOT / name).exists(), name


def test_container_when_built_installs_pinned_packages_and_runs_as_nobody_special() -> None:
    assert "--require-hashes -r" in CONTAINER
    assert re.search(r"^USER polylip$", CONTAINER, re.MULTILINE)
    assert 'licenses="GPL-3.0-or-later"' in CONTAINER


def test_unit_when_systemd_reads_it_has_no_fault_but_the_missing_program(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is not installed here")
    unit = tmp_path / "polylip-worker.service"
    unit.write_text(UNIT.replace("/opt/polylip/bin/polylip", shutil.which("true") or "/bin/true"))
    done = subprocess.run(
        [analyze, "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stderr.splitlines() if unit.name in line]
