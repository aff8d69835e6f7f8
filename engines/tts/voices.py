"""Several synthesizers as one: each language goes to the first that speaks it."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from engines import EngineUnavailableError
from engines.language import primary
from engines.tts import Speech, Synthesizer


class SynthesizerSet:
    """Routes each language and voice to the synthesizer that has it.

    Args:
        synthesizers: in order of preference, such as Piper voices before espeak-ng.
    """

    def __init__(self, synthesizers: Sequence[Synthesizer]) -> None:
        self._routes: dict[str, dict[str, Synthesizer]] = {}
        for synthesizer in synthesizers:
            for language, voices in synthesizer.voices.items():
                known = self._routes.setdefault(language, {})
                for voice in voices:
                    known.setdefault(voice, synthesizer)

    @property
    def voices(self) -> dict[str, tuple[str, ...]]:
        """Voice ids by language, the preferred one first."""
        return {language: tuple(voices) for language, voices in self._routes.items()}

    def synthesize(
        self, text: str, *, language: str, voice: str | None = None, speed: float = 1.0
    ) -> Iterator[Speech]:
        """Speak ``text``; without ``voice`` the first synthesizer that speaks the language does.

        One that fails before its first sound, such as a server that is gone, is stood in for by
        the next that speaks the language, with the voice that it prefers.

        Raises:
            KeyError: no voice speaks ``language``, or ``voice`` is not one of its voices.
            ValueError: ``text`` is too long or ``speed`` out of range.
            EngineUnavailableError: nobody who speaks ``language`` can, or one fails in the middle.
        """
        voices = self._routes[primary(language)]
        chosen = voices[voice] if voice is not None else next(iter(voices.values()))
        others = [one for one in dict.fromkeys(voices.values()) if one is not chosen]
        return _spoken(
            [
                partial(chosen.synthesize, text, language=language, voice=voice, speed=speed),
                *(partial(one.synthesize, text, language=language, speed=speed) for one in others),
            ]
        )


def _spoken(attempts: Sequence[Callable[[], Iterator[Speech]]]) -> Iterator[Speech]:
    """The first attempt that makes a sound, or ends well without one."""
    for number, attempt in enumerate(attempts, 1):
        sounds = attempt()
        try:
            first = next(sounds, None)
        except EngineUnavailableError:
            if number == len(attempts):
                raise
            continue
        if first is not None:
            yield first
            yield from sounds
        return
