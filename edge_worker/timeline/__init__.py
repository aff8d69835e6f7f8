"""The timeline: what plays at media time t, and how far playout lies behind capture."""

from edge_worker.timeline.delay import DUB_NS, LIVE_NS, LearnedDelay, wanted_delay_ns
from edge_worker.timeline.ladder import Ladder, LadderLimits
from edge_worker.timeline.mixer import MixedSound, mix
from edge_worker.timeline.placement import Placement, PlacementLimits, Situation, place
from edge_worker.timeline.playout import Moment, PlayoutClock
from edge_worker.timeline.timeline import COMMIT_AHEAD_NS, Advance, Timeline

__all__ = [
    "COMMIT_AHEAD_NS",
    "DUB_NS",
    "LIVE_NS",
    "Advance",
    "Ladder",
    "LadderLimits",
    "LearnedDelay",
    "MixedSound",
    "Moment",
    "Placement",
    "PlacementLimits",
    "PlayoutClock",
    "Situation",
    "Timeline",
    "mix",
    "place",
    "wanted_delay_ns",
]
