"""The built-in page in a real browser."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from playwright.async_api import Page, expect

from edge_worker.serving.key_scan import KeyScan
from mqtt_schemas import (
    Channel,
    StreamMetrics,
    TalkbackReply,
    TalkbackSay,
    TalkbackStatus,
    UtteranceMessage,
    UtteranceStage,
    decode,
)
from tests.broker.watching import until
from tests.browser.conftest import PACKETS, TOPICS, Door

pytestmark = [pytest.mark.broker, pytest.mark.asyncio(loop_scope="session")]
MARKUP = '<img src=x onerror="alert(1)"><b>not bold</b>'
SAID = UtteranceMessage(
    stream="door",
    utterance="u1",
    epoch="0123456789abcdef",
    stage=UtteranceStage.FINAL,
    start_ns=0,
    end_ns=1,
    source_language="pt",
    source_text="Trago uma encomenda.",
    target_language="en",
    target_text="I have a parcel.",
)
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)


@contextlib.asynccontextmanager
async def on_air(door: Door, picture: bytes) -> AsyncIterator[None]:
    """Send the picture again and again, as camera and as output."""
    feeds, scan = door.serving.feeds, KeyScan()

    async def send() -> None:
        while True:
            for at in range(0, len(picture), PACKETS):
                message = picture[at : at + PACKETS]
                feeds.take_in("door", message)
                for piece in scan.feed(message):
                    feeds.put_out("door", piece.data, key=piece.key, tables=piece.tables)
                await asyncio.sleep(0.05)

    sending = asyncio.create_task(send())
    yield
    sending.cancel()


async def test_page_when_a_visitor_speaks_then_picture_captions_and_figures_are_seen(
    page: Page, door: Door, picture: bytes
) -> None:
    async with on_air(door, picture):
        await page.goto(door.url)
        assert "token" not in page.url
        card = page.locator("article")
        await expect(card.get_by_role("heading", level=2)).to_have_text("Front <b>door</b>")
        await card.get_by_label("Original").check()
        shown = card.locator("img[data-part=picture]")
        await expect(shown).to_be_visible()
        assert await shown.evaluate("element => element.naturalWidth") == 160
        first = await shown.screenshot()
        async with asyncio.timeout(PATIENCE_MS / 1000):
            while await shown.screenshot() == first:
                pass
        partial = replace(SAID, stage=UtteranceStage.PARTIAL, source_text="Trago uma")
        door.tell(Channel.UTTERANCE, partial)
        await expect(card.locator("[data-part=partial]")).to_have_text("Trago uma")
        door.tell(Channel.UTTERANCE, SAID)
        await expect(card.locator("li .source")).to_have_text("Trago uma encomenda.")
        await expect(card.locator("li .target")).to_have_text("I have a parcel.")
        await expect(card.locator("li .target")).to_have_attribute("lang", "en")
        await expect(card.locator("[data-part=partial]")).to_have_text("")
        door.tell(Channel.METRICS, StreamMetrics(stream="door", tau=0.42, fps=25.0))
        await expect(card.locator("dl")).to_contain_text("0.42")
        await expect(card.locator("dl")).to_contain_text("0.50 s")
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360


async def test_page_when_webrtc_works_then_the_translated_stream_plays_with_sound_at_hand(
    page: Page, door: Door, picture: bytes
) -> None:
    async with on_air(door, picture):
        await page.goto(door.url)
        video = page.locator("video")
        await expect(video).to_be_visible()
        async with asyncio.timeout(PATIENCE_MS / 1000):
            while await video.evaluate("element => element.currentTime") < 0.2:
                pass
        sound = page.get_by_role("button", name="Sound")
        await expect(sound).to_have_attribute("aria-pressed", "false")
        await sound.click()
        await expect(sound).to_have_attribute("aria-pressed", "true")
        assert door.serving.feeds.viewers("door") == 1


async def test_page_when_there_is_no_webrtc_then_the_translated_stream_moves_in_pictures(
    page: Page, door: Door, picture: bytes
) -> None:
    await page.add_init_script("delete window.RTCPeerConnection")
    async with on_air(door, picture):
        await page.goto(door.url)
        shown = page.locator("img[data-part=picture]")
        await expect(shown).to_be_visible()
        assert "/live/door.mjpeg" in (await shown.get_attribute("src") or "")


async def test_page_when_a_language_is_picked_then_the_owner_is_commanded_and_its_word_is_shown(
    page: Page, door: Door
) -> None:
    await page.goto(door.url)
    target = page.get_by_label("Translated to")
    await expect(target).to_have_value("en")
    assert await target.locator("option").all_inner_texts() == ["English", "German"]
    await target.select_option(label="German")
    await until(lambda: door.commands == [("target_language", "de")])
    await expect(page.get_by_label("Spoken at the door")).to_have_value("pt")
    await page.reload()
    await expect(target).to_have_value("de")


async def test_page_when_a_text_has_markup_then_it_stays_text(page: Page, door: Door) -> None:
    await page.goto(door.url)
    said = replace(SAID, source_text=MARKUP, target_text=MARKUP, reason=MARKUP)
    await expect(page.locator("article")).to_have_count(1)
    door.tell(Channel.UTTERANCE, said)
    await expect(page.locator("li .target")).to_have_text(MARKUP)
    await expect(page.locator("li .source")).to_have_text(MARKUP)
    assert await page.locator("li img, li b, h2 b").count() == 0


async def test_page_when_a_reply_is_typed_then_it_is_asked_for_and_what_came_of_it_is_told(
    page: Page, door: Door
) -> None:
    await page.goto(door.url)
    await page.get_by_label("Reply").fill("I am coming")
    await page.get_by_role("button", name="Say").click()
    await until(lambda: bool(door.said))
    say = decode(TalkbackSay, TOPICS.talkback_say("door"), door.said[0])
    assert (say.text, say.language) == ("I am coming", "en")
    reply = TalkbackReply(
        stream="door",
        transaction=say.transaction,
        status=TalkbackStatus.SPOKEN,
        text="Já vou",
        language="pt",
    )
    told = page.locator("[data-part=said]")
    await expect(told).to_have_text("sent")
    door.tell(Channel.TALKBACK_STATUS, reply)
    await expect(told).to_have_text("spoken: Já vou")


async def test_page_when_the_token_is_wrong_then_nothing_is_shown_until_it_is_right(
    page: Page, door: Door
) -> None:
    address, token = door.url.split("#token=")
    await page.goto(f"{address}#token=wrong")
    await expect(page.get_by_role("alert")).to_contain_text("not known")
    await expect(page.locator("article")).to_have_count(0)
    await page.get_by_label("Token").fill(token)
    await page.get_by_role("button", name="Open").click()
    await expect(page.locator("article")).to_have_count(1)
    await expect(page.get_by_label("Token")).to_be_hidden()
