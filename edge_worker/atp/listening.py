"""Run a segmenter: its blocks and its engines' answers, whichever comes first."""

import asyncio
from collections.abc import Awaitable, Callable

from edge_worker.atp.listened import Listened
from edge_worker.atp.segmenter import Segmenter
from edge_worker.items import AudioBlock
from edge_worker.links import Link, LinkClosed


async def listen(
    segmenter: Segmenter,
    inbox: Link[AudioBlock],
    deliver: Callable[[Listened], Awaitable[None]],
    failed: Callable[[AudioBlock, Exception], Awaitable[None]],
) -> None:
    """Segment until the inbox closes, then hand on what was being said.

    Like ``edge_worker.links.pump``, but an answer that comes between two blocks cuts at once
    instead of waiting for the next block. A block that makes the segmenter fail goes to ``failed``.
    """
    block = asyncio.ensure_future(inbox.get())
    news = asyncio.ensure_future(segmenter.news())
    try:
        while True:
            await asyncio.wait({block, news}, return_when=asyncio.FIRST_COMPLETED)
            if news.done():
                for listened in news.result():
                    await deliver(listened)
                news = asyncio.ensure_future(segmenter.news())
            if block.done():
                if isinstance(block.exception(), LinkClosed):
                    break
                await _process(segmenter, block.result(), deliver, failed)
                block = asyncio.ensure_future(inbox.get())
        news.cancel()
        for listened in await segmenter.finish():
            await deliver(listened)
    finally:
        block.cancel()
        news.cancel()
        segmenter.close()


async def _process(
    segmenter: Segmenter,
    block: AudioBlock,
    deliver: Callable[[Listened], Awaitable[None]],
    failed: Callable[[AudioBlock, Exception], Awaitable[None]],
) -> None:
    try:
        results = await segmenter.process(block)
    except Exception as error:  # noqa: BLE001 - the supervisor decides; one block must not end the stream
        await failed(block, error)
        return
    for listened in results:
        await deliver(listened)
