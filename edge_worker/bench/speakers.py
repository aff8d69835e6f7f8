"""Whose mouth speaks: the choice of the speaker on films of which that is known."""

import copy
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

import cv2
import numpy as np

from edge_worker.bench import BenchOptions
from edge_worker.bench.company import EPOCH, Company, Spoken, companies
from edge_worker.bench.report import BenchReport, Cell, Column, Row
from edge_worker.items import Utterance
from edge_worker.rvp.tracker import TrackedFrame, Tracker
from edge_worker.session.speakers import Speakers
from engines.face import FaceMesh, FaceRegion, Picture
from engines.face.mediapipe import MediaPipeFace

_DECIDED_NS: Final = 500_000_000
"""After the end of an utterance, when its translation is placed at the soonest."""
_EARLY_NS: Final = 1_000_000_000
"""Of an utterance, after which the choice is asked for in advance."""
_ENDED_NS: Final = 1_000_000_000
"""After the end of a translation, when the worker lets go of its speaker."""
_QUICK: Final = ("a listener", "off camera, one silent")

_COLUMNS: Final = (
    Column("company"),
    Column("right", "%", 1, "spoken frames whose utterance was given to the member that spoke it"),
    Column("early", "%", 1, "the same, asked after the first second of each utterance"),
    Column("off camera", "%", 1, "of frames spoken off camera: given to nobody"),
    Column("false", "%", 1, "spoken frames in which lips of somebody silent would be rendered"),
    Column("switches", "", 0, "changes between utterances that one member spoke in a row"),
    Column("ids", "", 0, "tracks that were needed for the members"),
    Column("looks", "", 2, "faces whose landmarks were taken per picture"),
    Column("searches", "1/s", 2, "detections of faces per second of film"),
    Column("track", "ms", 2, "thread CPU time of tracking per picture, median"),
    Column("all", "ms", 2, "the same, mean: searches for more faces included"),
    Column("choose", "ms", 2, "thread CPU time of one choice, median"),
)
_NOTES: Final = (
    "Utterances are those of the annotation; each is decided 0.5 s after its end.",
    "None of the sentences was used to calibrate the choice.",
    (
        "Mouths are those of a synthetic visitor, her mirror image, and a real man: his talking "
        "without a sound is filmed, his speaking is rendered."
    ),
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was made of one utterance."""

    truth: Spoken
    track: int | None
    early: int | None
    cost_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """What was made of one film."""

    company: Company
    chosen: tuple[Chosen, ...]
    seen: tuple[tuple[int, dict[int, int]], ...]
    """Per picture: media time, and the member behind each track in view."""
    looks: int
    searches: int
    track_ns: tuple[int, ...]

    def member(self, track: int | None, at_ns: int) -> int | None:
        """Whose face a track was in the last picture before ``at_ns``; None: nobody's."""
        times = [pts_ns for pts_ns, _ in self.seen]
        index = int(np.searchsorted(times, at_ns, side="right")) - 1
        return self.seen[max(0, index)][1].get(track) if track is not None else None


def run(options: BenchOptions) -> BenchReport:
    """Play every company and compare."""
    cv2.setNumThreads(1)
    rows = []
    for name, company in companies().items():
        if options.wants(name) and (not options.quick or name in _QUICK or options.only):
            options.progress(name)
            rows.append(Row({"company": name, **figures(play(company))}))
    return BenchReport(
        name="speakers",
        title="Who speaks",
        columns=_COLUMNS,
        rows=tuple(rows),
        notes=_NOTES,
    )


def play(company: Company) -> Played:
    """Track the faces of a company and choose the speaker of every utterance."""
    face = _Counted()
    tracker, speakers = Tracker(face), Speakers()
    seen: list[tuple[int, dict[int, int]]] = []
    track_ns: list[int] = []
    decisions = _Decisions(list(company.spoken), speakers)
    sound = company.sound()
    for frame in company.frames():
        tracker.watched = speakers.watched
        began_ns = time.thread_time_ns()
        tracked = tracker.track(frame)
        track_ns.append(time.thread_time_ns() - began_ns)
        speakers.observe(tracked)
        for block in sound:
            speakers.hear(block)
            if block.end_ns > frame.pts_ns:
                break
        seen.append((frame.pts_ns, _members(company, tracked)))
        decisions.make(frame.pts_ns)
    decisions.make(company.length_ns + _DECIDED_NS)
    return Played(
        company=company,
        chosen=tuple(decisions.made),
        seen=tuple(seen),
        looks=face.looks,
        searches=face.detections,
        track_ns=tuple(track_ns),
    )


def figures(played: Played) -> dict[str, Cell]:
    """The cells of one row."""
    frames = list(_spoken_frames(played))
    seen_by = {who for _, faces in played.seen for who in faces.values()}
    ids = {track for _, faces in played.seen for track in faces}
    here = [one for one in frames if one.truth is not None]
    away = [one for one in frames if one.truth is None]
    return {
        "right": _share([one.chosen == one.truth for one in here]),
        "early": _share([one.early == one.truth for one in here]),
        "off camera": _share([one.chosen is None for one in away]),
        "false": _share([one.chosen not in {None, one.truth} for one in frames]),
        "switches": float(_switches(played)),
        "ids": f"{len(ids)} for {len(seen_by)}",
        "looks": played.looks / len(played.seen),
        "searches": played.searches / (played.company.length_ns / 1e9),
        "track": float(np.median(played.track_ns)) / 1e6,
        "all": float(np.mean(played.track_ns)) / 1e6,
        "choose": float(np.median([one.cost_ns for one in played.chosen])) / 1e6,
    }


@dataclass(slots=True)
class _Decisions:
    """Asks for the speaker of each utterance when the worker would.

    A translation lasts as long as what was said, and begins when that is decided.
    """

    waiting: list[Spoken]
    speakers: Speakers
    made: list[Chosen] = field(default_factory=list)
    _playing: list[Utterance] = field(default_factory=list)
    _early: int | None = None
    _asked_early: bool = False

    def make(self, now_ns: int) -> None:
        """Decide what is due."""
        while self.waiting:
            spoken = self.waiting[0]
            said = _utterance(spoken, str(len(self.made)))
            decided_ns = spoken.end_ns + _DECIDED_NS
            if not self._asked_early and now_ns >= min(spoken.start_ns + _EARLY_NS, decided_ns):
                early = copy.deepcopy(self.speakers)
                sofar = replace(said, end_ns=min(now_ns, said.end_ns))
                self._early, _ = _chosen(early, sofar)
                self._asked_early = True
            if now_ns < decided_ns:
                break
            track, cost_ns = _chosen(self.speakers, said)
            self.speakers.begin(said, now_ns + said.duration_ns)
            self._playing.append(said)
            self.made.append(Chosen(self.waiting.pop(0), track, self._early, cost_ns))
            self._asked_early = False
        for said in list(self._playing):
            if now_ns > said.end_ns + _DECIDED_NS + said.duration_ns + _ENDED_NS:
                self.speakers.end(said)
                self._playing.remove(said)


def _utterance(spoken: Spoken, identity: str) -> Utterance:
    return Utterance(identity, EPOCH, spoken.start_ns, spoken.end_ns, "en", "", 1.0, "pt")


def _chosen(speakers: Speakers, said: Utterance) -> tuple[int | None, int]:
    """The track that is said to speak it, and the thread CPU time that this took."""
    began_ns = time.thread_time_ns()
    speakers.off_camera(said)
    cost_ns = time.thread_time_ns() - began_ns
    return speakers.by_utterance[said.id], cost_ns


@dataclass(frozen=True, slots=True)
class _SpokenFrame:
    truth: int | None
    chosen: int | None
    early: int | None


def _spoken_frames(played: Played) -> Iterator[_SpokenFrame]:
    """Every picture during which somebody is heard; members, not tracks."""
    for one in played.chosen:
        for begin_ns, end_ns in one.truth.voiced_ns:
            for pts_ns, _ in played.seen:
                if begin_ns <= pts_ns < end_ns:
                    chosen = played.member(one.track, pts_ns)
                    early = played.member(one.early, pts_ns)
                    yield _SpokenFrame(one.truth.who, chosen, early)


def _switches(played: Played) -> int:
    given = [(one.truth.who, played.member(one.track, one.truth.end_ns)) for one in played.chosen]
    return sum(a[0] == b[0] and a[1] != b[1] for a, b in pairwise(given))


def _members(company: Company, tracked: TrackedFrame) -> dict[int, int]:
    """The member behind each track: the one whose head is nearest."""
    found: dict[int, int] = {}
    for face in tracked.faces:
        x, y = (face.mesh.points[:, :2].mean(0) / company.size).tolist()
        found[face.id] = company.member_at(x, y, tracked.frame.pts_ns)
    return found


def _share(hits: Sequence[bool]) -> float | None:
    return sum(hits) / len(hits) if hits else None


class _Counted:
    """The real landmarker, counting."""

    def __init__(self) -> None:
        self.looks = 0
        self.detections = 0
        self._real = MediaPipeFace()

    def detect(self, picture: Picture) -> list[FaceRegion]:
        self.detections += 1
        return self._real.detect(picture)

    def mesh(self, picture: Picture, region: FaceRegion) -> FaceMesh:
        self.looks += 1
        return self._real.mesh(picture, region)
