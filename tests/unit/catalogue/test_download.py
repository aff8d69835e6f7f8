"""Files that come over a bad line, from servers that do as they like, onto disks that are full."""

import gzip
import hashlib
import io
import multiprocessing
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from http.client import HTTPMessage
from pathlib import Path
from textwrap import dedent

import pytest

from engines import EngineUnavailableError
from engines.catalogue import Catalogue, Model, Patience
from engines.catalogue.download import _WebRedirects
from engines.catalogue.entries import folder_name
from tests.unit.catalogue.mirror import Mirror, running_mirror

OLD = bytes(range(256)) * 3_000
NEW = bytes(reversed(range(256))) * 3_000
PATH = "/v1/w.bin"
PATIENT = Patience(silence_s=10.0, pause_s=0.0)
HURRIED = Patience(silence_s=0.5, slow_s=0.2, slow_bytes=1_000, attempts=3, pause_s=0.0)


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with running_mirror() as running:
        running.files = {PATH: NEW, f"{PATH}.gz": gzip.compress(NEW)}
        yield running


def model(address: str, content: bytes | None = NEW, **source: object) -> Model:
    file: dict[str, object] = {"name": "w.bin"}
    if content is not None:
        file |= {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return Model.model_validate(
        {
            "id": "m",
            "task": "mt",
            "licence": "MIT",
            "origin": "https://example.org",
            "unverified": "" if content is not None else "nobody published one",
            "main": "w.bin",
            "sources": [{"kind": "url", "url": f"{address}/v1", "files": [file], **source}],
        }
    )


def catalogue(
    root: Path,
    mirror: Mirror,
    content: bytes | None = NEW,
    *,
    patience: Patience = PATIENT,
    **source: object,
) -> Catalogue:
    entry = model(mirror.address, content, **source)
    return Catalogue({"m": entry}, root=root, patience=patience)


def left(root: Path) -> list[str]:
    """Names of what lies in the models folder."""
    names = (path.name for path in root.rglob("*") if path.is_file())
    return sorted(name for name in names if name != "lock")


# --- resuming


def begin(root: Path, mirror: Mirror, content: bytes | None = NEW) -> None:
    """Break a download off for good after 100 kB."""
    mirror.break_off_after = [100_000, 0, 0]
    with pytest.raises(EngineUnavailableError, match="go on from there"):
        catalogue(root, mirror, content).fetch("m")
    mirror.asked.clear()


@pytest.mark.parametrize("heeds_if_range", [True, False])
def test_fetch_when_the_file_changed_since_it_was_begun_then_the_new_one_comes_whole(
    tmp_path: Path, mirror: Mirror, *, heeds_if_range: bool
) -> None:
    mirror.heeds_if_range = heeds_if_range
    mirror.files[PATH] = OLD
    begin(tmp_path, mirror, OLD)
    mirror.files[PATH] = NEW
    # The catalogue was updated to the new file; the folder is the source's, so pretend it stayed.
    part = next(tmp_path.rglob("w.bin.part"))
    fresh = catalogue(tmp_path, mirror)
    folder = tmp_path / "m" / folder_name(fresh.model("m").sources[0])
    part.parent.rename(folder)
    assert fresh.fetch("m").read_bytes() == NEW
    assert left(tmp_path) == ["w.bin"]


def test_fetch_when_nothing_tells_versions_apart_then_the_hash_does_and_it_starts_over(
    tmp_path: Path, mirror: Mirror
) -> None:
    mirror.tags = mirror.heeds_if_range = False
    mirror.files[PATH] = OLD
    begin(tmp_path, mirror, NEW)
    mirror.files[PATH] = NEW
    assert catalogue(tmp_path, mirror).fetch("m").read_bytes() == NEW
    assert mirror.asked == [(PATH, "bytes=100000-"), (PATH, "")]


def test_fetch_when_it_was_begun_by_another_process_then_only_the_rest_is_asked_for(
    tmp_path: Path, mirror: Mirror
) -> None:
    begin(tmp_path, mirror)
    assert catalogue(tmp_path, mirror).fetch("m").read_bytes() == NEW
    assert mirror.asked == [(PATH, "bytes=100000-")]


def test_fetch_when_the_server_says_no_length_then_the_size_is_still_known(
    tmp_path: Path, mirror: Mirror
) -> None:
    mirror.lengths = False
    told: list[int | None] = []
    catalogue(tmp_path, mirror).fetch("m", lambda _name, _here, total: told.append(total))
    assert set(told) == {len(NEW)}


# --- servers


def test_fetch_when_the_server_hangs_then_another_attempt_goes_on(
    tmp_path: Path, mirror: Mirror
) -> None:
    mirror.hang_after = [50_000]
    once = Patience(silence_s=2.0, pause_s=0.0)
    assert catalogue(tmp_path, mirror, patience=once).fetch("m").read_bytes() == NEW
    assert mirror.asked == [(PATH, ""), (PATH, "bytes=50000-")]


def test_fetch_when_the_server_hangs_for_ever_then_it_ends_and_says_so(
    tmp_path: Path, mirror: Mirror
) -> None:
    mirror.hang_after = [0, 0, 0]
    with pytest.raises(EngineUnavailableError, match=r"connection was lost \(timed out"):
        catalogue(tmp_path, mirror, patience=HURRIED).fetch("m")


def test_fetch_when_single_bytes_trickle_then_it_ends_and_says_how_few_came(
    tmp_path: Path, mirror: Mirror
) -> None:
    mirror.trickle = True
    with pytest.raises(EngineUnavailableError, match=r"only \d+ bytes came in"):
        catalogue(tmp_path, mirror, patience=HURRIED).fetch("m")


def test_fetch_when_the_server_is_busy_for_a_moment_then_it_is_asked_again(
    tmp_path: Path, mirror: Mirror
) -> None:
    mirror.statuses = [503, 429]
    assert catalogue(tmp_path, mirror).fetch("m").read_bytes() == NEW


@pytest.mark.parametrize("status", [401, 403, 404, 451])
def test_fetch_when_the_server_refuses_then_it_is_asked_once(
    tmp_path: Path, mirror: Mirror, status: int
) -> None:
    mirror.statuses = [status]
    with pytest.raises(EngineUnavailableError, match=f"the server answered {status}"):
        catalogue(tmp_path, mirror).fetch("m")
    assert len(mirror.asked) == 1


def test_fetch_when_the_file_has_moved_then_it_is_followed_also_in_the_middle(
    tmp_path: Path, mirror: Mirror
) -> None:
    mirror.files["/store/x"] = mirror.files.pop(PATH)
    mirror.moved = {PATH: "/store/x"}
    mirror.break_off_after = [100_000]
    assert catalogue(tmp_path, mirror).fetch("m").read_bytes() == NEW
    assert mirror.asked[-1] == ("/store/x", "bytes=100000-")


def test_fetch_when_a_login_page_comes_in_place_of_an_unhashed_file_then_it_is_refused(
    tmp_path: Path, mirror: Mirror
) -> None:
    mirror.files[PATH] = b"<html>Please log in</html>"
    mirror.content_type = "text/html; charset=utf-8"
    with pytest.raises(EngineUnavailableError, match="a web page came in place of the file"):
        catalogue(tmp_path, mirror, None).fetch("m")
    assert left(tmp_path) == []


def test_fetch_when_a_proxy_is_set_then_it_is_asked(
    tmp_path: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", mirror.address)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    far = Catalogue({"m": model("http://far.example")}, root=tmp_path, patience=PATIENT)
    assert far.fetch("m").read_bytes() == NEW
    assert mirror.asked == [(f"http://far.example{PATH}", "")]


# --- packed files


def test_fetch_when_packed_then_the_unpacked_file_is_checked_and_kept(
    tmp_path: Path, mirror: Mirror
) -> None:
    mirror.break_off_after = [500]
    assert catalogue(tmp_path, mirror, packed="gzip").fetch("m").read_bytes() == NEW
    assert mirror.asked == [(f"{PATH}.gz", ""), (f"{PATH}.gz", "bytes=500-")]
    assert left(tmp_path) == ["w.bin"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"not packed", "cannot be unpacked"),
        (gzip.compress(NEW)[:-9], "cannot be unpacked"),
        (gzip.compress(NEW + b"more"), "it grows beyond 768000 bytes"),
        (gzip.compress(OLD), r"w\.bin has SHA-256"),
    ],
)
def test_fetch_when_what_is_packed_is_wrong_then_nothing_is_kept(
    tmp_path: Path, mirror: Mirror, content: bytes, complaint: str
) -> None:
    mirror.files[f"{PATH}.gz"] = content
    with pytest.raises(EngineUnavailableError, match=complaint):
        catalogue(tmp_path, mirror, packed="gzip").fetch("m")
    assert left(tmp_path) == []


