"""Whether a source has picture and sound, judged by its media clock."""

_AWAITED_NS = 5_000_000_000


class Presence:
    """Notes what comes; told anew of every epoch."""

    def __init__(self) -> None:
        self._first_ns: int | None = None
        self._newest_ns = 0
        self._picture_ns: int | None = None
        self._sound_ns: int | None = None

    def picture(self, pts_ns: int) -> None:
        """A picture came."""
        self._picture_ns = pts_ns
        self._note(pts_ns)

    def sound(self, end_ns: int) -> None:
        """Sound up to ``end_ns`` came."""
        self._sound_ns = end_ns
        self._note(end_ns)

    @property
    def without_picture_ns(self) -> int:
        """How long only sound has come."""
        return self._since(self._picture_ns)

    def lacks(self) -> tuple[tuple[str, str], ...]:
        """Tracks that have been missing for 5 s: name, and what that means, for people."""
        missing: list[tuple[str, str]] = []
        if self._since(self._sound_ns) > _AWAITED_NS:
            said = "no sound comes, so nothing can be translated: switch the microphone on"
            missing.append(("sound", said))
        if self._since(self._picture_ns) > _AWAITED_NS:
            missing.append(("picture", "no picture comes: sound and captions only"))
        return tuple(missing)

    def _note(self, at_ns: int) -> None:
        if self._first_ns is None:
            self._first_ns = at_ns
        self._newest_ns = max(self._newest_ns, at_ns)

    def _since(self, last_ns: int | None) -> int:
        return self._newest_ns - (last_ns if last_ns is not None else self._first_ns or 0)
