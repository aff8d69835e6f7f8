"""Every kind of topic: its shape, what it carries, who publishes it and how."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from .event import StreamEvent
from .interpreter import InterpreterReport
from .metrics import StreamMetrics
from .models import FetchModels, WorkerModels
from .request import Request, Response, SynthesisJob, TranslationJob
from .speech import SyncedSpeechMessage
from .state import StreamState
from .stream import ClockAnchor, StreamInfo, StreamStatus
from .talkback import TalkbackCancel, TalkbackPlayed, TalkbackReply, TalkbackSay
from .utterance import UtteranceMessage
from .worker import WorkerInfo, WorkerMetrics, WorkerStatus


class Channel(StrEnum):
    """A kind of topic; its value is the topic's shape below the prefix."""

    WORKER_INFO = "worker/{worker}/info"
    WORKER_STATUS = "worker/{worker}/status"
    WORKER_PULSE = "worker/{worker}/pulse"
    WORKER_METRICS = "worker/{worker}/metrics"
    WORKER_MODELS = "worker/{worker}/models"
    WORKER_FETCH = "worker/{worker}/fetch"
    STREAM_INFO = "stream/{stream}/info"
    STREAM_STATUS = "stream/{stream}/status"
    STREAM_CLOCK = "stream/{stream}/clock"
    IN_AV = "stream/{stream}/in/av"
    OUT_AV = "stream/{stream}/out/{language}/av"
    STATE = "stream/{stream}/state"
    SET = "stream/{stream}/set/{setting}"
    INTERPRETER = "stream/{stream}/interpreter"
    UTTERANCE = "stream/{stream}/utterance"
    EVENT = "stream/{stream}/event"
    METRICS = "stream/{stream}/metrics"
    SPEECH = "stream/{stream}/speech/{language}"
    SPEECH_AUDIO = "stream/{stream}/speech/{language}/audio/{utterance}"
    TALKBACK_SAY = "stream/{stream}/talkback/say"
    TALKBACK_IN = "stream/{stream}/talkback/in/{transaction}"
    TALKBACK_CANCEL = "stream/{stream}/talkback/cancel"
    TALKBACK_OUT = "stream/{stream}/talkback/out"
    TALKBACK_PLAYED = "stream/{stream}/talkback/played"
    TALKBACK_STATUS = "stream/{stream}/talkback/status"
    JOB_ASR = "job/asr"
    JOB_MT = "job/mt"
    JOB_TTS = "job/tts"
    REQUEST = "request/{name}"
    RESPONSE = "response/{name}"


class Party(StrEnum):
    """Who publishes on a channel."""

    WORKER = "worker"
    CAMERA = "camera"
    CLIENT = "client"
    """A dashboard, an automation, or another worker that asks."""


class Body(StrEnum):
    """Payloads that are neither JSON nor a word."""

    TEXT = "text"
    """The bare value of a setting, UTF-8."""
    SEGMENT = "segment"
    """MPEG-TS."""
    PCM = "pcm"
    """Signed 16-bit little-endian mono."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRules:
    """How a channel is used."""

    body: type | Body
    """A message's dataclass (JSON), an enum of words, or another kind of body."""
    publisher: Party
    summary: str
    qos: int = 1
    retained: bool = False
    expiry_s: int | None = None
    """MQTT 5 message expiry, seconds."""


_MEDIA_EXPIRY_S = 5
_SPEECH_EXPIRY_S = 30