# --- trust on first use


def test_fetch_when_no_hash_is_known_then_the_first_one_is_kept_and_asked_for(
    tmp_path: Path, mirror: Mirror
) -> None:
    loose = catalogue(tmp_path, mirror, None)
    file = loose.fetch("m")
    assert (loose.verify("m").problems, loose.verify("m").pinned) == ((), True)
    file.write_bytes(OLD)
    assert "has SHA-256" in loose.verify("m").problems[0]
    file.unlink()
    mirror.files[PATH] = OLD
    with pytest.raises(EngineUnavailableError, match=r"SHA-256.*if you trust.*delete .*pins\.json"):
        loose.fetch("m")
    next(tmp_path.rglob("*.pins.json")).unlink()
    assert loose.fetch("m").read_bytes() == OLD


def test_fetch_when_only_md5_is_known_then_damage_is_found(tmp_path: Path, mirror: Mirror) -> None:
    digest = hashlib.md5(OLD, usedforsecurity=False).hexdigest()
    files = [{"name": "w.bin", "size": len(OLD), "md5": digest}]
    with pytest.raises(EngineUnavailableError, match=r"w\.bin has MD5 .* instead of"):
        catalogue(tmp_path, mirror, None, files=files).fetch("m")
    mirror.files[PATH] = OLD
    assert catalogue(tmp_path, mirror, None, files=files).fetch("m").read_bytes() == OLD


