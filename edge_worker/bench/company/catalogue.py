"""The gatherings on which the choice of the speaker is judged.

None of their lines was used to calibrate the choice.
"""

from dataclasses import replace
from typing import Final

from edge_worker.bench.company.cast import Actor, Doing
from edge_worker.bench.company.gathering import Company, Member, Place, Turn

_SHE: Final = Member()
_TWIN: Final = Member(mirrored=True, phase=17)
_HE: Final = Member(Actor.MAN)
_HE_MOUTHS: Final = Member(Actor.MAN, Doing.MOUTH)
_POSTER: Final = Member(doing=Doing.HANG)


def companies() -> dict[str, Company]:
    """All of them by name."""
    found = (*_two(), *_more(), *_off_camera(), *_moving(), *_cameras())
    return {company.name: company for company in found}


def _says(who: int | None, *lines: str) -> tuple[Turn, ...]:
    return tuple(Turn(who, line) for line in lines)


def _in_turn(
    lines: tuple[str, ...], who: tuple[int | None, ...], pause_s: float
) -> tuple[Turn, ...]:
    return tuple(Turn(one, line, pause_s) for one, line in zip(who, lines, strict=True))


_MONOLOGUE: Final = _says(0, "u07-1", "u07-3", "u17-2", "u15-2")
_SHORT: Final = ("u07-1", "u17-3", "u15-1", "u15-3", "u07-3", "u17-1")


def _two() -> tuple[Company, ...]:
    beside = [
        Company(f"a listener {doing}", (_SHE, replace(_TWIN, doing=doing)), _MONOLOGUE)
        for doing in (Doing.CHEW, Doing.YAWN, Doing.SMILE, Doing.NOD)
    ]
    dialogue = _in_turn(_SHORT, (0, 0, 1, 1, 0, 1), 0.7)
    within = _in_turn(_SHORT, (0, 1, 0, 1, 0, 1), 0.25)
    puppets = _in_turn(("u17-1", "j5", "u15-1", "j7", "j6", "u07-3"), (0, 1, 0, 1, 1, 0), 0.5)
    return (
        Company("one alone", (_SHE,), _MONOLOGUE),
        Company("a listener", (_SHE, _TWIN), _MONOLOGUE),
        *beside,
        Company("a man talks without a sound", (_SHE, _HE_MOUTHS), _MONOLOGUE),
        Company("a dialogue", (_SHE, _TWIN), dialogue),
        Company("in turn within a second", (_SHE, _TWIN), within),
        Company("a woman and a man", (_SHE, _HE), puppets),
        Company("a woman and a man who mumbles", (_SHE, replace(_HE, strength=0.4)), puppets),
    )


def _more() -> tuple[Company, ...]:
    turns = _in_turn(("u07-3", "j6", "u17-1", "u15-2", "j8"), (0, 1, 0, 2, 1), 0.5)
    return (
        Company("three in turn", (_SHE, _HE, _TWIN), turns),
        Company(
            "three, one chews, one talks without a sound",
            (_SHE, _HE_MOUTHS, replace(_TWIN, doing=Doing.CHEW)),
            _MONOLOGUE,
        ),
        Company("a poster and a listener", (_SHE, _POSTER, _TWIN), _MONOLOGUE),
    )


def _off_camera() -> tuple[Company, ...]:
    voice = _says(None, "u07-1", "u17-2", "u15-2")
    mixed = _in_turn(_SHORT, (0, None, 0, None, None, 0), 0.6)
    return (
        Company("off camera, one silent", (_SHE,), voice),
        Company("off camera, two silent", (_SHE, _TWIN), voice),
        Company("off camera, one chews", (replace(_SHE, doing=Doing.CHEW),), voice),
        Company("off camera, one yawns", (replace(_SHE, doing=Doing.YAWN),), voice),
        Company("off camera, a man talks without a sound", (_HE_MOUTHS,), voice),
        Company("off camera, a poster", (_POSTER,), voice),
        Company("off camera and in view in turn", (_SHE, _TWIN), mixed),
    )


def _moving() -> tuple[Company, ...]:
    leaves = (Place(0, 0), Place(5.5, 0), Place(6.2, -1.1), Place(8.0, -1.1), Place(8.7, 0))
    cross = (Place(3.5, 0), Place(5.0, 1)), (Place(3.5, 1), Place(5.0, 0))
    comes = (Place(0, 2.1), Place(3.0, 2.1), Place(4.2, 1))
    return (
        Company(
            "one leaves and comes back",
            (replace(_SHE, path=leaves), replace(_TWIN, path=(Place(0, 1),))),
            (
                *_says(0, "u07-1", "u15-3"),
                Turn(1, "u17-3", 1.2),
                Turn(0, "u07-3", 1.4),
                *_says(0, "u15-2"),
            ),
        ),
        Company(
            "two cross",
            (replace(_SHE, path=cross[0]), replace(_HE, path=cross[1])),
            (*_says(0, "u07-3"), Turn(0, "u17-1", 1.6), *_says(1, "j7", "j6")),
        ),
        Company(
            "one walks in while another speaks",
            (replace(_SHE, path=(Place(0, 0),)), replace(_TWIN, path=comes)),
            (*_says(0, "u17-2", "u07-3"), *_says(1, "u15-2", "u15-3")),
            seats=2,
        ),
    )


def _cameras() -> tuple[Company, ...]:
    plain = Company("a dialogue", (_SHE, _TWIN), _in_turn(_SHORT, (0, 0, 1, 1, 0, 1), 0.7))
    return (
        replace(plain, name="sound 160 ms late", sound_late_s=0.16),
        replace(plain, name="sound 160 ms early", sound_late_s=-0.16),
        replace(plain, name="noise 10 dB below the voice", noise_db=10.0),
        replace(plain, name="half the size", size=0.5),
        replace(plain, name="12.5 pictures a second", every=2),
    )
