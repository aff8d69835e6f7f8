"""Time stretching to an exact length, pitch kept: WSOLA, by FFmpeg's ``atempo`` filter."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np

from edge_worker.items import PhonemeTiming, Samples, SyncedSpeech

SLOWEST = 0.85
FASTEST = 1.25
_PAD_S = 0.1
"""Silence around the sound: the filter loses half a window's length, half at either end."""


def fit(speech: SyncedSpeech, speed: float) -> SyncedSpeech:
    """Speak ``speech`` faster (``speed`` > 1) or slower, exactly.

    The result has ``round(len(samples) / speed)`` samples; phoneme timings shrink or grow by the
    same ratio and still touch.

    Raises:
        ValueError: ``speed`` is outside 0.85 to 1.25, beyond which speech stops sounding natural.
    """
    if not SLOWEST <= speed <= FASTEST:
        raise ValueError(
            f"speed {speed:.3f} is outside {SLOWEST} to {FASTEST}; speak it again or leave it out"
        )
    length = round(len(speech.samples) / speed)
    if length in (0, len(speech.samples)):
        return speech
    ratio = Fraction(length, len(speech.samples))
    edges = [round(phoneme.start_ns * ratio) for phoneme in speech.phonemes]
    duration_ns = length * 1_000_000_000 // speech.sample_rate
    edges += [min(round(last.end_ns * ratio), duration_ns) for last in speech.phonemes[-1:]]
    phonemes = tuple(
        PhonemeTiming(phoneme.symbol, start_ns, end_ns)
        for phoneme, (start_ns, end_ns) in zip(speech.phonemes, pairwise(edges), strict=True)
    )
    samples = _stretched(speech.samples, speech.sample_rate, ratio)
    return replace(speech, samples=samples, phonemes=phonemes)


def _stretched(samples: Samples, sample_rate: int, ratio: Fraction) -> Samples:
    pad = np.zeros(round(_PAD_S * sample_rate), dtype=np.float32)
    padded = np.concatenate((pad, samples, pad))
    filtered = _atempo(padded, sample_rate, float(1 / ratio))
    lost = round(len(padded) * ratio) - len(filtered)
    start = round(len(pad) * ratio) - lost // 2
    length = round(len(samples) * ratio)
    kept = filtered[start : start + length]
    return np.pad(kept, (0, length - len(kept)))


def _atempo(samples: Samples, sample_rate: int, tempo: float) -> Samples:
    graph = av.filter.Graph()
    source = graph.add_abuffer(
        sample_rate=sample_rate, format="flt", layout="mono", time_base=Fraction(1, sample_rate)
    )
    stretch = graph.add("atempo", f"{tempo:.9f}")
    sink = graph.add("abuffersink")
    source.link_to(stretch)
    stretch.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
    frame.sample_rate = sample_rate
    frame.pts = 0
    graph.push(frame)
    graph.push(None)
    pieces: list[Samples] = []
    while True:
        try:
            piece = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return np.concatenate(pieces, dtype=np.float32)
        if isinstance(piece, av.AudioFrame):
            pieces.append(piece.to_ndarray()[0])
