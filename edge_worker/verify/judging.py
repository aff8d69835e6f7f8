"""The judging of one film, from its file to its findings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import numpy as np

from edge_worker.captions import Caption, Captions
from edge_worker.captions.text_track import read_text_tracks
from edge_worker.captions.webvtt import read_webvtt
from edge_worker.span import Span, within
from edge_worker.verify import film as films
from edge_worker.verify.alignment import Bilabials, Utterance, bilabials, misfit
from edge_worker.verify.clock import source_shift_ns
from edge_worker.verify.closure import closure
from edge_worker.verify.controls import controls
from edge_worker.verify.findings import Control, Counts, Findings, MouthFindings, Words
from edge_worker.verify.mesh import MeshEye
from edge_worker.verify.mouth import Eye, MouthTrack, Seen, look
from edge_worker.verify.outline import OutlineEye
from edge_worker.verify.phones import PhonesUnknownError, accents_of, phones_of
from edge_worker.verify.reference import Reference, reference_shift_ns
from edge_worker.verify.sync import sync_windows
from edge_worker.verify.words import (
    counts_characters,
    error_rate,
    heard,
    paired,
    translation_score,
)
from engines.asr import SAMPLE_RATE, Recognizer
from engines.face import FaceLandmarker

_LISTENED_NS = 150_000_000
"""Sound looked at on either side of an utterance when its phones are sought."""
_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Subject:
    """A film and what to hold it against."""

    film: Path
    captions: Captions | None
    reference: Reference | None = None
    """The human annotation of the source film."""
    source_film: Path | None = None
    """What the film was made from; for the control with untouched lips."""
    with_controls: bool = False


def captions_of(film: Path, given: Path | None = None) -> Captions | None:
    """Captions of a film: those given, those in it, or those beside it; None without any.

    Raises:
        ValueError: what was given, or lies beside it, is no WebVTT.
        OSError: it cannot be read.
        av.FFmpegError: the film cannot be read.
    """
    if given is None:
        carried = read_text_tracks(film)
        if carried is not None:
            return carried
    path = given or film.with_suffix(".vtt")
    if given is None and not path.exists():
        return None
    try:
        return read_webvtt(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def verify(
    subject: Subject,
    *,
    landmarker: FaceLandmarker,
    recognizer: Recognizer | None = None,
    tell: Callable[[str], None] = lambda _: None,
    deaf: str = "no recognizer was given",
) -> Findings:
    """Measure a film.

    Args:
        subject: what to measure.
        landmarker: for the first eye.
        recognizer: hears the words again; None: their error rate is left untold.
        tell: told each step.
        deaf: why there is no recognizer.

    Raises:
        ValueError: the film has no picture or no sound.
        av.FFmpegError: a film cannot be read.
    """
    tell("looking at every mouth")
    sound = films.sound(subject.film, SAMPLE_RATE)
    eyes = _eyes(landmarker)
    seen = look(films.shots(subject.film), eyes)
    captions = subject.captions or Captions("", "")
    on_camera = [one for one in captions.spoken if not one.off_camera]
    untold: dict[str, str] = {} if recognizer is not None else {"output_wer": deaf}
    tell("looking for P, B and M in the sound")
    names = tuple(eye.name for eye in eyes)
    judge, unsure = _judge(names, sound, on_camera, captions.target_language, untold)
    mouths = everyone = judge.measure(seen.tracks, sound)
    if len(on_camera) < len(captions.spoken):
        judge_all, _ = _judge(names, sound, captions.spoken, captions.target_language, untold)
        everyone = judge_all.measure(seen.tracks, sound)
    tell("listening to the words")
    words = _words(subject, captions, sound, recognizer, untold)
    counts, coverage = _coverage(seen, captions)
    _explain(untold, subject, mouths, counts, seen)
    made: tuple[Control, ...] = ()
    if subject.with_controls:
        tell("measuring spoilt films")
        untouched = _untouched(subject, sound, landmarker, untold)
        made = controls(mouths, sound, SAMPLE_RATE, judge.measure, untouched)
    return Findings(
        mouths=mouths,
        words=words,
        counts=counts,
        lip_coverage=coverage,
        untold=untold,
        controls=made,
        bilabials_unsure=unsure,
        everyone=everyone,
        judged_share=_share(on_camera, captions.spoken),
    )


@dataclass(frozen=True, slots=True)
class _MouthJudge:
    """Holds mouths against a sound."""

    methods: tuple[str, ...]
    bilabials_ns: tuple[int, ...]
    speech: tuple[Span, ...]

    def measure(
        self, tracks: Sequence[MouthTrack], sound: films.Sound, later_ns: int = 0
    ) -> tuple[MouthFindings, ...]:
        """What each eye's track says of a sound whose words come ``later_ns`` than captioned."""
        times = [time_ns + later_ns for time_ns in self.bilabials_ns]
        speech = [span.shifted(later_ns) for span in self.speech]
        return tuple(
            MouthFindings(
                method,
                track,
                sync_windows(track, sound, SAMPLE_RATE, speech),
                closure(track, times, speech),
            )
            for method, track in zip(self.methods, tracks, strict=True)
        )


