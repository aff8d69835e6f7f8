"""Addresses of the user's own servers."""

import pytest

from engines.address import server_address


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("tcp://pi:10300", ("pi", 10300)),
        ("tcp://home_assistant.local:1", ("home_assistant.local", 1)),
        ("tcp://192.168.1.7:65535", ("192.168.1.7", 65535)),
        ("tcp://[::1]:10300", ("::1", 10300)),
    ],
)
def test_server_address_when_it_is_one_then_host_and_port(
    uri: str, address: tuple[str, int]
) -> None:
    assert server_address(uri) == address


@pytest.mark.parametrize(
    "uri",
    [
        *("", "pi:10300", "tcp://pi", "tcp://:10300", "tcp://pi:0", "tcp://pi:99999", "tcp://pi:x"),
        *("http://pi:10300", "tcp://a..b:10300", f"tcp://{'a' * 64}.b:1", "tcp://::1:10300"),
        *("tcp://[::1:10300", "tcp://pi:10300/x", "tcp://pi:10300?x", "tcp://me@pi:10300"),
        *("tcp://p i:10300", "tcp://pi\n:10300", "tcp://pi:10300\n", "TCP:pi:10300"),
    ],
)
def test_server_address_when_it_is_none_then_says_what_to_write(uri: str) -> None:
    with pytest.raises(ValueError, match="tcp://host:port"):
        server_address(uri)
