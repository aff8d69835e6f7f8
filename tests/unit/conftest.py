from pathlib import Path

import pytest

from edge_worker.demo import SAMPLE


@pytest.fixture(scope="session")
def sample() -> Path:
    return SAMPLE
