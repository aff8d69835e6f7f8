"""Makes of a run what people look at: films, captions, contact sheet, report."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av

from edge_worker.captions import Captions
from edge_worker.captions.webvtt import write_webvtt
from edge_worker.demo.contact_sheet import moments, write_contact_sheet
from edge_worker.demo.latency import first_sounds_s
from edge_worker.demo.marks import rendered_spans
from edge_worker.demo.record import RunRecord, run_record
from edge_worker.demo.report import Outcome, write_report
from edge_worker.demo.run import DemoOptions, RunResult
from edge_worker.demo.side_by_side import write_side_by_side
from edge_worker.egress.recorder import film_start_ns, remux
from edge_worker.egress.runs import Run
from edge_worker.verify import Findings, Subject, captions_of, verify
from edge_worker.verify.reference import Reference, ReferenceUtterance
from engines.asr.whisper import WhisperRecognizer
from engines.catalogue import Catalogue
from engines.face.mediapipe import MediaPipeFace

_SAME_NS = 2_000_000
"""Captions tell milliseconds."""


@dataclass(frozen=True, slots=True)
class Translated:
    """The film of a run."""

    path: Path
    start_ns: int
    """Output PTS of its time 0."""


def write_translated(options: DemoOptions, result: RunResult) -> Translated:
    """Write ``translated.mp4`` with its captions, and these beside it as ``captions.vtt``.

    Raises:
        ValueError: the run gave no picture.
    """
    path = options.folder / "translated.mp4"
    start_ns = film_start_ns(result.recording)
    runs = (Run.from_start(start_ns),)
    captions = result.observed.transcript.captions(runs, options.target)
    remux(result.recording, path, captions=captions)
    (options.folder / "captions.vtt").write_text(write_webvtt(captions), encoding="utf-8")
    return Translated(path, start_ns)


def show(
    options: DemoOptions,
    result: RunResult,
    reference: Reference | None,
    tell: Callable[[str], None],
) -> Outcome:
    """Write everything below ``options.folder``.

    Args:
        options: of the run.
        result: of the run.
        reference: annotation of the film; None for a film of the user's own, whose latency is
            then held against what the worker itself heard, and which has no translation score.
        tell: told each step.

    Raises:
        ValueError: the run gave no picture or no sound.
    """
    folder = options.folder
    tell("making translated.mp4")
    made = write_translated(options, result)
    translated = made.path
    rendered = rendered_spans(result.recording, made.start_ns)
    frames = (_pictures(options.film), _pictures(translated))
    record = run_record(result, made.start_ns, rendered, frames)
    result.recording.unlink()
    landmarker = MediaPipeFace()
    recognizer = WhisperRecognizer(Catalogue.load().fetch("whisper-base"), threads=2)
    carried = captions_of(translated)
    findings = verify(
        Subject(translated, carried, reference),
        landmarker=landmarker,
        recognizer=recognizer,
        tell=tell,
    )
    known = reference if reference is not None else _heard(record, options)
    outcome = Outcome(
        findings=findings,
        run=record,
        reference=known,
        first_sounds_s=first_sounds_s(known.utterances, record.dubbed, record.camera_start_utc_ns),
        heard=_by_utterance(findings, carried, record),
    )
    tell("making before-after.mp4")
    side_by_side = folder / "before-after.mp4"
    write_side_by_side(
        options.film, translated, side_by_side, output_start_ns=record.output_start_ns
    )
    tell("making the contact sheet")
    sheet: Path | None = None
    chosen = moments(record)
    if chosen:
        sheet = folder / "contact-sheet.png"
        write_contact_sheet(
            options.film,
            translated,
            sheet,
            chosen,
            output_start_ns=record.output_start_ns,
            landmarker=landmarker,
        )
    tell("writing the report")
    write_report(folder, outcome, contact_sheet=sheet, films=(translated, side_by_side))
    return outcome


def _by_utterance(
    findings: Findings, captions: Captions | None, record: RunRecord
) -> dict[str, str]:
    """What was heard again, by the id of the utterance whose translation lies there."""
    if captions is None:
        return {}
    texts = [
        (one.spoken.start_ns, text)
        for one, text in zip(captions.spoken, findings.words.heard, strict=False)
        if one.spoken is not None
    ]
    return {
        u.id: text
        for u in record.dubbed
        for start_ns, text in texts
        if u.placed is not None and abs(u.placed.start_ns - start_ns) < _SAME_NS
    }


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
