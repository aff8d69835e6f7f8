"""Piper voices (VITS on onnxruntime) with the length of every phoneme.

The package ``piper-tts`` is GPL-3.0-or-later and stands apart as the extra ``piper``; nothing of
it is imported before a voice is loaded.
"""

import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from engines import EngineUnavailableError
from engines.language import primary
from engines.text import has_words, plain
from engines.tts import Phoneme, Speech, check_request
from engines.tts.alignment import aligned
from engines.tts.ipa import in_ipa, is_mandarin, symbols_in_ipa

_NEEDED = "Piper voices need the GPL-3.0 extra: pip install 'polylip[piper]'"


class PiperSynthesizer:
    """One loaded Piper voice.

    Args:
        model: the voice's ``.onnx`` file; its ``.onnx.json`` lies beside it.
        voice: name under which it is chosen.
        threads: CPU threads for one sentence.
        noise: variation of the sound; None takes the voice's own, 0 makes it deterministic.
        length_noise: variation of the phonemes' lengths; likewise.

    Raises:
        EngineUnavailableError: the packages or a file are missing, or the model cannot be loaded.
    """

    def __init__(
        self,
        model: Path,
        *,
        voice: str,
        threads: int = 1,
        noise: float | None = None,
        length_noise: float | None = None,
    ) -> None:
        self._voice_name = voice
        self._noise = noise
        self._length_noise = length_noise
        self._voice = _load(model, threads)
        spoken = primary(self._voice.config.espeak_voice)
        self._language = "zh" if is_mandarin(spoken) else spoken
        self._speaking = threading.Lock()

    @property
    def voices(self) -> dict[str, tuple[str, ...]]:
        """The one voice, by its language."""
        return {self._language: (self._voice_name,)}

    def synthesize(
        self, text: str, *, language: str, voice: str | None = None, speed: float = 1.0
    ) -> Iterator[Speech]:
        """Speak ``text`` sentence by sentence; ``speed`` > 1 is faster, roughly.

        Phoneme symbols are the voice's own: single IPA codepoints, ``'^'`` before and ``'$'``
        after the sentence.

        Raises:
            KeyError: not this voice's language or name.
            ValueError: ``text`` is too long or ``speed`` is outside 0.5 to 2.
        """
        if primary(language) != self._language or voice not in (None, self._voice_name):
            raise KeyError((language, voice))
        check_request(text, speed)
        return self._sentences(_speakable(text), speed)

    def _sentences(self, text: str, speed: float) -> Iterator[Speech]:
        from piper import SynthesisConfig  # noqa: PLC0415 - GPL package, only when a voice speaks

        if not has_words(text):
            return
        settings = SynthesisConfig(
            length_scale=self._voice.config.length_scale / speed,
            noise_scale=self._noise,
            noise_w_scale=self._length_noise,
        )
        chunks = iter(self._voice.synthesize(text, settings, include_alignments=True))
        while True:
            with self._speaking:  # the phonemizer inside keeps one voice for the whole process
                chunk = next(chunks, None)
            if chunk is None:
                return
            if len(chunk.audio_float_array):
                yield _speech(chunk, self._language)


def _speech(chunk: Any, language: str) -> Speech:  # noqa: ANN401 - piper's AudioChunk has no types to import
    samples = np.asarray(chunk.audio_float_array, dtype=np.float32)
    if chunk.phoneme_alignments is None:
        symbols = symbols_in_ipa(chunk.phonemes, language)
        phonemes = aligned(symbols, samples, chunk.sample_rate)
    else:
        timed = [Phoneme(one.phoneme, int(one.num_samples)) for one in chunk.phoneme_alignments]
        phonemes = in_ipa(timed, language)
    return Speech(chunk.sample_rate, samples, _fitted(phonemes, len(samples)))


def _fitted(phonemes: tuple[Phoneme, ...], samples: int) -> tuple[Phoneme, ...]:
    """Let the last phoneme end exactly where the sound ends."""
    rest = samples - sum(phoneme.samples for phoneme in phonemes[:-1])
    if rest >= 0:
        return (*phonemes[:-1], Phoneme(phonemes[-1].symbol, rest))
    raise ValueError(f"phonemes last {-rest} samples longer than the sound of {samples} samples")


def _speakable(text: str) -> str:
    """Without Piper's ``[[ ]]``, which would take what a visitor said for raw phonemes."""
    return plain(text).replace("[[", "[").replace("]]", "]")


def _load(model: Path, threads: int) -> Any:  # noqa: ANN401 - piper has no types to import
    try:
        import onnxruntime  # noqa: PLC0415 - only when a voice is loaded
        from piper import PiperVoice  # noqa: PLC0415 - GPL package, only when a voice is loaded
        from piper.config import PiperConfig  # noqa: PLC0415 - as above
    except ImportError as error:
        raise EngineUnavailableError(f"{_NEEDED} ({error})") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # as fast, and sentences of all lengths keep 160 MB less
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        config = json.loads(model.with_name(f"{model.name}.json").read_text(encoding="utf-8"))
        session = onnxruntime.InferenceSession(
            _with_alignments(model), options, providers=["CPUExecutionProvider"]
        )
        return PiperVoice(session=session, config=PiperConfig.from_dict(config))
    except Exception as error:
        raise EngineUnavailableError(
            f"The Piper voice {model} cannot be loaded ({error}); "
            "run `polylip models verify` and pull it again"
        ) from error


def _with_alignments(model: Path) -> bytes:
    """The voice's graph with the phoneme lengths as a second output."""
    import onnx  # noqa: PLC0415 - only when a voice is loaded
    from piper.patch_voice_with_alignment import (  # noqa: PLC0415 - GPL package, as above
        add_alignment_output,
    )

    graph = onnx.load(str(model))
    with contextlib.suppress(ValueError):  # no such output in this voice, or it is there already
        add_alignment_output(graph)
    return bytes(graph.SerializeToString())
