"""Routing of topics to subscriptions."""

import pytest

from edge_worker.transport.inbox import Routes, Subscription, matches
from edge_worker.transport.message import Message


async def _ignore(_: Message) -> None:
    pass


@pytest.mark.parametrize(
    ("topic_filter", "topic", "taken"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/b/c", "a/b", False),
        ("a/+", "a/b", True),
        ("a/+", "a", False),
        ("a/+/c", "a//c", True),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("#", "a/b", True),
        ("#", "$SYS/uptime", False),
        ("+/uptime", "$SYS/uptime", False),
        ("$SYS/#", "$SYS/uptime", True),
        ("$share/polylip/a/+", "a/b", True),
        ("$share/polylip/a/+", "b/b", False),
    ],
)
def test_filter_when_compared_with_a_topic_then_the_standard_s_rules_hold(
    topic_filter: str, topic: str, *, taken: bool
) -> None:
    assert matches(topic_filter, topic) is taken


async def test_routes_when_a_subscription_ends_then_its_topics_go_nowhere() -> None:
    routes = Routes()
    first = Subscription("a/+", _ignore, 0, 8)
    second = Subscription("a/+", _ignore, 0, 8)
    routes.add(first)
    routes.add(second)
    assert routes.to("a/b") == (first, second)
    assert not routes.remove(first)
    assert routes.to("a/b") == (second,)
    assert routes.remove(second)
    assert routes.to("a/b") == ()
