"""Input that goes wrong: said once in words, counted, good data kept, recovered from by itself."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from edge_worker.engine_set import EngineSet
from edge_worker.lending import Lent
from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.nal import read_sei
from edge_worker.media.segments import MediaSegment
from mqtt_schemas import EventType, Verdict
from tests.broker.conftest import Mosquitto
from tests.broker.worker.doors import Clip, play, visit
from tests.broker.worker.house import Heard, serving, watching

pytestmark = [pytest.mark.broker, pytest.mark.models]

FACE_AWAY = "drawbox=color=0x505050:t=fill:enable='between(t,2,4.5)'"
NO_FACE = "drawbox=color=0x505050:t=fill"
DARK = "lutyuv=y=16+(val-16)*0.04"
HAND = "drawbox=x=136:y=97:w=46:h=36:color=0xb07860:t=fill:enable='gt(t,2.5)'"
TELEPHONE = ("-c:a", "aac", "-ac", "1", "-ar", "8000", "-b:a", "24k")


def details(heard: Heard, kind: EventType = EventType.BAD_INPUT) -> list[str]:
    """What was said of what went wrong."""
    return [event.detail for event in heard.told(kind)]


async def test_faces_when_hidden_dark_or_gone_then_voice_goes_on_and_lips_wait(
    mosquitto: Mosquitto, engines: EngineSet
) -> None:
    clips = {
        "nobody": visit(0.5, 6.9, NO_FACE, rate=12),
        "away": visit(0.5, 6.9, FACE_AWAY, rate=12),
        "dark": visit(0.5, 6.9, DARK, rate=12),
        "covered": visit(0.5, 6.9, HAND, rate=12),
    }
    async with watching(mosquitto) as house, serving(mosquitto, engines):
        for pair in (("nobody", "away"), ("dark", "covered")):  # two cores follow two faces
            await asyncio.gather(*(play(house.link, name, clips[name]) for name in pair))
            for name in pair:
                await house.finished(name, "assinatura")
        nobody, away, dark, covered = (house[name] for name in clips)
    assert nobody.spoken()
    assert all(one.off_camera for one in nobody.spoken())
    assert not nobody.told(EventType.FACE_FOUND)
    assert not _lips(nobody)
    assert len(away.told(EventType.FACE_FOUND)) == 2
    assert len(away.told(EventType.FACE_LOST)) == 1
    assert not _lips(dark)
    assert "the speaker's mouth is covered" in "".join(details(covered))
    for one in (nobody, away, dark, covered):
        # A busy machine may lose a segment on its way, which is said too.
        said = [detail for detail in details(one) if "never came" not in detail]
        assert len(said) == len(set(said)) <= 1
        assert not one.told(EventType.STAGE_FAILED)


def _lips(heard: Heard) -> list[AccessUnit]:
    """Pictures whose lips were drawn."""
    pictures = [unit for unit in heard.units() if unit.kind == "video"]
    return [unit for unit in pictures if '"lips":true' in (read_sei(unit) or "")]


async def test_tracks_when_one_is_missing_then_it_is_said_once_and_the_other_is_served(
    mosquitto: Mosquitto, engines: EngineSet, parcel_heard: Clip
) -> None:
    async with watching(mosquitto) as house, serving(mosquitto, engines):
        await asyncio.gather(
            play(house.link, "mute", visit(0.5, 6.9, rate=12, audio=("-an",))),
            play(house.link, "blind", parcel_heard),
            play(house.link, "narrow", visit(0.5, 6.9, rate=5, audio=TELEPHONE)),
        )
        await house.finished("narrow", "assinatura")
        await house.finished("blind", "assinatura")
        mute, blind, narrow = house["mute"], house["blind"], house["narrow"]
    assert len(details(mute)) == 1
    assert "no sound comes" in details(mute)[0]
    assert len([unit for unit in mute.units() if unit.kind == "video"]) > 50
    assert not mute.utterances
    assert len(details(blind)) == 1
    assert "no picture comes" in details(blind)[0]
    assert blind.spoken()
    assert all(one.off_camera for one in blind.spoken())
    assert not details(narrow)
    assert narrow.spoken()


class Vandal:
    """Loses, repeats, cuts short and corrupts segments of the first two seconds."""

    def __init__(self) -> None:
        self._rng = np.random.default_rng(1)
        self.done = 0

    def __call__(self, segment: MediaSegment) -> list[bytes]:
        data = segment.data
        if not 4 <= segment.seq < 20:
            return [data]
        self.done += 1
        match segment.seq % 4:
            case 0:
                return []
            case 1:
                return [data, data]
            case 2:
                return [data[: len(data) // 2]]
            case _:
                broken = bytearray(data)
                for at in self._rng.integers(0, len(data), 12):
                    broken[at] ^= 0x5A
                return [bytes(broken)]


async def test_segments_when_lost_repeated_cut_short_or_corrupt_then_the_rest_is_served(
    mosquitto: Mosquitto, engines: EngineSet, parcel: Clip, parcel_heard: Clip
) -> None:
    vandal = Vandal()
    async with watching(mosquitto) as house, serving(mosquitto, engines):
        await asyncio.gather(
            play(house.link, "hit", parcel, tamper=vandal),
            play(house.link, "flooded", parcel_heard, tamper=_with_huge_ones),
        )
        await house.finished("hit", "assinatura")
        await house.finished("flooded", "assinatura")
        hit, flooded = house["hit"], house["flooded"]
    assert vandal.done == 16
    assert details(hit)
    assert len(details(hit)) < vandal.done
    assert all(detail.startswith("hit: ") for detail in details(hit))
    assert "assinatura" in " ".join(one.source_text for one in hit.final()).lower()
    assert "encomenda" in " ".join(one.source_text for one in flooded.final()).lower()
    assert len(details(flooded)) <= 2
    assert any("media has 1 to 1000000" in detail for detail in details(flooded))
    assert not hit.told(EventType.STAGE_FAILED)
    assert not flooded.told(EventType.STAGE_FAILED)


def _with_huge_ones(segment: MediaSegment) -> list[bytes]:
    huge = [bytes(1_000_001), b""] if segment.seq % 10 == 5 else []
    return [segment.data, *huge]


async def test_camera_when_it_starts_anew_then_the_output_begins_anew_and_nothing_fails(
    mosquitto: Mosquitto, engines: EngineSet, moment: Clip, parcel_heard: Clip
) -> None:
    async with watching(mosquitto) as house, serving(mosquitto, engines):
        for clip in (moment, moment, parcel_heard):
            await play(house.link, "door", clip)
        await house.finished("door", "assinatura")
        heard = house["door"]
    assert not heard.told(EventType.STAGE_FAILED)
    assert len(heard.told(EventType.EPOCH_CHANGED)) == 2
    assert len({one.epoch for one in heard.properties()}) == 3
    assert heard.states[-1].term == 1
    assert heard.spoken()
    seqs = [one.seq for one in heard.properties()]
    assert seqs == list(range(len(seqs)))


class Hostile:
    """A translator that answers with what no translator should."""

    pairs = frozenset({("pt", "en")})

    def __init__(self) -> None:
        self._answers = iter(["\x00\x07\ud800 hi\n\n[[x]] <script>", "word " * 40_000, "", "Fine."])

    def translate(self, text: str, *, source: str, target: str) -> str:
        del text, source, target
        return next(self._answers, "Fine.")


async def test_text_when_hostile_endless_or_empty_then_the_utterance_fails_alone(
    mosquitto: Mosquitto, engines: EngineSet, parcel_heard: Clip
) -> None:
    hostile = replace(engines, translator=Lent("translator", Hostile()))
    async with watching(mosquitto) as house, serving(mosquitto, hostile):
        await asyncio.gather(
            play(house.link, "door", parcel_heard), play(house.link, "yard", parcel_heard)
        )
        await house.finished("door", "assinatura")
        await house.finished("yard", "assinatura")
        door, yard = house["door"], house["yard"]
    failed = details(door, EventType.STAGE_FAILED) + details(yard, EventType.STAGE_FAILED)
    assert len(failed) == 2
    assert not [detail for detail in failed if "session" in detail]
    utterances = door.utterances + yard.utterances
    settled = {one.utterance: one.verdict for one in door.final() + yard.final()}
    assert list(settled.values()).count(Verdict.FAILED) == 2
    assert "Fine." in {one.target_text for one in door.spoken() + yard.spoken()}
    assert all(len(one.target_text) <= 4096 for one in utterances)


async def test_language_when_unknown_or_without_a_model_then_it_is_named_and_can_be_undone(
    mosquitto: Mosquitto, engines: EngineSet, dog: Clip
) -> None:
    async with watching(mosquitto) as house, serving(mosquitto, engines):
        klingon, finnish = house["klingon"], house["finnish"]
        await house.declare("klingon", source_language="tlh")
        await house.declare("finnish", target_language="fi")
        playing = asyncio.gather(*(play(house.link, name, dog) for name in ("klingon", "finnish")))
        await house.until(lambda: bool(klingon.told(EventType.STAGE_FAILED)))
        await playing
        await house.finished("finnish", "cachorro")
        assert not klingon.spoken()
        await house.set("klingon", "source_language", "pt")
        await play(house.link, "klingon", dog)
        await house.until(lambda: bool(klingon.spoken()))
    assert any("tlh" in detail for detail in details(klingon, EventType.STAGE_FAILED))
    assert {one.verdict for one in finnish.final()} == {Verdict.PAIR_MISSING}
    missing = [event for event in finnish.told(EventType.PAIR_MISSING) if event.utterance]
    assert len(missing) == len(finnish.final())
    assert all("pt to fi" in event.detail for event in missing)
    assert not finnish.spoken()
    assert {one.ai_modified for one in finnish.properties()} == {False}
