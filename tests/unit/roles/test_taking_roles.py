"""What follows from a worker's roles: who takes part in what, and which engines are loaded."""

import asyncio

import numpy as np
import pytest

from edge_worker.config import ConfigurationError, EngineSection, load_settings
from edge_worker.engine_loading import load_engines
from edge_worker.ingest import Ingest, IngestProperties
from edge_worker.introduction import introduce
from edge_worker.peers import Peers
from edge_worker.session.reporter import Reporter
from edge_worker.stream_keeper import StreamKeeper
from engines import EngineUnavailableError
from engines.catalogue import Catalogue
from mqtt_schemas import Role, StreamSettings, StreamState, WorkerInfo, WorkerStatus
from tests.unit.house import ME, TOPICS, Broker, idle_sessions, services, settle
from tests.unit.media.clips import own_units, segments_of
from tests.unit.timeline.speech import placed

ATP, RVP = (Role.ATP,), (Role.RVP,)


def joined(peers: Peers, worker: str, *roles: Role) -> None:
    peers.hear_info(WorkerInfo(worker=worker, capacity=4.0, roles=roles))
    peers.hear_status(f"polylip/worker/{worker}/status", worker, WorkerStatus.READY)


def test_worker_when_it_only_hears_then_it_owns_nothing() -> None:
    peers = Peers("box", 4.0, roles=ATP)
    assert peers.capacities == {}
    joined(peers, "eyes", Role.RVP)
    joined(peers, "ears", Role.ATP)
    joined(peers, "both", Role.ATP, Role.RVP)
    assert peers.capacities == {"eyes": 4.0, "both": 4.0}


def test_interpreters_when_asked_for_then_those_that_hear_come_and_those_that_leave_last() -> None:
    peers = Peers("box", 4.0, roles=RVP)
    for name in ("ears", "spare", "both"):
        joined(peers, name, Role.ATP, *(RVP if name == "both" else ()))
    joined(peers, "eyes", Role.RVP)
    ranking = peers.interpreters_of("door")
    assert set(ranking) == {"ears", "spare", "both"}
    assert ranking == peers.interpreters_of("door")
    peers.hear_status("", ranking[0], WorkerStatus.DRAINING)
    assert peers.interpreters_of("door") == (*ranking[1:], ranking[0])
    peers.hear_status("", ranking[0], WorkerStatus.LOST)
    assert peers.interpreters_of("door") == ranking[1:]


@pytest.mark.parametrize("roles", [ATP, RVP, (Role.RVP, Role.ATP)])
def test_roles_when_configured_then_the_worker_introduces_itself_with_them(
    roles: tuple[Role, ...],
) -> None:
    engines = load_engines(EngineSection(), Catalogue.load(), roles=RVP)
    config = load_settings(None, {"roles": ",".join(roles)})
    assert introduce(config, engines, 2.0).roles == tuple(sorted(roles))
    engines.close()


@pytest.mark.parametrize("roles", ["", "ears", "atp,ears"])
def test_roles_when_they_are_none_then_the_configuration_is_refused(roles: str) -> None:
    with pytest.raises(ConfigurationError, match="roles"):
        load_settings(None, {"roles": roles})


async def test_engines_when_the_worker_only_shows_then_it_hears_and_says_nothing() -> None:
    engines = load_engines(EngineSection(), Catalogue.load(), roles=RVP)
    assert engines.pairs == frozenset()
    assert engines.voice_list() == ()
    assert [one.kind for one in engines.engines()] == ["face", "lipsync"]
    assert not engines.refresh()
    silence = np.zeros(16000, np.float32)
    with pytest.raises(EngineUnavailableError, match="does not take the role atp"):
        await engines.recognizer.call(
            lambda one: one.transcribe(silence, language="pt"), deadline_ns=0
        )
    engines.close()


def test_ingest_when_only_sound_is_wanted_then_no_picture_is_decoded() -> None:
    seeing, hearing = Ingest("door"), Ingest("door", pictures=False)
    for segment in segments_of(own_units(2.0)):
        stated = IngestProperties(seq=segment.seq, epoch="e")
        seen = seeing.feed(segment.data, arrival_ns=segment.seq, properties=stated)
        heard = hearing.feed(segment.data, arrival_ns=segment.seq, properties=stated)
        assert heard.frames == []
        assert [one.pts_ns for one in heard.blocks] == [one.pts_ns for one in seen.blocks]
    assert hearing.epoch_is_stated


def test_epoch_when_the_sender_names_none_then_it_is_known_as_this_sides_own() -> None:
    ingest = Ingest("door")
    ingest.feed(segments_of(own_units(1.0))[0].data, arrival_ns=1)
    assert not ingest.epoch_is_stated


async def test_state_when_a_session_begins_then_it_names_the_interpreter_of_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, broker = idle_sessions(monkeypatch), Broker()
    before = StreamState(
        stream="door", settings=StreamSettings(), owner="other", interpreter="ears",
        term=6, revision=9,
    )  # fmt: skip
    keeper = StreamKeeper("door", services(broker), lambda: 0.0)
    await keeper.saw(before)
    keeper.elected(is_owner=True)
    await settle()
    made[0].interpreter = "spare"
    keeper.publish_state()
    await asyncio.sleep(0.2)
    await keeper.drain()
    named = [one.interpreter for one in broker.states()]
    assert named[-1] == "spare"
    assert broker.states()[-1].owner == ME


@pytest.mark.parametrize("shared", [False, True])
def test_sound_when_one_worker_does_all_then_it_is_published_if_asked_for(*, shared: bool) -> None:
    broker = Broker()
    lent = services(broker, share_speech=shared)
    reporter = Reporter("door", lent.announcer, lent.config, lent.now_ns)
    one = placed(1, 0.5)
    reporter.placed(one, off_camera=False)
    sound = broker.on(TOPICS.speech_audio("door", "en", one.speech.utterance.id))
    assert [len(payload) for payload in sound] == ([2 * 24_000] if shared else [])
