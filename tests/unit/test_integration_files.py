"""The Home Assistant integration, as far as it can be judged without Home Assistant."""

import ast
import json
import re
import struct
import tomllib
from pathlib import Path
from typing import Any

import pytest

from mqtt_schemas import Channel, Topics

ROOT = Path(__file__).resolve().parents[2]
INTEGRATION = ROOT / "custom_components" / "polylip"


def read(name: str) -> Any:
    return json.loads((INTEGRATION / name).read_text(encoding="utf-8"))


def test_manifest_when_read_has_its_keys_in_order() -> None:
    keys = list(read("manifest.json"))
    assert keys == ["domain", "name", *sorted(set(keys) - {"domain", "name"})]


def test_manifest_when_released_has_the_version_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert read("manifest.json")["version"] == project["version"]


def test_manifest_when_it_discovers_listens_to_the_info_of_workers() -> None:
    assert read("manifest.json")["mqtt"] == [Topics().filter(Channel.WORKER_INFO)]


def test_manifest_when_it_requires_packages_asks_for_mashumaro_only() -> None:
    names = {re.split("[<>=]", need)[0] for need in read("manifest.json")["requirements"]}
    assert names == {"mashumaro"}


def test_translations_when_english_are_the_strings() -> None:
    assert read("translations/en.json") == read("strings.json")


def test_strings_when_the_config_flow_names_a_key_have_it() -> None:
    strings = read("strings.json")["config"]
    code = (INTEGRATION / "config_flow.py").read_text(encoding="utf-8")
    used = {
        "abort": re.findall(r'reason="(\w+)"', code),
        "error": re.findall(r'errors\[.*?\] = "(\w+)"', code),
        "step": re.findall(r'step_id="(\w+)"', code),
    }
    for section, keys in used.items():
        assert keys
        assert set(keys) <= strings[section].keys()


@pytest.mark.parametrize(("name", "side"), [("icon.png", 256), ("icon@2x.png", 512)])
def test_brand_when_looked_at_is_a_square_png(name: str, side: int) -> None:
    data = (INTEGRATION / "brand" / name).read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", data[16:24]) == (side, side)


def test_hacs_when_read_names_the_oldest_home_assistant() -> None:
    hacs = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
    assert re.fullmatch(r"20\d\d\.\d{1,2}\.\d", hacs["homeassistant"])


def test_sources_when_parsed_are_python() -> None:
    for file in INTEGRATION.rglob("*.py"):
        ast.parse(file.read_text(encoding="utf-8"), str(file))
