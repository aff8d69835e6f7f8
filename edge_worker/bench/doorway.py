"""Sound at a door, made: rooms, loudspeakers, codecs, clocks, and how loud speech is.

Everything here is 48 kHz mono; speech of ``SPEECH_DBFS`` is what levels are relative to.
"""

from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

from edge_worker.items import AudioBlock, Samples
from edge_worker.media.encode import FRAME_SAMPLES, SAMPLE_RATE
from edge_worker.media.resample import Resampler

SPEECH_DBFS: Final = -26.0
"""RMS of a visitor's speech while he speaks (ITU-T P.56 asks for this level)."""

Sound = NDArray[np.floating[Any]]


def at_rate(samples: Sound, rate: int, wanted: int) -> Samples:
    """The same sound at another rate; the filter's delay is compensated."""
    resampler = Resampler(wanted)
    pieces = resampler.process(AudioBlock("", 0, rate, np.ascontiguousarray(samples, np.float32)))
    return np.concatenate([piece.samples for piece in [*pieces, *resampler.flush()]])


def sound_of(film: Path) -> Samples:
    """The sound of a film."""
    with av.open(str(film)) as container:
        resampler = av.AudioResampler("fltp", "mono", SAMPLE_RATE)
        return np.concatenate(
            [
                out.to_ndarray()[0]
                for frame in (*container.decode(audio=0), None)
                for out in resampler.resample(frame)
            ]
        )


def spoken_rms(samples: Sound) -> float:
    """RMS of the 10 ms pieces within 30 dB of the loudest."""
    whole = len(samples) // 480 * 480
    power = np.mean(np.square(samples[:whole].reshape(-1, 480)), axis=1)
    return float(np.sqrt(np.mean(power[power > 1e-3 * np.max(power)])))


def at_level(samples: Sound, decibel: float = 0.0) -> Samples:
    """Speech brought to ``decibel`` above ``SPEECH_DBFS``."""
    wanted = 10 ** ((SPEECH_DBFS + decibel) / 20)
    return np.asarray(samples * (wanted / spoken_rms(samples)), np.float32)


def through_aac(samples: Samples, *, bit_rate: int = 64_000) -> Samples:
    """Encoded to AAC-LC and decoded again; the codec's delay is compensated."""
    encoder = av.AudioCodecContext.create("aac", "w")
    encoder.sample_rate, encoder.layout, encoder.format = SAMPLE_RATE, "mono", "fltp"
    encoder.bit_rate, encoder.time_base = bit_rate, Fraction(1, SAMPLE_RATE)
    padded = np.pad(samples, (0, -len(samples) % FRAME_SAMPLES)).astype(np.float32)
    packets = []
    for start in range(0, len(padded), FRAME_SAMPLES):
        piece = np.ascontiguousarray(padded[None, start : start + FRAME_SAMPLES])
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, start, encoder.time_base
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    decoder = av.AudioCodecContext.create("aac", "r")
    decoder.extradata, decoder.sample_rate = encoder.extradata, SAMPLE_RATE
    decoder.layout = "mono"
    decoded = [frame.to_ndarray()[0] for packet in packets for frame in decoder.decode(packet)]
    return np.concatenate(decoded)[FRAME_SAMPLES : FRAME_SAMPLES + len(samples)]


def through_telephone(samples: Samples) -> Samples:
    """At 8 kHz in G.711 A-law and back."""
    narrow = at_rate(samples, SAMPLE_RATE, 8_000)
    pcm = np.clip(narrow * 32768, -32768, 32767).astype(np.int16)
    encoder = av.AudioCodecContext.create("pcm_alaw", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 8_000, "mono", "s16"
    encoder.time_base = Fraction(1, 8_000)
    frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = 8_000, 0, encoder.time_base
    decoder = av.AudioCodecContext.create("pcm_alaw", "r")
    decoder.sample_rate, decoder.layout = 8_000, "mono"
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    decoded = [out.to_ndarray().reshape(-1) for one in packets for out in decoder.decode(one)]
    return at_rate(np.concatenate(decoded).astype(np.float32) / 32768, 8_000, SAMPLE_RATE)


def through_room(samples: Samples, seed: int, *, t60_s: float = 0.25) -> Samples:
    """Played by a small loudspeaker and heard in a room, later by less than a millisecond.

    The loudspeaker passes 250 Hz to 6 kHz; the room is noise that decays by 60 dB in ``t60_s``,
    6 dB below the direct sound.
    """
    rng = np.random.default_rng(seed)
    length = int(t60_s * SAMPLE_RATE)
    response = rng.normal(size=length) * 10 ** (-3 * np.arange(length) / length)
    response[: SAMPLE_RATE // 500] = 0
    response *= 0.5 / np.sqrt(np.sum(np.square(response)))
    response[0] = 1
    total = len(samples) + length
    size = 1 << (total + SAMPLE_RATE // 10 - 1).bit_length()
    hertz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    high = 1j * hertz / 250 / (1 + 1j * hertz / 250)
    low = 1 / (1 + 1j * hertz / 6000)
    spectrum = np.fft.rfft(samples, size) * np.fft.rfft(response, size) * np.square(high) * low
    return np.fft.irfft(spectrum)[:total].astype(np.float32)


def at_clock(samples: Samples, ppm: float) -> Samples:
    """As heard by a clock that runs ``ppm`` millionths faster than the one that plays it."""
    if not ppm:
        return samples
    position = np.arange(int(len(samples) * (1 + ppm * 1e-6))) / (1 + ppm * 1e-6)
    whole = np.clip(position.astype(np.int64), 1, len(samples) - 3)
    part = position - whole
    a, b, c, d = (samples[whole + step].astype(np.float64) for step in (-1, 0, 1, 2))
    # Catmull-Rom spline.
    cubic = 1.5 * (b - c) + 0.5 * (d - a)
    square = a - 2.5 * b + 2 * c - 0.5 * d
    return np.asarray(((cubic * part + square) * part + 0.5 * (c - a)) * part + b, np.float32)


def mixed(length: int, *parts: tuple[float, Samples]) -> Samples:
    """Sounds laid over each other, each from its second on; what reaches beyond is left out."""
    sound = np.zeros(length, np.float32)
    for second, part in parts:
        first = round(second * SAMPLE_RATE)
        room = max(0, length - first)
        sound[first : first + len(part)] += part[:room]
    return sound


def blocks(sound: Samples, rate: int = SAMPLE_RATE) -> list[AudioBlock]:
    """As a camera's AAC gives it: 1024 samples a block."""
    return [
        AudioBlock("door", first * 1_000_000_000 // rate, rate, sound[first : first + 1024])
        for first in range(0, len(sound), 1024)
    ]
