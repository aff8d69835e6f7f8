"""Broker settings are checked where they are made."""

from pathlib import Path

import pytest

from edge_worker.transport import BrokerSettings, Tls
from mqtt_schemas import IdRefused


def test_settings_when_printed_then_the_password_is_not_there() -> None:
    assert "secret" not in repr(BrokerSettings(username="u", password="secret"))  # noqa: S106 - made up


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_port_when_impossible_then_it_is_refused(port: int) -> None:
    with pytest.raises(ValueError, match="1-65535"):
        BrokerSettings(port=port)


@pytest.mark.parametrize("prefix", ["", "/a", "a/+", "#", "$SYS"])
def test_prefix_when_it_cannot_stand_in_a_topic_then_it_is_refused(prefix: str) -> None:
    with pytest.raises(IdRefused):
        BrokerSettings(prefix=prefix)


def test_certificate_when_the_file_is_missing_then_its_name_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ca: there is no file .*nowhere\.pem"):
        Tls(ca=tmp_path / "nowhere.pem")


def test_certificate_when_the_file_is_nonsense_then_its_name_is_told(tmp_path: Path) -> None:
    file = tmp_path / "nonsense.pem"
    file.write_text("nonsense")
    with pytest.raises(ValueError, match=r"nonsense\.pem: not a usable PEM file"):
        Tls(ca=file).context()


def test_certificate_when_its_key_is_missing_then_that_is_told(tmp_path: Path) -> None:
    file = tmp_path / "certificate.pem"
    file.touch()
    with pytest.raises(ValueError, match="both cert and key"):
        Tls(cert=file)
