"""The feeds of all streams: the translated output, and the camera's own bytes beside it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from edge_worker.serving.feed import Feed
from edge_worker.serving.key_scan import KeyScan
from mqtt_schemas import MAX_STREAMS

TOTAL_BYTES = 256 << 20
"""Of all groups together; the feed that goes beyond begins at its next keyframe."""


@dataclass(slots=True)
class _Pair:
    original: Feed = field(default_factory=Feed)
    translated: Feed = field(default_factory=Feed)
    scan: KeyScan = field(default_factory=KeyScan)

    @property
    def alive(self) -> bool:
        """Something is kept of it, or somebody watches it."""
        return any(feed.group_bytes or feed.viewers for feed in (self.original, self.translated))


class Feeds:
    """Two feeds for every stream, made when a segment comes or somebody asks for one.

    Attributes:
        on_watch: called when somebody begins to watch a translated feed.
    """

    def __init__(self) -> None:
        self.on_watch: Callable[[], None] = lambda: None
        self._pairs: dict[str, _Pair] = {}
        self._kept = 0
        """Bytes of all groups."""

    def __contains__(self, stream: str) -> bool:
        return stream in self._pairs

    @property
    def streams(self) -> tuple[str, ...]:
        """Every stream that was fed."""
        return tuple(self._pairs)

    def original(self, stream: str) -> Feed:
        """The camera's own bytes, undelayed and untouched."""
        return self._pair(stream).original

    def translated(self, stream: str) -> Feed:
        """What is published on ``out/<lang>/av``, whatever the language is."""
        return self._pair(stream).translated

    def viewers(self, stream: str) -> int:
        """How many watch the translated feed: they keep the stream awake."""
        pair = self._pairs.get(stream)
        return pair.translated.viewers if pair else 0

    def take_in(self, stream: str, message: bytes) -> None:
        """Feed a message of ``in/av`` to ``original``; it may be cut at any byte."""
        if stream not in self._pairs and not self._room():
            return
        pair = self._pair(stream)
        for piece in pair.scan.feed(message):
            self._publish(pair.original, piece.data, key=piece.key, tables=piece.tables)

    def put_out(self, stream: str, segment: bytes, *, key: bool, tables: bytes = b"") -> None:
        """Feed a segment of ``out/<lang>/av`` to ``translated``."""
        self._publish(self.translated(stream), segment, key=key, tables=tables)

    def end(self) -> None:
        """Nothing more will come: everybody who watches is told."""
        for feed in self._all():
            feed.end()
        self._pairs.clear()
        self._kept = 0

    def tidy(self) -> None:
        """Keep no pictures of streams of which nothing comes."""
        for feed in self._all():
            if feed.group_bytes and not feed.group:
                self._kept -= feed.group_bytes
                feed.forget()

    def _publish(self, feed: Feed, data: bytes, *, key: bool, tables: bytes = b"") -> None:
        before = feed.group_bytes
        feed.publish(data, key=key, tables=tables)
        if self._kept + feed.group_bytes - before > TOTAL_BYTES:
            feed.forget()
        self._kept += feed.group_bytes - before

    def _all(self) -> Iterator[Feed]:
        for pair in self._pairs.values():
            yield from (pair.original, pair.translated)

    def _room(self) -> bool:
        """Make room for one more stream in place of one that is gone and that nobody watches."""
        if len(self._pairs) < MAX_STREAMS:
            return True
        self.tidy()
        gone = (name for name, pair in self._pairs.items() if not pair.alive)
        return self._pairs.pop(next(gone, ""), None) is not None

    def _watched(self) -> None:
        self.on_watch()

    def _pair(self, stream: str) -> _Pair:
        pair = self._pairs.get(stream)
        if pair is None:
            pair = self._pairs[stream] = _Pair()
            pair.translated.on_watch = self._watched
        return pair