# --- disks


def test_fetch_when_there_is_no_room_then_nothing_is_asked_for(
    tmp_path: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 64 << 20})
    monkeypatch.setattr("engines.catalogue.fetching.shutil.disk_usage", lambda _: usage)
    with pytest.raises(EngineUnavailableError, match=r"1 MB are to come and 67 MB are free in .*"):
        catalogue(tmp_path, mirror).fetch("m")
    assert mirror.asked == []


def test_fetch_when_the_disk_is_full_half_way_then_it_says_so_and_goes_on_once_there_is_room(
    tmp_path: Path, mirror: Mirror
) -> None:
    # A limit on the size of files is as real to the writer as a full disk is.
    script = dedent(f"""
        import resource, sys
        from pathlib import Path
        from engines import EngineUnavailableError
        from tests.unit.catalogue.test_download import Mirror, catalogue
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
        try:
            catalogue(Path({str(tmp_path)!r}), Mirror(address={mirror.address!r})).fetch("m")
        except EngineUnavailableError as error:
            sys.exit(f"refused: {{error}}")
    """)
    root = Path(__file__).parents[3]
    full = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False
    )
    assert "w.bin cannot be written" in full.stderr
    assert "POLYLIP_MODELS can name another folder" in full.stderr
    assert 0 < next(tmp_path.rglob("w.bin.part")).stat().st_size <= 300_000
    mirror.asked.clear()
    assert catalogue(tmp_path, mirror).fetch("m").read_bytes() == NEW
    assert mirror.asked[0][1].startswith("bytes=")


# --- two at once


def _fetch_apart(root: Path, address: str, waited: "multiprocessing.Queue[str]") -> None:
    there = catalogue(root, Mirror(address=address))
    there.fetch("m", waiting=lambda: waited.put("waited"))
    waited.put("done")


def test_fetch_when_two_processes_want_the_same_model_then_it_comes_once(
    tmp_path: Path, mirror: Mirror
) -> None:
    context = multiprocessing.get_context("spawn")
    said: multiprocessing.Queue[str] = context.Queue()
    other = context.Process(target=_fetch_apart, args=(tmp_path, mirror.address, said))

    def start(_name: str, _here: int, _total: int | None) -> None:
        if other.pid is None:
            other.start()
            assert said.get(timeout=60) == "waited"

    catalogue(tmp_path, mirror).fetch("m", start)
    assert said.get(timeout=60) == "done"
    other.join(60)
    assert other.exitcode == 0
    assert len(mirror.asked) == 1


@pytest.mark.parametrize("address", ["ftp://127.0.0.1:{port}/w.bin", "file:///etc/hostname"])
def test_fetch_when_it_is_sent_on_to_what_is_not_the_web_then_it_is_not_followed(
    address: str, tmp_path: Path, mirror: Mirror
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(0)
        mirror.moved[PATH] = address.format(port=other.getsockname()[1])
        with pytest.raises(EngineUnavailableError, match=r"sends on to|answered 302"):
            catalogue(tmp_path, mirror).fetch("m")
        with pytest.raises(BlockingIOError):
            other.accept()


@pytest.mark.parametrize(
    ("before", "after", "followed"),
    [
        ("https", "https", True),
        ("http", "https", True),
        ("http", "http", True),
        ("https", "http", False),
        ("https", "ftp", False),
    ],
)
def test_redirect_when_it_leaves_https_then_it_is_refused(
    before: str, after: str, *, followed: bool
) -> None:
    asked = urllib.request.Request(f"{before}://a.example/w")  # noqa: S310 - it is not opened
    moved = (asked, io.BytesIO(), 302, "Found", HTTPMessage(), f"{after}://b.example/w")
    if followed:
        request = _WebRedirects().redirect_request(*moved)
        assert request is not None
        assert request.full_url == f"{after}://b.example/w"
    else:
        with pytest.raises(EngineUnavailableError, match=f"an address of {after}, which is not"):
            _WebRedirects().redirect_request(*moved)
