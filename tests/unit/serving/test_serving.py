import datetime as dt
import io
import logging
import ssl
from pathlib import Path
from typing import TextIO

import pytest
from aiohttp import ClientSession
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge_worker.config import WorkerSettings, load_settings
from edge_worker.media.segments import MediaSegment
from edge_worker.serving import Serving
from edge_worker.serving.tokens import Scope
from mqtt_schemas import MediaProperties
from tests.unit.serving.wire import TOPICS, Wire


def settings(**http: object) -> WorkerSettings:
    return load_settings(None, {"worker": "box", "http": {"port": 0, **http}})


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of our own for this machine, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, private


async def test_segment_when_it_is_published_then_live_viewers_get_it_until_the_worker_leaves() -> (
    None
):
    wire, serving = Wire(), Serving(settings())
    announcer = wire.announcer
    url = await serving.start(announcer)
    key = MediaSegment(b"key", 0, 1, key=True, seq=0)
    announcer.segment("door", TOPICS.out_av("door", "en"), key, MediaProperties())
    assert wire.on(TOPICS.out_av("door", "en")) == [b"key"]
    query = {"token": serving.tokens.of("door", Scope.VIEW)}
    async with ClientSession() as session:
        async with session.get(f"{url}/live/door.ts", params=query) as answer:
            assert await answer.content.readexactly(3) == b"key"
            await serving.stop()
            assert await answer.content.read() == b""
        with pytest.raises(OSError, match="onnect"):
            await session.get(f"{url}/health")


async def test_start_when_there_is_a_certificate_then_https_is_spoken(tmp_path: Path) -> None:
    chain, private = certificate(tmp_path)
    serving = Serving(settings(cert_file=chain, key_file=private))
    url = await serving.start(Wire().announcer)
    trust = ssl.create_default_context(cafile=str(chain))
    trust.check_hostname = False
    async with ClientSession() as session:
        answer = await session.get(f"{url}/health", ssl=trust)
        assert (url[:5], answer.status) == ("https", 503)
    await serving.stop()


async def test_start_when_the_certificate_is_missing_then_it_fails_by_name(tmp_path: Path) -> None:
    serving = Serving(settings(cert_file=tmp_path / "none.pem"))
    with pytest.raises(OSError, match=r"http\.cert_file.*none\.pem"):
        await serving.start(Wire().announcer)
    await serving.stop()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


async def told_by(
    serving: Serving, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, to: TextIO
) -> str:
    """What is said on standard error and in the log until it serves."""
    monkeypatch.setattr("sys.stderr", to)
    with caplog.at_level(logging.INFO):
        await serving.start(Wire().announcer)
    await serving.stop()
    return "\n".join((to.getvalue() if isinstance(to, io.StringIO) else "", *caplog.messages))


@pytest.mark.parametrize("to", [io.StringIO(), Terminal()])
async def test_start_when_the_configuration_has_a_token_then_it_is_not_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, to: TextIO
) -> None:
    word = "a-token-that-somebody-chose"
    told = await told_by(Serving(settings(token=word)), monkeypatch, caplog, to)
    assert "/#token=<http.token>" in told
    assert word not in told


async def test_start_when_a_terminal_listens_then_it_is_told_the_address_with_its_token(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    serving = Serving(settings())
    told = await told_by(serving, monkeypatch, caplog, Terminal())
    assert f"page: {serving.url}/#token={serving.tokens.page}\n" in told


async def test_start_when_a_log_listens_then_it_is_told_how_to_get_in_and_no_token(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    serving = Serving(settings())
    told = await told_by(serving, monkeypatch, caplog, io.StringIO())
    assert serving.tokens.page not in told
    assert f"page: {serving.url}; " in told
    assert "http.token" in told
