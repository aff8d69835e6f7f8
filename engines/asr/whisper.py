"""Whisper (Radford et al., 2022) through faster-whisper and CTranslate2, for short utterances.

The stock decoder always encodes 30 s. Here only a window a little longer than the speech is
encoded (10 s at least: in shorter ones Whisper starts to repeat itself) and decoded greedily with
a bound on the number of tokens, which makes one clause three times cheaper at the same accuracy.
"""

import importlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines import EngineUnavailableError
from engines.asr import SAMPLE_RATE, Transcript, UnknownLanguageError
from engines.asr.loops import unlooped
from engines.language import primary

_MAX_SECONDS = 30
_MIN_WINDOW_SECONDS = 10
_WINDOW_MARGIN_SECONDS = 1.5
_MIN_TOKENS = 10
_TOKENS_PER_SECOND = 8
_MAX_TOKENS = 448
_FRAMES_PER_SECOND = 100
_MIN_WORDS_CONFIDENCE = 0.3
_NO_SPEECH = 0.6

_BCP47 = {"jw": "jv"}
"""Whisper's own language codes that are not BCP-47."""
_WHISPER_CODE = {tag: code for code, tag in _BCP47.items()}

_UNSPACED = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km", "bo"})
"""Languages written without spaces between words."""
_CHINESE_SCRIPTS = {
    "hans": "hans", "cn": "hans", "sg": "hans", "hant": "hant", "tw": "hant", "hk": "hant",
    "mo": "hant",
}  # fmt: skip
_SCRIPT_EXAMPLES = {
    "hans": "\u4ee5\u4e0b\u662f\u666e\u901a\u8bdd\u7684\u53e5\u5b50\u3002",
    "hant": "\u4ee5\u4e0b\u662f\u666e\u901a\u8a71\u7684\u53e5\u5b50\u3002",
}
"""'What follows are sentences in Mandarin.': Whisper goes on in the script that it has read."""


@dataclass(frozen=True, slots=True, eq=False)
class _Encoding:
    """Encoder output, kept with the very samples that it was made from."""

    samples: NDArray[np.float32]
    output: Any


@dataclass(frozen=True, slots=True)
class _Decoding:
    tokens: Sequence[int]
    confidence: float
    no_speech: float


