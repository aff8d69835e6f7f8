"""The report as one HTML page that needs nothing else."""

import base64
import html
from dataclasses import dataclass
from importlib.resources import files
from string import Template

_CARDS = (
    ("first_sound_s_p50", "to the first translated sound"),
    ("av_offset_ms_p95", "sound behind the lips, p95"),
    ("bilabial_closure_rate", "of P, B, M with closed lips"),
    ("tau", "of real time, all cores"),
)


@dataclass(frozen=True, slots=True)
class BarRow:
    """A figure, what was promised, and how it came out."""

    key: str
    meaning: str
    value: str
    promise: str
    verdict: str


@dataclass(frozen=True, slots=True)
class UtteranceRow:
    """One utterance for people."""

    start_s: float
    source_text: str
    target_text: str
    heard: str
    fate: str
    """Why it was not spoken; empty when it was."""
    first_sound: str


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that is on the page; ``timeline`` and ``stages`` are SVG."""

    bars: tuple[BarRow, ...]
    spoken: int
    sentences: int
    facts: tuple[str, ...]
    timeline: str
    stages: str
    utterances: tuple[UtteranceRow, ...]
    languages: tuple[str, str]
    contact_sheet: bytes
    """PNG, may be empty."""
    films: tuple[str, ...]


def render(page: Page) -> str:
    """The page as text."""
    template = Template((files("edge_worker.demo") / "report.html").read_text(encoding="utf-8"))
    return template.substitute(
        verdict=_verdict(page),
        cards=_cards(page.bars),
        facts="".join(f"<li>{html.escape(fact)}</li>" for fact in page.facts),
        films=_films(page.films),
        sheet=_sheet(page.contact_sheet),
        timeline=page.timeline,
        stages=_section("Where the time goes", page.stages),
        bars="".join(_bar(row) for row in page.bars),
        utterances="".join(_utterance(row) for row in page.utterances),
        source_language=html.escape(page.languages[0]),
        target_language=html.escape(page.languages[1]),
    )


def _verdict(page: Page) -> str:
    met = sum(row.verdict == "pass" for row in page.bars)
    measured = sum(row.verdict != "no data" for row in page.bars)
    kind = "good" if met == measured else "bad"
    return (
        f'<p class="verdict {kind}"><b>{met} of {measured}</b> promises kept. '
        f"{page.spoken} of {page.sentences} sentences spoken.</p>"
    )


def _cards(bars: tuple[BarRow, ...]) -> str:
    by_key = {row.key: row for row in bars}
    cards = []
    for key, caption in _CARDS:
        row = by_key[key]
        cards.append(
            f'<div class="card {_kind(row.verdict)}"><b>{html.escape(row.value)}</b>'
            f"<span>{html.escape(caption)}</span></div>"
        )
    return "".join(cards)


def _films(names: tuple[str, ...]) -> str:
    links = [f'<a href="{html.escape(name)}">{html.escape(name)}</a>' for name in names]
    return f'<p class="films">Beside this page: {", ".join(links)}</p>' if links else ""


def _sheet(png: bytes) -> str:
    if not png:
        return ""
    data = base64.b64encode(png).decode()
    return _section(
        "The same moments, before and after",
        f'<img alt="Stills before and after, whole and mouth" src="data:image/png;base64,{data}">',
    )


def _section(title: str, content: str) -> str:
    return f"<section><h2>{title}</h2>{content}</section>" if content else ""


def _bar(row: BarRow) -> str:
    return (
        f"<tr><td>{html.escape(row.meaning)}<code>{html.escape(row.key)}</code></td>"
        f'<td class="number">{html.escape(row.value)}</td><td>{html.escape(row.promise)}</td>'
        f'<td><span class="mark {_kind(row.verdict)}">{html.escape(row.verdict)}</span></td></tr>'
    )


def _utterance(row: UtteranceRow) -> str:
    said = html.escape(row.target_text) or "&ndash;"
    if row.fate:
        said += f' <span class="mark none">{html.escape(row.fate)}</span>'
    return (
        f'<tr><td class="number">{row.start_s:.1f}</td><td>{html.escape(row.source_text)}</td>'
        f'<td>{said}</td><td class="heard">{html.escape(row.heard)}</td>'
        f'<td class="number">{html.escape(row.first_sound)}</td></tr>'
    )


def _kind(verdict: str) -> str:
    return {"pass": "good", "miss": "bad"}.get(verdict, "none")
