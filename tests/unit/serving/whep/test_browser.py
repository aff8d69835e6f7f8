"""A real browser: it plays what is passed on, its microphone is heard, and it leaves."""

import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright

from edge_worker.serving.tokens import Scope
from tests.broker.watching import until
from tests.unit.serving.whep.conftest import House
from tests.unit.serving.whep.door import filmed

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(_CHROMIUM is None, reason="Chromium is not installed")

_FLAGS = (
    "--no-sandbox",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
_PATIENCE_MS = 30_000


@pytest_asyncio.fixture
async def page(house: House) -> AsyncIterator[Page]:
    """A page of the house, opened in Chromium."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_CHROMIUM, args=_FLAGS)
        context = await browser.new_context(permissions=["microphone"])
        opened = await context.new_page()
        await opened.goto(str(house.root))
        await opened.wait_for_function("window.begin !== undefined")
        yield opened
        await browser.close()


async def test_browser_when_it_watches_and_talks_then_it_plays_and_is_heard_until_it_is_lost(
    house: House, page: Page
) -> None:
    async with filmed(house.feeds.translated("door")):
        may_talk = await page.evaluate("token => begin(token)", house.tokens.of("door", Scope.TALK))
        assert may_talk
        await page.wait_for_function(
            "figures().shown > 10 && figures().at > 0.5", timeout=_PATIENCE_MS
        )
        assert (await page.evaluate("figures().width")) == 160
        assert house.said == []

        await page.evaluate("session.talk(true)")
        await page.wait_for_timeout(1500)
        await page.evaluate("session.talk(false)")
        await until(lambda: len(house.said) == 1)
        stream, sound = house.said[0]
        assert stream == "door"
        assert abs(sound).max() > 1_000  # Chromium's fake device beeps every second

        await page.evaluate("session.close()")
        await until(lambda: house.sessions.watched("door") == 0)

        token = house.tokens.of("door", Scope.VIEW)
        assert (await page.evaluate("token => begin(token)", token)) is False
        assert (await page.evaluate("lost")) == 0
        house.feeds.translated("door").end()
        await page.wait_for_function("lost === 1", timeout=_PATIENCE_MS)
