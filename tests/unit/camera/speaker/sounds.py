"""What is said in these tests, and how much of it was heard."""

import asyncio

import numpy as np

from edge_worker.camera.speaker.sink import BLOCK, RATE, Playback
from edge_worker.items import Samples


def tone(seconds: float, hertz: float = 600, level: float = 0.5) -> Samples:
    """At 48 kHz."""
    moments = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * hertz * moments)).astype(np.float32)


def blocks(samples: Samples) -> list[Samples]:
    """As a sink is given them."""
    return [samples[at : at + BLOCK] for at in range(0, len(samples) - BLOCK + 1, BLOCK)]


async def played(playback: Playback, samples: Samples, every_s: float = 0) -> None:
    """Give a sink all of it, faster than in real time, and wait for its end."""
    try:
        for block in blocks(samples):
            await playback.write(block)
            await asyncio.sleep(every_s)
        await playback.finish()
    finally:
        await playback.stop()


def strongest_hertz(samples: Samples) -> float:
    """The loudest frequency."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * RATE / len(samples))


def loud_s(samples: Samples, above: float = 0.02) -> float:
    """Seconds from the first loud sample to the last."""
    loud = np.flatnonzero(np.abs(samples) > above)
    return 0.0 if not len(loud) else float(loud[-1] - loud[0]) / RATE
