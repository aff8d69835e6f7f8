from contextlib import suppress
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqtt_schemas import SETTINGS, Activation, PlayoutDelay, SettingRefused, StreamSettings

DEFAULTS = StreamSettings()


def test_settings_when_nothing_is_said_are_the_defaults() -> None:
    assert {name: DEFAULTS.text(name) for name in SETTINGS} == {
        "enabled": "on",
        "activation": "auto",
        "source_language": "auto",
        "target_language": "en",
        "lip_sync": "on",
        "playout_delay": "live",
        "voice": "",
        "original_volume": "0.18",
        "captions": "on",
        "label": "on",
    }


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("enabled", "off", False),
        ("enabled", "True", True),
        ("lip_sync", " false ", False),
        ("captions", "ON", True),
        ("label", "off", False),
        ("activation", "on_demand", Activation.ON_DEMAND),
        ("source_language", "auto", "auto"),
        ("source_language", "pt_BR", "pt-br"),
        ("target_language", "ES", "es"),
        ("playout_delay", "dub", "dub"),
        ("playout_delay", "1.50", "1.5"),
        ("voice", "en_US-joe-medium", "en_US-joe-medium"),
        ("voice", "", ""),
        ("original_volume", "0", 0.0),
        ("original_volume", "1", 1.0),
    ],
)
def test_setting_when_it_takes_the_text_changes_and_nothing_else_does(
    name: str, text: str, value: object
) -> None:
    changed = DEFAULTS.apply(name, text)
    assert getattr(changed, name) == value
    for field in fields(StreamSettings):
        if field.name != name:
            assert getattr(changed, field.name) == getattr(DEFAULTS, field.name)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("enabled", "1", "is '1'; takes on, off, true or false"),
        ("activation", "never", "takes auto, always, on_demand, off"),
        ("source_language", "klingon!", "use a BCP-47 language"),
        ("target_language", "auto", "use a BCP-47 language"),
        ("playout_delay", "soon", "takes live, dub, auto or seconds from 0.2 to 6"),
        ("playout_delay", "0.1", "seconds go from 0.2 to 6"),
        ("playout_delay", "6.001", "seconds go from 0.2 to 6"),
        ("playout_delay", "nan", "takes live, dub, auto"),
        ("playout_delay", "1e0", "takes live, dub, auto"),
        ("voice", "../../etc/passwd", "takes the id of a voice"),
        ("original_volume", "1.1", "from 0 (mute) to 1"),
        ("original_volume", "-0.1", "from 0 (mute) to 1"),
        ("original_volume", "inf", "from 0 (mute) to 1"),
        ("no_such", "on", "there is no such setting; there are enabled, activation"),
        ("apply", "on", "there is no such setting"),
    ],
)
def test_setting_when_it_cannot_take_the_text_says_what_it_takes(
    name: str, text: str, reason: str
) -> None:
    with pytest.raises(SettingRefused) as refusal:
        DEFAULTS.apply(name, text)
    assert refusal.value.setting.strip("'") == name
    assert reason in refusal.value.reason


@given(name=st.sampled_from(SETTINGS) | st.text(max_size=10), text=st.text(max_size=20))
def test_setting_when_given_any_text_is_applied_or_refused_and_reads_back(
    name: str, text: str
) -> None:
    with suppress(SettingRefused):
        changed = DEFAULTS.apply(name, text)
        assert DEFAULTS.apply(name, changed.text(name)) == changed


@given(milliseconds=st.integers(200, 6_000))
def test_playout_delay_when_fixed_keeps_its_milliseconds(milliseconds: int) -> None:
    delay = PlayoutDelay(f"{milliseconds / 1000}")
    assert delay.fixed_ns == milliseconds * 1_000_000
    assert PlayoutDelay(delay) == delay


def test_playout_delay_when_it_is_a_word_has_no_fixed_length() -> None:
    assert [PlayoutDelay(word).fixed_ns for word in ("live", "dub", "auto")] == [None] * 3
