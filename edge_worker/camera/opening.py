"""Opening a source: which of a camera's streams is read, and as what."""

import logging
from dataclasses import replace

from edge_worker.camera.source import Source, SourceAddress, SourceError, SourceKind, open_source
from edge_worker.camera.sub_stream import large_enough, likely_sub_stream
from edge_worker.camera.tracks import Tracks
from edge_worker.media.fit import fitted

_log = logging.getLogger(__name__)


def open_tracks(address: SourceAddress) -> tuple[Source, Tracks]:
    """Open a source; where its pictures are too large, the camera's sub-stream instead.

    Raises:
        SourceError: it cannot be opened, or holds nothing usable.
    """
    source = open_source(address)
    note = ""
    size = _size(source)
    if source.kind is SourceKind.LIVE and size is not None and fitted(*size) != size:
        sub = _sub_stream(source)
        if sub is not None:
            note = f"its sub-stream of {_told(sub)} is used, not the main one of {_told(source)}"
            _log.info("%s: %s", address, note)
            source.close()
            source = sub
    try:
        return source, Tracks(source, note)
    except SourceError:
        source.close()
        raise


def _sub_stream(main: Source) -> Source | None:
    """The camera's smaller stream, open, if it has all that is needed."""
    wanted = main.address.sub_stream
    url = wanted or likely_sub_stream(main.address.text)
    if url is None:
        return None
    address = replace(main.address, text=url, sub_stream=None)
    try:
        sub = open_source(address)
    except SourceError as error:
        _log.log(logging.WARNING if wanted else logging.INFO, "no sub-stream: %s", error)
        return None
    lack = _lack(main, sub, asked_for=wanted is not None)
    if lack:
        _log.warning("%s: the sub-stream is not used: %s", address, lack)
        sub.close()
        return None
    return sub


def _lack(main: Source, sub: Source, *, asked_for: bool) -> str:
    """What speaks against the sub-stream; empty if nothing does."""
    size = _size(sub)
    if size is None or not all(size):
        return "it has no picture"
    if fitted(*size) != size:
        return f"its pictures are too large as well ({_told(sub)})"
    if not asked_for and not large_enough(*size):
        return f"its pictures are too small for lips ({_told(sub)})"
    if main.audio is not None and sub.audio is None:
        return "it has no sound, which the main stream has; switch it on in the camera's settings"
    return ""


def _size(source: Source) -> tuple[int, int] | None:
    if source.video is None:
        return None
    return source.video.codec_context.width, source.video.codec_context.height


def _told(source: Source) -> str:
    return "{}x{}".format(*(_size(source) or (0, 0)))
