"""Captions as text tracks of an mp4 (3GPP TS 26.245, ``tx3g``): one for each language.

The translation's track has a cue where each translation is heard, the other one a cue where each
utterance was said. Cues of one track cannot overlap, which is why there are two; a box behind the
text, which players pass over, numbers the utterance that a cue belongs to.
"""

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

import av
from av.container import OutputContainer
from av.stream import Stream
from av.subtitles.stream import SubtitleStream

from edge_worker.captions import OFF_CAMERA, Caption, Captions
from edge_worker.span import Span

_MS = 1_000_000
_TICK = Fraction(1, 1000)
_LONGEST = 60_000
"""Bytes of one cue's text; its length is written in two."""
_TRANSLATION, _SPEECH = "Translated by AI", "As spoken"
_UNSPOKEN = "(not spoken: "
_TITLE = re.compile(r"^(Translated by AI|As spoken) \((\S*)\)$")
_ISO_639_2 = MappingProxyType(
    {
        "ar": "ara",
        "bg": "bul",
        "ca": "cat",
        "cs": "ces",
        "da": "dan",
        "de": "deu",
        "el": "ell",
        "en": "eng",
        "es": "spa",
        "et": "est",
        "fa": "fas",
        "fi": "fin",
        "fr": "fra",
        "he": "heb",
        "hi": "hin",
        "hr": "hrv",
        "hu": "hun",
        "id": "ind",
        "it": "ita",
        "ja": "jpn",
        "ko": "kor",
        "lt": "lit",
        "lv": "lav",
        "nl": "nld",
        "no": "nor",
        "pl": "pol",
        "pt": "por",
        "ro": "ron",
        "ru": "rus",
        "sk": "slk",
        "sl": "slv",
        "sr": "srp",
        "sv": "swe",
        "th": "tha",
        "tr": "tur",
        "uk": "ukr",
        "vi": "vie",
        "zh": "zho",
    }
)
"""mp4 names languages by three letters; what is not here is named in the track's title alone."""
_STYLE = (
    b"[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\n"
    b"Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, "
    b"Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, "
    b"Shadow, Alignment, MarginL, MarginR, MarginV, Encoding\n"
    b"Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,0\n\n"
    b"[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
)
"""How players show it where they have no wish of their own; ffmpeg wants it as SubStation Alpha."""


_KEY_BOX = b"uuid" + UUID("2b1f3c52-8f0e-4c1b-9d57-706f6c796c70").bytes
"""Type of the box (ISO/IEC 14496-12, 4.2) that holds a cue's number."""


class Cue(NamedTuple):
    """One text on a track."""

    key: int
    """Number of the utterance it belongs to, from 0."""
    span: Span
    text: str


def add_text_tracks(target: OutputContainer, captions: Captions) -> None:
    """Write both tracks; to be called when all other streams have been added."""
    tracks = (
        (_TRANSLATION, captions.target_language, _translation_cues(captions)),
        (_SPEECH, captions.source_language, _speech_cues(captions)),
    )
    streams = [_stream(target, title, language) for title, language, _ in tracks]
    for stream, (_, _, cues) in zip(streams, tracks, strict=True):
        for cue in _apart(cues):
            target.mux(_packet(stream, cue))


def read_text_tracks(path: Path) -> Captions | None:
    """The captions in a film; None where it has no translation's track.

    Raises:
        av.FFmpegError: the film cannot be read.
    """
    cues: dict[str, list[Cue]] = {}
    languages: dict[str, str] = {}
    with av.open(str(path)) as film:
        for number, stream in enumerate(film.streams.subtitles):
            names = (stream.metadata.get(key, "") for key in ("title", "name", "handler_name"))
            titled = next(filter(None, map(_TITLE.match, names)), None)
            if titled is None or stream.codec_context.name != "mov_text":
                continue
            kind, languages[titled[1]] = titled[1], titled[2]
            film.seek(0)
            cues[kind] = [
                cue for packet in film.demux(subtitles=number) if (cue := _cue(packet)) is not None
            ]
    if _TRANSLATION not in cues:
        return None
    return Captions(
        languages.get(_SPEECH, ""),
        languages[_TRANSLATION],
        tuple(_joined(cues[_TRANSLATION], cues.get(_SPEECH, []))),
    )


