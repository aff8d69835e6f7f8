"""Which face speaks: the one whose mouth moves with the sound.

Every utterance is weighed anew: for each face in view, how much likelier its motion is if the
sound is its own (``evidence``); before that, who spoke last, since people rarely change within a
breath. Both make a probability for each face and for a voice off camera. What an utterance leaves
open, the next one starts from. A mouth behind a hand says nothing either way.
"""

import math
from collections.abc import Iterable
from typing import Final

import numpy as np

from edge_worker.items import AudioBlock
from edge_worker.rvp.evidence import LAGS_NS, Curve, odds
from edge_worker.rvp.gates import Gate
from edge_worker.rvp.loudness import Loudness
from edge_worker.rvp.mouth import Mouth
from edge_worker.rvp.tracker import TrackedFrame

OFF_CAMERA: Final = None
"""Nobody in the picture."""

_KEPT_NS: Final = 30_000_000_000
_STAY: Final = 0.75  # that who spoke speaks on, at once
_STAY_LATER: Final = 0.45  # after a long silence
_STAY_FALL_NS: Final = 8_000_000_000
_LAG_SPREAD_NS: Final = 80_000_000
_LAG_FORGET: Final = 0.1  # of what was learned of a camera, per utterance
_SURE: Final = 0.9  # of who spoke, to learn the camera's lag from it
_NEVER: Final = -12.0
_HIDDEN: Final = frozenset({Gate.OCCLUDED, Gate.DARK, Gate.DEGRADED})
"""Landmarks of such mouths are invented."""
_NOTHING_KNOWN: Final = np.zeros(len(LAGS_NS))


class SpeakerChoice:
    """Keeps half a minute of mouths and sound and says whose voice an utterance was.

    Used from one thread. ``choose`` is asked once about each utterance, in their order.
    """

    def __init__(self) -> None:
        self._epoch = ""
        self._mouths: dict[int, Mouth] = {}
        self._loudness = Loudness(_KEPT_NS)
        self._belief: dict[int | None, float] = {}
        self._believed_ns = 0
        self._lag = _unknown_lag()

    @property
    def lag_ns(self) -> int:
        """How much later this camera's sound comes than its picture, as learned so far."""
        return round(float(np.exp(self._lag) @ np.array(LAGS_NS)))

    def observe(self, tracked: TrackedFrame) -> None:
        """Take in the mouths of one frame."""
        self._begin(tracked.frame.epoch)
        now_ns = tracked.frame.pts_ns
        for face in tracked.faces:
            if face.measured:
                opening = None if face.gate in _HIDDEN else face.mouth_opening
                self._mouths.setdefault(face.id, Mouth()).note(now_ns, opening)
        for identity, mouth in list(self._mouths.items()):
            mouth.forget(now_ns - _KEPT_NS)
            if mouth.forgotten:
                del self._mouths[identity]

    def hear(self, block: AudioBlock) -> None:
        """Take in a stretch of source sound."""
        self._begin(block.epoch)
        self._loudness.hear(block)

    def choose(self, epoch: str, start_ns: int, end_ns: int) -> int | None:
        """The track whose mouth moved with the sound from ``start_ns`` to ``end_ns``.

        What has not been seen and heard yet is left out: the choice may be asked for early.
        None means that nobody in the picture spoke: the voice was off camera.
        """
        if epoch != self._epoch:
            return OFF_CAMERA
        seen: dict[int, Curve] = {}
        for identity, mouth in self._mouths.items():
            measured = mouth.measured(self._loudness, start_ns, end_ns)
            if measured is not None:
                seen[identity] = odds(measured)
            elif mouth.hidden(start_ns, end_ns):
                seen[identity] = _NOTHING_KNOWN
        belief = self._expected(seen, start_ns)
        for identity, lags in seen.items():
            belief[identity] *= math.exp(max(_NEVER, _summed(lags + self._lag)))
        total = sum(belief.values())
        self._belief = {who: share / total for who, share in belief.items()}
        self._believed_ns = end_ns
        chosen = max(self._belief, key=lambda who: self._belief[who])
        if chosen is not None and self._belief[chosen] > _SURE:
            self._learn_lag(seen[chosen])
        return chosen

    def _begin(self, epoch: str) -> None:
        if epoch != self._epoch:
            self._epoch = epoch
            self._mouths.clear()
            self._loudness = Loudness(_KEPT_NS)
            self._belief, self._believed_ns = {}, 0

    def _expected(self, seen: Iterable[int], start_ns: int) -> dict[int | None, float]:
        """Who is expected to speak before anything of this utterance is looked at."""
        who: list[int | None] = [*seen, OFF_CAMERA]
        if not self._belief:
            return dict.fromkeys(who, 1 / len(who))
        away = math.exp(-max(0, start_ns - self._believed_ns) / _STAY_FALL_NS)
        stay = _STAY_LATER + (_STAY - _STAY_LATER) * away
        before = dict.fromkeys(who, 0.0)
        for one, share in self._belief.items():
            # Of somebody who has left the picture only a voice is left.
            before[one if one in before else OFF_CAMERA] += share
        others = max(1, len(who) - 1)
        return {
            one: stay * share + (1 - stay) * (1 - share) / others for one, share in before.items()
        }

    def _learn_lag(self, lags: Curve) -> None:
        """Of somebody who surely spoke, which lag fits best; the camera keeps it."""
        fits = lags + self._lag
        kept = fits - _summed(fits) + math.log(1 - _LAG_FORGET)
        self._lag = np.logaddexp(kept, _unknown_lag() + math.log(_LAG_FORGET))


def _unknown_lag() -> Curve:
    """Logarithm of how likely each lag is of a camera never seen."""
    spread = -0.5 * np.square(np.array(LAGS_NS) / _LAG_SPREAD_NS)
    return np.asarray(spread - _summed(spread))


def _summed(logarithms: Curve) -> float:
    """Logarithm of the sum."""
    highest = float(logarithms.max())
    return highest + math.log(float(np.exp(logarithms - highest).sum()))
