"""What docs/ says of topics, settings, files and names is so."""

import re
from pathlib import Path

import pytest

from mqtt_schemas import RULES, SETTINGS, Body, Channel
from mqtt_schemas.media import MediaProperties

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("edge_worker", "engines", "mqtt_schemas")
MQTT = (ROOT / "docs" / "mqtt.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def table_rows(page: str) -> list[list[str]]:
    lines = (line for line in page.splitlines() if line.startswith("| `"))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def source() -> str:
    return "\n".join(
        file.read_text(encoding="utf-8") for room in ROOMS for file in (ROOT / room).rglob("*.py")
    )


def test_mqtt_page_when_read_has_every_topic_with_its_rules() -> None:
    shown = {
        topic: row
        for row in table_rows(MQTT)
        if len(row) == 6
        for topic in re.findall(r"`([a-z]+/[^`]+)`", row[0])
    }
    assert set(shown) == {re.sub(r"\{(\w+)\}", r"<\1>", channel) for channel in Channel}
    for channel in Channel:
        rules = RULES[channel]
        _, parties, payload, qos, retained, _ = shown[re.sub(r"\{(\w+)\}", r"<\1>", channel)]
        assert rules.publisher.value in parties
        assert qos == str(rules.qos), channel
        assert (retained == "yes") is rules.retained, channel
        if rules.body is Body.SEGMENT:
            assert payload == "MPEG-TS"


def test_mqtt_page_when_read_has_every_setting_and_every_property() -> None:
    named = {name for row in table_rows(MQTT) for name in re.findall(r"`([a-z_]+)`", row[0])}
    assert named >= set(SETTINGS)
    assert named >= set(MediaProperties.__dataclass_fields__) - {"trace"}


@pytest.mark.parametrize(
    "name", sorted(set(re.findall(r"`([A-Z][a-z]\w+(?:\.\w+)?)`", ARCHITECTURE)))
)
def test_architecture_page_when_it_names_a_class_or_method_there_is_one(name: str) -> None:
    kind, _, method = name.partition(".")
    body = re.search(rf"^class {kind}\b.*?(?=^\S|\Z)", source(), re.MULTILINE | re.DOTALL)
    assert body is not None
    assert not method or re.search(rf"^    (?:async )?def {method}\b", body[0], re.MULTILINE)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([\w/]+\.(?:py|toml))`", ARCHITECTURE))))
def test_architecture_page_when_it_names_a_file_there_is_one(path: str) -> None:
    assert (ROOT / path).exists() or (ROOT / "edge_worker" / path).exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_when_it_links_within_the_repository_the_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    missing = [t for t in targets if "://" not in t and not (page.parent / t).exists()]
    assert missing == []
