"""How large a picture is worked on."""

import pytest

from edge_worker.media.fit import fitted


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((640, 480), (640, 480)),
        ((1280, 720), (1280, 720)),
        ((1920, 1080), (1280, 720)),
        ((2560, 1920), (960, 720)),
        ((3840, 2160), (1280, 720)),
        ((2880, 2880), (720, 720)),
        ((5120, 1440), (1280, 360)),
    ],
)
def test_fitted_when_a_picture_lies_then_1280x720_is_its_room(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert fitted(*size) == expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((480, 640), (480, 640)),
        ((720, 1280), (720, 1280)),
        ((1080, 1440), (720, 960)),
        ((1080, 1920), (720, 1280)),
        ((1536, 2048), (720, 960)),
        ((4000, 9000), (568, 1280)),
    ],
)
def test_fitted_when_a_picture_stands_then_720x1280_is_its_room(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert fitted(*size) == expected
