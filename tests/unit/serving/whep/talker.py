"""Somebody who speaks into a microphone."""

import asyncio
import subprocess
import time
from fractions import Fraction
from functools import cache

import av
import numpy as np
from aiortc import MediaStreamTrack

from edge_worker.serving.whep import Pcm
from engines.vad import SAMPLE_RATE


@cache
def speech(text: str = "please leave the parcel at the door") -> Pcm:
    """A voice that says it, 16 kHz."""
    command = ("espeak-ng", "-v", "en", "--stdout", text)
    said = subprocess.run(command, check=True, capture_output=True).stdout
    convert = ("ffmpeg", "-v", "error", "-i", "-", "-ar", "16000", "-ac", "1", "-f", "s16le", "-")
    raw = subprocess.run(convert, input=said, check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.int16)


def silence(seconds: float) -> Pcm:
    return np.zeros(int(seconds * SAMPLE_RATE), np.int16)


class Talker(MediaStreamTrack):
    """A microphone into which somebody speaks, in pieces of 20 ms at their moment."""

    kind = "audio"

    def __init__(self, sound: Pcm) -> None:
        super().__init__()
        self._sound = sound
        self._at = 0
        self._began_s = time.monotonic()

    async def recv(self) -> av.AudioFrame:
        await asyncio.sleep(self._began_s + self._at / SAMPLE_RATE - time.monotonic())
        piece = np.zeros(320, np.int16)
        part = self._sound[self._at : self._at + 320]
        piece[: len(part)] = part
        frame = av.AudioFrame.from_ndarray(piece[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE, self._at
        frame.time_base = Fraction(1, SAMPLE_RATE)
        self._at += 320
        return frame
