import asyncio
from dataclasses import replace

import numpy as np

from edge_worker.items import AudioBlock
from edge_worker.roles.interpretation import Interpretation
from edge_worker.session.intake import Taken
from mqtt_schemas import InterpreterReport, StreamSettings, StreamState, SyncedSpeechMessage
from tests.broker.watching import until
from tests.unit.roles.parts import RATE, SECOND_NS
from tests.unit.session.making import Made
from tests.unit.timeline.speech import synced

STATE = StreamState(
    stream="door", settings=StreamSettings(), owner="eyes", interpreter="box", term=1, revision=1
)


class Ears:
    """An interpretation that hears what a test gives it."""

    def __init__(self) -> None:
        made = Made()
        self.told = made.told
        self.interpretation = Interpretation(STATE, made._services())

    def state(self, **changes: object) -> None:
        self.interpretation.obey(replace(self.interpretation.state, **changes))  # type: ignore[arg-type] # by name

    async def hear(self, at_s: float, epoch: str = "own") -> list[AudioBlock]:
        """Blocks that the pipeline is given for one that was decoded."""
        interpretation = self.interpretation
        sound = interpretation._interpreter._translation.sound
        block = AudioBlock(epoch, round(at_s * SECOND_NS), RATE, np.zeros(1024, np.float32))
        if epoch != interpretation._source.epoch:
            interpretation._source.epochs.enter(epoch, epoch)
            interpretation._epoch.began()
        await interpretation._hear(block, tracked=False)
        return [await sound.get() for _ in range(len(sound))]


async def test_sound_when_the_sender_names_no_epoch_then_it_is_heard_by_the_owners_name() -> None:
    ears = Ears()
    assert await ears.hear(0) == []
    ears.state(epoch="owners")
    assert [block.epoch for block in await ears.hear(1)] == ["owners"]
    assert await ears.hear(0, "own2") == []
    ears.state(epoch="owners2")
    assert [block.epoch for block in await ears.hear(1, "own2")] == ["owners2"]


async def test_sound_when_translation_is_off_or_this_worker_leaves_then_it_is_not_heard() -> None:
    ears = Ears()
    ears.state(epoch="owners", settings=StreamSettings(enabled=False))
    assert await ears.hear(4) == []
    ears.state(settings=StreamSettings())
    assert len(await ears.hear(5)) == 1
    ears.interpretation.leave()
    assert await ears.hear(6) == []


async def test_speech_when_it_is_made_then_it_goes_to_the_owner_without_a_place() -> None:
    ears = Ears()
    ears.interpretation._spoken(synced(0, 1, 1))
    (message,) = [one for _, one in ears.told.messages if isinstance(one, SyncedSpeechMessage)]
    assert (message.worker, message.placed_start_ns, message.samples) == ("box", None, RATE)


async def test_report_when_nothing_changes_then_it_is_said_again_and_again() -> None:
    ears = Ears()
    clock = iter(range(0, 10**15, SECOND_NS))
    ears.interpretation._clock = lambda: next(clock)
    reporting = asyncio.create_task(ears.interpretation._report())
    await until(lambda: len(ears.told.messages) >= 3)
    reporting.cancel()
    reports = [one for _, one in ears.told.messages if isinstance(one, InterpreterReport)]
    assert {(one.worker, one.busy, one.speaking_since_ns) for one in reports} == {
        ("box", False, None)
    }


async def test_source_when_something_is_wrong_with_it_then_only_the_owner_says_so() -> None:
    ears = Ears()
    source = ears.interpretation._source
    owners = source._witness
    owners.lacks("picture", "no picture comes")
    owners.taken(Taken(faults=[ValueError("x")]))
    assert ears.told.messages == []
