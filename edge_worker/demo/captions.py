"""Captions in both languages as WebVTT (W3C), which browsers and players show beside the film."""

import html

from edge_worker.demo.judge import RunRecord, Span, SpokenUtterance
from edge_worker.items import Verdict

_READABLE_NS = 1_500_000_000
"""A caption stays at least this long, if the next one lets it."""


def webvtt(run: RunRecord) -> str:
    """One cue per utterance on the output film's time: the translation, below it what was said."""
    cues = [(caption_span(u, run.output_start_ns), u) for u in run.utterances]
    cues = sorted((c for c in cues if c[0].end_ns > 0), key=lambda cue: cue[0].start_ns)
    blocks = ["WEBVTT\n\nNOTE\nTranslated by AI (Polylip)."]
    for number, (span, u) in enumerate(cues):
        free_ns = cues[number + 1][0].start_ns if number + 1 < len(cues) else 2**62
        end_ns = max(span.end_ns, min(span.start_ns + _READABLE_NS, free_ns))
        lines = [_text(u.target_text)] if u.target_text else []
        lines.append(f"<i>{_text(u.source_text)}</i>")
        if u.verdict is not Verdict.DUB and u.reason:
            lines.append(f"({_text(u.reason)})")
        times = f"{timestamp(max(0, span.start_ns))} --> {timestamp(end_ns)}"
        blocks.append("\n".join([u.id, times, *lines]))
    return "\n\n".join(blocks) + "\n"


def caption_span(utterance: SpokenUtterance, output_start_ns: int) -> Span:
    """Where an utterance is heard in the output film: its translation, else the original."""
    if utterance.placed is not None:
        return utterance.placed
    source = utterance.source
    return Span(source.start_ns - output_start_ns, source.end_ns - output_start_ns)


def timestamp(time_ns: int) -> str:
    """``hh:mm:ss.mmm``."""
    ms = time_ns // 1_000_000
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def _text(text: str) -> str:
    """Cue text: one line, markup escaped."""
    return html.escape(" ".join(text.split()), quote=False)
