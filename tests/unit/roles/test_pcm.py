import numpy as np
import pytest

from edge_worker.roles.pcm import PIECE_SAMPLES, joined, pieces_of, read_piece
from mqtt_schemas import PCM_CONTENT_TYPE, MessageRefused
from tests.unit.roles.parts import RATE, sound


def test_speech_when_cut_and_joined_then_it_sounds_the_same() -> None:
    speech = sound(12.5)
    pieces = list(pieces_of(speech, RATE, "en"))
    assert [piece.properties.seq for piece in pieces] == [0, 1, 2]
    assert [piece.properties.last for piece in pieces] == [False, False, True]
    assert {piece.samples for piece in pieces[:2]} == {PIECE_SAMPLES}
    read = [
        read_piece("t", piece.data, PCM_CONTENT_TYPE, tuple(piece.properties.to_pairs()))
        for piece in pieces
    ]
    assert np.abs(joined(read) - speech).max() < 1 / 32000


def test_speech_when_louder_than_full_scale_then_it_is_clipped_and_does_not_wrap() -> None:
    (piece,) = pieces_of(np.array([1.5, -1.5], np.float32), RATE, "en")
    assert joined([piece]).tolist() == [1.0, -1.0]


@pytest.mark.parametrize(
    ("payload", "content_type", "properties"),
    [
        (b"", PCM_CONTENT_TYPE, ()),
        (b"ab", "video/mp2t", ()),
        (b"ab", None, (("sample_rate", "loud"),)),
        (b"a" * 1_000_001, None, ()),
    ],
)
def test_piece_when_it_breaks_the_contract_then_it_is_refused(
    payload: bytes, content_type: str | None, properties: tuple[tuple[str, str], ...]
) -> None:
    with pytest.raises(MessageRefused):
        read_piece("t", payload, content_type, properties)
