"""Voices that are loaded when something is to be said with them."""

from collections.abc import Callable, Iterator, Mapping

from engines.language import primary
from engines.tts import Speech, Synthesizer


class VoicesOnDemand:
    """Voices on this machine, of which only those in use are loaded.

    Args:
        voices: ids by language (BCP-47 primary subtag), the preferred one first.
        get: gives the synthesizer of one voice, loaded at its first use.
    """

    def __init__(
        self, voices: Mapping[str, tuple[str, ...]], get: Callable[[str], Synthesizer]
    ) -> None:
        self._voices = {language: ids for language, ids in voices.items() if ids}
        self._get = get

    @property
    def voices(self) -> dict[str, tuple[str, ...]]:
        """Voice ids by language; the first is the default."""
        return dict(self._voices)

    def prepare(self, language: str, voice: str | None = None) -> None:
        """Load a voice, so that its first sentence need not wait.

        Raises:
            KeyError: no voice speaks ``language``, or ``voice`` is not one of its voices.
            EngineUnavailableError: it cannot be loaded.
        """
        self._get(self._chosen(language, voice))

    def synthesize(
        self, text: str, *, language: str, voice: str | None = None, speed: float = 1.0
    ) -> Iterator[Speech]:
        """Speak ``text`` sentence by sentence; ``speed`` > 1 is faster, roughly.

        Raises:
            KeyError: no voice speaks ``language``, or ``voice`` is not one of its voices.
            ValueError: ``text`` is too long or ``speed`` out of range.
            EngineUnavailableError: the voice cannot be loaded.
        """
        chosen = self._get(self._chosen(language, voice))
        # A voice may go by another tag than its language has here: Piper's Chinese is "cmn".
        own = next(iter(chosen.voices))
        return chosen.synthesize(text, language=own, speed=speed)

    def _chosen(self, language: str, voice: str | None) -> str:
        ids = self._voices[primary(language)]
        if voice is None:
            return ids[0]
        if voice not in ids:
            raise KeyError((language, voice))
        return voice
