"""What the camera side says of a stream."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from mashumaro.jsonschema.annotations import Maximum, Minimum

from .fields import (
    SCHEMA,
    Epoch,
    Id,
    Name,
    Nanoseconds,
    OptionalLanguage,
    Pixels,
    Positive,
    SampleRate,
    Schema,
    Sentence,
    Token,
)


class StreamStatus(StrEnum):
    """Bare text on ``stream/<stream>/status``."""

    ONLINE = "online"
    OFFLINE = "offline"
    """Also the camera side's last will."""


class ClockSource(StrEnum):
    """Where an anchor's UTC comes from."""

    NTP = "ntp"
    """The device's own disciplined clock."""
    ARRIVAL = "arrival"
    """Arrival at the camera side, smoothed: off by the transport's delay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoTrack:
    """The picture as published."""

    codec: Token = "h264"
    """h264 or h265."""
    width: Pixels
    """Pixels."""
    height: Pixels
    """Pixels."""
    fps: Positive
    """Frames per second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioTrack:
    """The sound as published."""

    codec: Token = "aac"
    """aac or mp2."""
    sample_rate: SampleRate
    """Hertz."""
    channels: Annotated[int, Minimum(1), Maximum(8)] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamInfo:
    """What a stream is; retained. An empty payload on its topic means that the stream is gone."""

    schema: Schema = SCHEMA
    stream: Id
    name: Name = ""
    area: Name = ""
    """Where it is, as a hint to people and dashboards."""
    video: VideoTrack | None = None
    audio: AudioTrack | None = None
    language: OptionalLanguage = ""
    """Language most often spoken there, BCP-47; empty when unknown."""
    note: Sentence = ""
    """What the camera side does to the picture, for people; empty if it passes as it is."""
    talkback: bool = False
    """It has a loudspeaker that plays ``talkback/out``."""
    speaker: Token = ""
    """What plays it: ``device``, ``command`` or ``rtsp``; empty when nothing does."""
    doorbell: bool = False
    """It publishes the event ``ring``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockAnchor:
    """One moment on both clocks, which ties the media clock to UTC; retained."""

    schema: Schema = SCHEMA
    stream: Id
    epoch: Epoch
    pts_ns: Nanoseconds
    """Media clock, nanoseconds."""
    utc_ns: Nanoseconds
    """Nanoseconds since 1970-01-01 UTC."""
    source: ClockSource = ClockSource.ARRIVAL
