"""Makes of a run what people look at: films, captions, contact sheet, report."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import av

from edge_worker.demo.captions import webvtt
from edge_worker.demo.contact_sheet import moments, write_contact_sheet
from edge_worker.demo.judge import (
    Judgement,
    Reference,
    ReferenceUtterance,
    RunRecord,
    judge,
)
from edge_worker.demo.marks import rendered_spans
from edge_worker.demo.record import run_record
from edge_worker.demo.report import write_report
from edge_worker.demo.run import DemoOptions, RunResult
from edge_worker.demo.side_by_side import write_side_by_side
from edge_worker.egress.recorder import remux
from engines.asr.whisper import WhisperRecognizer
from engines.catalogue import Catalogue
from engines.face.mediapipe import MediaPipeFace


@dataclass(frozen=True, slots=True)
class Shown:
    """What was made."""

    record: RunRecord
    judgement: Judgement
    reference: Reference


def show(
    options: DemoOptions,
    result: RunResult,
    reference: Reference | None,
    tell: Callable[[str], None],
) -> Shown:
    """Write everything below ``options.folder``.

    Args:
        options: of the run.
        result: of the run.
        reference: annotation of the film; None for a film of the user's own, which is then held
            against what the worker itself heard, and has no translation score.
        tell: told each step.

    Raises:
        ValueError: the run gave no picture or no sound.
    """
    folder = options.folder
    translated = folder / "translated.mp4"
    tell("making translated.mp4")
    film_start_ns = remux(result.recording, translated)
    rendered = rendered_spans(result.recording, film_start_ns)
    frames = (_pictures(options.film), _pictures(translated))
    record = run_record(result, film_start_ns, rendered, frames)
    result.recording.unlink()
    (folder / "captions.vtt").write_text(webvtt(record), encoding="utf-8")
    tell("judging lips, sound and words")
    landmarker = MediaPipeFace()
    recognizer = WhisperRecognizer(Catalogue.load().fetch("whisper-base"), threads=2)
    known = reference if reference is not None else _heard(record, options)
    judgement = judge(translated, record, known, landmarker=landmarker, recognizer=recognizer)
    if reference is None:
        judgement = replace(judgement, chrf=None)
    tell("making before-after.mp4")
    write_side_by_side(
        options.film,
        translated,
        folder / "before-after.mp4",
        output_start_ns=record.output_start_ns,
    )
    tell("making the contact sheet")
    sheet: Path | None = folder / "contact-sheet.png"
    chosen = moments(record)
    if chosen and sheet is not None:
        write_contact_sheet(
            options.film,
            translated,
            sheet,
            chosen,
            output_start_ns=record.output_start_ns,
            landmarker=landmarker,
        )
    else:
        sheet = None
    tell("writing the report")
    write_report(
        folder,
        judgement,
        record,
        known,
        contact_sheet=sheet,
        films=(translated, folder / "before-after.mp4"),
    )
    return Shown(record, judgement, known)


def _heard(record: RunRecord, options: DemoOptions) -> Reference:
    return Reference(
        source_language=options.source,
        target_language=options.target,
        duration_ns=round(options.film_s * 1e9),
        utterances=tuple(
            ReferenceUtterance(one.id, one.source, one.source_text, one.target_text)
            for one in record.utterances
        ),
    )


def _pictures(film: Path) -> int:
    with av.open(str(film)) as container:
        if not container.streams.video:
            return 0
        return sum(packet.pts is not None for packet in container.demux(container.streams.video[0]))


def film_length_s(film: Path) -> float:
    """Length of a film.

    Raises:
        ValueError: it cannot be read, or has no length.
    """
    try:
        with av.open(str(film)) as container:
            length = container.duration
    except (OSError, av.FFmpegError) as error:
        raise ValueError(f"{film}: cannot be read as a film: {error}") from error
    if not length:
        raise ValueError(f"{film}: has no known length; give a file, not a live source")
    return length / av.time_base
