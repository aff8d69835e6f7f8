"""What reads bytes from outside: how to make bytes for it, and what it may say to them."""

import json
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from edge_worker.bench.fuzzing.mutation import instance_of, mutated
from edge_worker.bench.fuzzing.web import http_requests, offers
from edge_worker.captions.webvtt import read_webvtt
from edge_worker.ingest import Ingest, IngestProperties
from edge_worker.media.mpegts import Demuxer
from engines.catalogue.entries import CatalogueError, read_catalogue
from mqtt_schemas import (
    RULES,
    SETTINGS,
    Channel,
    MediaProperties,
    MessageRefused,
    PcmProperties,
    SettingRefused,
    StreamSettings,
    Topics,
    decode,
    decode_text,
)
from mqtt_schemas.conformance import json_schema

Feed = Callable[[random.Random], bool]
"""Feeds one case; True when it was taken, False when it was refused as it should be."""

_MESSAGES = tuple(
    (channel, rules.body)
    for channel, rules in RULES.items()
    if isinstance(rules.body, type) and hasattr(rules.body, "__dataclass_fields__")
)
_PARTS = {
    "worker": "attic",
    "stream": "door",
    "language": "en",
    "setting": "voice",
    "utterance": "u1",
    "transaction": "t1",
    "name": "view",
}


@dataclass(frozen=True, slots=True)
class Target:
    """One reader."""

    about: str
    make: Callable[[Sequence[bytes]], Feed]
    """Given a film as segments, makes what feeds one case after the other."""


def _demuxer(film: Sequence[bytes]) -> Feed:
    demuxer = Demuxer()

    def feed(chance: random.Random) -> bool:
        payload = mutated(chance.choice(film), chance, film)
        before = demuxer.counters.corrupt
        demuxer.feed(payload, whole=chance.random() < 0.5)
        return demuxer.counters.corrupt == before

    return feed


def _ingest(film: Sequence[bytes]) -> Feed:
    """Demuxer, media clock and decoders, as a session runs them; a good message now and then."""
    ingest = Ingest("door")
    sent = 0

    def feed(chance: random.Random) -> bool:
        nonlocal sent
        sent += 1
        payload = film[sent % len(film)]
        if chance.random() < 0.7:
            payload = mutated(payload, chance, film)
        seq = chance.choice((None, sent, sent, sent - 3, 2**63 - 1))
        stated = IngestProperties(seq=seq, epoch=chance.choice((None, "a", "b")), pts_ns=None)
        before = ingest.counters.refused
        ingest.feed(payload, arrival_ns=sent * 120_000_000, properties=stated)
        return ingest.counters.refused == before

    return feed


def _messages(_film: Sequence[bytes]) -> Feed:
    topics = Topics()

    def feed(chance: random.Random) -> bool:
        channel, kind = chance.choice(_MESSAGES)
        value = instance_of(json_schema(kind), chance)
        payload = json.dumps(value).encode()
        if chance.random() < 0.3:
            payload = mutated(payload, chance)
        try:
            decode(kind, topics.build(channel, **_PARTS), payload)
        except MessageRefused:
            return False
        return True

    return feed


def _properties(_film: Sequence[bytes]) -> Feed:
    names = (*MediaProperties.__dataclass_fields__, *PcmProperties.__dataclass_fields__, "other")

    def feed(chance: random.Random) -> bool:
        pairs = [
            (chance.choice(names), str(instance_of({"type": "integer"}, chance)))
            for _ in range(chance.randint(0, 6))
        ]
        kind = chance.choice((MediaProperties, PcmProperties))
        try:
            kind.from_pairs("polylip/stream/door/in/av", pairs)
        except MessageRefused:
            return False
        return True

    return feed


def _commands(_film: Sequence[bytes]) -> Feed:
    topics = Topics()

    def feed(chance: random.Random) -> bool:
        text = str(instance_of({"type": "string"}, chance)).encode()
        payload = mutated(text, chance) if chance.random() < 0.5 else text
        setting = chance.choice(SETTINGS)
        try:
            StreamSettings().apply(setting, decode_text(topics.set("door", setting), payload))
        except (MessageRefused, SettingRefused):
            return False
        return True

    return feed


def _topics(_film: Sequence[bytes]) -> Feed:
    topics = Topics()
    good = [topics.build(channel, **_PARTS) for channel in Channel]

    def feed(chance: random.Random) -> bool:
        topic = mutated(chance.choice(good).encode(), chance).decode("utf-8", "replace")
        return topics.parse(topic) is not None

    return feed


def _catalogue(_film: Sequence[bytes]) -> Feed:
    own = (resources.files("engines.catalogue") / "catalogue.toml").read_bytes()[:20_000]
    folder = tempfile.TemporaryDirectory(prefix="polylip-fuzz-")

    def feed(chance: random.Random) -> bool:
        file = Path(folder.name) / "catalogue.toml"
        file.write_bytes(mutated(own, chance))
        try:
            read_catalogue(file)
        except CatalogueError:
            return False
        return True

    return feed


def _captions(_film: Sequence[bytes]) -> Feed:
    good = b"WEBVTT\n\nu1\n00:00:01.000 --> 00:00:02.500\n<v door>Bom dia.\n\nNOTE x\n"

    def feed(chance: random.Random) -> bool:
        try:
            read_webvtt(mutated(good, chance).decode("utf-8", "replace"))
        except ValueError:
            return False
        return True

    return feed


TARGETS: Mapping[str, Target] = {
    "transport stream": Target("MPEG-TS demuxer", _demuxer),
    "ingest": Target("demuxer, media clock, order and decoders", _ingest),
    "messages": Target("every JSON message of the contract", _messages),
    "properties": Target("MQTT 5 user properties", _properties),
    "commands": Target("bare values of settings", _commands),
    "topics": Target("topic names", _topics),
    "catalogue": Target("a catalogue of the user's own", _catalogue),
    "captions": Target("WebVTT files", _captions),
    "http": Target("requests to the HTTP server", lambda _film: http_requests()),
    "offers": Target("WebRTC offers", lambda _film: offers()),
}
"""By name."""
