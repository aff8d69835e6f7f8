"""ADTS headers made from what a container says."""

import pytest

from edge_worker.camera.adts import AacFormat, read_audio_specific_config


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("1190", AacFormat(profile=1, rate_index=3, channels=2)),  # LC, 48 kHz, stereo
        ("1208", AacFormat(profile=1, rate_index=4, channels=1)),  # LC, 44.1 kHz, mono
        ("1588", AacFormat(profile=1, rate_index=11, channels=1)),  # LC, 8 kHz, mono
        ("2b0a0800", AacFormat(profile=1, rate_index=6, channels=1)),  # HE-AAC over 24 kHz
    ],
)
def test_config_when_adts_can_say_it_then_the_core_format_is_given(
    config: str, expected: AacFormat
) -> None:
    assert read_audio_specific_config(bytes.fromhex(config)) == expected


@pytest.mark.parametrize("config", ["", "11", "1780", "1180", "b98d00"])
def test_config_when_adts_cannot_say_it_then_there_is_none(config: str) -> None:
    assert read_audio_specific_config(bytes.fromhex(config)) is None


def test_header_when_made_then_it_states_format_and_size() -> None:
    header = AacFormat(profile=1, rate_index=4, channels=2).header(300)
    assert header[:2] == b"\xff\xf1"
    assert header[2] >> 6 == 1
    assert header[2] >> 2 & 15 == 4
    assert (header[2] & 1) << 2 | header[3] >> 6 == 2
    assert (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5 == 307


def test_frame_when_too_large_then_it_is_refused() -> None:
    with pytest.raises(ValueError, match="no ADTS form"):
        AacFormat(1, 3, 1).header(8_190)
