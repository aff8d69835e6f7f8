"""What is said in the log of those who go on being wrong."""

import logging

_log = logging.getLogger(__name__)
_SUBJECTS = 256
"""Whose first complaint is told."""


class Complaints:
    """Warns of a subject once; what follows is for those who debug, and cannot fill the log."""

    def __init__(self) -> None:
        self._subjects: set[str] = set()

    def of(self, subject: str, what: str) -> None:
        """Something is wrong with ``subject``.

        Args:
            subject: a topic, or a part of the worker.
            what: for people.
        """
        first = subject not in self._subjects and len(self._subjects) < _SUBJECTS
        _log.log(logging.WARNING if first else logging.DEBUG, "%s", what)
        if first:
            self._subjects.add(subject)
