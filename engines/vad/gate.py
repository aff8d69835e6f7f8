"""A cheap gate (WebRTC's VAD) in front of a detector: clear silence costs next to nothing.

The gate only ever says "certainly nothing here". It opens on the first window that could be
speech, hands the windows before it to the detector as well, so that no onset is cut, and stays
open for a while after the last one, so that the detector alone judges where speech ends.
"""

import importlib
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines import EngineUnavailableError
from engines.vad import SAMPLE_RATE, WINDOW, VoiceDetector, VoiceStream

_FRAME = SAMPLE_RATE * 30 // 1000
"""WebRTC's VAD takes 10, 20 or 30 ms."""
_AUDIBLE = 10 ** (-80 / 20)
"""RMS below -80 dBFS, one step of 12-bit sound, is silence."""
_GAIN = 8.0
"""WebRTC's thresholds are absolute; louder sound makes it find quiet voices too."""
_LOUD = 10 ** (-45 / 20)
"""From here on the detector looks in any case: WebRTC's VAD misses onsets in steady noise."""


class GatedDetector:
    """A detector that looks only where there may be speech.

    Args:
        detector: the judge.
        hold_windows: windows (32 ms) that the gate stays open after the last possible speech.
        lead_windows: windows before the gate opened that the detector is shown as well.

    Raises:
        EngineUnavailableError: the webrtcvad package is missing.
    """

    def __init__(
        self, detector: VoiceDetector, *, hold_windows: int = 24, lead_windows: int = 16
    ) -> None:
        try:
            self._webrtcvad = importlib.import_module("webrtcvad")
        except ImportError as error:
            raise EngineUnavailableError(
                "voice activity: webrtcvad-wheels is not installed; install polylip[worker]"
            ) from error
        self._detector = detector
        self._hold_windows = hold_windows
        self._lead_windows = lead_windows

    def open(self) -> VoiceStream:
        """Start the state of one stream."""
        return _GatedStream(
            self._webrtcvad.Vad(0), self._detector.open(), self._hold_windows, self._lead_windows
        )


class _GatedStream:
    def __init__(
        self,
        gate: Any,  # noqa: ANN401 - webrtcvad ships no types
        stream: VoiceStream,
        hold_windows: int,
        lead_windows: int,
    ) -> None:
        self._gate = gate
        self._stream = stream
        self._hold_windows = hold_windows
        self._held = 0
        self._lead: deque[NDArray[np.float32]] = deque(maxlen=lead_windows)

    def probability(self, window: NDArray[np.float32]) -> float:
        """Probability of speech, 0..1, in ``window``; 0 while the gate is shut."""
        self._held = self._hold_windows if self._possible(window) else self._held - 1
        if self._held <= 0:
            self._lead.append(window)
            return 0.0
        while self._lead:
            self._stream.probability(self._lead.popleft())
        return self._stream.probability(window)

    def _possible(self, window: NDArray[np.float32]) -> bool:
        rms = float(np.sqrt(np.mean(np.square(window))))
        if rms < _AUDIBLE:
            return False
        if rms > _LOUD:
            return True
        pcm = (np.clip(window[WINDOW - _FRAME :] * _GAIN, -1.0, 1.0) * 32767).astype(np.int16)
        return bool(self._gate.is_speech(pcm.tobytes(), SAMPLE_RATE))
