"""What an owner says becomes replies: by the button, or by pauses."""

import numpy as np
import pytest
from aiortc.codecs import get_decoder

from edge_worker.serving.tokens import Scope
from edge_worker.serving.whep.microphone import LONGEST, Pcm, Replies
from engines.vad import SAMPLE_RATE, WINDOW
from engines.vad.gate import GatedDetector
from engines.vad.silero import SileroDetector
from tests.broker.watching import until
from tests.unit.serving.whep.conftest import House
from tests.unit.serving.whep.talker import Talker, silence, speech
from tests.unit.serving.whep.viewer import viewing

_SECOND = SAMPLE_RATE


def noise(seconds: float) -> Pcm:
    """A room's hiss, -60 dBFS."""
    chance = np.random.default_rng(1)
    return (chance.normal(0, 33, int(seconds * _SECOND))).astype(np.int16)


def hear(replies: Replies, *sounds: Pcm) -> None:
    """In pieces of 20 ms, as they come."""
    sound = np.concatenate(sounds)
    for at in range(0, len(sound), 320):
        replies.hear(sound[at : at + 320])


@pytest.fixture
def said() -> list[Pcm]:
    return []


@pytest.fixture
def replies(said: list[Pcm]) -> Replies:
    return Replies(GatedDetector(SileroDetector()).open(), said.append)


def test_sentences_when_a_pause_is_between_then_each_is_a_reply(
    replies: Replies, said: list[Pcm]
) -> None:
    hear(replies, noise(1), speech(), silence(1.2), speech("thank you very much"), silence(1.2))
    assert len(said) == 2
    assert len(said[0]) >= len(speech())


def test_sentence_when_it_is_cut_out_then_its_beginning_is_in_it(
    replies: Replies, said: list[Pcm]
) -> None:
    hear(replies, silence(2), speech(), silence(1.2))
    loud = [np.count_nonzero(np.abs(sound) > 1000) for sound in (speech(), said[0])]
    assert loud[0] == loud[1]


def test_room_when_nobody_speaks_then_there_is_no_reply(replies: Replies, said: list[Pcm]) -> None:
    click = np.zeros(320, np.int16)
    click[10] = 20_000
    hear(replies, silence(2), noise(3), click, silence(1), click, noise(2))
    replies.close()
    assert said == []


def test_button_when_pressed_then_what_was_said_meanwhile_is_one_reply(
    replies: Replies, said: list[Pcm]
) -> None:
    hear(replies, silence(0.1))
    replies.press()
    hear(replies, speech(), silence(1.5), speech("thank you"))
    assert said == []
    replies.release()
    hear(replies, speech("nobody hears this"), silence(2))
    replies.close()
    assert len(said) == 1
    assert len(said[0]) >= len(speech()) + 1.5 * _SECOND


def test_button_when_let_go_without_sound_then_there_is_no_reply(
    replies: Replies, said: list[Pcm]
) -> None:
    replies.release()
    replies.press()
    replies.release()
    assert said == []


def test_speech_when_it_does_not_end_then_it_is_cut_at_the_longest(
    replies: Replies, said: list[Pcm]
) -> None:
    replies.press()
    hear(replies, np.zeros(26 * _SECOND, np.int16))
    replies.close()
    assert LONGEST <= len(said[0]) < LONGEST + WINDOW
    assert 26 * _SECOND - WINDOW < len(said[0]) + len(said[1]) <= 26 * _SECOND


def test_sentence_when_the_viewer_leaves_in_it_then_what_was_said_is_a_reply(
    replies: Replies, said: list[Pcm]
) -> None:
    hear(replies, silence(0.5), speech())
    replies.close()
    assert len(said) == 1


async def test_viewer_when_it_may_talk_then_what_it_says_is_a_reply_to_its_door(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    talker = Talker(np.concatenate([silence(0.5), speech("thank you"), silence(5)]))
    async with viewing(monkeypatch, talker) as viewer:
        monkeypatch.setattr("aiortc.rtcrtpreceiver.get_decoder", get_decoder)
        response = await viewer.ask(house.client, house.url(scope=Scope.TALK))
        assert "a=sendrecv" in await response.text()
        await until(lambda: bool(house.said))
    stream, sound = house.said[0]
    assert stream == "door"
    loud = [np.count_nonzero(np.abs(one) > 1000) for one in (speech("thank you"), sound)]
    assert 0.7 < loud[1] / loud[0] < 1.3  # Opus keeps the sound, not its samples


async def test_viewer_when_it_may_only_watch_then_its_microphone_is_not_taken(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with viewing(monkeypatch, Talker(speech())) as viewer:
        response = await viewer.ask(house.client, house.url(scope=Scope.VIEW))
        answer = await response.text()
        await until(lambda: viewer.connection.connectionState == "connected")
        assert "a=sendrecv" not in answer
        assert [one.currentDirection for one in viewer.connection.getTransceivers()] == [
            "recvonly",
            "recvonly",
        ]
