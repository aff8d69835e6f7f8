"""The owner's microphone: sound of a WebRTC track, cut into replies to the visitor.

With a push-to-talk button a reply is what was said while it was pressed. Without one a reply ends
with a pause.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable

import av
import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from numpy.typing import NDArray

from engines.vad import SAMPLE_RATE, WINDOW, VoiceStream

_log = logging.getLogger(__name__)
LONGEST = 25 * SAMPLE_RATE
"""Samples of one reply; what is said beyond is the next one."""
_VOICE, _SILENCE = 0.5, 0.35
"""Probabilities at which speech begins and ends."""
_LEAD_WINDOWS = 10
"""Kept from before the voice was noticed, 0.3 s."""
_PAUSE_WINDOWS = 25
"""Unvoiced in a row end a reply, 0.8 s."""
_SHORTEST_WINDOWS = 6
"""Voiced ones of a reply, 0.2 s; less is a click or a cough."""

Pcm = NDArray[np.int16]
"""Mono, 16 kHz, shape (n,)."""


class Replies:
    """Cuts sound into replies.

    Args:
        voice: judges the sound where there is no button.
        said: takes each reply.
    """

    def __init__(self, voice: VoiceStream, said: Callable[[Pcm], None]) -> None:
        self._voice = voice
        self._said = said
        self._rest: Pcm = np.zeros(0, np.int16)
        self._lead: deque[Pcm] = deque(maxlen=_LEAD_WINDOWS)
        self._reply: list[Pcm] = []
        self._voiced = self._pause = 0
        self._button: bool | None = None
        """Pressed or not; None as long as there was no word of one."""

    def hear(self, sound: Pcm) -> None:
        """Take the next sound."""
        sound = np.concatenate([self._rest, sound])
        whole = len(sound) // WINDOW * WINDOW
        self._rest = sound[whole:]
        for position in range(0, whole, WINDOW):
            window = sound[position : position + WINDOW]
            if self._button is None:
                self._listen(window)
            elif self._button:
                self._keep(window)

    def press(self) -> None:
        """The button is pressed: what is said from now on is one reply."""
        self._end(discard=True)
        self._button = True

    def release(self) -> None:
        """The button is let go."""
        self._end(discard=self._button is not True)
        self._button = False

    def close(self) -> None:
        """The microphone is gone; a reply that was begun is still one."""
        self._end(discard=self._button is None and self._voiced < _SHORTEST_WINDOWS)

    def _listen(self, window: Pcm) -> None:
        probability = self._voice.probability(window.astype(np.float32) / np.float32(32_768))
        if not self._reply:
            self._lead.append(window)
            if probability >= _VOICE:
                self._reply, self._voiced = list(self._lead), 1
                self._lead.clear()
            return
        voiced = probability >= _SILENCE
        self._voiced += voiced
        self._pause = 0 if voiced else self._pause + 1
        self._keep(window)
        if self._pause >= _PAUSE_WINDOWS:
            self._end(discard=self._voiced < _SHORTEST_WINDOWS)

    def _keep(self, window: Pcm) -> None:
        self._reply.append(window)
        if len(self._reply) * WINDOW >= LONGEST:
            self._end(discard=False)

    def _end(self, *, discard: bool) -> None:
        reply, self._reply = self._reply, []
        self._voiced = self._pause = 0
        if reply and not discard:
            self._said(np.concatenate(reply))


class Microphone:
    """Listens to one viewer.

    Args:
        stream: whose door it speaks to.
        replies: takes the sound.
    """

    def __init__(self, stream: str, replies: Replies) -> None:
        self._stream = stream
        self._replies = replies
        self._resampler = av.AudioResampler("s16", "mono", SAMPLE_RATE)
        self._listening: asyncio.Task[None] | None = None

    def listen(self, track: MediaStreamTrack) -> None:
        """Hear a track to its end; a second one is not heard."""
        if track.kind == "audio" and self._listening is None:
            self._listening = asyncio.create_task(self._hear(track), name=f"mic-{self._stream}")

    def button(self, word: str) -> None:
        """``start`` when the button is pressed, ``stop`` when it is let go; all else is nothing."""
        if word == "start":
            self._replies.press()
        elif word == "stop":
            self._replies.release()

    async def close(self) -> None:
        """Hear no more."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])
        self._replies.close()

    async def _hear(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame = await track.recv()
                if isinstance(frame, av.AudioFrame):
                    for part in self._resampler.resample(frame):
                        self._replies.hear(part.to_ndarray()[0].astype(np.int16))
        except MediaStreamError:
            return  # the viewer turned it off
        except Exception:  # noqa: BLE001 - whatever a viewer sends, others go on
            _log.exception("%s: a viewer's microphone is heard no more", self._stream)
