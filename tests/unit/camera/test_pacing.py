"""A file's tracks in the order in which a camera would have had them."""

from hypothesis import given
from hypothesis import strategies as st

from edge_worker.camera.pacing import CaptureOrder
from edge_worker.media.access_unit import AccessUnit, Kind


def _unit(kind: Kind, pts: int, dts: int | None = None) -> AccessUnit:
    decoded = pts if dts is None else dts
    return AccessUnit(kind, "h264" if kind == "video" else "aac", pts, decoded, b"")


def _ordered(kinds: tuple[Kind, ...], units: list[AccessUnit]) -> list[tuple[int, AccessUnit]]:
    order = CaptureOrder(kinds)
    due = [item for unit in units for item in order.add(unit)]
    return due + order.flush()


def test_tracks_when_the_file_keeps_them_apart_then_they_come_out_by_capture() -> None:
    sound = [_unit("audio", pts) for pts in range(0, 90_000, 1920)]
    pictures = [_unit("video", pts) for pts in range(0, 90_000, 3600)]
    due = _ordered(("video", "audio"), sound + pictures)
    assert [ready for ready, _ in due] == sorted(ready for ready, _ in due)
    assert len(due) == len(sound) + len(pictures)


def test_reordered_picture_when_the_camera_needs_a_later_one_then_it_waits_for_that() -> None:
    pictures = [_unit("video", 0), _unit("video", 10_800), _unit("video", 3600)]
    assert [ready for ready, _ in _ordered(("video",), pictures)] == [0, 10_800, 10_800]


def test_track_when_it_stays_silent_then_the_other_one_goes_on() -> None:
    order = CaptureOrder(("video", "audio"))
    due = [item for n in range(200) for item in order.add(_unit("video", n * 3600))]
    assert len(due) > 100


@given(st.lists(st.tuples(st.sampled_from(("video", "audio")), st.integers(0, 10**6))))
def test_units_when_ordered_then_none_is_lost_and_each_track_keeps_its_order(
    given_units: list[tuple[Kind, int]],
) -> None:
    units = [_unit(kind, pts, place) for place, (kind, pts) in enumerate(given_units)]
    due = [unit for _, unit in _ordered(("video", "audio"), units)]
    for kind in ("video", "audio"):
        assert [u for u in due if u.kind == kind] == [u for u in units if u.kind == kind]
