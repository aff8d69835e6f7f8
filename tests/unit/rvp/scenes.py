# ruff: noqa: RUF001 - the IPA letters are meant
"""Pictures and speech for the tests of lips: a public-domain portrait, moved about."""

from pathlib import Path

import cv2
import numpy as np

from edge_worker.items import PhonemeTiming, PlacedSpeech, SyncedSpeech, Utterance, VideoFrame
from engines.face import Picture

PORTRAIT = Path(__file__).parents[2] / "data" / "portrait.png"
FRAME_NS = 40_000_000
PHONE_NS = 80_000_000
PHONES = "həlˈoʊ mˈaɪ fɹˈɛnd pˈʊt ðə bˈɑks baɪ mˈiː."


def portrait() -> Picture:
    """Face of about 60 px between the outer eye corners, 320 x 320."""
    return np.asarray(cv2.imread(str(PORTRAIT)), dtype=np.uint8)


def scene(*places: tuple[int, int], width: int = 640, height: int = 480) -> Picture:
    """A grey room with the portrait at each of ``places`` (left, top)."""
    room = np.full((height, width, 3), 96, np.uint8)
    for left, top in places:
        part = portrait()[: height - top, : width - left]
        room[top : top + part.shape[0], left : left + part.shape[1]] = part
    return room


def frame(picture: Picture, number: int, *, epoch: str = "e", degraded: bool = False) -> VideoFrame:
    """A decoded picture at 25 a second."""
    planes = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), dtype=np.uint8)
    return VideoFrame(epoch, number * FRAME_NS, planes, degraded)


def swaying(number: int) -> VideoFrame:
    """A frame of somebody who stands at a door and moves a little."""
    left = 160 + round(6 * np.sin(number / 9))
    top = 80 + round(4 * np.cos(number / 7))
    noise = np.random.default_rng(number).normal(0, 2, (480, 640, 3))
    return frame(np.clip(scene((left, top)) + noise, 0, 255).astype(np.uint8), number)


def timings(phones: str = PHONES) -> tuple[PhonemeTiming, ...]:
    """Each symbol lasts 80 ms, marks and spaces 30 ms."""
    placed, at_ns = [], 0
    for symbol in phones:
        length = 30_000_000 if symbol in "ˈˌː " else PHONE_NS
        placed.append(PhonemeTiming(symbol, at_ns, at_ns + length))
        at_ns += length
    return tuple(placed)


def speech(start_ns: int, phones: str = PHONES) -> PlacedSpeech:
    """Translated speech at ``start_ns``; its sound is silence."""
    phonemes = timings(phones)
    end_ns = phonemes[-1].end_ns
    utterance = Utterance("u", "e", 0, end_ns, "pt", "olá", 1.0, "en", "hello")
    samples = np.zeros(end_ns * 16_000 // 1_000_000_000, np.float32)
    return PlacedSpeech(SyncedSpeech(utterance, 16_000, samples, phonemes), start_ns, 1.0)
