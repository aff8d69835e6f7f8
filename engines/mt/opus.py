"""OPUS-MT models (University of Helsinki) converted for CTranslate2: one model per pair."""

from pathlib import Path
from typing import Any

from engines import EngineUnavailableError
from engines.language import primary
from engines.mt.sentencewise import translate_sentencewise

_END = "</s>"
_NEEDED = ("model.bin", "source.spm", "target.spm")


class OpusTranslator:
    """One loaded OPUS-MT model.

    Args:
        folder: holds ``model.bin``, its vocabulary, ``source.spm`` and ``target.spm``.
        source: language it reads.
        target: language it writes.
        prefix: token that tells a model of several target languages which one is wanted, such as
            ``>>ara<<``.
        threads: CPU threads for one translation.
        device: ``cpu`` or ``cuda``.

    Raises:
        EngineUnavailableError: the runtime or a file is missing, or the model cannot be loaded.
    """

    def __init__(
        self,
        folder: Path,
        *,
        source: str,
        target: str,
        prefix: str = "",
        threads: int = 1,
        device: str = "cpu",
    ) -> None:
        missing = [name for name in _NEEDED if not (folder / name).is_file()]
        if missing:
            raise EngineUnavailableError(
                f"The OPUS-MT model in {folder} lacks {', '.join(missing)}; "
                "pull it again with `polylip models pull`"
            )
        self._pair = (primary(source), primary(target))
        self._prefix = [prefix] if prefix else []
        self._model, self._reader, self._writer = _load(folder, threads, device)

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """The one (source, target) pair."""
        return frozenset({self._pair})

    def translate(self, text: str, *, source: str, target: str) -> str:
        """Translate ``text``.

        Raises:
            KeyError: not this model's pair.
            ValueError: ``text`` is too long.
        """
        pair = (primary(source), primary(target))
        if pair != self._pair:
            raise KeyError(pair)
        return translate_sentencewise(text, self._translate_sentence)

    def _translate_sentence(self, sentence: str) -> str:
        pieces = [*self._prefix, *self._reader.encode(sentence, out_type=str), _END]
        # A loop of the decoder must end: no translation is three times as long as its source.
        (result,) = self._model.translate_batch(
            [pieces], beam_size=1, max_decoding_length=10 + 3 * len(pieces)
        )
        return str(self._writer.decode(result.hypotheses[0]))


def _load(folder: Path, threads: int, device: str) -> tuple[Any, Any, Any]:
    try:
        import ctranslate2  # noqa: PLC0415 - only when a model is loaded
        import sentencepiece  # noqa: PLC0415 - only when a model is loaded
    except ImportError as error:
        raise EngineUnavailableError(
            "OPUS-MT needs the packages ctranslate2 and sentencepiece: "
            "pip install 'polylip[worker]'"
        ) from error
    try:
        model = ctranslate2.Translator(
            str(folder),
            device=device,
            compute_type="int8" if device == "cpu" else "float16",
            intra_threads=threads,
        )
        reader, writer = (
            sentencepiece.SentencePieceProcessor(model_file=str(folder / name))
            for name in ("source.spm", "target.spm")
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise EngineUnavailableError(
            f"The OPUS-MT model in {folder} cannot be loaded on {device} ({error})"
        ) from error
    return model, reader, writer
