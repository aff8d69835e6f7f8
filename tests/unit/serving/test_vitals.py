from edge_worker.serving.board import Board
from edge_worker.serving.live import Stage
from edge_worker.serving.prometheus import Prometheus
from edge_worker.serving.vitals import Vitals
from mqtt_schemas import (
    Channel,
    DropCount,
    Rung,
    StageLatency,
    StreamMetrics,
    WorkerInfo,
    WorkerMetrics,
)
from tests.unit.serving.conftest import Serve
from tests.unit.serving.test_board import STATE
from tests.unit.serving.wire import TOPICS, Wire

FIGURES = StreamMetrics(
    stream="door",
    translation_lag_ns=1_500_000_000,
    rung=Rung.AUDIO_ONLY,
    stages=(StageLatency(stage="decode", p50_ns=2_000_000, p95_ns=5_000_000, count=9),),
    drops=(DropCount(link="segments", count=3),),
)


async def a_house() -> tuple[Board, Wire]:
    board, wire = Board(), Wire()
    await board.listen(wire.link, TOPICS)
    await wire.say(Channel.WORKER_INFO, WorkerInfo(worker="box"), worker="box")
    await wire.say(Channel.WORKER_METRICS, WorkerMetrics(worker="box", tau=0.25), worker="box")
    await wire.say(Channel.STATE, STATE, stream="door")
    await wire.say(Channel.METRICS, FIGURES, stream="door")
    return board, wire


async def test_metrics_when_asked_then_worker_and_owned_streams_are_told(
    stage: Stage, serve: Serve
) -> None:
    board, _ = await a_house()
    stage.feeds.translated("door").watch()
    figures = Prometheus("box", board, stage.feeds, stage.seats)
    client = await serve(Vitals(None, figures, lambda: "").routes())
    text = await (await client.get("/metrics")).text()
    lines = text.splitlines()
    assert "polylip_worker_tau 0.25" in lines
    assert 'polylip_stream_translation_lag_seconds{stream="door"} 1.5' in lines
    assert 'polylip_stream_rung{stream="door"} 2.0' in lines
    assert 'polylip_stage_seconds{quantile="0.95",stage="decode",stream="door"} 0.005' in lines
    assert 'polylip_stream_dropped_total{link="segments",stream="door"} 3.0' in lines
    assert 'polylip_feed_viewers{feed="live",stream="door"} 1.0' in lines
    assert "lip_coverage{" not in text


async def test_metrics_when_a_stream_is_another_workers_then_it_tells_of_it(
    stage: Stage, serve: Serve
) -> None:
    board, _ = await a_house()
    figures = Prometheus("other", board, stage.feeds, stage.seats)
    client = await serve(Vitals(None, figures, lambda: "").routes())
    assert 'stream="door"' not in await (await client.get("/metrics")).text()


async def test_metrics_when_others_reach_the_server_then_the_pages_token_is_needed(
    stage: Stage, serve: Serve
) -> None:
    figures = Prometheus("box", Board(), stage.feeds, stage.seats)
    client = await serve(Vitals(stage.access, figures, lambda: "").routes())
    assert (await client.get("/metrics")).status == 401
    bearer = {"Authorization": f"Bearer {stage.access.tokens.page}"}
    told = await client.get("/metrics", headers=bearer)
    assert told.status == 200
    assert stage.access.tokens.page not in await told.text()


async def test_health_when_something_is_wrong_then_it_is_503_with_the_reason(
    stage: Stage, serve: Serve
) -> None:
    wrong = ["the engines are being loaded"]
    figures = Prometheus("box", Board(), stage.feeds, stage.seats)
    client = await serve(Vitals(stage.access, figures, lambda: wrong[0]).routes())
    answer = await client.get("/health")
    assert (answer.status, (await answer.json())["error"]) == (503, wrong[0])
    wrong[0] = ""
    answer = await client.get("/health")
    assert (answer.status, await answer.json()) == (200, {"status": "ok"})
