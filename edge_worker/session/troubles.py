"""Troubles that last: each kind is told once, and again only after it was over for a while."""

from edge_worker.rvp.gates import Gate

_OVER_NS = 5_000_000_000

LIPS_LEFT_ALONE: dict[str, str] = {
    Gate.NO_FACE: "the speaker's face is not in the picture: sound and captions only",
    Gate.SMALL: "the speaker's face is too small for lips: come nearer or raise the resolution",
    Gate.PROFILE: "the speaker looks aside: lips are left alone until the face turns back",
    Gate.OCCLUDED: "the speaker's mouth is covered: lips are left alone until it is free",
    Gate.DARK: "the speaker's face is too dark for lips: switch on a light",
}
"""For people, by the gate that is closed; what is not here says itself in other ways."""


class Troubles:
    """Remembers which troubles have been told."""

    def __init__(self, over_ns: int = _OVER_NS) -> None:
        self._over_ns = over_ns
        self._seen_ns: dict[str, int] = {}

    def begins(self, kind: str, now_ns: int) -> bool:
        """Note that ``kind`` is there; True when it has to be told."""
        seen_ns = self._seen_ns.get(kind)
        self._seen_ns[kind] = now_ns
        return seen_ns is None or now_ns - seen_ns > self._over_ns
