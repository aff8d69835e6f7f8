"""The recognition model that was configured: here, fetched, or asked for."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_worker.config import EngineSection
from edge_worker.sources import recognizer_of
from engines import EngineUnavailableError
from engines.catalogue import Catalogue, LicenceNotAcceptedError, Model
from tests.unit.catalogue.mirror import Mirror, running_mirror

CONTENT = bytes(2_000_000)


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with running_mirror() as running:
        running.files = {"/w.bin": CONTENT}
        yield running


def catalogue(root: Path, mirror: Mirror) -> Catalogue:
    digest = hashlib.sha256(CONTENT).hexdigest()
    file = {"name": "w.bin", "size": len(CONTENT), "sha256": digest}
    model = Model.model_validate(
        {
            "id": "whisper-mine", "task": "asr", "licence": "MIT", "origin": "https://example.org",
            "sources": [{"kind": "url", "url": mirror.address, "files": [file]}],
        }
    )  # fmt: skip
    return Catalogue({model.id: model}, root=root)


def test_recognizer_when_its_model_must_be_fetched_then_every_tenth_of_it_is_told(
    tmp_path: Path, mirror: Mirror
) -> None:
    told: list[str] = []
    here = catalogue(tmp_path, mirror)
    with pytest.raises(EngineUnavailableError, match=r"model\.bin is missing"):
        recognizer_of(EngineSection(asr="whisper-mine"), here, told.append, may_fetch=True)
    assert told[0] == "recognition (whisper-mine)"
    assert told[-1] == "fetching whisper-mine: 100 % of 2 MB"
    assert len(told) <= 11


def test_recognizer_when_nothing_may_be_fetched_then_it_names_the_command(
    tmp_path: Path, mirror: Mirror
) -> None:
    here = catalogue(tmp_path, mirror)
    with pytest.raises(EngineUnavailableError, match="never: polylip models pull whisper-mine"):
        recognizer_of(EngineSection(asr="whisper-mine"), here, lambda _: None, may_fetch=False)
    assert mirror.asked == []


def test_recognizer_when_its_licence_is_non_commercial_then_it_takes_an_accepted_one(
    tmp_path: Path, mirror: Mirror
) -> None:
    free = catalogue(tmp_path, mirror).model("whisper-mine")
    bound = free.model_copy(update={"licence": "CC-BY-NC-4.0", "non_commercial": True})
    here = Catalogue({bound.id: bound}, root=tmp_path)
    section = EngineSection(asr="whisper-mine")
    with pytest.raises(LicenceNotAcceptedError):
        recognizer_of(section, here, lambda _: None, may_fetch=True)
    assert mirror.asked == []
    with pytest.raises(EngineUnavailableError, match=r"model\.bin is missing"):
        recognizer_of(
            section, here, lambda _: None, may_fetch=True, accepted_licences={"CC-BY-NC-4.0"}
        )
    assert [path for path, _ in mirror.asked] == ["/w.bin"]
