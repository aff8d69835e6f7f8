"""The version of the contract, and who can talk with whom."""

import re

PROTOCOL_VERSION = "1.2"
"""``major.minor``: a minor step only adds topics, optional fields and kinds of event."""

_VERSION = re.compile(r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})")


def is_compatible(theirs: str, ours: str = PROTOCOL_VERSION) -> bool:
    """Whether two sides understand each other: their major numbers are equal.

    A version that cannot be read is not compatible.
    """
    known = _VERSION.fullmatch(theirs), _VERSION.fullmatch(ours)
    return all(known) and theirs.partition(".")[0] == ours.partition(".")[0]
