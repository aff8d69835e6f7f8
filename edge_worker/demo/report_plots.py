"""The report's plots as inline SVG; colours come from the page's style sheet."""

import html
from collections.abc import Sequence

from edge_worker.demo.record import RunRecord, StageLatency
from edge_worker.span import Span
from edge_worker.verify.reference import Reference, ReferenceUtterance

_WIDTH = 1080
_LEFT = 96
_ROW_S = 24
_ROW_HEIGHT = 112
_LANE = 26
_UPPER, _LOWER = 18, 58


def timeline_plot(run: RunRecord, reference: Reference) -> str:
    """Source speech above translated speech, as the owner's clock runs, in rows of 24 s."""
    shift_ns = run.output_start_ns
    last_ns = max(
        [reference.duration_ns - shift_ns, *(u.placed.end_ns for u in run.dubbed if u.placed)]
    )
    rows = max(1, -(-last_ns // (_ROW_S * 1_000_000_000)))
    parts = [_lanes(row) for row in range(rows)]
    for sentence in reference.utterances:
        for voiced in _voiced(sentence):
            span = Span(voiced.start_ns - shift_ns, voiced.end_ns - shift_ns)
            parts += _bars(span, _UPPER, "source", sentence.source_text, rows)
    for u in run.dubbed:
        if u.placed is not None:
            parts += _bars(u.placed, _LOWER, "target", u.target_text, rows)
    return (
        f'<svg viewBox="0 0 {_WIDTH} {rows * _ROW_HEIGHT}" role="img" '
        f'aria-label="When the visitor speaks and when the translation is heard">'
        f"{''.join(parts)}</svg>"
    )


def _voiced(sentence: ReferenceUtterance) -> list[Span]:
    """A sentence without its hesitations."""
    spans, start_ns = [], sentence.span.start_ns
    for pause in sentence.pauses:
        spans.append(Span(start_ns, pause.start_ns))
        start_ns = pause.end_ns
    return [*spans, Span(start_ns, sentence.span.end_ns)]


def _lanes(row: int) -> str:
    y = row * _ROW_HEIGHT
    parts = [
        f'<text class="lane" x="0" y="{y + _UPPER + 17}">visitor</text>',
        f'<text class="lane" x="0" y="{y + _LOWER + 17}">you hear</text>',
    ]
    for second in range(0, _ROW_S + 1, 4):
        x = _x(second)
        parts.append(
            f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{y + 10}" y2="{y + 90}"/>'
            f'<text class="tick" x="{x:.1f}" y="{y + 103}">{row * _ROW_S + second}</text>'
        )
    return "".join(parts)


def _x(second: float) -> float:
    return _LEFT + second * (_WIDTH - _LEFT - 16) / _ROW_S


def _bars(span: Span, lane: int, kind: str, text: str, rows: int) -> list[str]:
    """One bar, cut where it runs over the end of a row."""
    parts = []
    for row in range(rows):
        start_s = max(span.start_ns / 1e9 - row * _ROW_S, 0)
        end_s = min(span.end_ns / 1e9 - row * _ROW_S, _ROW_S)
        if end_s <= start_s:
            continue
        width = _x(end_s) - _x(start_s)
        parts.append(
            f'<rect class="{kind}" x="{_x(start_s):.1f}" y="{row * _ROW_HEIGHT + lane}" '
            f'width="{width:.1f}" height="{_LANE}" rx="4"><title>{html.escape(text)}</title></rect>'
        )
    return parts


def stage_plot(stages: Sequence[StageLatency]) -> str:
    """One bar per stage: to the median solid, to the 95th percentile pale."""
    if not stages:
        return ""
    longest = max(s.p95_ms for s in stages) or 1.0
    room, step = _WIDTH - 190 - 170, 34
    parts = []
    for number, stage in enumerate(stages):
        y = number * step
        p50, p95 = stage.p50_ms / longest * room, stage.p95_ms / longest * room
        parts.append(
            f'<text class="stage" x="0" y="{y + 20}">{html.escape(stage.stage)}</text>'
            f'<rect class="p95" x="190" y="{y + 5}" width="{p95:.1f}" height="22" rx="4"/>'
            f'<rect class="p50" x="190" y="{y + 5}" width="{p50:.1f}" height="22" rx="4"/>'
            f'<text class="value" x="{190 + p95 + 10:.1f}" y="{y + 20}">'
            f"{_ms(stage.p50_ms)} <tspan>p95 {_ms(stage.p95_ms)}</tspan></text>"
        )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {len(stages) * step}" role="img" '
        f'aria-label="Latency per stage">{"".join(parts)}</svg>'
    )


def _ms(value: float) -> str:
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"
