"""Three hosts for whoever asks for them."""

from collections.abc import Iterator

import pytest

from tests.netns import Hosts, why_not


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    """A broker's, a worker's and a viewer's machine."""
    reason = why_not()
    if reason:
        pytest.skip(f"no hosts here: {reason}")
    with Hosts("broker", "worker", "viewer") as started:
        yield started
