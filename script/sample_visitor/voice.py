"""The visitor's words: clips laid one after the other, with their annotation."""

import json
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
LEAD_S = 1.2
"""Silence before the first word."""
GAPS_S = (2.2, 1.7, 2.4, 2.0, 2.5)
"""Silence between one clip's last word and the next one's first."""
TAIL_S = 4.5
"""Silence after the last word: the last translation is still to be heard."""

_MARGIN_S = 0.25
_ROOM_DB = -66.0

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One annotated sentence; seconds of the film."""

    id: str
    clip: str
    start_s: float
    end_s: float
    source_text: str
    target_text: str
    pauses_s: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """The whole sound track and what is said in it."""

    samples: Samples
    """16 kHz mono."""
    sentences: tuple[Sentence, ...]

    @property
    def duration_s(self) -> float:
        """Length of the film."""
        return len(self.samples) / SAMPLE_RATE


def read_voice(folder: Path) -> Voice:
    """Lay the clips of ``folder/annotation.json`` out, with pauses, over quiet room noise."""
    clips = json.loads((folder / "annotation.json").read_text(encoding="utf-8"))
    sentences: list[Sentence] = []
    pieces: list[tuple[int, Samples]] = []
    now_s = LEAD_S
    for clip, gap_s in zip(clips, (*GAPS_S, TAIL_S), strict=True):
        first_s, last_s = clip["sentences"][0]["start_s"], clip["sentences"][-1]["end_s"]
        shift_s = now_s - first_s
        samples = _read_clip(folder / f"{clip['clip']}.flac")
        begin = round(max(0.0, first_s - _MARGIN_S) * SAMPLE_RATE)
        end = round((last_s + _MARGIN_S) * SAMPLE_RATE)
        pieces.append((begin + round(shift_s * SAMPLE_RATE), _faded(samples[begin:end])))
        for number, entry in enumerate(clip["sentences"], start=1):
            sentences.append(
                Sentence(
                    id=f"{clip['clip']}-{number}",
                    clip=clip["clip"],
                    start_s=entry["start_s"] + shift_s,
                    end_s=entry["end_s"] + shift_s,
                    source_text=entry["pt"],
                    target_text=entry["en"],
                    pauses_s=tuple((a + shift_s, b + shift_s) for a, b in entry["pauses_s"]),
                )
            )
        now_s = last_s + shift_s + gap_s
    track = _room_noise(round(now_s * SAMPLE_RATE))
    for start, piece in pieces:
        track[start : start + len(piece)] += piece
    return Voice(track, tuple(sentences))


def reference_json(voice: Voice) -> str:
    """The annotation beside the film, in nanoseconds of its media time."""

    def ns(seconds: float) -> int:
        return round(seconds * 1e9)

    content = {
        "schema": 1,
        "source_language": "pt",
        "target_language": "en",
        "duration_ns": ns(voice.duration_s),
        "utterances": [
            {
                "id": s.id,
                "start_ns": ns(s.start_s),
                "end_ns": ns(s.end_s),
                "pt": s.source_text,
                "en": s.target_text,
                "pauses": [[ns(a), ns(b)] for a, b in s.pauses_s],
            }
            for s in voice.sentences
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _read_clip(path: Path) -> Samples:
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        blocks = [
            out.to_ndarray().reshape(-1)
            for frame in (*container.decode(audio=0), None)
            for out in resampler.resample(frame)
        ]
    return np.concatenate(blocks).astype(np.float32, copy=False)


def _faded(samples: Samples) -> Samples:
    ramp = np.linspace(0, 1, SAMPLE_RATE // 50, dtype=np.float32)
    faded = samples.copy()
    faded[: len(ramp)] *= ramp
    faded[-len(ramp) :] *= ramp[::-1]
    return faded


def _room_noise(length: int) -> Samples:
    """Pink noise: a street is never quite silent."""
    spectrum = np.fft.rfft(np.random.default_rng(1).standard_normal(length))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0
    noise = np.fft.irfft(spectrum, length)
    return np.asarray(noise / noise.std() * 10 ** (_ROOM_DB / 20), np.float32)
