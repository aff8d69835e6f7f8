from typing import cast

from edge_worker.ingest import IngestCounters
from edge_worker.session.announcer import Announcer
from edge_worker.session.figures import Gauges
from edge_worker.session.production import RenderCounters
from edge_worker.session.reporter import Reporter
from edge_worker.transport import MqttLink
from mqtt_schemas import Channel, Rung, StreamMetrics, decode
from tests.unit.house import TOPICS, Broker, config


def test_metrics_when_told_then_the_workers_tau_is_among_them() -> None:
    broker = Broker()
    reporter = Reporter(
        "door", Announcer(cast("MqttLink", broker), TOPICS), config(), now_ns=lambda: 1
    )
    gauges = Gauges(
        ingest=IngestCounters(*[0] * len(IngestCounters.__dataclass_fields__)),
        render=RenderCounters(),
        rung=Rung.FULL,
        delay_ns=0,
        debt_ns=0,
        tau=0.42,
        drops={},
    )
    reporter.metrics(gauges)
    topic = TOPICS.build(Channel.METRICS, stream="door")
    (told,) = broker.on(topic)
    assert decode(StreamMetrics, topic, told).tau == 0.42
