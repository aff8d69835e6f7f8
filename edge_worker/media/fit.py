"""The largest picture that is worked on: 1280x720 lying, 720x1280 upright."""

MAX_LONG, MAX_SHORT = 1280, 720


def fitted(width: int, height: int) -> tuple[int, int]:
    """The size at which a picture fits, even and in proportion; never larger than it is.

    An upright doorbell's picture is given the room of a lying one's: 1080x1440 becomes 720x960.
    """
    max_width, max_height = (MAX_LONG, MAX_SHORT) if width >= height else (MAX_SHORT, MAX_LONG)
    scale = min(max_width / width, max_height / height)
    if scale >= 1:
        return width, height
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)
