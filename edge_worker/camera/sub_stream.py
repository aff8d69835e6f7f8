"""The smaller pictures that most cameras send beside their large ones."""

import re

_MAKERS = (
    (r"(/Streaming/Channels/\d+)01(?=$|[/?])", r"\g<1>02"),  # Hikvision
    (r"(/h264/ch\d+/)main(/av_stream)", r"\g<1>sub\g<2>"),  # Hikvision, older ones
    (r"(/cam/realmonitor\?.*\bsubtype=)0", r"\g<1>1"),  # Dahua, Amcrest, Lorex
    (r"/h26[45](Preview_\d+_)main", r"/h264\g<1>sub"),  # Reolink: the small one is H.264
    (r"/(Preview_\d+_)main", r"/\g<1>sub"),  # Reolink, newer ones
    (r"/stream1(?=$|\?)", "/stream2"),  # TP-Link Tapo
    (r"/media/video1(?=$|[/?])", "/media/video2"),  # Uniview
    (r"/videoMain(?=$|\?)", "/videoSub"),  # Foscam
)
"""How makers call the large pictures, and how the small ones."""

_MIN_SHORT = 360
"""Pixels of the shorter side below which a face says too little."""


def likely_sub_stream(url: str) -> str | None:
    """Where the same camera has its smaller pictures, if its maker can be told from the path.

    Host, port and account stay as they are: nobody else is ever asked.
    """
    if not url.startswith(("rtsp://", "rtsps://")):
        return None
    host_end = url.find("/", url.index("://") + 3)
    if host_end < 0:
        return None
    path = url[host_end:]
    for large, small in _MAKERS:
        changed, count = re.subn(large, small, path, count=1)
        if count:
            return url[:host_end] + changed
    return None


def large_enough(width: int, height: int) -> bool:
    """Whether a picture that nobody asked for is better than a larger one scaled down."""
    return min(width, height) >= _MIN_SHORT
