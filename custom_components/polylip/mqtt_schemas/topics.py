"""Topics: built, read and subscribed to, under one prefix."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .channels import Channel
from .errors import IdRefused
from .identifiers import check_id, check_language, check_prefix

DEFAULT_PREFIX = "polylip"
SHARE_GROUP = "polylip"
"""The group of ``$share`` subscriptions, for jobs and requests that any worker may take."""

_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")
_MAX_TOPIC = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicAddress:
    """A topic, read. Parts that its channel does not have are empty."""

    topic: str
    channel: Channel
    worker: str = ""
    stream: str = ""
    language: str = ""
    setting: str = ""
    utterance: str = ""
    transaction: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Topics:
    """All topics below one prefix.

    Every builder raises ``IdRefused`` for an id or a language that may not stand in a topic.
    """

    prefix: str = DEFAULT_PREFIX

    def __post_init__(self) -> None:
        check_prefix(self.prefix)

    def build(self, channel: Channel, **parts: str) -> str:
        """The topic of a channel with all its parts.

        Raises:
            IdRefused: a part may not stand in a topic.
            KeyError: a part is missing.
        """

        def part(match: re.Match[str]) -> str:
            name = match[1]
            return _CHECKS[name](parts[name], name)

        return f"{self.prefix}/{_PLACEHOLDER.sub(part, channel)}"

    def filter(self, channel: Channel, **parts: str) -> str:
        """The subscription to a channel; parts that are left out match anything.

        Raises:
            IdRefused: a part may not stand in a topic.
        """

        def part(match: re.Match[str]) -> str:
            name = match[1]
            return _CHECKS[name](parts[name], name) if name in parts else "+"

        return f"{self.prefix}/{_PLACEHOLDER.sub(part, channel)}"

    def shared(self, channel: Channel, **parts: str) -> str:
        """As ``filter``, but each message goes to one worker of the group; never for media."""
        return f"$share/{SHARE_GROUP}/{self.filter(channel, **parts)}"

    def parse(self, topic: str) -> TopicAddress | None:
        """Read a topic; None when it is none of ours or one of its parts breaks the rules."""
        below = topic.removeprefix(f"{self.prefix}/")
        if len(topic) > _MAX_TOPIC or below == topic:
            return None
        for channel, pattern in _PATTERNS.items():
            if match := pattern.fullmatch(below):
                return _address(topic, channel, match.groupdict())
        return None

    def worker_info(self, worker: str) -> str:
        """``worker/<worker>/info``."""
        return self.build(Channel.WORKER_INFO, worker=worker)

    def worker_status(self, worker: str) -> str:
        """``worker/<worker>/status``."""
        return self.build(Channel.WORKER_STATUS, worker=worker)

    def worker_metrics(self, worker: str) -> str:
        """``worker/<worker>/metrics``."""
        return self.build(Channel.WORKER_METRICS, worker=worker)

    def worker_models(self, worker: str) -> str:
        """``worker/<worker>/models``."""
        return self.build(Channel.WORKER_MODELS, worker=worker)

    def worker_fetch(self, worker: str) -> str:
        """``worker/<worker>/fetch``."""
        return self.build(Channel.WORKER_FETCH, worker=worker)

    def stream_info(self, stream: str) -> str:
        """``stream/<stream>/info``."""
        return self.build(Channel.STREAM_INFO, stream=stream)

    def stream_status(self, stream: str) -> str:
        """``stream/<stream>/status``."""
        return self.build(Channel.STREAM_STATUS, stream=stream)

    def stream_clock(self, stream: str) -> str:
        """``stream/<stream>/clock``."""
        return self.build(Channel.STREAM_CLOCK, stream=stream)

    def in_av(self, stream: str) -> str:
        """``stream/<stream>/in/av``."""
        return self.build(Channel.IN_AV, stream=stream)

    def out_av(self, stream: str, language: str) -> str:
        """``stream/<stream>/out/<lang>/av``."""
        return self.build(Channel.OUT_AV, stream=stream, language=language)

    def state(self, stream: str) -> str:
        """``stream/<stream>/state``."""
        return self.build(Channel.STATE, stream=stream)

    def set(self, stream: str, setting: str) -> str:
        """``stream/<stream>/set/<setting>``."""
        return self.build(Channel.SET, stream=stream, setting=setting)

    def interpreter(self, stream: str) -> str:
        """``stream/<stream>/interpreter``."""
        return self.build(Channel.INTERPRETER, stream=stream)

    def utterance(self, stream: str) -> str:
        """``stream/<stream>/utterance``."""
        return self.build(Channel.UTTERANCE, stream=stream)

    def event(self, stream: str) -> str:
        """``stream/<stream>/event``."""
        return self.build(Channel.EVENT, stream=stream)

    def metrics(self, stream: str) -> str:
        """``stream/<stream>/metrics``."""
        return self.build(Channel.METRICS, stream=stream)

    def speech(self, stream: str, language: str) -> str:
        """``stream/<stream>/speech/<lang>``."""
        return self.build(Channel.SPEECH, stream=stream, language=language)

    def speech_audio(self, stream: str, language: str, utterance: str) -> str:
        """``stream/<stream>/speech/<lang>/audio/<utterance>``."""
        return self.build(
            Channel.SPEECH_AUDIO, stream=stream, language=language, utterance=utterance
        )

    def talkback_say(self, stream: str) -> str:
        """``stream/<stream>/talkback/say``."""
        return self.build(Channel.TALKBACK_SAY, stream=stream)

    def talkback_in(self, stream: str, transaction: str) -> str:
        """``stream/<stream>/talkback/in/<transaction>``."""
        return self.build(Channel.TALKBACK_IN, stream=stream, transaction=transaction)

    def talkback_cancel(self, stream: str) -> str:
        """``stream/<stream>/talkback/cancel``."""
        return self.build(Channel.TALKBACK_CANCEL, stream=stream)

    def talkback_out(self, stream: str) -> str:
        """``stream/<stream>/talkback/out``."""
        return self.build(Channel.TALKBACK_OUT, stream=stream)

    def job_asr(self) -> str:
        """``job/asr``."""
        return self.build(Channel.JOB_ASR)

    def job_mt(self) -> str:
        """``job/mt``."""
        return self.build(Channel.JOB_MT)

    def job_tts(self) -> str:
        """``job/tts``."""
        return self.build(Channel.JOB_TTS)

    def request(self, name: str) -> str:
        """``request/<name>``."""
        return self.build(Channel.REQUEST, name=name)

    def response(self, name: str) -> str:
        """``response/<name>``."""
        return self.build(Channel.RESPONSE, name=name)


def _language(value: str, _what: str) -> str:
    return check_language(value)


_CHECKS: Mapping[str, Callable[[str, str], str]] = MappingProxyType(
    {
        "worker": check_id,
        "stream": check_id,
        "language": _language,
        "setting": check_id,
        "utterance": check_id,
        "transaction": check_id,
        "name": check_id,
    }
)

_PATTERNS: Mapping[Channel, re.Pattern[str]] = MappingProxyType(
    {channel: re.compile(_PLACEHOLDER.sub(r"(?P<\1>[^/]+)", channel)) for channel in Channel}
)


def _address(topic: str, channel: Channel, parts: dict[str, str]) -> TopicAddress | None:
    try:
        for name, value in parts.items():
            _CHECKS[name](value, name)
    except IdRefused:
        return None
    return TopicAddress(topic=topic, channel=channel, **parts)
