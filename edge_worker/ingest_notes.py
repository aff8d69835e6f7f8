"""What is wrong with a stream's input, in words for people, without repeating itself."""

from dataclasses import dataclass
from typing import Literal

NoteKind = Literal[
    "oversized",
    "not_mpegts",
    "lost",
    "corrupt",
    "undecodable",
    "unsupported",
    "timestamps",
    "scaled",
    "heavy",
    "epoch",
    "rival",
]

_CLEAN_RUN = 10


@dataclass(frozen=True, slots=True)
class IngestNote:
    """Something wrong, in words for people; not repeated until it has recovered."""

    kind: NoteKind
    text: str


class Notes:
    """Says each kind of trouble once, until ten messages in a row were free of it."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._clean_run: dict[NoteKind, int] = {}
        self._unsaid: list[IngestNote] = []

    def say(self, kind: NoteKind, text: str) -> None:
        """Something is wrong with the message that is being read."""
        if kind not in self._clean_run:
            self._unsaid.append(IngestNote(kind, f"{self._stream}: {text}"))
        self._clean_run[kind] = 0

    def end_message(self) -> None:
        """A message has been read: what was not said of it is a little nearer to recovered."""
        for kind in list(self._clean_run):
            self._clean_run[kind] += 1
            if self._clean_run[kind] > _CLEAN_RUN:
                del self._clean_run[kind]

    def take(self) -> list[IngestNote]:
        """What has to be told since this was last asked."""
        unsaid, self._unsaid = self._unsaid, []
        return unsaid
