"""How many streams a box serves: which cases there are, and how they are counted."""

import av
import pytest

from edge_worker.bench import BenchFailedError, BenchOptions
from edge_worker.bench.load import CROWDS, QUICK, Crowd, run
from edge_worker.bench.load_films import Scene, film_of
from edge_worker.bench.load_house import Heard, House
from edge_worker.span import Span
from edge_worker.verify.reference import Reference, ReferenceUtterance
from mqtt_schemas import ClockAnchor

SECOND_NS = 1_000_000_000
REFERENCE = Reference(
    "pt", "en", 10 * SECOND_NS, (ReferenceUtterance("u", Span(SECOND_NS, 3 * SECOND_NS), "", ""),)
)


def test_crowds_when_listed_then_each_has_a_name_of_its_own_and_the_idle_worker_comes_first() -> (
    None
):
    assert len({crowd.name for crowd in CROWDS}) == len(CROWDS)
    assert CROWDS[0] == Crowd()
    assert CROWDS[0].name == "idle"
    assert Crowd(speaking=1, silent=3).name == "speaking-1-silent-3"
    assert all(crowd.silent + crowd.empty for crowd in CROWDS if "silent" in crowd.name)


def test_crowd_when_some_sleep_then_their_visitors_speak_all_the_same() -> None:
    crowd = Crowd(empty=1, asleep=2)
    assert crowd.sleepers == ("asleep-0", "asleep-1")
    assert set(crowd.streams.values()) == {Scene.EMPTY, Scene.SPEAKING}
    assert len(crowd.streams) == 3


def test_sentences_when_the_film_is_repeated_then_those_within_the_measurement_are_asked_for() -> (
    None
):
    heard = Heard(ClockAnchor(stream="s", epoch="e", pts_ns=0, utc_ns=0))
    start_ns = heard.camera_start_utc_ns
    house = House()
    house.begin(start_ns + 2 * SECOND_NS)
    house.end(start_ns + 25 * SECOND_NS)
    asked = house.asked(heard, REFERENCE)
    assert [one.id for one in asked] == ["u-1", "u-2"]
    assert asked[0].span.start_ns == pytest.approx(11 * SECOND_NS, abs=SECOND_NS // 10)


def test_film_when_made_then_it_has_keyframes_each_second_and_sound_of_the_same_length(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    film = film_of(Scene.EMPTY, tmp_path_factory.mktemp("films"))
    with av.open(str(film)) as opened:
        packets = [
            (packet.stream.type, float(packet.pts * packet.time_base), packet.is_keyframe)
            for packet in opened.demux()
            if packet.pts is not None and packet.time_base is not None
        ]
    pictures = [key for kind, _, key in packets if kind == "video"]
    keys = [number for number, key in enumerate(pictures) if key]
    assert keys == list(range(0, len(pictures), 25))
    ends = [max(at_s for one, at_s, _ in packets if one == kind) for kind in ("video", "audio")]
    assert ends[0] == pytest.approx(ends[1], abs=0.1)


def test_bench_when_no_such_case_is_there_then_it_names_those_that_are(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    options = BenchOptions(tmp_path_factory.mktemp("none"), only=("nothing",))
    with pytest.raises(BenchFailedError, match="speaking-1-silent-3"):
        run(options)


@pytest.mark.models
def test_bench_when_run_quickly_then_a_sleeping_stream_costs_next_to_nothing(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    report = run(BenchOptions(tmp_path_factory.mktemp("quick"), quick=True))
    [row] = report.rows
    assert row.cells["case"] == QUICK.name
    assert row.cells["asleep"] == 1
    assert row.cells["refused"] == 0
    assert float(str(row.cells["tau"])) < 0.05