RULES: Mapping[Channel, ChannelRules] = MappingProxyType(
    {
        Channel.WORKER_INFO: ChannelRules(
            body=WorkerInfo,
            publisher=Party.WORKER,
            retained=True,
            summary="Who a worker is; discovery.",
        ),
        Channel.WORKER_STATUS: ChannelRules(
            body=WorkerStatus,
            publisher=Party.WORKER,
            retained=True,
            summary="Whether a worker takes streams; the last will is lost.",
        ),
        Channel.WORKER_PULSE: ChannelRules(
            body=WorkerStatus,
            publisher=Party.WORKER,
            qos=0,
            expiry_s=2,
            summary="The same every second: a worker that falls silent is taken for lost.",
        ),
        Channel.WORKER_METRICS: ChannelRules(
            body=WorkerMetrics,
            publisher=Party.WORKER,
            qos=0,
            expiry_s=15,
            summary="How a worker is doing, every 5 s.",
        ),
        Channel.WORKER_MODELS: ChannelRules(
            body=WorkerModels,
            publisher=Party.WORKER,
            retained=True,
            summary="Models that a worker has or could fetch, and how far a fetch is.",
        ),
        Channel.WORKER_FETCH: ChannelRules(
            body=FetchModels,
            publisher=Party.CLIENT,
            expiry_s=30,
            summary="Fetches models; never retained.",
        ),
        Channel.STREAM_INFO: ChannelRules(
            body=StreamInfo,
            publisher=Party.CAMERA,
            retained=True,
            summary="What a stream is; an empty payload means that it is gone.",
        ),
        Channel.STREAM_STATUS: ChannelRules(
            body=StreamStatus,
            publisher=Party.CAMERA,
            retained=True,
            summary="Whether the camera publishes; the last will is offline.",
        ),
        Channel.STREAM_CLOCK: ChannelRules(
            body=ClockAnchor,
            publisher=Party.CAMERA,
            retained=True,
            summary="The media clock in UTC.",
        ),
        Channel.IN_AV: ChannelRules(
            body=Body.SEGMENT,
            publisher=Party.CAMERA,
            qos=0,
            expiry_s=_MEDIA_EXPIRY_S,
            summary="Segments from the camera.",
        ),
        Channel.OUT_AV: ChannelRules(
            body=Body.SEGMENT,
            publisher=Party.WORKER,
            qos=0,
            expiry_s=_MEDIA_EXPIRY_S,
            summary="Synced segments; the language is the target language.",
        ),
        Channel.STATE: ChannelRules(
            body=StreamState,
            publisher=Party.WORKER,
            retained=True,
            summary="Settings in force, owner, ladder; by the owner alone.",
        ),
        Channel.SET: ChannelRules(
            body=Body.TEXT,
            publisher=Party.CLIENT,
            expiry_s=30,
            summary="Changes one setting; never retained.",
        ),
        Channel.INTERPRETER: ChannelRules(
            body=InterpreterReport,
            publisher=Party.WORKER,
            qos=0,
            expiry_s=5,
            summary="How the interpreter does, where it is not the owner; by it alone.",
        ),
        Channel.UTTERANCE: ChannelRules(
            body=UtteranceMessage,
            publisher=Party.WORKER,
            expiry_s=_SPEECH_EXPIRY_S,
            summary="What was said, in both languages: partial, final, spoken.",
        ),
        Channel.EVENT: ChannelRules(
            body=StreamEvent,
            publisher=Party.WORKER,
            expiry_s=60,
            summary="Something happened; the camera side publishes ring here too.",
        ),
        Channel.METRICS: ChannelRules(
            body=StreamMetrics,
            publisher=Party.WORKER,
            qos=0,
            expiry_s=15,
            summary="How well a stream is served, every 5 s.",
        ),
        Channel.SPEECH: ChannelRules(
            body=SyncedSpeechMessage,
            publisher=Party.WORKER,
            expiry_s=_SPEECH_EXPIRY_S,
            summary="Translated speech with its phonemes and place.",
        ),
        Channel.SPEECH_AUDIO: ChannelRules(
            body=Body.PCM,
            publisher=Party.WORKER,
            expiry_s=_SPEECH_EXPIRY_S,
            summary="The sound of translated speech.",
        ),
        Channel.TALKBACK_SAY: ChannelRules(
            body=TalkbackSay,
            publisher=Party.CLIENT,
            expiry_s=30,
            summary="Says a text at the door.",
        ),
        Channel.TALKBACK_IN: ChannelRules(
            body=Body.PCM,
            publisher=Party.CLIENT,
            expiry_s=_MEDIA_EXPIRY_S,
            summary="Push-to-talk sound, in pieces; the last one says so.",
        ),
        Channel.TALKBACK_CANCEL: ChannelRules(
            body=TalkbackCancel,
            publisher=Party.CLIENT,
            expiry_s=30,
            summary="Stops a reply.",
        ),
        Channel.TALKBACK_OUT: ChannelRules(
            body=Body.SEGMENT,
            publisher=Party.WORKER,
            qos=0,
            expiry_s=_MEDIA_EXPIRY_S,
            summary="Sound for the door's loudspeaker.",
        ),
        Channel.TALKBACK_PLAYED: ChannelRules(
            body=TalkbackPlayed,
            publisher=Party.CAMERA,
            expiry_s=_SPEECH_EXPIRY_S,
            summary="When the loudspeaker began and ended a reply.",
        ),
        Channel.TALKBACK_STATUS: ChannelRules(
            body=TalkbackReply,
            publisher=Party.WORKER,
            expiry_s=_SPEECH_EXPIRY_S,
            summary="How a reply stands: queued, speaking, spoken.",
        ),
        Channel.JOB_ASR: ChannelRules(
            body=Body.PCM,
            publisher=Party.CLIENT,
            expiry_s=_SPEECH_EXPIRY_S,
            summary="Recognise this sound; consumed through $share.",
        ),
        Channel.JOB_MT: ChannelRules(
            body=TranslationJob,
            publisher=Party.CLIENT,
            expiry_s=_SPEECH_EXPIRY_S,
            summary="Translate this text; consumed through $share.",
        ),
        Channel.JOB_TTS: ChannelRules(
            body=SynthesisJob,
            publisher=Party.CLIENT,
            expiry_s=_SPEECH_EXPIRY_S,
            summary="Speak this text; consumed through $share.",
        ),
        Channel.REQUEST: ChannelRules(
            body=Request,
            publisher=Party.CLIENT,
            expiry_s=30,
            summary="A question; answered by the stream's owner, or by one of the workers.",
        ),
        Channel.RESPONSE: ChannelRules(
            body=Response,
            publisher=Party.WORKER,
            expiry_s=30,
            summary="The answer, where no MQTT 5 response topic was given.",
        ),
    }
)
"""The rules of every channel."""
