"""Captions as WebVTT (W3C), which browsers and players show beside the film.

A cue holds both languages. A comment in front of it gives the exact times; the cue itself may stay
longer, so that it can be read.
"""

import html
import re
from collections.abc import Iterator

from edge_worker.captions import OFF_CAMERA, Caption, Captions
from edge_worker.span import Span

READABLE_NS = 1_500_000_000
"""A cue stays at least this long, if the next one lets it."""

_DISCLOSURE = "Translated by AI (Polylip)"
_MS = 1_000_000
_TIME = r"(?:(\d{2,}):)?(\d{2}):(\d{2})\.(\d{3})"
_CUE = re.compile(rf"{_TIME}[ \t]+-->[ \t]+{_TIME}")
_LANGUAGES = re.compile(r"^WEBVTT[^\n]* from (\S+) to (\S+)")
_SAID = re.compile(rf"said {_TIME} to {_TIME}")
_HEARD = re.compile(rf"heard {_TIME} to {_TIME}")
_LANG = re.compile(r"^<lang ([^>]+)>(.*)</lang>$")
_TAG = re.compile(r"<[^>]*>")


def write_webvtt(captions: Captions) -> str:
    """One cue per utterance: the translation where it is heard, below it what was said.

    Times before the film's start become its start; what is nowhere in the film is left out.
    """
    shown = sorted(
        (
            (span, one)
            for one in captions.entries
            if (span := _on_file(one.spoken or one.source)) is not None
        ),
        key=lambda pair: pair[0].start_ns,
    )
    languages = f" from {captions.source_language} to {captions.target_language}"
    blocks = [f"WEBVTT {_DISCLOSURE}{languages if captions.target_language else ''}"]
    for number, (span, one) in enumerate(shown):
        free_ns = shown[number + 1][0].start_ns if number + 1 < len(shown) else 2**62
        end_ns = max(span.end_ns, min(span.start_ns + READABLE_NS, free_ns))
        times = f"{timestamp(span.start_ns)} --> {timestamp(end_ns)}"
        blocks += [_note(one), "\n".join([times, *_lines(captions, one)])]
    return "\n\n".join(blocks) + "\n"


def read_webvtt(text: str) -> Captions:
    """Captions out of a WebVTT file; what it does not tell is left out.

    Raises:
        ValueError: it is no WebVTT.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if not text.startswith("WEBVTT"):
        raise ValueError("not a WebVTT file: it does not begin with WEBVTT")
    languages = _LANGUAGES.match(text)
    source, target = languages.groups() if languages else ("", "")
    return Captions(source, target, tuple(_entries(text, target)))


def timestamp(time_ns: int) -> str:
    """``hh:mm:ss.mmm``."""
    ms = time_ns // _MS
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def _on_file(span: Span | None) -> Span | None:
    """What a file can tell of a span, which is no time before 0 and whole milliseconds."""
    if span is None or span.end_ns // _MS <= max(0, span.start_ns) // _MS:
        return None
    return Span(max(0, span.start_ns), span.end_ns)


def _note(one: Caption) -> str:
    parts = [
        f"{word} {timestamp(shown.start_ns)} to {timestamp(shown.end_ns)}"
        for word, span in (("said", one.source), ("heard", one.spoken))
        if (shown := _on_file(span)) is not None
    ]
    return f"NOTE {', '.join(parts)}"


def _lines(captions: Captions, one: Caption) -> list[str]:
    lines = []
    if one.target_text:
        lines.append(f"<lang {captions.target_language or 'und'}>{_text(one.target_text)}</lang>")
    if one.source_text:
        said = f"<i>{_text(one.source_text)}</i>"
        lines.append(f"<lang {captions.source_language or 'und'}>{said}</lang>")
    if one.off_camera and one.spoken is not None:
        lines.append(OFF_CAMERA)
    if one.spoken is None:
        lines.append(f"({_text(one.reason or 'not spoken')})")
    return lines


def _text(text: str) -> str:
    """Cue text: one line, markup escaped."""
    return html.escape(" ".join(text.split()), quote=False)


def _entries(text: str, target: str) -> Iterator[Caption]:
    said = heard = None
    exact = False
    for block in re.split(r"\n{2,}", text)[1:]:
        if block.startswith("NOTE"):
            said, heard = _span(_SAID, block), _span(_HEARD, block)
            exact = said is not None or heard is not None
            continue
        lines = block.strip("\n").split("\n")
        at = next((n for n, line in enumerate(lines) if "-->" in line), None)
        if at is None or (shown := _span(_CUE, lines[at])) is None:
            continue
        yield _caption(lines[at + 1 :], target, said, heard if exact else shown)
        said = heard = None
        exact = False


def _caption(lines: list[str], target: str, said: Span | None, heard: Span | None) -> Caption:
    texts: dict[bool, list[str]] = {True: [], False: []}
    remarks: list[str] = []
    for line in lines:
        marked = _LANG.match(line)
        if marked is not None:
            # The source comes below, in italics; both languages may be unknown.
            is_source = marked[2].startswith("<i>")
            texts[not is_source].append(_plain(marked[2]))
        elif line.startswith("(") and line.endswith(")"):
            remarks.append(_plain(line))
        else:
            texts[not (line.startswith("<i>") and bool(target))].append(_plain(line))
    reasons = [remark[1:-1] for remark in remarks if remark != OFF_CAMERA]
    return Caption(
        source_text=" ".join(texts[False]),
        target_text=" ".join(texts[True]),
        source=said,
        spoken=heard,
        off_camera=OFF_CAMERA in remarks,
        reason=" ".join(reasons) if heard is None else "",
    )


def _plain(line: str) -> str:
    return html.unescape(_TAG.sub("", line)).strip()


def _span(pattern: re.Pattern[str], line: str) -> Span | None:
    found = pattern.search(line)
    if found is None:
        return None
    numbers = [int(group or 0) for group in found.groups()]
    start, end = (
        ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms
        for hours, minutes, seconds, ms in (numbers[:4], numbers[4:])
    )
    return Span(start * _MS, end * _MS)