class WhisperRecognizer:
    """A loaded multilingual Whisper model.

    Args:
        model_dir: folder with ``model.bin``, ``config.json``, ``tokenizer.json`` and vocabulary.
        threads: CPU threads for one call.
        device: ``"cpu"`` or ``"cuda"``.
        compute_type: CTranslate2's name of the arithmetic, such as ``"int8"`` or ``"float16"``;
            empty takes what is fastest on this machine at the accuracy known.

    Raises:
        EngineUnavailableError: faster-whisper is missing, or the folder holds no such model.
    """

    def __init__(
        self, model_dir: Path, threads: int = 1, *, device: str = "cpu", compute_type: str = ""
    ) -> None:
        try:
            faster_whisper = importlib.import_module("faster_whisper")
        except ImportError as error:
            raise EngineUnavailableError(
                "recognition: faster-whisper is not installed; install polylip[worker]"
            ) from error
        for name in ("model.bin", "config.json", "tokenizer.json"):
            if not (model_dir / name).is_file():
                # Without this check faster-whisper would look for the folder's name on a hub.
                raise EngineUnavailableError(f"recognition: {model_dir / name} is missing")
        compute_type = compute_type or _fastest(device)
        try:
            self._model = faster_whisper.WhisperModel(
                str(model_dir), device=device, compute_type=compute_type, cpu_threads=threads
            )
        except (RuntimeError, ValueError) as error:
            raise EngineUnavailableError(
                f"recognition: {model_dir} cannot be loaded on {device} as {compute_type}: {error}"
            ) from error
        if not self._model.model.is_multilingual:
            raise EngineUnavailableError(
                f"recognition: {model_dir} holds an English-only Whisper; take a multilingual one"
            )
        self._tokenizer = self._model.hf_tokenizer
        # faster-whisper lists every language of every Whisper; this one may lack some.
        self._languages = frozenset(
            _bcp47(code)
            for code in self._model.supported_languages
            if self._tokenizer.token_to_id(f"<|{code}|>") is not None
        )
        self._last: _Encoding | None = None

    @property
    def languages(self) -> frozenset[str]:
        """Languages it recognises."""
        return self._languages

    @property
    def takes_prefix(self) -> bool:
        """Committed text steers the decoding."""
        return True

    def transcribe(
        self, samples: NDArray[np.float32], *, language: str, prefix: str = ""
    ) -> Transcript:
        """Text of ``samples`` (16 kHz mono, <= 30 s).

        ``prefix`` is text already committed for the first part of ``samples``; it steers the
        decoding and is not part of the returned text. Sound that the model takes for no speech
        gives empty text.

        Raises:
            ValueError: ``samples`` is longer than 30 s, or the language is not among
                ``languages``.
        """
        return self._decode(samples, "<|transcribe|>", language, prefix)

    def translate_to_english(self, samples: NDArray[np.float32], *, language: str) -> Transcript:
        """English text of foreign speech; only for where no translator has the pair.

        Raises:
            ValueError: as for ``transcribe``.
        """
        heard = self._decode(samples, "<|translate|>", language, "")
        return Transcript(heard.text, "en", heard.confidence, heard.no_speech)

    def languages_heard(self, samples: NDArray[np.float32]) -> dict[str, float]:
        """Probability of each language, most likely first.

        Raises:
            ValueError: ``samples`` is longer than 30 s.
        """
        heard = self._model.model.detect_language(self._encode(samples))[0]
        return {_bcp47(token.strip("<|>")): float(probability) for token, probability in heard}

    def _decode(
        self, samples: NDArray[np.float32], task: str, language: str, prefix: str
    ) -> Transcript:
        tag = primary(language)
        if tag not in self._languages:
            raise UnknownLanguageError(
                f"this Whisper does not know the language {language!r}; "
                f"it knows {', '.join(sorted(self._languages))}"
            )
        if not len(samples):
            return Transcript("", tag, 0.0, 1.0)
        prompt = [*self._script_tokens(language), *self._prompt(task, tag)]
        decoding = self._generate(samples, prompt, self._prefix_tokens(prefix, tag))
        if _is_silence(decoding):
            return Transcript("", tag, 0.0, decoding.no_speech)
        tokens = unlooped(decoding.tokens)
        # What remains of a decoding that ran in circles is worth as little as its share of it.
        kept = len(tokens) / max(1, len(decoding.tokens))
        text = str(self._tokenizer.decode(list(tokens))).strip()
        return Transcript(text, tag, decoding.confidence * kept, decoding.no_speech)

    def _generate(
        self, samples: NDArray[np.float32], prompt: list[int], prefix: list[int]
    ) -> _Decoding:
        seconds = len(samples) / SAMPLE_RATE
        budget = int(_MIN_TOKENS + _TOKENS_PER_SECOND * seconds)
        result = self._model.model.generate(
            self._encode(samples),
            [prompt + prefix],
            beam_size=1,
            max_length=min(_MAX_TOKENS, len(prompt) + len(prefix) + budget),
            suppress_blank=True,
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        tokens = result.sequences_ids[0]
        # CTranslate2 gives the forced prefix back; its score counts only the new tokens but is
        # divided by the number of all of them.
        new = tokens[len(prefix) :] if tokens[: len(prefix)] == prefix else tokens
        log_probability = result.scores[0] * len(tokens) / max(1, len(new))
        return _Decoding(new, math.exp(min(0.0, log_probability)), float(result.no_speech_prob))

    def _prompt(self, task: str, language: str) -> list[int]:
        code = _WHISPER_CODE.get(language, language)
        names = ("<|startoftranscript|>", f"<|{code}|>", task, "<|notimestamps|>")
        return [self._tokenizer.token_to_id(name) for name in names]

    def _script_tokens(self, language: str) -> list[int]:
        """A sentence before the speech, for a language whose tag asks for one of two scripts."""
        example = _SCRIPT_EXAMPLES.get(_script(language))
        if example is None:
            return []
        encoded = self._tokenizer.encode(example, add_special_tokens=False)
        return [self._tokenizer.token_to_id("<|startofprev|>"), *encoded.ids]

    def _prefix_tokens(self, prefix: str, language: str) -> list[int]:
        if not prefix.strip():
            return []
        space = "" if language in _UNSPACED else " "
        encoded = self._tokenizer.encode(space + prefix.strip(), add_special_tokens=False)
        # Leave room for the new text within Whisper's 448 tokens.
        return list(encoded.ids)[-(_MAX_TOKENS // 2) :]

    def _encode(self, samples: NDArray[np.float32]) -> Any:  # noqa: ANN401 - CTranslate2 ships no types
        """Encoder output; asking for the language and then for the text encodes once."""
        last = self._last
        if last is not None and last.samples is samples:
            return last.output
        seconds = len(samples) / SAMPLE_RATE
        if seconds > _MAX_SECONDS:
            raise ValueError(
                f"recognition: {seconds:.1f} s of sound is more than the {_MAX_SECONDS} s "
                "that Whisper takes; cut it first"
            )
        window = min(
            _MAX_SECONDS, max(_MIN_WINDOW_SECONDS, math.ceil(seconds + _WINDOW_MARGIN_SECONDS))
        )
        padded = np.pad(samples, (0, window * SAMPLE_RATE - len(samples)))
        mel = self._model.feature_extractor(padded, padding=0)[:, : window * _FRAMES_PER_SECOND]
        output = self._model.encode(mel.astype(np.float32))
        self._last = _Encoding(samples, output)
        return output


def _is_silence(decoding: _Decoding) -> bool:
    """Whisper's own rule: no speech is likely and the words are not."""
    return decoding.no_speech > _NO_SPEECH and decoding.confidence < _MIN_WORDS_CONFIDENCE


def _fastest(device: str) -> str:
    """The arithmetic for a device: 8 bits on a CPU, half precision on a GPU, where it has them."""
    ctranslate2 = importlib.import_module("ctranslate2")
    try:
        supported = ctranslate2.get_supported_compute_types(device)
    except (RuntimeError, ValueError) as error:
        raise EngineUnavailableError(f"recognition: no device {device!r} here: {error}") from error
    wanted = ("int8",) if device == "cpu" else ("float16", "int8")
    return next((name for name in wanted if name in supported), "float32")


def _script(language: str) -> str:
    """``hans`` or ``hant`` where the tag asks for one, by script or by region; else empty."""
    tag, *subtags = language.replace("_", "-").lower().split("-")
    known = (_CHINESE_SCRIPTS[part] for part in subtags if part in _CHINESE_SCRIPTS)
    return next(known, "") if tag == "zh" else ""


def _bcp47(code: str) -> str:
    return _BCP47.get(code, code)
