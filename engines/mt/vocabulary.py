"""A SentencePiece vocabulary in the form that the Bergamot engine reads: ``tokenizer.json``.

Bergamot models come with a unigram SentencePiece model (Kudo, 2018); the native engine wants the
same pieces, scores and character map as a Hugging Face tokenizers file.
"""

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engines import EngineUnavailableError

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor

_SPACE = "\N{LOWER ONE EIGHTH BLOCK}"
_NORMALIZER, _CHARACTER_MAP = 3, 2
"""Field numbers in sentencepiece_model.proto: ModelProto.normalizer_spec, its character map."""
_BYTES = 2
"""Protocol Buffers' wire type of length-delimited fields."""


def write_tokenizer(vocabulary: Path, target: Path) -> None:
    """Write ``tokenizer.json`` of a SentencePiece model; it appears whole or not at all.

    Raises:
        EngineUnavailableError: the runtime is missing, or ``vocabulary`` is no such model.
        OSError: it cannot be written.
    """
    text = json.dumps(_tokenizer(vocabulary), ensure_ascii=False)
    draft = target.with_name(f"{target.name}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(target)


def _tokenizer(vocabulary: Path) -> dict[str, Any]:
    """What ``tokenizer.json`` holds."""
    model, charsmap = _read(vocabulary)
    pieces = [[model.id_to_piece(at), model.get_score(at)] for at in range(len(model))]
    space = {"type": "Metaspace", "replacement": _SPACE, "prepend_scheme": "always", "split": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": _normalizer(charsmap),
        "pre_tokenizer": space,
        "post_processor": None,
        "decoder": space,
        "model": {
            "type": "Unigram",
            "unk_id": model.unk_id(),
            "vocab": pieces,
            "byte_fallback": False,
        },
    }


def _read(vocabulary: Path) -> "tuple[SentencePieceProcessor, bytes]":
    """The model and its character map."""
    try:
        import sentencepiece  # noqa: PLC0415 - only when a model is loaded
    except ImportError as error:
        raise EngineUnavailableError(
            "Bergamot models need the package sentencepiece: pip install 'polylip[worker]'"
        ) from error
    try:
        model = sentencepiece.SentencePieceProcessor(model_file=str(vocabulary))
        charsmap = _field(_field(vocabulary.read_bytes(), _NORMALIZER), _CHARACTER_MAP)
    except (RuntimeError, OSError, ValueError) as error:
        raise EngineUnavailableError(
            f"The vocabulary {vocabulary} cannot be read ({error}); "
            "run `polylip models verify` and pull it again"
        ) from error
    return model, charsmap


def _normalizer(charsmap: bytes) -> dict[str, Any]:
    """The character map, then as SentencePiece treats spaces."""
    return {
        "type": "Sequence",
        "normalizers": [
            {
                "type": "Precompiled",
                "precompiled_charsmap": base64.b64encode(charsmap).decode(),
            },
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
            {"type": "Strip", "strip_left": True, "strip_right": True},
        ],
    }


def _field(message: bytes, wanted: int) -> bytes:
    """The first length-delimited field of this number in a Protocol Buffers message.

    Raises:
        ValueError: there is none, or this is no such message.
    """
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == _BYTES:
            length, at = _varint(message, at)
            if tag >> 3 == wanted:
                return message[at : at + length]
            at += length
        elif kind == 0:
            _, at = _varint(message, at)
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind} at byte {at}")
    raise ValueError(f"no field {wanted}")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message):
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise ValueError("ends within a number")
