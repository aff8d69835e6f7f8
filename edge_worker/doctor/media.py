"""Codecs and programs: each is really used once."""

import shutil
import subprocess
from collections.abc import Callable, Iterator

import av
import numpy as np

from edge_worker.doctor.findings import Finding, ill, warning, well
from edge_worker.items import AudioBlock
from edge_worker.media.decode import AudioDecoder, VideoDecoder
from edge_worker.media.encode import SAMPLE_RATE, AudioEncoder, VideoEncoder

_SIZE = 64
_TIMEOUT_S = 10.0


def examine_media() -> Iterator[Finding]:
    """Encode and decode a little, and ask the programs that are called who they are."""
    yield from (_codec(name, use) for name, use in _CODECS.items())
    yield _program(
        "ffmpeg", ("-version",), "cameras' devices and loudspeakers are reached through it"
    )
    yield _program("espeak-ng", ("--version",), "languages without a voice of their own need it")


def _codec(name: str, use: Callable[[], int]) -> Finding:
    about = f"codec {name}"
    try:
        count = use()
    except (av.FFmpegError, ValueError, LookupError) as error:
        return ill(about, f"{error}", "install the av package from its wheel, not from source")
    if not count:
        return ill(about, "gave nothing back", "install the av package again from its wheel")
    return well(about, "encodes and decodes")


def _h264() -> int:
    encoder = VideoEncoder(_SIZE, _SIZE)
    planes = np.full((_SIZE * 3 // 2, _SIZE), 128, np.uint8)
    units = [unit for index in range(3) for unit in encoder.encode(planes, index * 40_000_000)]
    decoder = VideoDecoder("h264", "doctor")
    return sum(len(decoder.decode(unit)) for unit in [*units, *encoder.flush()])


def _h265() -> int:
    return VideoDecoder("hevc", "doctor").codec == "hevc"


def _aac() -> int:
    encoder = AudioEncoder()
    silence = AudioBlock("doctor", 0, SAMPLE_RATE, np.zeros(SAMPLE_RATE // 10, np.float32))
    decoder = AudioDecoder("aac", "doctor")
    return sum(len(decoder.decode(unit)) for unit in [*encoder.encode(silence), *encoder.flush()])


def _opus() -> int:
    av.AudioCodecContext.create("libopus", "w")
    return AudioDecoder("opus", "doctor").codec == "opus"


_CODECS: dict[str, Callable[[], int]] = {
    "H.264": _h264,
    "H.265 (of cameras)": _h265,
    "AAC": _aac,
    "Opus (for WebRTC)": _opus,
}


def _program(name: str, arguments: tuple[str, ...], why: str) -> Finding:
    path = shutil.which(name)
    if path is None:
        return warning(name, "is not installed", f"install {name}: {why}")
    try:
        done = subprocess.run(  # noqa: S603 - a program found by its own name, fixed arguments
            [path, *arguments], capture_output=True, timeout=_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        return warning(name, f"does not start: {error}", f"install {name} again: {why}")
    return well(name, done.stdout.decode("utf-8", "replace").splitlines()[0][:80])
