"""Makes ``docs/mosquitto/polylip.acl`` from the contract: nobody may more than their part takes."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from generated import write_or_compare

from mqtt_schemas import DEFAULT_PREFIX, RULES, Channel, Party

TARGET = Path(__file__).parent.parent / "docs" / "mosquitto" / "polylip.acl"

JOBS = frozenset({Channel.JOB_ASR, Channel.JOB_MT, Channel.JOB_TTS})
FROM_BROWSERS = frozenset(
    {Channel.SET, Channel.TALKBACK_SAY, Channel.TALKBACK_IN, Channel.TALKBACK_CANCEL}
)
"""What a worker hands on from its page, to whichever worker owns the stream."""
BETWEEN_WORKERS = JOBS | {Channel.REQUEST, Channel.RESPONSE} | FROM_BROWSERS
"""What workers also say to each other."""
RING = Channel.EVENT
"""The camera side publishes `ring` here; so does an automation in its place."""
SEEN = frozenset(
    {
        Channel.STREAM_INFO,
        Channel.STREAM_STATUS,
        Channel.STATE,
        Channel.OUT_AV,
        Channel.UTTERANCE,
        Channel.EVENT,
    }
)
"""What it takes to watch and read along."""
HEARD_AT_THE_DOOR = frozenset({Channel.TALKBACK_OUT, Channel.TALKBACK_CANCEL})
PICTURES_IN = frozenset({Channel.IN_AV})
PRIVATE = JOBS | PICTURES_IN | {Channel.SPEECH_AUDIO, Channel.TALKBACK_IN}
"""What a dashboard has no use for."""


@dataclass(frozen=True, slots=True)
class User:
    """One user of the broker, and what it may do."""

    name: str
    who: str
    reads: frozenset[Channel]
    writes: frozenset[Channel]
    stream: str = "+"
    """Whose topics; a camera has its own alone."""


def said_by(*parties: Party) -> frozenset[Channel]:
    """Channels on which these parties publish."""
    return frozenset(channel for channel, rules in RULES.items() if rules.publisher in parties)


USERS = (
    User(
        "worker",
        "Workers: hear everything, say what a worker says. Each gets a user of its own.",
        frozenset(Channel),
        said_by(Party.WORKER) | BETWEEN_WORKERS,
    ),
    User(
        "door",
        "The camera of the stream `door`: says what it sees, hears what its loudspeaker plays.",
        HEARD_AT_THE_DOOR,
        said_by(Party.CAMERA) | {RING},
        stream="door",
    ),
    User(
        "homeassistant",
        "Home Assistant, or another dashboard: reads along, commands, replies.",
        frozenset(Channel) - PRIVATE,
        said_by(Party.CLIENT) - JOBS | {RING},
    ),
    User("viewer", "Somebody who may watch, and nothing else.", SEEN, frozenset()),
)


def text() -> str:
    """The whole file."""
    return "\n\n".join([HEAD, *("\n".join(section(user)) for user in USERS)]) + "\n"


def section(user: User) -> Iterator[str]:
    """What one user may do."""
    yield f"# {user.who}"
    yield f"user {user.name}"
    for channel in Channel:
        reads, writes = channel in user.reads, channel in user.writes
        if reads or writes:
            right = "readwrite" if reads and writes else "read" if reads else "write"
            yield f"topic {right} {topic(channel, user.stream)}"


def topic(channel: Channel, stream: str) -> str:
    """A channel as the broker matches it."""
    levels = f"{DEFAULT_PREFIX}/{channel}".replace("{stream}", stream).split("/")
    return "/".join("+" if level.startswith("{") else level for level in levels)


HEAD = """\
# Who may do what at the broker; mosquitto's acl_file. Made from the contract by script/acl.
#
# Copy the section of `worker` for every further worker, that of `door` for every further camera
# with its stream's id in the topics, and rename the users as you like. Whoever is not listed may do
# nothing. With another prefix than `polylip`, replace it."""


if __name__ == "__main__":
    sys.exit(write_or_compare(TARGET, text(), source="mqtt_schemas", command="script/acl"))
