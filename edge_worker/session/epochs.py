"""Which of the sender's media clocks counts: the newest that was not left behind."""

from collections import deque
from typing import Final

_REMEMBERED: Final = 16


class Epochs:
    """Follows the epochs of one stream.

    Attributes:
        current: the one in force; empty before the first.
    """

    def __init__(self) -> None:
        self.current = ""
        self._past: deque[str] = deque(maxlen=_REMEMBERED)

    def enter(self, epoch: str, newest: str) -> bool:
        """Whether what came of ``epoch`` counts; it is then the one in force.

        One that is over counts again when it is the sender's ``newest``.
        """
        if epoch == self.current:
            return True
        if epoch in self._past:
            if epoch != newest:
                return False
            self._past.remove(epoch)
        if self.current:
            self._past.append(self.current)
        self.current = epoch
        return True
