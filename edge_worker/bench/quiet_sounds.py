"""Sounds of a door at which nobody speaks, made from noise, tones and envelopes; all 48 kHz mono.

Every recipe gives as many seconds as asked for, another take for every seed, at no level in
particular.
"""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge_worker.bench.company.lines import spoken_lines
from edge_worker.bench.doorway import SPEECH_DBFS, at_level, at_rate
from edge_worker.items import Samples
from edge_worker.media.encode import SAMPLE_RATE

Sound = NDArray[np.floating[Any]]
Random = np.random.Generator

TALKERS: Final = 8
"""Voices of the babble."""


def _seconds(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


def _times(seconds: float) -> Sound:
    return np.arange(_seconds(seconds)) / SAMPLE_RATE


def _shaped(rng: Random, seconds: float, shape: Callable[[Sound], Sound]) -> Sound:
    """Noise whose amplitude over frequency is ``shape``; RMS 1."""
    count = _seconds(seconds)
    spectrum = np.fft.rfft(rng.normal(size=count))
    hertz = np.fft.rfftfreq(count, 1 / SAMPLE_RATE)
    noise = np.fft.irfft(spectrum * shape(np.maximum(hertz, 1.0)), count)
    level: Sound = noise / np.sqrt(np.mean(np.square(noise)))
    return level


def _band(low: float, high: float, order: int = 2) -> Callable[[Sound], Sound]:
    """Passes what lies between two frequencies."""
    return lambda hertz: 1 / (1 + (low / hertz) ** order) / (1 + (hertz / high) ** order)


def _swell(rng: Random, seconds: float, period_s: float, depth: float) -> Sound:
    """A slowly wandering loudness, 10 ** +-depth around 1."""
    knots = rng.normal(size=max(2, int(seconds / period_s) + 2))
    at = np.linspace(0, len(knots) - 1, _seconds(seconds))
    wandering: Sound = np.interp(at, np.arange(len(knots)), knots)
    return 10 ** (depth * np.tanh(wandering))


def _moments(rng: Random, seconds: float, apart_s: tuple[float, float]) -> list[float]:
    """When something happens, again and again."""
    moments: list[float] = []
    at = rng.uniform(0, min(apart_s[0], seconds / 4))
    while at < seconds - 2:
        moments.append(at)
        at += rng.uniform(*apart_s)
    return moments


def _laid(seconds: float, parts: list[tuple[float, Sound]]) -> Sound:
    sound = np.zeros(_seconds(seconds))
    for second, part in parts:
        first = _seconds(second)
        sound[first : first + len(part)] += part[: max(0, len(sound) - first)]
    return sound


def _voiced(pitch: Sound, formants: tuple[tuple[float, float], ...]) -> Sound:
    """A buzz of changing pitch, hertz per sample, louder around the formants (hertz, width)."""
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    sound = np.zeros(len(pitch))
    for harmonic in range(1, 25):
        hertz = harmonic * pitch
        strength = sum(np.exp(-0.5 * np.square((hertz - at) / width)) for at, width in formants)
        sound += (strength + 0.05) / np.sqrt(harmonic) * np.sin(harmonic * phase)
    return sound


def wind(rng: Random, seconds: float) -> Sound:
    """Noise falling 9 dB an octave above 40 Hz, in gusts; a whistle at a gap now and then."""
    rumble = _shaped(rng, seconds, lambda hertz: 1 / (1 + (hertz / 40) ** 1.5))
    gusts = _swell(rng, seconds, 1.5, 0.6)
    at = _times(seconds)
    pitch = 500 * _swell(rng, seconds, 0.8, 0.12)
    whistle = np.sin(2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE) * _swell(rng, seconds, 2.0, 1.0)
    return rumble * gusts + 0.01 * whistle * gusts * (np.sin(at / 3) > 0)


def rain(rng: Random, seconds: float) -> Sound:
    """Hiss above 1 kHz and drops: 60 a second, each a ringing of 3 to 10 ms at 1 to 5 kHz."""
    hiss = _shaped(rng, seconds, _band(1000, 9000)) * _swell(rng, seconds, 4.0, 0.15)
    drops = np.zeros(_seconds(seconds))
    for first in rng.integers(0, max(1, len(drops) - 2000), int(60 * seconds)):
        at = np.arange(1500) / SAMPLE_RATE
        ring = np.exp(-at / rng.uniform(0.003, 0.01))
        tone = np.sin(2 * np.pi * rng.uniform(1000, 5000) * at)
        drops[first : first + 1500] += rng.exponential() * ring * tone
    return hiss + 1.5 * drops


def traffic(rng: Random, seconds: float) -> Sound:
    """Cars that pass (tyres 300 to 2000 Hz, engines 60 to 110 Hz), a horn once a while."""
    sound = 0.2 * _shaped(rng, seconds, _band(40, 500))
    parts: list[tuple[float, Sound]] = []
    for moment in _moments(rng, seconds, (3, 9)):
        length = rng.uniform(4, 8)
        at = _times(length)
        passing = np.exp(-0.5 * np.square((at - length / 2) / (length / 6)))
        shift = 1 - 0.04 * np.tanh((at - length / 2) / 0.5)
        engine = _voiced(rng.uniform(60, 110) * shift, ((150, 100), (400, 200)))
        tyres = _shaped(rng, length, _band(300, 2000))
        parts.append((moment, passing * (tyres + 0.5 * engine)))
    for moment in _moments(rng, seconds, (25, 60)):
        at = _times(rng.uniform(0.3, 0.9))
        horn = np.sin(2 * np.pi * 420 * at) + np.sin(2 * np.pi * 510 * at)
        parts.append((moment, 1.5 * np.tanh(3 * horn)))
    return sound + _laid(seconds, parts)


def barking(rng: Random, seconds: float) -> Sound:
    """Barks in groups: a buzz that rises and falls between 250 and 700 Hz, with breath."""
    parts: list[tuple[float, Sound]] = []
    for moment in _moments(rng, seconds, (2, 6)):
        size = rng.uniform(0.7, 1.6)
        for number in range(rng.integers(1, 6)):
            at = _times(rng.uniform(0.12, 0.28))
            arch = np.abs(np.sin(np.pi * at / at[-1]))
            pitch = size * (250 + 350 * arch)
            body = _voiced(pitch, ((700 * size, 250), (1500 * size, 400)))
            breath = _shaped(rng, len(at) / SAMPLE_RATE, _band(500, 4000))
            parts.append((moment + 0.42 * number, arch**0.5 * (body + 0.3 * breath[: len(at)])))
    return _laid(seconds, parts)


def steps(rng: Random, seconds: float) -> Sound:
    """Walks past the door: a thud at 70 to 120 Hz and the click of a heel twice a second."""
    parts: list[tuple[float, Sound]] = []
    for moment in _moments(rng, seconds, (6, 14)):
        for number in range(rng.integers(5, 14)):
            at = _times(0.15)
            thud = np.exp(-at / 0.025) * np.sin(2 * np.pi * rng.uniform(70, 120) * at)
            click = np.exp(-at / 0.004) * rng.normal(size=len(at))
            loud = np.sin(np.pi * (number + 1) / 15) * rng.uniform(0.7, 1.0)
            parts.append((moment + 0.52 * number + rng.normal(0, 0.02), loud * (thud + click)))
    return _laid(seconds, parts)


def doors(rng: Random, seconds: float) -> Sound:
    """A creak (a buzz of 60 to 200 Hz), a slam (55 Hz and a crash), rattling, keys."""
    parts: list[tuple[float, Sound]] = []
    for moment in _moments(rng, seconds, (5, 12)):
        creak_s = rng.uniform(0.5, 1.4)
        pitch = 110 * _swell(rng, creak_s, 0.2, 0.25)
        parts.append((moment, 0.3 * _voiced(pitch, ((900, 300), (2200, 500)))))
        at = _times(0.6)
        slam = np.exp(-at / 0.12) * np.sin(2 * np.pi * 55 * at)
        crash = np.exp(-at / 0.05) * _shaped(rng, 0.6, _band(80, 3000))
        parts.append((moment + creak_s, 3 * slam + 2 * crash))
        for number in range(rng.integers(2, 9)):
            ring = _times(0.08)
            key = np.exp(-ring / 0.02) * np.sin(2 * np.pi * rng.uniform(2500, 6500) * ring)
            parts.append((moment + creak_s + 0.4 + 0.11 * number, 0.5 * key))
    return _laid(seconds, parts)


def music(rng: Random, seconds: float) -> Sound:
    """A tune with vibrato over chords and drums, a bar of two seconds after the other."""
    scale = 220 * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12]) / 12)
    parts: list[tuple[float, Sound]] = []
    for bar in range(int(seconds / 2)):
        at = _times(2)
        root = rng.integers(0, 4)
        for third in (0, 2, 4):
            note = scale[(root + third) % 8]
            chord = sum(np.sin(2 * np.pi * note * k * at) / k**1.5 for k in range(1, 6))
            parts.append((2.0 * bar, 0.15 * np.exp(-at) * chord))
        for beat in range(4):
            length = _times(0.48)
            vibrato = 1 + 0.01 * np.sin(2 * np.pi * 5.5 * length)
            pitch = 2 * scale[rng.integers(0, 8)] * vibrato
            envelope = np.minimum(1, length / 0.03) * np.exp(-2 * length)
            tune = _voiced(pitch, ((800, 400), (2400, 800)))
            parts.append((2.0 * bar + 0.5 * beat, 0.3 * envelope * tune))
            drum = np.exp(-length / 0.03) * rng.normal(size=len(length))
            kick = np.exp(-length / 0.08) * np.sin(2 * np.pi * 60 * length)
            parts.append((2.0 * bar + 0.5 * beat, 0.4 * (kick if beat % 2 == 0 else drum)))
    return _laid(seconds, parts)


