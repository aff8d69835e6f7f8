"""The wire contract of Polylip: topics, messages and media rules.

Needs mashumaro and nothing else, and imports itself relatively: the Home Assistant integration
carries a copy of this package.
"""

from .channels import RULES, Body, Channel, ChannelRules, Party
from .codec import decode, decode_data, decode_text, decode_word, encode
from .errors import IdRefused, MessageRefused, Refused, SettingRefused
from .event import EventType, StreamEvent
from .identifiers import (
    AUTO_LANGUAGE,
    VOICE_PATTERN,
    canonical_language,
    check_id,
    check_language,
    check_prefix,
    primary_language,
)
from .interpreter import InterpreterReport
from .job import (
    LanguagesHeard,
    RecognitionJob,
    RecognitionTask,
    SpokenSentence,
    Synthesized,
    Transcription,
    Translated,
)
from .limits import MAX_STREAMS, MAX_TERM, MAX_WORKERS
from .media import (
    PCM_CONTENT_TYPE,
    SEGMENT_CONTENT_TYPE,
    MediaProperties,
    PcmProperties,
    check_media,
)
from .metrics import DropCount, StageLatency, StreamMetrics
from .models import (
    DownloadPolicy,
    FetchModels,
    ModelInfo,
    ModelNeed,
    ModelStatus,
    WorkerModels,
)
from .request import Request, Response, ResponseStatus, SynthesisJob, TranslationJob
from .settings import SETTINGS, Activation, PlayoutDelay, StreamSettings
from .speech import PhonemeSpan, SyncedSpeechMessage
from .state import Rung, SettingError, StreamState
from .stream import AudioTrack, ClockAnchor, ClockSource, StreamInfo, StreamStatus, VideoTrack
from .talkback import (
    PlayedStatus,
    TalkbackCancel,
    TalkbackPlayed,
    TalkbackReply,
    TalkbackSay,
    TalkbackStatus,
)
from .topics import DEFAULT_PREFIX, SHARE_GROUP, TopicAddress, Topics
from .utterance import UtteranceMessage, UtteranceStage, Verdict
from .version import PROTOCOL_VERSION, is_compatible
from .view import ViewGrant, ViewRequest, ViewScope
from .worker import (
    EngineInfo,
    Hardware,
    LanguageOffer,
    LanguagePair,
    Reach,
    Role,
    VoiceInfo,
    WorkerInfo,
    WorkerMetrics,
    WorkerStatus,
)

__all__ = [
    "AUTO_LANGUAGE",
    "DEFAULT_PREFIX",
    "MAX_STREAMS",
    "MAX_TERM",
    "MAX_WORKERS",
    "PCM_CONTENT_TYPE",
    "PROTOCOL_VERSION",
    "RULES",
    "SEGMENT_CONTENT_TYPE",
    "SETTINGS",
    "SHARE_GROUP",
    "VOICE_PATTERN",
    "Activation",
    "AudioTrack",
    "Body",
    "Channel",
    "ChannelRules",
    "ClockAnchor",
    "ClockSource",
    "DownloadPolicy",
    "DropCount",
    "EngineInfo",
    "EventType",
    "FetchModels",
    "Hardware",
    "IdRefused",
    "InterpreterReport",
    "LanguageOffer",
    "LanguagePair",
    "LanguagesHeard",
    "MediaProperties",
    "MessageRefused",
    "ModelInfo",
    "ModelNeed",
    "ModelStatus",
    "Party",
    "PcmProperties",
    "PhonemeSpan",
    "PlayedStatus",
    "PlayoutDelay",
    "Reach",
    "RecognitionJob",
    "RecognitionTask",
    "Refused",
    "Request",
    "Response",
    "ResponseStatus",
    "Role",
    "Rung",
    "SettingError",
    "SettingRefused",
    "SpokenSentence",
    "StageLatency",
    "StreamEvent",
    "StreamInfo",
    "StreamMetrics",
    "StreamSettings",
    "StreamState",
    "StreamStatus",
    "SyncedSpeechMessage",
    "SynthesisJob",
    "Synthesized",
    "TalkbackCancel",
    "TalkbackPlayed",
    "TalkbackReply",
    "TalkbackSay",
    "TalkbackStatus",
    "TopicAddress",
    "Topics",
    "Transcription",
    "Translated",
    "TranslationJob",
    "UtteranceMessage",
    "UtteranceStage",
    "Verdict",
    "VideoTrack",
    "ViewGrant",
    "ViewRequest",
    "ViewScope",
    "VoiceInfo",
    "WorkerInfo",
    "WorkerMetrics",
    "WorkerModels",
    "WorkerStatus",
    "canonical_language",
    "check_id",
    "check_language",
    "check_media",
    "check_prefix",
    "decode",
    "decode_data",
    "decode_text",
    "decode_word",
    "encode",
    "is_compatible",
    "primary_language",
]