def _judge(
    names: tuple[str, ...],
    sound: films.Sound,
    captions: Sequence[Caption],
    language: str,
    untold: dict[str, str],
) -> tuple[_MouthJudge, int]:
    """A judge for some captions, and how many P, B and M it leaves out."""
    found = _bilabials(sound, captions, language, untold)
    return _MouthJudge(names, found.times_ns, _spans(captions)), found.unsure


def _share(some: Sequence[Caption], spoken: Sequence[Caption]) -> float | None:
    """How much of the spoken time some captions take."""
    whole_ns = sum(span.duration_ns for span in _spans(spoken))
    return sum(span.duration_ns for span in _spans(some)) / whole_ns if whole_ns else None


def _eyes(landmarker: FaceLandmarker) -> tuple[Eye, ...]:
    return MeshEye(landmarker), OutlineEye()


def _spans(captions: Sequence[Caption]) -> tuple[Span, ...]:
    return tuple(one.spoken for one in captions if one.spoken is not None)


def _bilabials(
    sound: films.Sound, captions: Sequence[Caption], language: str, untold: dict[str, str]
) -> Bilabials:
    try:
        accents = [_utterances(sound, captions, accent) for accent in accents_of(language)]
    except PhonesUnknownError as error:
        untold["bilabial_closure_rate"] = str(error)
        return Bilabials((), 0)
    return bilabials(min(accents, key=misfit) if len(accents) > 1 else accents[0])


