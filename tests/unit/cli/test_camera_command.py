"""``polylip camera`` at the command line, as far as no broker is needed."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from edge_worker.cli import COMMANDS, main


def test_help_when_asked_for_then_every_command_is_listed() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    assert all(name in result.output for name in COMMANDS)


def test_command_when_unknown_then_the_name_is_told() -> None:
    result = CliRunner().invoke(main, ["kamera"])
    assert result.exit_code == 2
    assert "kamera" in result.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["/nowhere.mp4"], "Error: /nowhere.mp4: there is no such file"),
        (["a.mp4", "--stream", "Front Door"], "stream 'Front Door' refused"),
        (["a.mp4", "--language", "Portuguese!"], "refused"),
        (["a.mp4", "--talkback", "speaker"], "'speaker': take auto, device:NAME"),
        (["a.mp4", "--talkback", "command:no-such-player"], "no-such-player is not installed"),
        (["a.mp4", "--port", "0"], "port 0 is not within 1-65535"),
        (["a.mp4", "--tls-ca", "/nowhere.pem"], "there is no file /nowhere.pem"),
    ],
)
def test_input_when_bad_then_one_sentence_says_so(arguments: list[str], says: str) -> None:
    result = CliRunner().invoke(main, ["camera", *arguments])
    assert result.exit_code in {1, 2}
    assert says in result.output
    assert "Traceback" not in result.output


def test_camera_when_imported_then_no_model_runtime_is() -> None:
    program = (
        "import sys, edge_worker.cli.camera\n"
        "heavy = {'onnxruntime', 'ctranslate2', 'faster_whisper', 'cv2', 'piper', 'iotcore'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr.strip() == ""
