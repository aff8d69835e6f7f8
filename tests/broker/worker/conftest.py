"""The real engines, loaded once, and the visitors that the tests send to the door."""

from pathlib import Path

import pytest

from edge_worker.config import EngineSection
from edge_worker.engine_set import EngineSet, load_engines
from engines.catalogue import Catalogue
from tests.broker.worker.doors import Clip, excerpt


@pytest.fixture(scope="session")
def engines() -> EngineSet:
    """Everything that a worker loads; some 6 s."""
    return load_engines(EngineSection(), Catalogue.load())


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="session")
def parcel() -> Clip:
    """A parcel and the plea for a signature; 7.5 s, two sentences."""
    return excerpt(0.5, 7.2)