def _utterances(
    sound: films.Sound, captions: Sequence[Caption], accent: str
) -> tuple[Utterance, ...]:
    found = []
    for one, span in zip(captions, _spans(captions), strict=True):
        start_ns = max(0, span.start_ns - _LISTENED_NS)
        last = (span.end_ns + _LISTENED_NS) * SAMPLE_RATE // _NS
        part = sound[start_ns * SAMPLE_RATE // _NS : last]
        if len(part):
            found.append(Utterance(phones_of(one.target_text, accent), part, start_ns))
    return tuple(found)


def _words(
    subject: Subject,
    captions: Captions,
    sound: films.Sound,
    recognizer: Recognizer | None,
    untold: dict[str, str],
) -> Words:
    spoken, language = captions.spoken, captions.target_language
    texts: tuple[str, ...] = ()
    errors = None
    if recognizer is not None and language not in recognizer.languages:
        untold["output_wer"] = (
            f"the recognizer does not know {language}" if language else "the language is unknown"
        )
    elif recognizer is not None:
        found = heard(sound, _spans(spoken), recognizer, language)
        within_film = [
            (a.target_text, b) for a, b in zip(spoken, found, strict=True) if b is not None
        ]
        errors = error_rate([a for a, _ in within_film], [b for _, b in within_film], language)
        texts = tuple(text or "" for text in found)
        if beyond := len(spoken) - len(within_film):
            untold["some words"] = (
                f"{beyond} of {len(spoken)} spoken captions lie beyond the end of the film's sound"
            )
    score, sentences = _translation(subject.reference, captions, untold)
    return Words(texts, errors, counts_characters(language), score, sentences)


def _translation(
    reference: Reference | None, captions: Captions, untold: dict[str, str]
) -> tuple[float | None, int | None]:
    """The chrF, and how many reference sentences were spoken."""
    if reference is None:
        untold["chrf"] = "there is no human translation to hold it against"
        return None, None
    if reference.target_language != captions.target_language:
        untold["chrf"] = (
            f"the reference is in {reference.target_language}, "
            f"the captions in {captions.target_language or 'an unknown language'}"
        )
        return None, None
    shift_ns = reference_shift_ns(reference, captions.entries)
    if shift_ns is None:
        untold["chrf"] = "no caption says when anything of the reference was said"
        return None, None
    groups = paired(reference.utterances, captions.spoken, shift_ns)
    return translation_score(groups), sum(len(refs) for refs, said in groups if said)


def _coverage(seen: Seen, captions: Captions) -> tuple[Counts, float | None]:
    spoken = _spans(captions.spoken)
    wanted = within(seen.times_ns, spoken) & np.any(
        [np.isfinite(track.opening) for track in seen.tracks], axis=0
    )
    rendered = wanted & seen.lips
    counts = Counts(
        pictures=len(seen.times_ns),
        pictures_wanted=int(wanted.sum()),
        pictures_rendered=int(rendered.sum()),
        utterances=len(captions.entries),
        spoken=len(spoken),
        off_camera=sum(one.off_camera for one in captions.spoken),
    )
    told = bool(wanted.any() and seen.marked.any())
    return counts, float(rendered.sum() / wanted.sum()) if told else None


def _explain(
    untold: dict[str, str],
    subject: Subject,
    mouths: Sequence[MouthFindings],
    counts: Counts,
    seen: Seen,
) -> None:
    """Note why a figure is missing."""
    nothing = ""
    if subject.captions is None:
        nothing = "the film carries no captions and none were given"
    elif counts.spoken == 0:
        nothing = "the captions hold no spoken translation"
    elif counts.off_camera == counts.spoken:
        nothing = "every voice was judged off camera"
    if counts.spoken == 0:
        untold["output_wer"] = nothing
    if not mouths[0].windows:
        untold["av_offset_ms"] = untold["mouth_speech_r"] = nothing or (
            "no 10 s are at least half translated speech with the speaker's face in the picture"
        )
    elif not mouths[0].peaks:
        untold["av_offset_ms"] = (
            f"in none of {len(mouths[0].windows)} windows does the mouth move with the sound"
        )
    if mouths[0].closure.rate is None:
        untold.setdefault(
            "bilabial_closure_rate", nothing or "no P, B or M was heard while a face was seen"
        )
    if counts.pictures_wanted == 0:
        untold["lip_coverage"] = nothing or "no face was seen while the translation was spoken"
    elif not seen.marked.any():
        untold["lip_coverage"] = (
            "no picture says whether its mouth was rendered: the film was encoded again, "
            "or Polylip did not make it"
        )


def _untouched(
    subject: Subject, sound: films.Sound, landmarker: FaceLandmarker, untold: dict[str, str]
) -> tuple[MouthTrack, ...] | None:
    """The source film's mouth on the film's clock."""
    if subject.source_film is None:
        untold["controls.untouched"] = "the source film was not given"
        return None
    shift_ns = source_shift_ns(sound, films.sound(subject.source_film, SAMPLE_RATE), SAMPLE_RATE)
    if shift_ns is None:
        untold["controls.untouched"] = f"{subject.source_film} shares no sound with the film"
        return None
    end_ns = len(sound) * _NS // SAMPLE_RATE - shift_ns
    shots = takewhile(lambda shot: shot.time_ns <= end_ns, films.shots(subject.source_film))
    tracks = look(shots, _eyes(landmarker)).tracks
    return tuple(MouthTrack(track.times_ns + shift_ns, track.opening) for track in tracks)
