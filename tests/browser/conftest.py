"""A door on the page: a real broker, the server without engines, and Debian's Chromium."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from edge_worker.command import Command
from edge_worker.config import load_settings
from edge_worker.serving import Serving
from edge_worker.session.announcer import Announcer
from edge_worker.transport import Message, MqttLink
from mqtt_schemas import (
    Channel,
    LanguagePair,
    StreamInfo,
    StreamSettings,
    StreamState,
    StreamStatus,
    Topics,
    WorkerInfo,
)
from tests.broker.conftest import Mosquitto
from tests.unit.serving.conftest import H264, film

TOPICS = Topics()
PACKETS = 20 * 188
TOKEN = "a-token-of-the-page-for-tests"  # noqa: S105 - opens a page that lives for a second
PAIRS = tuple(
    LanguagePair(source=source, target=target)
    for source, target in (("pt", "en"), ("pt", "de"), ("es", "en"))
)


@dataclass
class Door:
    """A stream and its owner, as far as MQTT tells."""

    serving: Serving
    announcer: Announcer
    url: str
    state: StreamState
    commands: list[tuple[str, str]] = field(default_factory=list)
    said: list[bytes] = field(default_factory=list)

    async def command(self, message: Message) -> None:
        """Obey as an owner does."""
        setting, value = message.topic.rsplit("/", 1)[1], message.payload.decode()
        self.commands.append((setting, value))
        settings = Command(setting, value, "", retained=False).applied_to(self.state.settings)
        self.state = replace(self.state, settings=settings, revision=self.state.revision + 1)
        self.tell(Channel.STATE, self.state)

    async def say(self, message: Message) -> None:
        """Keep what is to be said at the door."""
        self.said.append(message.payload)

    def tell(self, channel: Channel, message: object) -> None:
        """Publish about the door."""
        self.announcer.say(channel, message, stream="door")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.fail("these tests need Chromium: install it with `apt install chromium`")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(chromium: Browser) -> AsyncIterator[Page]:
    """A phone's page that reports its own errors."""
    context = await chromium.new_context(
        viewport={"width": 360, "height": 800}, locale="en-GB", service_workers="block"
    )
    opened = await context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("dialog", lambda dialog: errors.append(dialog.message))
    yield opened
    await context.close()
    assert errors == []


@pytest.fixture(scope="session")
def picture() -> bytes:
    """Two seconds of a moving test picture and a tone."""
    return film(*H264, seconds=2.0)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def door(mosquitto: Mosquitto) -> AsyncIterator[Door]:
    settings = load_settings(None, {"worker": "box", "http": {"port": 0, "token": TOKEN}})
    async with AsyncExitStack() as exits:
        link = await exits.enter_async_context(MqttLink(mosquitto.settings))
        await link.wait_connected()
        announcer = Announcer(link, TOPICS)
        serving = Serving(settings)
        url = await serving.start(announcer)
        exits.push_async_callback(serving.stop)
        state = StreamState(
            stream="door",
            settings=StreamSettings(source_language="pt", target_language="en"),
            owner="box",
            term=1,
            revision=1,
            playout_delay_ns=500_000_000,
        )
        made = Door(serving, announcer, f"{url}/#token={TOKEN}", state)
        await link.subscribe(TOPICS.filter(Channel.SET, stream="door"), made.command, qos=1)
        await link.subscribe(TOPICS.filter(Channel.TALKBACK_SAY), made.say, qos=1)
        announcer.say(Channel.WORKER_INFO, WorkerInfo(worker="box", pairs=PAIRS), worker="box")
        info = StreamInfo(stream="door", name="Front <b>door</b>", talkback=True)
        made.tell(Channel.STREAM_INFO, info)
        announcer.word(Channel.STREAM_STATUS, StreamStatus.ONLINE, stream="door")
        made.tell(Channel.STATE, state)
        yield made
