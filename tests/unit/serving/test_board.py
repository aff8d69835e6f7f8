import pytest

from edge_worker.serving import board as board_module
from edge_worker.serving.board import Board, Note
from mqtt_schemas import (
    MAX_STREAMS,
    Channel,
    StreamInfo,
    StreamSettings,
    StreamState,
    StreamStatus,
    UtteranceMessage,
    UtteranceStage,
    WorkerInfo,
    WorkerMetrics,
)
from tests.unit.serving.wire import TOPICS, Wire

INFO = StreamInfo(stream="door", name="Front door")
STATE = StreamState(stream="door", settings=StreamSettings(), owner="box", term=1, revision=1)
SAID = UtteranceMessage(
    stream="door",
    utterance="u1",
    epoch="0123456789abcdef",
    stage=UtteranceStage.FINAL,
    start_ns=0,
    end_ns=1,
    source_language="pt",
    source_text="olá",
    target_language="en",
)


async def listening() -> tuple[Board, Wire]:
    board, wire = Board(), Wire()
    await board.listen(wire.link, TOPICS)
    return board, wire


async def test_hear_when_a_stream_is_described_then_its_card_has_all_of_it() -> None:
    board, wire = await listening()
    await wire.say(Channel.STREAM_INFO, INFO, stream="door")
    await wire.say(Channel.STATE, STATE, stream="door")
    await wire.say(Channel.STREAM_STATUS, "online", stream="door")
    card = board.streams["door"]
    assert card.part(StreamInfo) == INFO
    assert card.part(StreamState) == STATE
    assert card.part(StreamStatus) is StreamStatus.ONLINE


async def test_hear_when_everything_was_taken_back_then_the_card_is_gone_and_readers_know() -> None:
    board, wire = await listening()
    await wire.say(Channel.STREAM_INFO, INFO, stream="door")
    await wire.say(Channel.STATE, STATE, stream="door")
    with board.reader() as reader:
        await wire.say(Channel.STREAM_INFO, b"", stream="door")
        assert "door" in board.streams
        await wire.say(Channel.STATE, b"", stream="door")
        assert "door" not in board.streams
        assert await reader.next() == Note("door", None)


async def test_hear_when_somebody_speaks_then_readers_read_it_and_nothing_is_kept() -> None:
    board, wire = await listening()
    await wire.say(Channel.STREAM_INFO, INFO, stream="door")
    with board.reader() as reader:
        await wire.say(Channel.UTTERANCE, SAID, stream="door")
        assert await reader.next() == Note("door", SAID)
    assert board.streams["door"].part(UtteranceMessage) is None


async def test_hear_when_a_message_breaks_the_contract_then_the_card_stays_as_it_was() -> None:
    board, wire = await listening()
    await wire.say(Channel.STREAM_INFO, INFO, stream="door")
    for nonsense in (b"{", b"[]", b'{"stream": "gate"}', b'{"name": 7}', bytes(70_000)):
        await wire.say(Channel.STREAM_INFO, nonsense, stream="door")
    assert board.streams["door"].part(StreamInfo) == INFO


async def test_hear_when_there_are_too_many_streams_then_further_ones_are_passed_by() -> None:
    board, wire = await listening()
    for number in range(MAX_STREAMS + 3):
        await wire.say(Channel.STREAM_INFO, StreamInfo(stream=f"s{number}"), stream=f"s{number}")
    assert len(board.streams) == MAX_STREAMS


async def test_hear_when_a_worker_is_described_then_its_figures_are_kept_too() -> None:
    board, wire = await listening()
    await wire.say(Channel.WORKER_METRICS, WorkerMetrics(worker="box", tau=1.0), worker="box")
    assert board.figures == {}
    await wire.say(Channel.WORKER_INFO, WorkerInfo(worker="box"), worker="box")
    await wire.say(Channel.WORKER_METRICS, WorkerMetrics(worker="box", tau=0.5), worker="box")
    assert board.figures["box"].tau == 0.5
    await wire.say(Channel.WORKER_INFO, b"", worker="box")
    assert (board.workers, board.figures) == ({}, {})


async def test_offer_when_a_reader_is_too_slow_then_it_is_told_that_notes_are_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(board_module, "_NOTES", 2)
    board, wire = await listening()
    with board.reader() as reader:
        for _ in range(3):
            await wire.say(Channel.STREAM_INFO, INFO, stream="door")
        assert reader.behind
