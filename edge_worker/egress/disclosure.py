"""Saying that picture or sound was altered by AI, exactly where it was (EU AI Act, article 50)."""

import json
from dataclasses import dataclass

HOLD_NS = 2_000_000_000
"""The mark stays this long after the last alteration."""

SERVICE_ALTERED = "Polylip: AI-translated"
SERVICE_ORIGINAL = "Polylip: original"
_REMEMBERED_NS = 10_000_000_000


class Disclosure:
    """Which stretches of the output count as altered: while it is, and ``HOLD_NS`` longer."""

    def __init__(self, hold_ns: int = HOLD_NS) -> None:
        self._hold_ns = hold_ns
        self._spans: list[tuple[int, int]] = []

    def mark(self, start_ns: int, end_ns: int) -> None:
        """Note that the output was altered there."""
        until_ns = end_ns + self._hold_ns
        if self._spans and start_ns <= self._spans[-1][1]:
            first_ns, last_ns = self._spans[-1]
            self._spans[-1] = (min(first_ns, start_ns), max(last_ns, until_ns))
        else:
            self._spans.append((start_ns, until_ns))
        self._spans = [span for span in self._spans if span[1] > start_ns - _REMEMBERED_NS]

    def covers(self, start_ns: int, end_ns: int) -> bool:
        """Whether any of this stretch is to be marked."""
        return any(first_ns < end_ns and start_ns < last_ns for first_ns, last_ns in self._spans)


def service_name(*, altered: bool) -> str:
    """The MPEG-TS service name, which every player shows as the programme's title."""
    return SERVICE_ALTERED if altered else SERVICE_ORIGINAL


@dataclass(frozen=True, slots=True)
class Mark:
    """Who says so, in the H.264 message of altered pictures."""

    worker: str
    target_language: str

    def text(self, *, lips: bool) -> str:
        """JSON; ``lips`` is true in exactly the pictures whose mouth was rendered."""
        said = {
            "ai_modified": True,
            "lips": lips,
            "by": "polylip",
            "worker": self.worker,
            "to": self.target_language,
        }
        return json.dumps(said, separators=(",", ":"))
