"""One connection to an RTSP server, with RTP interleaved (RFC 2326, 10.12)."""

import asyncio
import ssl
import struct
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from edge_worker.camera.rtsp.account import Challenge, authorization, best_challenge
from edge_worker.camera.rtsp.location import RtspLocation

_ANSWERS_WITHIN_S = 4.0
_MAX_BODY_BYTES = 1 << 16
_MAX_HEADERS = 64
_MAX_REASON = 80
_UNAUTHORIZED = 401
_AGENT = "Polylip"


class RtspError(Exception):
    """The server refused, or is gone; the message is one sentence without the account."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status
        """Of the server's answer; 0 without one."""


@dataclass(frozen=True, slots=True)
class RtspReply:
    """A server's answer."""

    status: int
    reason: str
    headers: Mapping[str, tuple[str, ...]]
    """By lower-case name."""
    body: str = ""

    def header(self, name: str) -> str:
        """The first header of a name; empty without one."""
        return self.headers.get(name, ("",))[0]


class RtspClient:
    """Asks a server and sends to it.

    Args:
        location: the server and the account.
    """

    def __init__(self, location: RtspLocation) -> None:
        self.location = location
        self._writer: asyncio.StreamWriter | None = None
        self._listener: asyncio.Task[None] | None = None
        self._answer: asyncio.Future[RtspReply] | None = None
        self._turn = asyncio.Lock()
        self._count = 0
        self._challenge: Challenge | None = None
        self._challenged = 0

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def connect(self) -> None:
        """Connect; ``close`` afterwards.

        Raises:
            RtspError: nobody answers there.
        """
        where = self.location
        context = ssl.create_default_context() if where.encrypted else None
        try:
            async with asyncio.timeout(_ANSWERS_WITHIN_S):
                reader, self._writer = await asyncio.open_connection(
                    where.host, where.port, ssl=context
                )
        except TimeoutError as error:
            raise RtspError("it does not answer") from error
        except OSError as error:
            raise RtspError(f"it cannot be reached: {error.strerror or error}") from error
        self._listener = asyncio.create_task(self._listen(reader), name="rtsp")

    def close(self) -> None:
        """Be gone, without a word."""
        if self._listener is not None:
            self._listener.cancel()
        if self._writer is not None:
            self._writer.close()

    async def request(
        self, method: str, url: str, headers: Mapping[str, str] | None = None
    ) -> RtspReply:
        """Ask, with the account where the server wants it.

        Raises:
            RtspError: no answer, or one that is not a success.
        """
        async with self._turn:
            reply = await self._ask(method, url, headers or {})
            if reply.status == _UNAUTHORIZED and self.location.account is not None:
                self._challenge = best_challenge(reply.headers.get("www-authenticate", ()))
                self._challenged = 0
                if self._challenge is not None:
                    reply = await self._ask(method, url, headers or {})
        if reply.status == _UNAUTHORIZED:
            raise RtspError(self._refusal(), reply.status)
        if not 200 <= reply.status < 300:
            raise RtspError(f"{method}: {reply.status} {reply.reason}", reply.status)
        return reply

    async def send(self, channel: int, packet: bytes) -> None:
        """Send an RTP packet; waits only for a server that does not read.

        Raises:
            RtspError: the connection is gone, or stuck.
        """
        writer = self._alive()
        writer.write(struct.pack(">cBH", b"$", channel, len(packet)) + packet)
        try:
            async with asyncio.timeout(_ANSWERS_WITHIN_S):
                await writer.drain()
        except (OSError, TimeoutError) as error:
            raise RtspError("it takes no sound any more") from error

    def _alive(self) -> asyncio.StreamWriter:
        if self._writer is None or self._listener is None or self._listener.done():
            raise RtspError("it closed the connection")
        return self._writer

    def _refusal(self) -> str:
        if self.location.account is None:
            return "it wants an account: rtsp://user:password@..."
        return "it refuses the account: are user and password right, and encoded?"

    async def _ask(self, method: str, url: str, headers: Mapping[str, str]) -> RtspReply:
        writer = self._alive()
        self._count += 1
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self._count}", f"User-Agent: {_AGENT}"]
        if self._challenge is not None and self.location.account is not None:
            self._challenged += 1
            told = authorization(
                self._challenge, self.location.account, method, url, count=self._challenged
            )
            lines.append(f"Authorization: {told}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._answer = asyncio.get_running_loop().create_future()
        writer.write("\r\n".join([*lines, "", ""]).encode())
        try:
            async with asyncio.timeout(_ANSWERS_WITHIN_S):
                return await self._answer
        except TimeoutError as error:
            raise RtspError(f"{method}: no answer within {_ANSWERS_WITHIN_S:.0f} s") from error

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        """Take answers, and pass over media and what the server asks."""
        try:
            while first := await reader.read(1):
                if first == b"$":
                    _, size = struct.unpack(">BH", await reader.readexactly(3))
                    await reader.readexactly(size)
                elif not first.isspace():
                    await self._message(reader, first)
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError):
            pass  # whoever waits for an answer is told below
        finally:
            self._give(RtspError("it closed the connection"))

    async def _message(self, reader: asyncio.StreamReader, first: bytes) -> None:
        line = (first + await reader.readline()).decode(errors="replace").strip()
        headers: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
        for _ in range(_MAX_HEADERS):
            name, mark, value = (await reader.readline()).decode(errors="replace").partition(":")
            if not mark:
                break
            headers[name.strip().lower()] += (value.strip(),)
        else:
            raise ValueError("too many headers")
        size = int((headers.get("content-length") or ("0",))[0])
        if not 0 <= size <= _MAX_BODY_BYTES:
            raise ValueError("too large a body")
        body = (await reader.readexactly(size)).decode(errors="replace")
        version, _, rest = line.partition(" ")
        code, _, told = rest.partition(" ")
        reason = "".join(filter(str.isprintable, told))[:_MAX_REASON]
        number = (headers.get("cseq") or (str(self._count),))[0]
        if version.startswith("RTSP/") and number == str(self._count):
            self._give(RtspReply(int(code), reason, dict(headers), body))

    def _give(self, answer: RtspReply | RtspError) -> None:
        if self._answer is None or self._answer.done():
            return
        if isinstance(answer, RtspError):
            self._answer.set_exception(answer)
        else:
            self._answer.set_result(answer)
