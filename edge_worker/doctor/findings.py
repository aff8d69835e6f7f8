"""What an examination found; never a secret."""

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """How it is with one thing."""

    WELL = "well"
    WARNING = "warning"
    """Works, with less than could be had."""
    ILL = "ill"
    """Does not work, and something that Polylip is for needs it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    about: str
    """Such as ``broker``, ``codecs``."""
    health: Health
    found: str
    """For people."""
    advice: str = ""
    """What to do; empty where all is well."""

    def as_json(self) -> dict[str, str]:
        """For programs."""
        return {
            "about": self.about,
            "health": self.health.value,
            "found": self.found,
            "advice": self.advice,
        }


def well(about: str, found: str) -> Finding:
    """All is well."""
    return Finding(about, Health.WELL, found)


def warning(about: str, found: str, advice: str) -> Finding:
    """It works, with less than could be had."""
    return Finding(about, Health.WARNING, found, advice)


def ill(about: str, found: str, advice: str) -> Finding:
    """It does not work."""
    return Finding(about, Health.ILL, found, advice)
