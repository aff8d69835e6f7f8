"""Who speaks each utterance of one stream, asked once and remembered while it plays."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from edge_worker.items import AudioBlock, Utterance, Verdict
from edge_worker.rvp.speaker import OFF_CAMERA, SpeakerChoice
from edge_worker.rvp.tracker import TrackedFrame

_WAITS_NS: Final = 12_000_000_000
"""After its end in the source, when an utterance is not spoken any more; asked anew if it is."""


@dataclass(frozen=True, slots=True)
class _Voice:
    track: int | None
    until_ns: int
    """Source time at which it is forgotten, should nobody say that it has been spoken."""


class Speakers:
    """Chooses the speaker of an utterance when its text is final, and sticks to it.

    Nothing is chosen about what was said while faces were not looked for.
    """

    def __init__(self) -> None:
        self._voices: dict[str, _Voice] = {}
        self._choice = SpeakerChoice()
        self._overlooked_ns: int | None = None

    @property
    def by_utterance(self) -> Mapping[str, int | None]:
        """A copy: the track that speaks each utterance, by its id; None: off camera.

        Of an id that is missing it is not known.
        """
        return {identity: voice.track for identity, voice in self._voices.items()}

    @property
    def watched(self) -> frozenset[int]:
        """Tracks whose lips are, or soon will be, rendered."""
        spoke = (voice.track for voice in self._voices.values())
        return frozenset(track for track in spoke if track is not None)

    def observe(self, picture: TrackedFrame) -> None:
        """Take in the mouths of one picture in which faces were looked for."""
        self._choice.observe(picture)

    def overlook(self, until_ns: int) -> None:
        """Faces are not looked for in what the source shows up to ``until_ns``."""
        self._overlooked_ns = until_ns

    def hear(self, block: AudioBlock) -> None:
        """Take in source sound, and forget what should long have been spoken."""
        self._choice.hear(block)
        now_ns = block.end_ns
        self._voices = {i: one for i, one in self._voices.items() if one.until_ns > now_ns}

    def off_camera(self, utterance: Utterance) -> bool:
        """Whether nobody in the picture spoke it; False too where that is not known."""
        if utterance.id in self._voices:
            return self._voices[utterance.id].track is OFF_CAMERA
        middle_ns = utterance.start_ns + utterance.duration_ns // 2
        if self._overlooked_ns is not None and self._overlooked_ns > middle_ns:
            return False
        track = self._choice.choose(utterance.epoch, utterance.start_ns, utterance.end_ns)
        if utterance.verdict is Verdict.DUB:
            self._voices[utterance.id] = _Voice(track, utterance.end_ns + _WAITS_NS)
        return track is OFF_CAMERA

    def begin(self, utterance: Utterance, end_ns: int) -> None:
        """Its translation plays up to ``end_ns``."""
        voice = self._voices.get(utterance.id)
        if voice is not None:
            self._voices[utterance.id] = replace(voice, until_ns=end_ns + _WAITS_NS)

    def end(self, utterance: Utterance) -> None:
        """Its translation has been heard to the end, or has been given up."""
        self._voices.pop(utterance.id, None)

    def restart(self) -> None:
        """The media clock began anew."""
        self._voices.clear()
        self._overlooked_ns = None
