"""How many faces are in view, told when it changes for good."""

from collections import deque

_GONE_NS = 1_000_000_000


class Attendance:
    """Counts the faces of one stream; a face missed for less than a second has not gone."""

    def __init__(self) -> None:
        self.count = 0
        """Faces in view."""
        self._lately: deque[tuple[int, int]] = deque()

    def note(self, faces: int, now_ns: int) -> int:
        """Take in one picture; how many have come (> 0) or gone (< 0) since the last."""
        self._lately.append((now_ns, faces))
        while now_ns - self._lately[0][0] > _GONE_NS:
            self._lately.popleft()
        before, self.count = self.count, max(count for _, count in self._lately)
        return self.count - before
