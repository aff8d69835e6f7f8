"""A reply on its way from the owner to the visitor."""

from dataclasses import dataclass

from edge_worker.items import Samples


class ReplyFailedError(Exception):
    """A reply cannot be spoken; the message says why and what to do, and quotes nobody."""


@dataclass(frozen=True, slots=True)
class TypedWords:
    """What the owner wrote."""

    text: str
    language: str
    """BCP-47, lower case."""


@dataclass(frozen=True, slots=True, eq=False)
class SpokenWords:
    """What the owner said."""

    samples: Samples
    """Mono PCM, shape (n,), full scale +-1."""
    sample_rate: int
    """Hertz."""
    language: str
    """BCP-47, lower case."""


@dataclass(frozen=True, slots=True, eq=False)
class Reply:
    """What is to be said at the door."""

    transaction: str
    words: TypedWords | SpokenWords
    target_language: str
    """To speak in, BCP-47; empty: the visitor's."""
    voice: str
    """Empty: the language's first."""
    wait_ns: int
    """If it cannot be begun within so many nanoseconds, it is dropped."""
