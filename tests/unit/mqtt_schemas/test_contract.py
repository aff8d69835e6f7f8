import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import mqtt_schemas
from edge_worker import items
from mqtt_schemas import PROTOCOL_VERSION, RULES, Body, Channel, Verdict, is_compatible
from mqtt_schemas.conformance import json_schema

from .generated import MESSAGES, PROPERTIES

ROOT = Path(__file__).resolve().parents[3]

ENFORCED = {
    *("anyOf", "enum", "exclusiveMinimum", "items", "maxItems", "maxLength", "maxProperties"),
    *("maximum", "minimum", "pattern", "properties", "required", "type"),
}
ANNOTATIONS = {"default", "title"}


def nodes(schema: Any) -> Iterator[Any]:
    yield schema
    for child in (*schema.get("properties", {}).values(), *schema.get("anyOf", ())):
        yield from nodes(child)
    if "items" in schema:
        yield from nodes(schema["items"])


every_schema = pytest.mark.parametrize(
    "kind", [*MESSAGES, *PROPERTIES], ids=lambda kind: kind.__name__
)


@every_schema
def test_schema_when_it_says_something_is_enforced(kind: type) -> None:
    for node in nodes(json_schema(kind)):
        keywords = node.keys() - ANNOTATIONS
        if "properties" not in node:
            keywords -= {"propertyNames"}  # JSON has no other names
        assert keywords <= ENFORCED


@every_schema
def test_schema_when_it_has_a_pattern_anchors_it_at_both_ends(kind: type) -> None:
    for node in nodes(json_schema(kind)):
        if pattern := node.get("pattern"):
            assert pattern.startswith("^")
            assert pattern.endswith("$")
            assert not re.fullmatch(pattern, "a\n")


@every_schema
def test_schema_when_it_has_a_number_or_a_list_bounds_it(kind: type) -> None:
    for node in nodes(json_schema(kind)):
        match node.get("type"):
            case "integer" | "number":
                assert "maximum" in node
            case "array":
                assert "maxItems" in node
            case "string":
                assert "maxLength" in node or "pattern" in node


@every_schema
def test_schema_when_a_length_in_time_is_meant_says_its_unit(kind: type) -> None:
    for name in json_schema(kind)["properties"]:
        assert not re.search("_(ms|us|seconds|time)$", name)


def test_rules_when_a_channel_carries_media_never_retain_it() -> None:
    assert set(RULES) == set(Channel)
    for rules in RULES.values():
        if rules.body in {Body.SEGMENT, Body.PCM}:
            assert not rules.retained
            assert rules.expiry_s


def test_verdicts_when_they_travel_are_those_of_the_worker() -> None:
    assert {verdict.value for verdict in Verdict} == {verdict.value for verdict in items.Verdict}


def test_versions_when_the_major_number_is_equal_are_compatible() -> None:
    assert is_compatible(PROTOCOL_VERSION)
    assert is_compatible("1.7", "1.0")
    assert not is_compatible("2.0", "1.0")
    assert not is_compatible("1", "1.0")
    assert not is_compatible("1.x", "1.0")


def test_public_names_when_exported_exist() -> None:
    assert len(set(mqtt_schemas.__all__)) == len(mqtt_schemas.__all__)
    for name in mqtt_schemas.__all__:
        assert hasattr(mqtt_schemas, name)


def test_vendored_copy_when_compared_is_the_contract_byte_for_byte() -> None:
    def contents(folder: Path) -> dict[str, bytes]:
        files = (file for file in folder.rglob("*") if "__pycache__" not in file.parts)
        return {
            file.relative_to(folder).as_posix(): file.read_bytes()
            for file in files
            if file.is_file()
        }

    copy = contents(ROOT / "custom_components/polylip/mqtt_schemas")
    assert copy == contents(ROOT / "mqtt_schemas"), "run script/vendor"


def test_asyncapi_when_generated_again_is_the_file_in_the_repository() -> None:
    check = subprocess.run(
        [sys.executable, "script/asyncapi_document.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stdout + check.stderr


def test_asyncapi_when_read_has_every_channel_and_every_reference_leads_somewhere() -> None:
    document = yaml.safe_load((ROOT / "asyncapi.yaml").read_text(encoding="utf-8"))
    assert {node["address"] for node in document["channels"].values()} == {
        f"{{prefix}}/{channel}" for channel in Channel
    }
    for reference in references(document):
        node = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def references(node: Any) -> Iterator[str]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from references(child)
    if isinstance(node, dict) and isinstance(node.get("$ref"), str):
        yield node["$ref"]
