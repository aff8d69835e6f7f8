"""Whole films, made live and judged from their files alone.

A visitor is played to a worker as in ``polylip demo``; what ``polylip verify`` finds in the written
film, and in spoilt copies of it, is a row. The visitors are the sample, the sample at doorbells,
and a real man (``bench/man.py``): once saying other words than are heard, once as if he said them.
"""

import asyncio
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import av

from edge_worker.bench import BenchFailedError, BenchOptions
from edge_worker.bench.man import write_man
from edge_worker.bench.report import BenchReport, Cell, Column, Row
from edge_worker.bench.scenes import film as film_scene
from edge_worker.bench.scenes import scenes
from edge_worker.demo import SAMPLE
from edge_worker.demo.processes import ProcessFailedError
from edge_worker.demo.run import DemoOptions
from edge_worker.demo.run import run as run_demo
from edge_worker.demo.show import film_length_s, write_translated
from edge_worker.verify import Findings, MouthFindings, Subject, captions_of, verify
from edge_worker.verify.reference import Reference, read_reference
from engines.asr.whisper import WhisperRecognizer
from engines.catalogue import Catalogue
from engines.face.mediapipe import MediaPipeFace

_SOURCE = SAMPLE / "visitor.mp4"
_QUICK_S, _DOORBELL_S = 24.0, 36.0
"""How much of the sample: painting a doorbell's picture takes a quarter of a second."""
_SCENES = ("doorbell", "doorbell-far", "doorbell-night", "doorbell-rain")
COLUMNS = (
    Column("film"),
    Column("offset", "ms", 0, "Sound after picture, median over 10 s windows; landmark mesh."),
    Column("p5 to p95", "ms", help="The same, over the windows, and their number."),
    Column("r", "", 2, "Correlation of the mouth with the speech; landmark mesh."),
    Column("closed", "%", 0, "Of P, B and M heard, those with lips seen closed; landmark mesh."),
    Column("offset2", "ms", 0, "By the second method, outline points."),
    Column("r2", "", 2, "Likewise."),
    Column("closed2", "%", 0, "Likewise."),
    Column("coverage", "%", 0, "Rendered frames / frames with translated speech and a face."),
    Column("off camera", help="Of the spoken utterances, those judged off camera."),
    Column("WER", "%", 1, "Words heard wrong in the film's sound."),
    Column("chrF", "", 1, "Against the human translation."),
    Column("noticed", help="Spoilt copies that the first and the second method noticed."),
    Column("untouched r", "", 2, "The original lips with the translated sound; landmark mesh."),
    Column("foreign r", "", 2, "The same lips with another stretch of the sound; landmark mesh."),
)


def run(options: BenchOptions) -> BenchReport:
    """Make and judge the films; about three minutes for each.

    Raises:
        BenchFailedError: none of the films asked for can be made here.
    """
    makers = _makers()
    chosen = [name for name in makers if options.wants(name)]
    rows: list[Row] = []
    notes = [f"Every film has the sample's sound; doorbells show its first {_DOORBELL_S:.0f} s."]
    for name in chosen[:1] if options.quick else chosen:
        folder = options.folder / name
        folder.mkdir(exist_ok=True)
        source = folder / "source.mp4"
        try:
            if not source.exists():
                options.progress(f"{name}: making the visitor's film")
                makers[name](source, _QUICK_S if options.quick else None)
            rows.append(row_of(name, _judged(name, source, options)))
        except (BenchFailedError, ProcessFailedError, av.FFmpegError) as error:
            notes.append(f"{name} was not measured: {error}")
    if not rows:
        raise BenchFailedError("; ".join(notes[1:]) or f"no such film; there are {list(makers)}")
    return BenchReport(
        "films", "Films, judged from their files", COLUMNS, tuple(rows), tuple(notes)
    )


Maker = Callable[[Path, float | None], None]
"""Writes a visitor's film, at most so many seconds of it."""


def _makers() -> Mapping[str, Maker]:
    makers: dict[str, Maker] = {
        "sample": _sample,
        "man": _man,
        "man-speaking": _man_speaking,
    }
    return MappingProxyType(makers | {name: _scene(name, _DOORBELL_S) for name in _SCENES})


def _scene(name: str, longest_s: float | None) -> Maker:
    def make(path: Path, seconds: float | None) -> None:
        film_scene(scenes()[name], _SOURCE, path, MediaPipeFace(), seconds=seconds or longest_s)

    return make


def _sample(path: Path, seconds: float | None) -> None:
    if seconds is None:
        shutil.copyfile(_SOURCE, path)
    else:
        _scene("clean", None)(path, seconds)


def _man(path: Path, seconds: float | None) -> None:
    write_man(path, _SOURCE, seconds or film_length_s(_SOURCE))


def _man_speaking(path: Path, seconds: float | None) -> None:
    write_man(path, _SOURCE, seconds or film_length_s(_SOURCE), MediaPipeFace())


def _judged(name: str, source: Path, options: BenchOptions) -> Findings:
    film_s = film_length_s(source)
    reference = _reference(film_s)
    demo = DemoOptions(
        film=source,
        source=reference.source_language,
        target=reference.target_language,
        folder=options.folder / name,
        film_s=film_s,
    )
    options.progress(f"{name}: running it live")
    translated = write_translated(demo, asyncio.run(run_demo(demo, lambda _: None))).path
    return verify(
        Subject(translated, captions_of(translated), reference, source, with_controls=True),
        landmarker=MediaPipeFace(),
        recognizer=WhisperRecognizer(Catalogue.load().fetch("whisper-base"), threads=2),
        tell=lambda step: options.progress(f"{name}: {step}"),
    )


def _reference(film_s: float) -> Reference:
    """The sample's, as far as the film goes."""
    whole = read_reference(SAMPLE / "reference.json")
    heard = tuple(one for one in whole.utterances if one.span.end_ns <= film_s * 1e9)
    return replace(whole, utterances=heard, duration_ns=round(film_s * 1e9))


def row_of(film: str, found: Findings) -> Row:
    """The findings of one film."""
    first, second = found.mouths
    counts, controls = found.counts, {control.name: control for control in found.controls}
    noticed = [_noticed([one.readings[eye].told for one in found.controls]) for eye in (0, 1)]
    cells: dict[str, Cell] = {
        "film": film,
        **_mouth(first, ""),
        **_mouth(second, "2"),
        "p5 to p95": _range(first),
        "coverage": found.lip_coverage,
        "off camera": f"{counts.off_camera} of {counts.spoken}",
        "WER": found.words.error_rate,
        "chrF": found.words.chrf,
        "noticed": ", ".join(noticed),
        **{
            f"{word} r": control.readings[0].r
            for word in ("untouched", "foreign")
            for name, control in controls.items()
            if name.startswith(word)
        },
    }
    return Row(cells)


def _noticed(told: Sequence[bool | None]) -> str:
    measured = [one for one in told if one is not None]
    return f"{sum(measured)} of {len(measured)}"


def _mouth(mouth: MouthFindings, suffix: str) -> dict[str, Cell]:
    return {
        f"offset{suffix}": mouth.offset_ms(50),
        f"r{suffix}": mouth.speech_r,
        f"closed{suffix}": mouth.closure.rate,
    }


def _range(mouth: MouthFindings) -> str | None:
    low, high = mouth.offset_ms(5), mouth.offset_ms(95)
    if low is None or high is None:
        return None
    return f"{low:.0f} to {high:.0f} ({len(mouth.windows)})"
