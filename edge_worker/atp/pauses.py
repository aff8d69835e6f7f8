"""From voice probabilities to speech and its pauses, counted in samples of the 16 kHz sound."""

from dataclasses import dataclass, field

from engines.vad import WINDOW

VOICE = 0.5
"""Speech starts at this probability (Silero's own default)..."""
SILENCE = 0.35
"""...and ends below this one: the gap keeps a fading vowel from flickering."""


@dataclass(slots=True)
class Pause:
    """A silence within or after speech."""

    start: int
    """First silent sample."""
    end: int | None = None
    """First voiced sample after it; None while it lasts."""

    def length(self, now: int) -> int:
        """Samples of silence so far; ``now`` is the first sample not yet heard."""
        return (now if self.end is None else self.end) - self.start


@dataclass(slots=True)
class Talk:
    """Speech since the last cut."""

    start: int
    """First voiced sample."""
    voiced: int = 0
    """Samples judged voiced."""
    pauses: list[Pause] = field(default_factory=list)

    @property
    def pause(self) -> Pause | None:
        """The pause that lasts now."""
        if self.pauses and self.pauses[-1].end is None:
            return self.pauses[-1]
        return None


class PauseTracker:
    """Follows one stream window by window.

    Attributes:
        now: first sample not yet heard.
        talk: the speech since the last cut; None in silence.
    """

    def __init__(self, now: int = 0) -> None:
        self.now = now
        self.talk: Talk | None = None
        self._voicing = False

    def hear(self, probability: float) -> None:
        """Take the voice probability of the next window."""
        start, self.now = self.now, self.now + WINDOW
        if probability > VOICE:
            self._voice(start)
        elif self._voicing and probability < SILENCE:
            self._voicing = False
            if self.talk is not None:
                self.talk.pauses.append(Pause(start))
        if self._voicing and self.talk is not None:
            self.talk.voiced += WINDOW

    def cut(self, at: Pause) -> None:
        """End the talk at one of its pauses; speech that followed it becomes the new talk."""
        talk = self.talk
        if talk is None:
            return
        later = talk.pauses[talk.pauses.index(at) + 1 :]
        if at.end is None:
            self.talk = None
            return
        silent = sum(pause.length(self.now) for pause in later)
        self.talk = Talk(at.end, voiced=self.now - at.end - silent, pauses=later)

    def split(self, at: int) -> None:
        """End the talk in the midst of speech, at sample ``at``."""
        talk = self.talk
        if talk is None:
            return
        later = [pause for pause in talk.pauses if pause.start >= at]
        silent = sum(pause.length(self.now) for pause in later)
        self.talk = Talk(at, voiced=self.now - at - silent, pauses=later)

    def drop(self) -> None:
        """Forget the talk: it was a click, or it has been handed on."""
        self.talk = None
        self._voicing = False

    def _voice(self, start: int) -> None:
        self._voicing = True
        if self.talk is None:
            self.talk = Talk(start)
        elif self.talk.pause is not None:
            self.talk.pause.end = start
