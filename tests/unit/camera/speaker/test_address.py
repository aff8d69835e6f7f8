"""How a loudspeaker is named, and what is shown of it."""

import pytest

from edge_worker.camera.speaker import SpeakerAddress, SpeakerKind


@pytest.mark.parametrize(
    ("text", "kind", "target"),
    [
        ("auto", SpeakerKind.AUTO, ""),
        ("device:default", SpeakerKind.DEVICE, "default"),
        ("device:plughw:1,0", SpeakerKind.DEVICE, "plughw:1,0"),
        ("command:aplay -", SpeakerKind.COMMAND, "aplay -"),
        ("rtsp://u:p@door/1", SpeakerKind.RTSP, "rtsp://u:p@door/1"),
        ("rtsps://door/1", SpeakerKind.RTSP, "rtsps://door/1"),
    ],
)
def test_address_when_written_in_any_form_then_it_is_read(
    text: str, kind: SpeakerKind, target: str
) -> None:
    assert SpeakerAddress.read(text) == SpeakerAddress(kind, target)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("speaker", "take auto, device:NAME"),
        ("http://u:s3cret@door/1", "take auto, device:NAME"),
        ("device:", "its name is missing, as in device:default"),
        ("command: ", "its name is missing"),
        ("command:aplay 'x", "No closing quotation"),
        ("auto:x", "take auto, device:NAME"),
    ],
)
def test_address_when_it_is_none_then_the_error_says_what_to_write(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        SpeakerAddress.read(text)
    assert "s3cret" not in str(caught.value)


def test_command_when_split_then_no_shell_reads_it() -> None:
    address = SpeakerAddress.read("command:play 'two words' $HOME; rm *")
    assert address.command == ("play", "two words", "$HOME;", "rm", "*")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://admin:s3cret@door:554/live?token=s3cret", "rtsp://door:554/live"),
        ("rtsp://admin:s3/cret@door/live", "rtsp://..."),
        ("command:ffmpeg -i - -f rtsp rtsp://u:s3cret@door/1 -password s3cret", "command ffmpeg"),
        ("device:default", "device default"),
        ("auto", "auto"),
    ],
)
def test_address_when_shown_then_no_password_is_in_it(text: str, shown: str) -> None:
    assert str(SpeakerAddress.read(text)) == shown
