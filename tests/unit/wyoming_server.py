"""A Wyoming server that answers as a test says."""

import socketserver
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, cast

from wyoming.event import Event, read_event, write_event
from wyoming.info import (
    AsrModel,
    AsrProgram,
    Attribution,
    Describe,
    Info,
    TtsProgram,
    TtsVoice,
)

NOBODY = Attribution(name="nobody", url="")

Answer = Sequence[Event | bytes]
"""Events, or bytes that are sent as they are."""


class HangUp(Exception):  # noqa: N818 - it is an order, not an error
    """The server ends the conversation."""


@contextmanager
def serving(
    info: Info | Event | bytes, answer: Callable[[Event], Answer] = lambda _: ()
) -> Iterator[str]:
    """The address of a server that describes itself with ``info`` and answers with ``answer``."""

    class Conversation(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while (event := read_event(cast("BinaryIO", self.rfile))) is not None:
                try:
                    described = [info if isinstance(info, Event | bytes) else info.event()]
                    known = Describe.is_type(event.type)
                    for part in described if known else answer(event):
                        self._send(part)
                except (HangUp, OSError):
                    return

        def _send(self, part: Event | bytes) -> None:
            if isinstance(part, bytes):
                self.wfile.write(part)
            else:
                write_event(part, cast("BinaryIO", self.wfile))

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Conversation) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"tcp://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def asr(*models: tuple[str, list[str]]) -> Info:
    """A recognition server with these (name, languages)."""
    known = [
        AsrModel(
            name=name, attribution=NOBODY, installed=True, description=None, version=None,
            languages=languages,
        )
        for name, languages in models
    ]  # fmt: skip
    program = AsrProgram(
        name="ear", attribution=NOBODY, installed=True, description=None, version=None, models=known
    )
    return Info(asr=[program])


def tts(*voices: tuple[str, list[str]]) -> Info:
    """A speech server with these (name, languages)."""
    known = [
        TtsVoice(
            name=name, attribution=NOBODY, installed=True, description=None, version=None,
            languages=languages,
        )
        for name, languages in voices
    ]  # fmt: skip
    program = TtsProgram(
        name="mouth", attribution=NOBODY, installed=True, description=None, version=None,
        voices=known,
    )  # fmt: skip
    return Info(tts=[program])
