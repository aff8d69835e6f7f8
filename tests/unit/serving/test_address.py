import pytest

from edge_worker.config import HttpSection
from edge_worker.serving.address import base_url
from edge_worker.transport import BrokerSettings

BROKER = BrokerSettings(host="127.0.0.1", port=1883)


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, "http://127.0.0.1:8123"),
        ({"bind": "::1"}, "http://[::1]:8123"),
        ({"bind": "192.168.1.9"}, "http://192.168.1.9:8123"),
        ({"bind": "::"}, "http://127.0.0.1:8123"),
        ({"url": "https://cam.example/polylip/"}, "https://cam.example/polylip"),
        ({"cert_file": "chain.pem"}, "https://127.0.0.1:8123"),
    ],
)
def test_base_url_when_asked_then_it_is_where_others_reach_it(
    settings: dict[str, str], url: str
) -> None:
    assert base_url(HttpSection.model_validate(settings), 8123, BROKER) == url
