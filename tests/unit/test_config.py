"""Where the worker's settings come from, and what it says about wrong ones."""

import os
from pathlib import Path

import pytest

from edge_worker.config import ConfigurationError, load_settings, slug
from mqtt_schemas import DownloadPolicy


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "worker.toml"
    path.write_text(
        'worker = "from-file"\n'
        '[mqtt]\nhost = "file.local"\nport = 1111\nprefix = "file"\n'
        '[defaults]\ntarget_language = "pt"\n'
        '[streams.gate]\ntarget_language = "fr"\nlip_sync = false\n'
    )
    return path


def test_settings_when_nothing_is_told_then_defaults_hold() -> None:
    settings = load_settings(None, {})
    assert settings.mqtt.host == "localhost"
    assert settings.settings_of("any").target_language == "en"
    assert settings.settings_of("any").playout_delay == "live"


def test_settings_when_told_thrice_then_flags_beat_environment_beats_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYLIP_MQTT__HOST", "environment.local")
    monkeypatch.setenv("POLYLIP_MQTT__PORT", "2222")
    settings = load_settings(file, {"mqtt": {"host": "flag.local"}})
    assert settings.mqtt.host == "flag.local"
    assert settings.mqtt.port == 2222
    assert settings.mqtt.prefix == "file"
    assert settings.worker == "from-file"


def test_settings_when_a_stream_has_its_own_then_they_stand_in_place_of_the_defaults(
    file: Path,
) -> None:
    settings = load_settings(file, {})
    assert settings.settings_of("gate").target_language == "fr"
    assert not settings.settings_of("gate").lip_sync
    assert settings.settings_of("door").target_language == "pt"
    assert settings.settings_of("door").lip_sync


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ({"mqtt": {"port": 70000}}, "mqtt.port"),
        ({"mqtt": {"prefix": "a/#"}}, "mqtt.prefix"),
        ({"worker": "Not An Id"}, "worker"),
        ({"defaults": {"target_language": "english please"}}, "defaults.target_language"),
        ({"defaults": {"source_language": "auto!"}}, "defaults.source_language"),
        ({"defaults": {"playout_delay": "never"}}, "defaults.playout_delay"),
        ({"defaults": {"original_volume": 3}}, "defaults.original_volume"),
        ({"defaults": {"voice": "João"}}, "defaults.voice"),
        ({"streams": {"gate": {"voice": "a/b"}}}, "streams.gate.voice"),
        ({"engines": {"min_confidence": -1}}, "engines.min_confidence"),
        ({"limits": {"streams": 0}}, "limits.streams"),
        ({"streams": {"Bad Id": {}}}, "streams.Bad Id"),
        ({"colour": "red"}, "colour"),
        ({"mqtt": {"hots": "typo"}}, "mqtt.hots"),
    ],
)
def test_settings_when_one_is_wrong_then_it_is_named(flags: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named.replace(".", r"\.")):
        load_settings(None, flags)


def test_settings_when_several_are_wrong_then_each_is_named_on_its_line(tmp_path: Path) -> None:
    path = tmp_path / "worker.toml"
    path.write_text("[mqtt]\nport = 0\nkeepalive_s = 999\n[limits]\nwheels = 4\n")
    with pytest.raises(ConfigurationError) as refused:
        load_settings(path, {"worker": "UPPER"})
    told = str(refused.value)
    assert str(path) in told
    for name in ("mqtt.port", "mqtt.keepalive_s", "limits.wheels", "worker"):
        assert sum(line.strip().startswith(f"{name}:") for line in told.splitlines()) == 1


def test_settings_when_an_unknown_variable_is_set_then_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("POLYLIP_MQTT__HOTS", "typo")
    with pytest.raises(ConfigurationError, match=r"mqtt\.hots"):
        load_settings(None, {})
    monkeypatch.setenv("POLYLIP_MQQT__HOST", "typo")
    with pytest.raises(ConfigurationError, match="POLYLIP_MQQT__HOST: no such setting"):
        load_settings(None, {})


def test_settings_when_the_file_is_missing_or_no_toml_then_the_error_says_which(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.toml: no such file"):
        load_settings(tmp_path / "none.toml", {})
    broken = tmp_path / "broken.toml"
    broken.write_text("mqtt = [")
    with pytest.raises(ConfigurationError, match=r"broken\.toml: not valid TOML"):
        load_settings(broken, {})


def test_settings_when_a_password_is_given_then_it_is_never_shown() -> None:
    settings = load_settings(None, {"mqtt": {"password": "open sesame"}})
    assert "sesame" not in repr(settings)
    assert settings.mqtt.password is not None
    assert settings.mqtt.password.get_secret_value() == "open sesame"


def test_settings_when_a_password_is_wrong_then_the_error_does_not_show_it() -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_settings(None, {"mqtt": {"password": ["open sesame"]}})
    assert "mqtt.password" in str(refused.value)
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize(
    ("host", "worker"),
    [("Kitchen.local", "kitchen-local"), ("__", "worker"), ("a" * 80, "a" * 63), ("Ünï", "n")],
)
def test_slug_when_a_host_has_any_name_then_it_is_an_id(host: str, worker: str) -> None:
    assert slug(host) == worker


def test_recognizer_when_the_process_may_use_one_core_then_it_takes_one_thread() -> None:
    usual = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(usual)})
    try:
        assert load_settings(None, {}).engines.asr_threads == 1
    finally:
        os.sched_setaffinity(0, usual)


@pytest.mark.parametrize(
    "asr", ["whisper-small", "tcp://homeassistant.local:10300", "tcp://[::1]:10300"]
)
def test_engines_when_recognition_is_a_model_or_a_server_then_it_is_taken(asr: str) -> None:
    assert load_settings(None, {"engines": {"asr": asr}}).engines.asr == asr


@pytest.mark.parametrize(
    "asr",
    [
        *("http://pi:10300", "tcp://pi", "tcp://:10300", "Whisper Small", "", "whisper\n"),
        *("tcp://pi:99999", "tcp://a..b:10300", "tcp://pi:10300/x"),
    ],
)
def test_engines_when_recognition_is_neither_model_nor_server_then_it_is_refused(asr: str) -> None:
    with pytest.raises(ConfigurationError, match=r"engines\.asr"):
        load_settings(None, {"engines": {"asr": asr}})


def test_engines_when_the_speech_server_has_no_address_then_it_is_refused() -> None:
    assert load_settings(None, {"engines": {"tts": ""}}).engines.tts == ""
    with pytest.raises(ConfigurationError, match=r"engines\.tts.*tcp://host:port"):
        load_settings(None, {"engines": {"tts": "piper"}})


def test_downloads_when_licences_are_accepted_then_each_counts_by_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("POLYLIP_DOWNLOADS__ACCEPT_LICENCES", "CC-BY-NC-SA-4.0 , , MIT")
    monkeypatch.setenv("POLYLIP_DOWNLOADS__POLICY", "allow")
    downloads = load_settings(None, {}).downloads
    assert downloads.accepted == {"CC-BY-NC-SA-4.0", "MIT"}
    assert downloads.policy is DownloadPolicy.ALLOW


def test_downloads_when_the_policy_is_unknown_then_the_message_names_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match=r"downloads\.policy: .*'never', 'ask' or 'allow'"):
        load_settings(None, {"downloads": {"policy": "sometimes"}})
