"""Speech made up for timeline tests: a constant where it sounds, so that sums can be read off."""

import numpy as np

from edge_worker.items import PhonemeTiming, PlacedSpeech, SyncedSpeech, Utterance

SECOND_NS = 1_000_000_000
RATE = 48_000


def synced(start_s: float, end_s: float, duration_s: float, name: str = "u") -> SyncedSpeech:
    utterance = Utterance(
        id=name,
        epoch="e",
        start_ns=round(start_s * SECOND_NS),
        end_ns=round(end_s * SECOND_NS),
        source_language="pt",
        source_text="olá",
        confidence=0.9,
        target_language="en",
        target_text="hello",
    )
    samples = np.full(round(duration_s * RATE), 0.5, np.float32)
    phonemes = (PhonemeTiming("h", 0, len(samples) * SECOND_NS // RATE),)
    return SyncedSpeech(utterance, RATE, samples, phonemes)


def cut_to_speed(speech: SyncedSpeech, speed: float) -> SyncedSpeech:
    count = round(len(speech.samples) / speed)
    samples = np.full(count, 0.5, np.float32)
    return SyncedSpeech(speech.utterance, speech.sample_rate, samples, speech.phonemes)


def placed(start_s: float, duration_s: float) -> PlacedSpeech:
    return PlacedSpeech(
        synced(start_s, start_s + duration_s, duration_s), round(start_s * SECOND_NS), 1.0
    )
