"""What a linear canceller leaves of an echo: how much it is, and whether anything else is heard.

Codecs, loudspeakers that distort and clocks that run apart leave a rest in proportion to the echo
that was taken away. How much that is in each band shows where nothing else sounds: in the lower
part of what the ratio of rest to echo has been. A band is then turned down by what the echo
probably still has in it (S. Gustafsson, R. Martin, P. Vary, "Combined acoustic echo control and
noise reduction for hands-free telephony", Signal Processing 64(1), 1998), and frames in which all
is explained by the echo are turned down whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_worker.atp.echo.frames import BINS, Spectra

_EDGES: Final = (3, 6, 9, 12, 16, 22, 30, 42, 58, 80, 110, 150, 200, BINS)
"""First bins of the bands; a bin is 31 Hz wide."""
_STARTS: Final = (0, *_EDGES[1:-1])
_WIDTHS: Final = np.diff((*_STARTS, BINS))
_REVERBERANT: Final = 0.55
"""Of an echo's power a frame later, where the response is longer than what was learned."""

_SPREAD: Final = 0.2
"""Of its power a frame before: codecs spread the noise of an onset over a window."""

Powers = NDArray[np.floating]


@dataclass(frozen=True, slots=True, eq=False)
class Parted:
    """Frames of the microphone's sound, parted by a linear canceller."""

    rest: Spectra
    """What cancelling left, shape (frames, 257)."""
    heard: Powers
    """Its power, likewise."""
    taken: Powers
    """Power of what was taken away, likewise."""
    heard_bands: Powers
    """Power of the rest per band, shape (frames, 13)."""
    taken_bands: Powers
    """Power of what was taken away per band, likewise."""

    @classmethod
    def of(cls, rest: Spectra, echo: Spectra) -> "Parted":
        """Part into ``rest`` and ``echo``."""
        heard, taken = _power(rest), _power(echo)
        return cls(rest, heard, taken, _bands(heard), _bands(taken))


@dataclass(frozen=True, slots=True)
class ResidualOptions:
    """What is believed to be more than a rest of the echo."""

    usual: float = 0.5
    """Quantile of the ratio of rest to echo that is taken for what cancelling leaves."""
    least: float = 0.003
    """Smallest ratio; AAC alone leaves this much."""
    excess: float = 4.0
    """Times what cancelling usually leaves that a rest of the echo can be."""
    floor: float = 0.05
    """Amplitude to which a band is turned down at most."""
    closed: float = 0.01
    """Amplitude of frames with nothing but echo."""
    surely: float = 7.0
    """Power beyond the excess, over that of the rest of the echo, which somebody else makes..."""
    perhaps: float = 2.0
    """...and which he may make, right before and after."""
    faintest: float = 0.05
    """Of the loudest rest of the echo, which he must outdo even where the echo pauses."""
    lead: int = 16
    """Frames before that which belong to him."""
    hold: int = 30
    """Frames after it."""


_SPEECH: Final = slice(2, 11)
"""Bands from 280 to 4700 Hz."""
_NEIGHBOURS: Final = np.ones(9)
"""Frames that are judged together: as long as a syllable."""
_INAUDIBLE: Final = 1e-5
"""Power of the rest of an echo which nothing needs to be compared with."""
_QUIETEST: Final = 0.1
"""Quantile of the power in a band that is taken for steady noise."""


def gains(
    blocks: Sequence[Parted],
    wanted: slice,
    options: ResidualOptions = ResidualOptions(),
) -> list[Powers]:
    """Amplitudes by which to multiply the rest of the wanted blocks, each of shape (frames, 257).

    Args:
        blocks: one after the other, about a second of them: what they have in common counts.
        wanted: those of them that are to be given.
        options: thresholds.
    """
    heard = np.concatenate([block.heard_bands for block in blocks])
    taken = _lasting(np.concatenate([block.taken_bands for block in blocks]))
    leak = _leak(heard, taken, options)
    left = taken * leak
    only_echo = _only_echo(heard[:, _SPEECH], left[:, _SPEECH], options)
    frames = len(blocks[0].heard)
    return [
        _shaped(
            blocks[number],
            leak,
            left[number * frames : (number + 1) * frames],
            only_echo[number * frames : (number + 1) * frames],
            options,
        )
        for number in range(*wanted.indices(len(blocks)))
    ]


def _shaped(
    block: Parted,
    leak: Powers,
    left_bands: Powers,
    only_echo: NDArray[np.bool_],
    options: ResidualOptions,
) -> Powers:
    """Each bin turned down by what the echo probably still has in it."""
    lasting = np.repeat(left_bands / _WIDTHS, _WIDTHS, axis=1)
    left = np.maximum(block.taken * np.repeat(leak, _WIDTHS), lasting)
    kept = np.sqrt(np.maximum(1 - options.excess * left / np.maximum(block.heard, 1e-12), 0))
    shaped: Powers = np.maximum(kept, options.floor)
    shaped[only_echo] = np.minimum(shaped[only_echo], options.closed)
    return shaped


def _only_echo(heard: Powers, left: Powers, options: ResidualOptions) -> NDArray[np.bool_]:
    """Frames with an echo and nobody beside it."""
    noise = np.quantile(heard, _QUIETEST, axis=0)
    somebody = np.sum(np.maximum(heard - options.excess * (left + noise), 0), axis=1)
    explained = _smooth(np.sum(left, axis=1))
    least = options.faintest * np.max(explained, initial=0.0) + _INAUDIBLE
    evidence = _smooth(somebody) / (explained + least)
    return (explained > _INAUDIBLE) & ~_speaking(evidence, options)


def _smooth(power: Powers) -> Powers:
    return np.convolve(power, _NEIGHBOURS, "same")


def _speaking(evidence: Powers, options: ResidualOptions) -> NDArray[np.bool_]:
    perhaps = np.flatnonzero(np.diff(evidence > options.perhaps, prepend=False, append=False))
    heard = np.zeros(len(evidence), np.bool_)
    for first, end in zip(perhaps[::2], perhaps[1::2], strict=True):
        if np.max(evidence[first:end]) > options.surely:
            heard[max(0, first - options.lead) : end + options.hold] = True
    return heard


def _bands(powers: Powers) -> Powers:
    bands: Powers = np.add.reduceat(powers, _STARTS, axis=1)
    return bands


def _leak(heard: Powers, taken: Powers, options: ResidualOptions) -> Powers:
    """Ratio of what is left of an echo to what was taken, per band."""
    strong = taken > 0.02 * np.max(taken, axis=0, initial=1e-9)
    ratios = np.where(strong, heard / np.maximum(taken, 1e-12), np.inf)
    rank = (options.usual * (np.maximum(np.sum(strong, axis=0), 1) - 1)).astype(np.int64)
    usual = np.take_along_axis(np.sort(ratios, axis=0), rank[None], axis=0)[0]
    ratio: Powers = np.clip(usual, options.least, 1.0)
    return ratio


def _lasting(power: Powers) -> Powers:
    """The power of an echo with what reaches beyond it in time."""
    number = np.arange(len(power), dtype=np.float64)[:, None]
    before, after = _SPREAD**number, _REVERBERANT**number
    onsets = np.maximum.accumulate((power * before)[::-1], axis=0)[::-1] / before
    lasting: Powers = np.maximum.accumulate(onsets / after, axis=0) * after
    return lasting.astype(np.float32)


def _power(frames: Spectra) -> Powers:
    return np.square(frames.real) + np.square(frames.imag)
