import hashlib
import json
from importlib.resources import files
from pathlib import Path

import pytest

from engines.catalogue import Catalogue, CatalogueError, Task
from engines.catalogue.entries import HubSource, PackageSource, read_catalogue

ENTRY = """
[some-model]
task = "vad"
licence = "MIT"
origin = "https://example.org"
{more}

[[some-model.sources]]
kind = "url"
url = "https://example.org/files"
files = [{{ name = "{name}", size = 3{digest} }}]
"""
DIGEST = f', sha256 = "{hashlib.sha256(b"abc").hexdigest()}"'


def written(folder: Path, *, name: str = "a.onnx", digest: str = DIGEST, more: str = "") -> Path:
    path = folder / "models.toml"
    path.write_text(ENTRY.format(name=name, digest=digest, more=more), encoding="utf-8")
    return path


def test_catalogue_built_in_has_a_model_for_every_task() -> None:
    tasks = {model.task for model in Catalogue.load().models()}
    assert tasks == set(Task)


def test_catalogue_built_in_pins_every_hub_file_or_says_why_not() -> None:
    for model in Catalogue.load().models():
        for source in model.sources:
            pinned = not isinstance(source, HubSource) or len(source.revision) == 40
            hashed = all(file.sha256 for file in source.files)
            assert (pinned and hashed) or model.unverified, model.id


def test_catalogue_built_in_when_files_lie_in_the_repository_then_their_hashes_are_right() -> None:
    catalogue = Catalogue.load()
    ours = [
        model
        for model in catalogue.models()
        for source in model.sources
        if isinstance(source, PackageSource) and source.package == "engines"
    ]
    assert {model.id for model in ours} == {"smart-turn", "mediapipe-face"}
    assert [catalogue.verify(model.id).problems for model in ours] == [(), ()]


def test_read_catalogue_when_every_field_is_right_then_gives_the_model(tmp_path: Path) -> None:
    model = read_catalogue(written(tmp_path))["some-model"]
    assert (model.id, model.task, model.size) == ("some-model", Task.VAD, 3)


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "a/../../b", "a\\\\b", "C:evil", "a\\u0000b", ""]
)
def test_read_catalogue_when_a_file_name_could_leave_its_folder_then_is_refused(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(CatalogueError, match=r"some-model.*name"):
        read_catalogue(written(tmp_path, name=name))


def test_read_catalogue_when_hash_lacks_without_a_reason_then_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="unverified"):
        read_catalogue(written(tmp_path, digest=""))


def test_read_catalogue_when_hash_lacks_with_a_reason_then_is_taken(tmp_path: Path) -> None:
    path = written(tmp_path, digest="", more='unverified = "nobody published one"')
    assert read_catalogue(path)["some-model"].unverified == "nobody published one"


def test_read_catalogue_when_a_field_is_unknown_then_the_message_names_it(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"some-model.*colour"):
        read_catalogue(written(tmp_path, more='colour = "red"'))


def test_read_catalogue_when_it_is_no_toml_then_the_message_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("[")
    with pytest.raises(CatalogueError, match=r"broken\.toml"):
        read_catalogue(path)


def test_load_when_an_extra_file_is_given_then_its_models_join(tmp_path: Path) -> None:
    catalogue = Catalogue.load(written(tmp_path))
    assert catalogue.model("some-model").licence == "MIT"
    assert catalogue.model("whisper-base").licence == "MIT"


def test_catalogue_file_is_packaged_beside_its_reader() -> None:
    assert files("engines.catalogue").joinpath("catalogue.toml").is_file()


def test_third_party_list_names_every_model_of_the_catalogue() -> None:
    listed = (Path(__file__).parents[3] / "THIRD_PARTY.md").read_text(encoding="utf-8")
    missing = [model.id for model in Catalogue.load().models() if f"`{model.id}`" not in listed]
    assert missing == []


@pytest.mark.parametrize("licence", ["CC-BY-4.0 AND MIT", "LicenseRef-NLLB", "x" * 200])
def test_read_catalogue_when_the_licence_is_one_line_then_is_taken(
    licence: str, tmp_path: Path
) -> None:
    path = written(tmp_path)
    path.write_text(path.read_text().replace('"MIT"', json.dumps(licence)))
    assert read_catalogue(path)["some-model"].licence == licence


@pytest.mark.parametrize("licence", ["", "  ", "MIT\nor not", "x" * 201])
def test_read_catalogue_when_the_licence_is_no_line_then_the_message_says_what_one_is(
    licence: str, tmp_path: Path
) -> None:
    path = written(tmp_path)
    path.write_text(path.read_text().replace('"MIT"', json.dumps(licence)))
    with pytest.raises(CatalogueError, match=r"licence: .*must be one line of 1 to 200 characters"):
        read_catalogue(path)
