"""The playout delay: the fixed distance between capture and playout, one knob from live to dub."""

from collections import deque

from mqtt_schemas import PlayoutDelay

LIVE_NS = 500_000_000
DUB_NS = 4_000_000_000
LONGEST_NS = 6_000_000_000
_STEP_NS = 250_000_000
_MARGIN_NS = 200_000_000


def wanted_delay_ns(setting: PlayoutDelay, learned_ns: int, needed_ns: int) -> int:
    """The delay to put in force.

    Args:
        setting: ``live``, ``dub``, ``auto`` or seconds.
        learned_ns: what ``auto`` has learned.
        needed_ns: below this the source would not be there in time; taken in steps of a quarter of
            a second, so that an uneven network does not make the picture breathe.
    """
    named = {"live": LIVE_NS, "dub": DUB_NS}
    wanted_ns = setting.fixed_ns or named.get(setting, learned_ns)
    least_ns = min(-(-needed_ns // _STEP_NS) * _STEP_NS, LONGEST_NS)
    return max(wanted_ns, least_ns)


class LearnedDelay:
    """The ``auto`` setting: long enough that most translations are ready when their source plays.

    It looks at the last 16 utterances and takes the need that nine in ten of them had. Small
    differences change nothing: predictable beats minimal.
    """

    def __init__(self) -> None:
        self._needs_ns: deque[int] = deque(maxlen=16)
        self._delay_ns = LIVE_NS

    @property
    def delay_ns(self) -> int:
        """The delay to use now."""
        return self._delay_ns

    def observe(self, need_ns: int) -> None:
        """Note how long after its capture the start of an utterance could first be spoken."""
        self._needs_ns.append(need_ns)
        ordered = sorted(self._needs_ns)
        wanted_ns = ordered[(len(ordered) * 9) // 10 if len(ordered) > 1 else 0] + _MARGIN_NS
        wanted_ns = min(max(wanted_ns, LIVE_NS), DUB_NS)
        if abs(wanted_ns - self._delay_ns) >= _STEP_NS:
            self._delay_ns = wanted_ns
