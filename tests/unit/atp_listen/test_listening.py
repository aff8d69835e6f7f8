import asyncio
import threading

from edge_worker.atp.listened import Listened
from edge_worker.atp.listening import listen
from edge_worker.atp.segmenter import Segmenter
from edge_worker.items import AudioBlock
from edge_worker.links import Link, WhenFull
from engines.vad import VoiceStream

from .fakes import LoudnessDetector, ScriptedRecognizer, Sound, blocks, hearing, spans, speech


class _Run:
    def __init__(self) -> None:
        self.listened: list[Listened] = []
        self.failed: list[Exception] = []
        self.told = asyncio.Event()

    async def deliver(self, listened: Listened) -> None:
        self.listened.append(listened)
        if spans(self.listened):
            self.told.set()

    async def fail(self, _: AudioBlock, error: Exception) -> None:
        self.failed.append(error)


async def _fed(sound: Sound) -> Link[AudioBlock]:
    link: Link[AudioBlock] = Link("sound", 2000, WhenFull.WAIT)
    for block in blocks(sound):
        await link.put(block)
    return link


async def test_listen_gives_an_answer_that_comes_between_two_blocks_at_once() -> None:
    run = _Run()
    segmenter = Segmenter(
        LoudnessDetector(),
        None,
        hearing(ScriptedRecognizer(lambda _: "Tenho uma encomenda para o apartamento doze.")),
    )
    link = await _fed(speech(2.0, 0.4))
    task = asyncio.create_task(listen(segmenter, link, run.deliver, run.fail))
    await asyncio.wait_for(run.told.wait(), 10)
    await link.close()
    await task
    assert len(spans(run.listened)) == 1
    assert run.failed == []


async def test_listen_when_the_inbox_closes_hands_on_what_was_being_said() -> None:
    run = _Run()
    link = await _fed(speech(2.0))
    await link.close()
    await listen(Segmenter(LoudnessDetector(), None, None), link, run.deliver, run.fail)
    assert [span.cut_reason for span in spans(run.listened)] == ["end of stream"]


async def test_listen_when_a_block_fails_reports_it_and_goes_on() -> None:
    class FailsOnce(LoudnessDetector):
        def __init__(self) -> None:
            self.failed = False

        def open(self) -> VoiceStream:
            return self

        def probability(self, window: Sound) -> float:
            if not self.failed:
                self.failed = True
                raise RuntimeError("once")
            return super().probability(window)

    run = _Run()
    link = await _fed(speech(2.0, 1.0))
    await link.close()
    await listen(Segmenter(FailsOnce(), None, None), link, run.deliver, run.fail)
    assert [str(error) for error in run.failed] == ["once"]
    assert len(spans(run.listened)) == 1


async def test_listen_when_cancelled_leaves_no_task_and_no_question_behind() -> None:
    asked, release = threading.Event(), threading.Event()

    def slowly(_: float) -> str:
        asked.set()
        release.wait(10)
        return "Bom dia."

    run = _Run()
    segmenter = Segmenter(LoudnessDetector(), None, hearing(ScriptedRecognizer(slowly)))
    link = await _fed(speech(1.0, 0.3))
    task = asyncio.create_task(listen(segmenter, link, run.deliver, run.fail))
    await asyncio.to_thread(asked.wait, 10)
    task.cancel()
    await asyncio.wait({task})
    release.set()
    for _ in range(5):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
