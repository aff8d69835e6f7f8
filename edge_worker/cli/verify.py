"""``polylip verify``: judge a finished film by itself."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

import av
import click
from rich.console import Console
from rich.table import Table

from edge_worker.verify import Findings, MouthFindings, Subject, captions_of, verify
from edge_worker.verify.reference import read_reference
from engines import EngineUnavailableError
from engines.asr import Recognizer
from engines.asr.whisper import WhisperRecognizer
from engines.catalogue import Catalogue
from engines.face.mediapipe import MediaPipeFace

_NOTICED = MappingProxyType(
    {True: "[green]noticed[/]", False: "[red]NOT NOTICED[/]", None: "not measured"}
)
_EXISTING = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("verify")
@click.argument("film", metavar="FILE", type=_EXISTING)
@click.option("--captions", type=_EXISTING, help="WebVTT.  [default: those in FILE, or beside it]")
@click.option("--reference", type=_EXISTING, help="Human annotation (JSON), for the chrF.")
@click.option("--against", type=_EXISTING, help="The film it was made from, for --controls.")
@click.option("--controls", is_flag=True, help="Judge spoilt copies too: do the judges notice?")
@click.option("--asr", "model", default="whisper-base", show_default=True, help="Recognizer model.")
@click.option(
    "--json", "out", type=click.Path(path_type=Path, dir_okay=False), help="Write figures here."
)
def command(
    *,
    film: Path,
    captions: Path | None,
    reference: Path | None,
    against: Path | None,
    controls: bool,
    model: str,
    out: Path | None,
) -> None:
    """Measure a translated FILE (mp4) by its pictures, its sound and its captions alone.

    Two methods that share nothing look at the mouth; each figure stands for both.
    """
    console = Console(stderr=True)
    if out is not None:
        _check_writable(out)
    try:
        recognizer, deaf = _recognizer(model)
        subject = Subject(
            film=film,
            captions=captions_of(film, captions),
            reference=read_reference(reference) if reference else None,
            source_film=against,
            with_controls=controls,
        )
        with console.status("") as status:
            findings = verify(
                subject,
                landmarker=MediaPipeFace(),
                recognizer=recognizer,
                tell=status.update,
                deaf=deaf,
            )
    except (EngineUnavailableError, ValueError, OSError, av.FFmpegError) as error:
        raise click.ClickException(str(error)) from error
    if out is not None:
        text = json.dumps(_report(findings), ensure_ascii=False, indent=1)
        out.write_text(text + "\n", encoding="utf-8")
    _tell(Console(), findings)


def _check_writable(out: Path) -> None:
    """Better before minutes of work than after."""
    if not out.parent.is_dir() or not os.access(out if out.exists() else out.parent, os.W_OK):
        raise click.BadParameter(f"{out} cannot be written", param_hint="--json")


def _recognizer(model: str) -> tuple[Recognizer | None, str]:
    """The recognizer, or why there is none: whatever needs none is measured all the same."""
    try:
        return WhisperRecognizer(Catalogue.load().fetch(model), threads=2), ""
    except EngineUnavailableError as error:
        return None, str(error)


def _report(findings: Findings) -> dict[str, object]:
    return {**findings.figures(), "details": findings.details()}


def _tell(console: Console, findings: Findings) -> None:
    console.print(_mouths(findings))
    counts, words = findings.counts, findings.words
    unit = "characters" if words.in_characters else "words"
    rows = [
        ("lips rendered, of frames with translated speech and a face", findings.lip_coverage),
        (f"{unit} heard wrong", words.error_rate),
    ]
    for name, value in rows:
        console.print(f"{name}: {'-' if value is None else f'{value:.1%}'}")
    console.print(f"chrF: {'-' if words.chrf is None else f'{words.chrf:.1f}'}")
    console.print(
        f"utterances: {counts.utterances}, spoken {counts.spoken}, "
        f"of these off camera, as the captions say, {counts.off_camera}"
    )
    if findings.judged_share is not None:
        console.print(f"mouths judged in {findings.judged_share:.0%} of the translated speech")
    if findings.bilabials_unsure:
        console.print(
            f"P, B and M left out, their time is not certain: {findings.bilabials_unsure}"
        )
    for key, reason in findings.untold.items():
        console.print(f"cannot tell {key}: {reason}", markup=False)


def _mouths(findings: Findings) -> Table:
    table = Table(box=None)
    table.add_column("")
    for mouth in findings.mouths:
        table.add_column(mouth.method, justify="right")
    _add_rows(table, findings.mouths, "")
    if findings.counts.off_camera:
        _add_rows(table, findings.everyone, ", off camera too")
    for control in findings.controls:
        table.add_row(
            f"[dim]{control.name}[/]",
            *(
                f"{_ms(one.offset_ms)}, r {_number(one.r)}, {_NOTICED[one.told]}"
                for one in control.readings
            ),
        )
    return table


def _add_rows(table: Table, mouths: Sequence[MouthFindings], whose: str) -> None:
    rows = {
        "sound after picture, median": [_ms(mouth.offset_ms(50)) for mouth in mouths],
        "5th to 95th percentile": [_range(mouth) for mouth in mouths],
        "correlation with the speech": [_number(mouth.speech_r) for mouth in mouths],
        "closed on P, B, M": [_closed(mouth) for mouth in mouths],
    }
    for name, cells in rows.items():
        table.add_row(name + whose, *cells)


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:+.0f} ms"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _range(mouth: MouthFindings) -> str:
    count = len(mouth.windows)
    told = f"{count} windows" if mouth.peaks == count else f"{mouth.peaks} of {count} windows"
    return f"{_ms(mouth.offset_ms(5))} to {_ms(mouth.offset_ms(95))} ({told})"


def _closed(mouth: MouthFindings) -> str:
    found = mouth.closure
    if found.rate is None:
        return "-"
    chance = "" if found.by_chance is None else f", by chance {found.by_chance:.0%}"
    return f"{found.rate:.0%} ({found.closed} of {found.seen}{chance})"
