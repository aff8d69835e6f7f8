"""The real engines, loaded once, and the visitors that the tests send to the door."""

from pathlib import Path

import numpy as np
import pytest

from edge_worker.config import EngineSection
from edge_worker.engine_loading import load_engines
from edge_worker.engine_set import EngineSet
from edge_worker.timeline import Ladder, LadderLimits
from engines.catalogue import Catalogue
from tests.broker.worker.doors import (
    LAST_SILENCE_S,
    RATE,
    SAMPLE,
    SECOND_NS,
    Clip,
    sound_of,
    sounding,
    visit,
)


@pytest.fixture(scope="session")
def engines() -> EngineSet:
    """Everything that a worker loads; some 6 s."""
    return load_engines(EngineSection(), Catalogue.load())


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions never step down the ladder: what is tested must not depend on the machine."""
    limits = LadderLimits(late_ns=3600 * SECOND_NS)
    monkeypatch.setattr("edge_worker.session.pressure.Ladder", lambda: Ladder(limits))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="session")
def parcel() -> Clip:
    """A parcel and the plea for a signature: 7.9 s, two sentences in Portuguese."""
    return visit(0.5, 6.9)


@pytest.fixture(scope="session")
def parcel_heard(folder: Path) -> Clip:
    """The same without a picture, a faint tone of 12 kHz under it, which no voice here reaches."""
    said = sound_of(SAMPLE, 0.5, 6.4)
    voice = np.pad(said, (0, int(LAST_SILENCE_S * RATE)))
    tone = 0.02 * np.sin(2 * np.pi * 12_000 * np.arange(len(voice)) / RATE)
    return sounding(folder, (voice + tone).astype(np.float32))


@pytest.fixture(scope="session")
def quiet_room(folder: Path) -> Clip:
    """A grey picture and silence, 4 s."""
    return sounding(folder, np.zeros(4 * RATE, np.float32), picture=True)


@pytest.fixture(scope="session")
def dog() -> Clip:
    """Another visitor misses his dog: 5.3 s, one sentence."""
    return visit(12.1, 15.95)


@pytest.fixture(scope="session")
def moment(folder: Path) -> Clip:
    """A grey picture and silence, 1.5 s."""
    return sounding(folder, np.zeros(3 * RATE // 2, np.float32), picture=True)
