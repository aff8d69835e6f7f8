"""``polylip bench quiet``: is a door quiet at which nobody speaks, and does speech get through?"""

from dataclasses import dataclass
from functools import cache
from typing import Final

from edge_worker.bench import BenchOptions
from edge_worker.bench.company.lines import sample_film
from edge_worker.bench.doorway import (
    SPEECH_DBFS,
    at_level,
    blocks,
    mixed,
    sound_of,
    through_aac,
    through_telephone,
)
from edge_worker.bench.listening import Ears, Heard
from edge_worker.bench.quiet_sounds import SOUNDS, door_sound
from edge_worker.bench.report import BenchReport, Cell, Column, Row
from edge_worker.items import Samples, Verdict
from edge_worker.media.encode import SAMPLE_RATE
from edge_worker.verify.reference import ReferenceUtterance, read_reference
from edge_worker.verify.words import error_rate

LEVELS_DBFS: Final = (-50.0, -38.0, -26.0)
RATIOS_DB: Final = (20.0, 10.0, 5.0)
TAKE_S: Final = 45.0
TAKES: Final = 3
"""Of every sound at every level: an hour in all."""
MOST_AN_HOUR: Final = 1.0
"""False utterances that a door may make."""

_QUICK_LEVELS: Final = (-26.0,)
_QUICK_TAKE_S: Final = 7.0
_QUICK_SPEECH_S: Final = 11.0
_CLEAN: Final = "no noise"
_TELEPHONE: Final = "telephone"

COLUMNS: Final = (
    Column("sound"),
    Column("level", help="RMS of the sound's louder parts; or how much louder speech is."),
    Column("minutes", "", 2),
    Column("spans", "", 0, "stretches that the segmenter took for speech"),
    Column("captions", "", 0, "utterances with words that are shown and not spoken"),
    Column("dubbed", "", 0, "utterances with words that would be spoken: false ones"),
    Column("false", "1/h", 1, "the same in an hour; the bar is 1"),
    Column("WER", "%", 1, "of the sample visitor, all words together"),
    Column("missed", "", 0, "of her sentences: no utterance lies there"),
    Column("of", "", 0),
)
_NOTES: Final = (
    "Sounds are made by the recipes of edge_worker/bench/quiet_sounds.py, and go through AAC.",
    "The source language is set: to English where nobody speaks, else to Portuguese.",
    f"The visitor has {SPEECH_DBFS:.0f} dBFS while she speaks.",
    f"{_TELEPHONE}: 8 kHz in G.711 A-law.",
)


@dataclass(frozen=True, slots=True)
class _Count:
    """What was heard where nobody spoke."""

    seconds: float = 0.0
    spans: int = 0
    captions: int = 0
    dubbed: int = 0

    def __add__(self, other: "_Count") -> "_Count":
        return _Count(
            self.seconds + other.seconds,
            self.spans + other.spans,
            self.captions + other.captions,
            self.dubbed + other.dubbed,
        )

    @property
    def cells(self) -> dict[str, Cell]:
        """Of a row."""
        return {
            "minutes": self.seconds / 60,
            "spans": float(self.spans),
            "captions": float(self.captions),
            "dubbed": float(self.dubbed),
            "false": self.dubbed / (self.seconds / 3600),
        }


def run(options: BenchOptions) -> BenchReport:
    """Listen to an hour of noise, then to speech in it; about 25 minutes.

    Raises:
        BenchFailedError: a model or a voice is not on this machine.
    """
    with Ears() as ears:
        rows = (*_silences(options, ears), *_speeches(options, ears))
    return BenchReport("quiet", "Sound without speech, and speech in it", COLUMNS, rows, _NOTES)


def _silences(options: BenchOptions, ears: Ears) -> tuple[Row, ...]:
    """A row for every sound and level, and one for all of them."""
    levels = _QUICK_LEVELS if options.quick else LEVELS_DBFS
    rows: list[Row] = []
    total = _Count()
    for name in SOUNDS:
        for level in levels if options.wants(name) else ():
            options.progress(f"{name} at {level:.0f} dBFS")
            count = _listen(ears, name, level, quick=options.quick)
            total += count
            rows.append(Row({"sound": name, "level": f"{level:.0f} dBFS", **count.cells}))
    return (*rows, Row({"sound": "all", "level": "all", **total.cells})) if rows else ()


def _listen(ears: Ears, name: str, level: float, *, quick: bool) -> _Count:
    count = _Count()
    seconds, takes = (_QUICK_TAKE_S, 1) if quick else (TAKE_S, TAKES)
    for take in range(takes):
        sound = through_aac(door_sound(name, seconds, take, level))
        # What is babbled is English: set to it, the recognizer is the readiest to hear words.
        heard = ears.hear(blocks(sound), source="en", target="pt")
        dubbed = sum(one.verdict is Verdict.DUB for one in heard.utterances)
        count += _Count(seconds, heard.spans, len(heard.utterances) - dubbed, dubbed)
    return count


def _speeches(options: BenchOptions, ears: Ears) -> tuple[Row, ...]:
    """A row for every noise and ratio, one without noise and one for a telephone line."""
    rows: list[Row] = []
    if options.wants(_CLEAN):
        options.progress("speech without noise")
        speech = _visitor()[: round(_QUICK_SPEECH_S * SAMPLE_RATE) if options.quick else None]
        rows.append(_speech_row(ears, _CLEAN, "", through_aac(speech)))
    if options.wants(_TELEPHONE) and not options.quick:
        options.progress("speech at 8 kHz")
        rows.append(_speech_row(ears, _TELEPHONE, "", through_telephone(_visitor())))
    for name in SOUNDS if not options.quick else ():
        for ratio in RATIOS_DB if options.wants(name) else ():
            options.progress(f"speech {ratio:.0f} dB above {name}")
            speech = _visitor()
            noise = door_sound(name, len(speech) / SAMPLE_RATE, 99, SPEECH_DBFS - ratio)
            sound = through_aac(mixed(len(speech), (0.0, speech), (0.0, noise)))
            rows.append(_speech_row(ears, name, f"speech +{ratio:.0f} dB", sound))
    return tuple(rows)


def _speech_row(ears: Ears, name: str, level: str, sound: Samples) -> Row:
    heard = ears.hear(blocks(sound), source="pt", target="en")
    end_ns = len(sound) * 1_000_000_000 // SAMPLE_RATE
    said = [one for one in _said() if one.span.end_ns <= end_ns]
    return Row(
        {
            "sound": name,
            "level": level or "speech",
            "minutes": len(sound) / SAMPLE_RATE / 60,
            "WER": error_rate([" ".join(one.source_text for one in said)], [heard.text], "pt"),
            "missed": float(sum(_missed(one, heard) for one in said)),
            "of": float(len(said)),
        }
    )


def _missed(said: ReferenceUtterance, heard: Heard) -> bool:
    return not any(
        one.start_ns < said.span.end_ns and said.span.start_ns < one.end_ns
        for one in heard.utterances
    )


@cache
def _visitor() -> Samples:
    """The sample visitor's sound, at 48 kHz."""
    return at_level(sound_of(sample_film()))


@cache
def _said() -> tuple[ReferenceUtterance, ...]:
    return read_reference(sample_film().with_name("reference.json")).utterances