def _translation_cues(captions: Captions) -> Iterator[Cue]:
    for key, one in enumerate(captions.entries):
        if one.spoken is not None:
            remark = [OFF_CAMERA] if one.off_camera else []
            yield Cue(key, one.spoken, "\n".join([_line(one.target_text), *remark]))


def _speech_cues(captions: Captions) -> Iterator[Cue]:
    for key, one in enumerate(captions.entries):
        if one.source is None:
            continue
        lines = [_line(one.source_text)]
        if one.spoken is None:
            lines += [_line(one.target_text)] if one.target_text else []
            lines.append(f"{_UNSPOKEN}{_line(one.reason or 'no reason given')})")
        yield Cue(key, one.source, "\n".join(lines))


def _line(text: str) -> str:
    return " ".join(text.split())


def _apart(cues: Iterable[Cue]) -> Iterator[Cue]:
    """Cues in order of time on whole milliseconds, none reaching into the next.

    Those that begin together are moved apart by a millisecond; those before the film are left out.
    """
    ordered = sorted(cues, key=lambda cue: cue.span.start_ns)
    ordered = [cue for cue in ordered if cue.span.end_ns >= _MS]
    starts: list[int] = []
    for cue in ordered:
        starts.append(max(cue.span.start_ns // _MS, starts[-1] + 1 if starts else 0))
    for cue, start, following in zip(ordered, starts, [*starts, 2**62][1:], strict=True):
        end = min(cue.span.end_ns // _MS, following)
        yield Cue(cue.key, Span(start, max(end, start + 1)), cue.text)


def _stream(target: OutputContainer, title: str, language: str) -> SubtitleStream:
    stream = target.add_stream("mov_text")
    if not isinstance(stream, SubtitleStream):
        raise TypeError(f"mov_text made a {type(stream).__name__}, not a track of text")
    stream.codec_context.subtitle_header = _STYLE
    stream.time_base = _TICK
    for key in ("title", "handler_name"):  # which one survives depends on who copies the film
        stream.metadata[key] = f"{title} ({language})"
    stream.metadata["language"] = _ISO_639_2.get(language.partition("-")[0], "und")
    return stream


def _packet(stream: SubtitleStream, cue: Cue) -> "av.Packet[Stream]":
    text = cue.text.encode()[:_LONGEST].decode(errors="ignore").encode()
    packet = av.Packet(len(text).to_bytes(2, "big") + text + _boxed(cue.key))
    packet.stream = stream
    packet.time_base = _TICK
    packet.pts = packet.dts = cue.span.start_ns
    packet.duration = cue.span.duration_ns
    return packet


def _boxed(key: int) -> bytes:
    return (len(_KEY_BOX) + 8).to_bytes(4, "big") + _KEY_BOX + key.to_bytes(4, "big")


def _cue(packet: "av.Packet[Stream]") -> Cue | None:
    data = bytes(packet)
    size = int.from_bytes(data[:2], "big")
    _, found, key = data[2 + size :].partition(_KEY_BOX)
    if not found or len(key) < 4 or packet.pts is None or not packet.duration:
        return None
    start, end = (
        round(ticks * packet.time_base * 1_000_000_000)
        for ticks in (packet.pts, packet.pts + packet.duration)
    )
    text = data[2 : 2 + size].decode(errors="replace")
    return Cue(int.from_bytes(key[:4], "big"), Span(start, end), text)


def _joined(translations: list[Cue], speeches: list[Cue]) -> Iterator[Caption]:
    heard = {cue.key: cue for cue in translations}
    said = {cue.key: cue for cue in speeches}
    for key in sorted(heard.keys() | said.keys()):
        if key in heard:
            yield _spoken(heard[key], said.get(key))
        else:
            yield _unspoken(said[key])


def _unspoken(said: Cue) -> Caption:
    first, *rest = said.text.split("\n")
    target = [line for line in rest if not line.startswith(_UNSPOKEN)]
    reasons = [line.removeprefix(_UNSPOKEN).removesuffix(")") for line in rest[len(target) :]]
    return Caption(first, " ".join(target), source=said.span, reason=" ".join(reasons))


def _spoken(heard: Cue, said: Cue | None) -> Caption:
    lines = heard.text.split("\n")
    return Caption(
        source_text=said.text.split("\n")[0] if said else "",
        target_text=lines[0],
        source=said.span if said else None,
        spoken=heard.span,
        off_camera=OFF_CAMERA in lines[1:],
    )
