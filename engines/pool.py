"""A bounded number of loaded models: loaded when they are asked for, the least wanted one goes."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Engine = TypeVar("Engine")


@dataclass(slots=True)
class _Slot(Generic[Engine]):
    """A model that is loaded, is being loaded, or could not be."""

    loading: threading.Lock = field(default_factory=threading.Lock)
    engine: Engine | None = None


class Pool(Generic[Key, Engine]):
    """Loads by key and keeps at most ``capacity``; any thread may ask.

    Loading one model does not hold up those who ask for another. A model that leaves the pool is
    freed when its last user lets go of it.

    Args:
        load: makes the engine of a key; what it raises reaches whoever asked, and the next one to
            ask tries again.
        capacity: how many stay loaded, at least 1.
    """

    def __init__(self, load: Callable[[Key], Engine], *, capacity: int) -> None:
        self._load = load
        self._capacity = max(1, capacity)
        self._slots: OrderedDict[Key, _Slot[Engine]] = OrderedDict()
        self._guard = threading.Lock()

    @property
    def loaded(self) -> tuple[Key, ...]:
        """Keys of the loaded models, the one that was asked for longest ago first."""
        with self._guard:
            return tuple(key for key, slot in self._slots.items() if slot.engine is not None)

    def get(self, key: Key) -> Engine:
        """The engine of ``key``, loaded first when it is not."""
        with self._guard:
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
        with slot.loading:
            if slot.engine is None:
                # Where loading fails the empty slot stays: whoever waits for it loads into the
                # pool, and not beside it.
                slot.engine = self._load(key)
                self._shrink()
            return slot.engine

    def keep_only(self, wanted: Collection[Key]) -> None:
        """Let go of every loaded model that is not ``wanted``."""
        with self._guard:
            for key in [*self._slots]:
                if key not in wanted and self._slots[key].engine is not None:
                    del self._slots[key]

    def _shrink(self) -> None:
        with self._guard:
            loaded = [key for key, slot in self._slots.items() if slot.engine is not None]
            for key in loaded[: max(0, len(loaded) - self._capacity)]:
                del self._slots[key]
