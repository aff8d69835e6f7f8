"""What a session needs of whoever interprets its stream, here or on another machine."""

from collections.abc import Callable
from typing import Protocol

from edge_worker.items import AudioBlock, Samples
from mqtt_schemas import ModelNeed


class Lacks(Protocol):
    """What keeps a stream's languages from being translated."""

    need: ModelNeed | None
    """Models that lack; None when nothing does."""
    changed: Callable[[], None]
    """Told when ``need`` or ``trouble`` is another."""

    @property
    def trouble(self) -> str:
        """For people; empty when all is well."""
        ...


class Interpreting(Protocol):
    """Hears one stream and speaks for it."""

    @property
    def interpreter(self) -> str:
        """The worker that does it; empty where it is this one, or there is none."""
        ...

    @property
    def supply(self) -> Lacks:
        """What its languages take, and lack."""
        ...

    @property
    def silent(self) -> bool:
        """Nobody speaks just now."""
        ...

    @property
    def busy(self) -> bool:
        """Something that was said is on its way to being spoken."""
        ...

    @property
    def heard_until_ns(self) -> int:
        """Media time up to which no utterance has begun that is not yet being dealt with."""
        ...

    def restart(self) -> None:
        """The media clock began anew."""
        ...

    def pause(self) -> None:
        """Nothing is translated for now; what was being said is not spoken later either."""
        ...

    async def hear(self, block: AudioBlock) -> None:
        """Take in source sound; never waits."""
        ...

    async def hush(self) -> None:
        """The source ended without a pause."""
        ...

    def expect(self, samples: Samples, sample_rate: int, start_ns: int, *, reply: str) -> None:
        """The door's loudspeaker plays this from a media time on: it is nobody's speech."""
        ...

    def expect_end(self, end_ns: int, *, reply: str) -> None:
        """What was expected ends at a media time, before its end."""
        ...

    async def run(self) -> None:
        """Run until cancelled."""
        ...
