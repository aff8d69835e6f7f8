"""The visitor's own mouth, moved by the Portuguese she speaks, with the product's renderer."""

from dataclasses import replace

from edge_worker.items import PhonemeTiming
from engines.face import Picture
from engines.lipsync import LipCue
from engines.lipsync.mouth_curve import MouthCurve
from engines.lipsync.mouth_warp import MouthWarp
from sample_visitor.alignment import aligned
from sample_visitor.gestures import FPS
from sample_visitor.portrait import Portrait
from sample_visitor.voice import Voice

_LOOKS = 12
"""How often the renderer is shown the portrait before it draws."""
_LIVELY = 1.25
"""She opens her mouth a little wider than the renderer's average speaker."""


class SpeakingMouth:
    """Draws the portrait's mouth for every frame of the film."""

    def __init__(self, portrait: Portrait, voice: Voice) -> None:
        self._portrait = portrait
        self._curve = MouthCurve(_phonemes(voice))
        self._session = MouthWarp().open()
        for _ in range(_LOOKS):
            self._session.observe(portrait.picture, portrait.mesh)

    def draw(self, number: int) -> Picture:
        """The portrait's canvas with the mouth of frame ``number``."""
        shape = self._curve.at(number * 1_000_000_000 // FPS)
        shape = replace(shape, opening=_LIVELY * shape.opening)
        canvas = self._portrait.picture.copy()
        patch = self._session.render(canvas, self._portrait.mesh, LipCue(shape, 1.0))
        if patch is not None:
            height, width = patch.picture.shape[:2]
            canvas[patch.y : patch.y + height, patch.x : patch.x + width] = patch.picture
        return canvas


def _phonemes(voice: Voice) -> list[PhonemeTiming]:
    """All phones of the film, with the silences between the sentences."""
    phonemes: list[PhonemeTiming] = []
    now_ns = 0
    for sentence in voice.sentences:
        spoken = aligned(sentence, voice.samples)
        if spoken[0].start_ns > now_ns:
            phonemes.append(PhonemeTiming(".", now_ns, spoken[0].start_ns))
        phonemes += spoken
        now_ns = spoken[-1].end_ns
    return [*phonemes, PhonemeTiming(".", now_ns, round(voice.duration_s * 1e9))]
