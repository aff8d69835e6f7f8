"""Which faces are looked at in a frame: a look costs more than all else that tracking does."""

from collections.abc import Collection, Sequence
from typing import Final

from edge_worker.rvp.person import Person

MOST: Final = 2
"""Faces looked at in one frame."""
_IDLE_NS: Final = 110_000_000  # between looks at a face that does nothing: every third picture
_LIFELESS_NS: Final = 470_000_000


def looked_at(
    people: Sequence[Person], watched: Collection[int], now_ns: int, *, resting: bool = False
) -> list[Person]:
    """Those whose landmarks are to be found in the frame of ``now_ns``, at most ``MOST``.

    Looked at in every frame are a face alone while somebody speaks, those ``watched`` (lips are or
    soon will be rendered), and mouths that move; others now and then, in turn.

    Args:
        people: in view.
        watched: ids.
        now_ns: media time of the frame.
        resting: nobody speaks, and nothing is being spoken.
    """
    if len(people) <= 1 and not resting:
        return list(people)
    due = [person for person in people if _due(person, watched, now_ns)]
    due.sort(key=lambda person: (person.id not in watched, person.seen_ns))
    return due[:MOST]


def _due(person: Person, watched: Collection[int], now_ns: int) -> bool:
    if person.id in watched or now_ns < person.lively_until_ns:
        return True
    return now_ns - person.seen_ns >= (_LIFELESS_NS if person.lifeless else _IDLE_NS)
