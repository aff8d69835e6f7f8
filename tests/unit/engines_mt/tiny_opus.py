"""Make a tiny OPUS-MT model with random weights, in the layout that CTranslate2 loads."""

from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece
from ctranslate2.specs import TransformerSpec

_WIDTH = 32
_TEXT = (
    "the package is at the blue door and my father will open it for you "
    "a encomenda está na porta azul e o meu pai vai abrir para você "
    "could you leave it with the neighbour please nobody is at home today "
    "pode deixar com o vizinho por favor hoje ninguém está em casa agora"
)


def make_tiny_opus(folder: Path, *targets: str) -> None:
    """Write the model into ``folder``; takes well under a second.

    ``targets`` are tokens of target languages, such as ``>>ara<<``, that it knows.
    """
    words = _TEXT.split()
    lines = [" ".join(words[at : at + 6]) for at in range(len(words) - 6)]
    corpus = folder / "corpus.txt"
    corpus.write_text("\n".join(lines), encoding="utf-8")
    pieces: set[str] = set()
    for name in ("source", "target"):
        sentencepiece.SentencePieceTrainer.train(
            input=str(corpus), model_prefix=str(folder / name), vocab_size=70, minloglevel=2
        )
        (folder / f"{name}.model").rename(folder / f"{name}.spm")
        model = sentencepiece.SentencePieceProcessor(model_file=str(folder / f"{name}.spm"))
        pieces |= {model.id_to_piece(at) for at in range(3, model.get_piece_size())}
    vocabulary = ["</s>", "<unk>", *sorted(pieces), *targets, "<pad>"]
    spec = _random_transformer(len(vocabulary))
    spec.register_source_vocabulary(vocabulary)
    spec.register_target_vocabulary(vocabulary)
    spec.config.add_source_eos = False
    spec.config.decoder_start_token = "<pad>"  # noqa: S105 - a piece of the vocabulary
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))


def _random_transformer(words: int) -> Any:
    random = np.random.default_rng(0)
    spec = TransformerSpec.from_config((1, 1), 2, pre_norm=False)

    def weights(layer: Any, rows: int, columns: int) -> None:
        layer.weight = random.normal(0, 0.1, (rows, columns)).astype(np.float32)
        layer.bias = np.zeros(rows, np.float32)

    def norm(layer: Any) -> None:
        layer.gamma = np.ones(_WIDTH, np.float32)
        layer.beta = np.zeros(_WIDTH, np.float32)

    def attention(block: Any, *widths: int) -> None:
        for layer, rows in zip(block.linear, widths, strict=True):
            weights(layer, rows, _WIDTH)
        norm(block.layer_norm)

    def feed_forward(block: Any) -> None:
        weights(block.linear_0, 64, _WIDTH)
        weights(block.linear_1, _WIDTH, 64)
        norm(block.layer_norm)

    embedding = random.normal(0, 0.3, (words, _WIDTH)).astype(np.float32)
    spec.encoder.embeddings[0].weight = embedding
    spec.decoder.embeddings.weight = embedding
    spec.decoder.projection.weight = embedding
    spec.decoder.projection.bias = np.zeros(words, np.float32)
    positions = random.normal(0, 0.1, (512, _WIDTH)).astype(np.float32)
    for side in (spec.encoder, spec.decoder):
        side.scale_embeddings = True
        side.position_encodings.encodings = positions
    for layer in spec.encoder.layer:
        attention(layer.self_attention, 3 * _WIDTH, _WIDTH)
        feed_forward(layer.ffn)
    for layer in spec.decoder.layer:
        attention(layer.self_attention, 3 * _WIDTH, _WIDTH)
        attention(layer.attention, _WIDTH, 2 * _WIDTH, _WIDTH)
        feed_forward(layer.ffn)
    return spec
