"""What a worker sends, for those who record it."""

import numpy as np

from edge_worker.egress.disclosure import Mark
from edge_worker.egress.output import Output, OutputFormat

SECOND = 1_000_000_000


def sent(start_s: float, size: tuple[int, int] | None = (64, 48)) -> bytes:
    """Two seconds as a worker sends them."""
    width, height = size or (None, None)
    output = Output(OutputFormat(width, height), Mark("w", "en"))
    start_ns = round(start_s * SECOND)
    segments = []
    for number in range(50):
        if width and height:
            grey = np.full((height * 3 // 2, width), 128, np.uint8)
            segments += output.picture(grey, start_ns + number * 40_000_000)
        for block in range(number * 15 // 8, (number + 1) * 15 // 8):
            at_ns = start_ns + block * 1024 * SECOND // 48_000
            segments += output.sound(np.full(1024, 0.1, np.float32), at_ns)
    return b"".join(one.media.data for one in [*segments, *output.flush()])
