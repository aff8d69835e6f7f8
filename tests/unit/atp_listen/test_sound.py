import numpy as np

from edge_worker.atp.sound import RecentSound
from edge_worker.items import AudioBlock
from engines.vad import WINDOW

from .fakes import MS, RATE, SECOND


def _block(at_ns: int, samples: int, value: float = 0.5, epoch: str = "e1") -> AudioBlock:
    return AudioBlock(epoch, at_ns, RATE, np.full(samples, value, np.float32))


def test_windows_come_whole_and_in_order() -> None:
    sound = RecentSound(_block(0, 0))
    sound.add(_block(0, 700))
    assert sound.next_window() is not None
    assert sound.next_window() is None
    sound.add(_block(700 * SECOND // RATE, 400))
    assert sound.next_window() is not None


def test_a_block_knows_its_media_time_after_forgetting() -> None:
    sound = RecentSound(_block(5 * SECOND, 0))
    sound.add(_block(5 * SECOND, 2 * RATE))
    while sound.next_window() is not None:
        pass
    sound.forget(RATE)
    block = sound.block(0, RATE + RATE // 2)
    assert block.pts_ns == 6 * SECOND
    assert len(block.samples) == RATE // 2


def test_a_lost_packet_becomes_silence_in_place() -> None:
    sound = RecentSound(_block(0, 0))
    sound.add(_block(0, 1600))
    late = _block(200 * MS, 1600)
    assert sound.continues(late)
    sound.add(late)
    assert sound.end == 4800
    assert not sound.between(1600, 3200).any()
    assert sound.between(3200, 4800).all()


def test_sound_given_twice_is_taken_once() -> None:
    sound = RecentSound(_block(0, 0))
    sound.add(_block(0, 3200))
    sound.add(_block(100 * MS, 3200))
    assert sound.end == 4800


def test_a_long_hole_or_another_epoch_does_not_continue() -> None:
    sound = RecentSound(_block(0, 0))
    sound.add(_block(0, 1600))
    assert not sound.continues(_block(2 * SECOND, 1600))
    assert not sound.continues(_block(100 * MS, 1600, epoch="e2"))


def test_quietest_finds_the_dip() -> None:
    sound = RecentSound(_block(0, 0))
    samples = np.full(RATE, 0.5, np.float32)
    samples[8192 : 8192 + WINDOW] = 0.01
    sound.add(AudioBlock("e1", 0, RATE, samples))
    assert sound.quietest(0, RATE) == 8192 + WINDOW // 2
