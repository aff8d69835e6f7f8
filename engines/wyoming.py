"""A voice server of the user's own, over the Wyoming protocol (Open Home Foundation).

One connection serves one question: events are JSON lines with an optional binary payload over TCP.
Nothing is kept between questions, so that a server which was gone is found again by the next one.
"""

import io
import json
import socket
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from io import BytesIO

from wyoming.error import Error
from wyoming.event import Event, write_event
from wyoming.info import AsrModel, Describe, Info, TtsVoice

from engines import EngineTimeoutError, EngineUnavailableError
from engines.address import server_address

_MAX_ANSWER = 64_000_000
"""Bytes of one answer: two minutes of stereo sound at 48 kHz and 32 bits take 46 million."""
_MAX_JSON = 4_000_000
"""Bytes of an event's header, and of its data: thousands of voices take one million."""
_CONNECT_TIMEOUT_S = 2.0
_PAUSE_S = 5.0
"""After a time-out the server is left alone for so long, so that nobody queues up behind it."""


class WyomingServer:
    """Where a server is and how long it is waited for.

    Args:
        uri: ``tcp://host:port``.
        timeout_s: how long one answer may take from the question to its last byte.
        clock: monotonic seconds.

    Raises:
        ValueError: ``uri`` is not of that form, or ``timeout_s`` is not positive.
    """

    def __init__(
        self, uri: str, *, timeout_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._host, self._port = server_address(uri)
        if timeout_s <= 0:
            raise ValueError(f"{uri}: a time-out of {timeout_s} s leaves no time for an answer")
        self.uri = uri
        self._timeout_s = timeout_s
        self._clock = clock
        self._paused_until = 0.0

    def describe(self) -> Info:
        """What the server offers.

        Raises:
            EngineUnavailableError: it cannot be reached or does not answer as it should.
        """
        with closing(self.ask([Describe().event()])) as events:
            for event in events:
                if Info.is_type(event.type):
                    return self._info(event)
        raise self.broken("does not describe itself")

    def ask(self, question: Iterable[Event]) -> Generator[Event, None, None]:
        """Send ``question`` and give the events of the answer as they come.

        The server may say as much as it likes: who asks knows which event is the last and closes
        the iterator there.

        Raises:
            EngineUnavailableError: the server cannot be reached, reports an error, is too slow, or
                sends what is not Wyoming.
        """
        if self._clock() < self._paused_until:
            raise self.broken("did not answer in time a moment ago and is left alone for 5 s")
        try:
            with self._connected() as line:
                yield from self._conversation(line, question)
        except TimeoutError as error:
            raise self._late(f"did not answer within {self._timeout_s:g} s") from error
        except UnicodeError as error:  # of a name that it gave itself
            raise self.broken("gives names that are no text") from error
        except OSError as error:
            raise self.broken(f"cannot be reached ({error.strerror or error})") from error

    def broken(self, what: str) -> EngineUnavailableError:
        """An error that names this server; ``what`` quotes nothing that was said."""
        return EngineUnavailableError(
            f"the Wyoming server {self.uri} {what}; see that it runs and is what is wanted here"
        )

    def _connected(self) -> socket.socket:
        try:
            return socket.create_connection((self._host, self._port), _CONNECT_TIMEOUT_S)
        except TimeoutError as error:
            raise self._late(f"could not be reached within {_CONNECT_TIMEOUT_S:g} s") from error

    def _late(self, what: str) -> EngineTimeoutError:
        self._paused_until = self._clock() + _PAUSE_S
        return EngineTimeoutError(str(self.broken(what)))

    def _conversation(
        self, line: socket.socket, question: Iterable[Event]
    ) -> Generator[Event, None, None]:
        deadline = self._clock() + self._timeout_s
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.settimeout(self._timeout_s)
        line.sendall(_written(question))
        incoming = _Incoming(line, lambda: deadline - self._clock())
        reader = io.BufferedReader(incoming)
        while True:
            try:
                event = _next_event(reader)
            except _TooMuchError as error:
                raise self.broken(f"sent more than {error} bytes as one answer") from error
            except (ValueError, RecursionError) as error:  # deep JSON
                raise self.broken("sends what is not the Wyoming protocol") from error
            if incoming.overflowed:
                raise self.broken(f"sent more than {_MAX_ANSWER} bytes as one answer")
            if event is None:
                raise self.broken("ended the conversation before its answer was complete")
            if Error.is_type(event.type):
                # Its text may quote what was said, which does not belong in our log.
                code = str(event.data.get("code") or "no code")[:80]
                raise self.broken(f"reports an error ({code}; its own log says more)")
            yield event

    def _info(self, event: Event) -> Info:
        try:
            info = Info.from_event(event)
            _check_names(info)
        except (TypeError, AttributeError, LookupError, ValueError) as error:
            raise self.broken("describes itself in a way that is not Wyoming's") from error
        return info


class _TooMuchError(Exception):
    """An event is announced that is longer than is taken; the argument says how much that is."""


class _Incoming(io.RawIOBase):
    """What the server sends, until time is up and up to a bound."""

    def __init__(self, line: socket.socket, remaining_s: Callable[[], float]) -> None:
        self._line = line
        self._remaining_s = remaining_s
        self._received = 0

    @property
    def overflowed(self) -> bool:
        """More came than is taken."""
        return self._received > _MAX_ANSWER

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # what io calls it with
        remaining_s = self._remaining_s()
        if remaining_s <= 0:
            raise TimeoutError
        if self.overflowed:
            return 0
        self._line.settimeout(remaining_s)
        count = self._line.recv_into(buffer)
        self._received += count
        return count


def _written(events: Iterable[Event]) -> bytes:
    buffer = BytesIO()
    for event in events:
        write_event(event, buffer)
    return buffer.getvalue()


def _next_event(reader: io.BufferedIOBase) -> Event | None:
    """The next event; None where the conversation ends before it is whole.

    Lengths are checked before memory is taken for them.

    Raises:
        ValueError: it is not of the protocol.
        RecursionError: its JSON is too deep.
        _TooMuchError: it is too long.
    """
    line = reader.readline(_MAX_JSON + 1)
    if not line:
        return None
    if len(line) > _MAX_JSON:
        raise _TooMuchError(_MAX_JSON)
    header = _object(line)
    kind, data = header.get("type"), header.get("data") or {}
    if not isinstance(kind, str) or not isinstance(data, dict):
        raise ValueError("an event without type, or with data of another shape")  # noqa: TRY004 - of what was sent
    more = reader.read(length := _length(header, "data_length", _MAX_JSON))
    payload = reader.read(sound := _length(header, "payload_length", _MAX_ANSWER))
    if len(more) < length or len(payload) < sound:
        return None
    return Event(kind, {**data, **(_object(more) if more else {})}, payload or None)


def _object(text: bytes) -> dict[str, object]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("JSON, but no object")  # noqa: TRY004 - of what was sent
    return found


def _length(header: Mapping[str, object], name: str, most: int) -> int:
    length = header.get(name) or 0
    if not isinstance(length, int):
        raise ValueError(f"{name} is no number")  # noqa: TRY004 - of what was sent
    if length > most:
        raise _TooMuchError(most)
    return max(0, length)


def _check_names(info: Info) -> None:
    """Drop languages that are no text.

    Raises:
        TypeError: a list is none, or a name is no text.
    """
    found: list[AsrModel | TtsVoice] = [one for program in info.asr for one in program.models]
    found += [one for program in info.tts for one in program.voices]
    for one in found:
        if not isinstance(one.name, str):
            raise TypeError("a name that is no text")
        tags: list[object] = [*one.languages]
        one.languages = [tag for tag in tags if isinstance(tag, str) and tag]