def babble(rng: Random, seconds: float) -> Sound:
    """Eight talkers at once, no two at the same place of the same sentence."""
    sound = np.zeros(_seconds(seconds))
    for _ in range(TALKERS):
        talk: list[Samples] = []
        while sum(len(one) for one in talk) < len(sound) + SAMPLE_RATE:
            talk.append(_talk(str(rng.choice(_sentences())), float(rng.choice((0.85, 1.0, 1.15)))))
        whole = np.concatenate(talk)
        first = rng.integers(0, len(whole) - len(sound))
        sound += rng.uniform(0.6, 1.0) * whole[first : first + len(sound)]
    return sound


def hum(rng: Random, seconds: float) -> Sound:
    """Mains: 50 Hz with its harmonics, and the hiss of a cheap amplifier."""
    at = _times(seconds)
    tones = [np.sin(2 * np.pi * 50 * k * at + rng.uniform(0, 6)) / k for k in (1, 2, 3, 4, 6, 10)]
    return np.asarray(np.sum(tones, axis=0) + 0.05 * rng.normal(size=len(at)))


@cache
def _sentences() -> tuple[str, ...]:
    return tuple(spoken_lines())


@cache
def _talk(name: str, speed: float) -> Samples:
    """A sentence of the English voice; its pitch goes with its speed, as of another person."""
    return at_level(at_rate(spoken_lines()[name].samples, round(16_000 * speed), SAMPLE_RATE))


SOUNDS: Final[Mapping[str, Callable[[Random, float], Sound]]] = MappingProxyType(
    {
        "wind": wind,
        "rain": rain,
        "traffic": traffic,
        "barking": barking,
        "steps": steps,
        "doors": doors,
        "music": music,
        "babble": babble,
        "hum": hum,
    }
)
"""Recipes by name."""


def door_sound(name: str, seconds: float, seed: int, dbfs: float) -> Samples:
    """One take of a recipe; RMS of its louder parts is ``dbfs``."""
    sound = SOUNDS[name](np.random.default_rng(seed), seconds)
    return at_level(sound, dbfs - SPEECH_DBFS)
