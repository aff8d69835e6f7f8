"""The settings of a stream, and the bare texts that change them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Self

from mashumaro.jsonschema.annotations import Pattern
from mashumaro.types import SerializableType

from .errors import IdRefused, SettingRefused, shown
from .fields import Language, LanguageOrAuto, Ratio, Voice
from .identifiers import AUTO_LANGUAGE, VOICE_PATTERN, canonical_language


class Activation(StrEnum):
    """When a stream is translated."""

    AUTO = "auto"
    """On demand where the stream is a doorbell, else always."""
    ALWAYS = "always"
    ON_DEMAND = "on_demand"
    """A ring, a watcher or a reply wakes it; it sleeps after two minutes without speech."""
    OFF = "off"
    """Never: the stream is known, and neither decoded nor translated."""


class PlayoutDelay(str, SerializableType, use_annotations=True):
    """The distance between capture and playout: ``live``, ``dub``, ``auto`` or seconds, as text.

    Args:
        text: a word, or seconds from 0.2 to 6; kept in shortest form (``1.50`` is ``1.5``).

    Raises:
        ValueError: it is neither.
    """

    __slots__ = ()

    MIN_S = 0.2
    MAX_S = 6.0

    def __new__(cls, text: str) -> Self:
        """Take a word or a number of seconds."""
        word = text.strip().lower()
        if word in {"live", "dub", "auto"}:
            return super().__new__(cls, word)
        if not re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,9})?", word):
            raise ValueError(f"is {shown(text)}; takes live, dub, auto or seconds from 0.2 to 6")
        seconds = round(float(word), 3)
        if not cls.MIN_S <= seconds <= cls.MAX_S:
            raise ValueError(f"is {word} s; seconds go from {cls.MIN_S:g} to {cls.MAX_S:g}")
        return super().__new__(cls, f"{seconds:g}")

    @property
    def fixed_ns(self) -> int | None:
        """The delay in nanoseconds where it is fixed; None for live, dub and auto."""
        return round(float(self) * 1e3) * 1_000_000 if self[0].isdigit() else None

    def _serialize(self) -> str:
        return str(self)

    @classmethod
    def _deserialize(cls, value: str) -> "PlayoutDelay":
        return cls(value)


LIVE = PlayoutDelay("live")
"""The translation follows the speaker as soon as it can."""

_DELAY_PATTERN = Pattern(r"^(live|dub|auto|0\.[2-9][0-9]{0,2}|[1-5](\.[0-9]{1,3})?|6(\.0{1,3})?)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    """The settings in force; each field is set by its name on ``stream/<stream>/set/<name>``."""

    enabled: bool = True
    """Off: the stream passes through, still published."""
    activation: Activation = Activation.AUTO
    source_language: LanguageOrAuto = AUTO_LANGUAGE
    """BCP-47, lower case, or ``auto``."""
    target_language: Language = "en"
    """BCP-47, lower case."""
    lip_sync: bool = True
    playout_delay: Annotated[PlayoutDelay, _DELAY_PATTERN] = LIVE
    """``live``, ``dub``, ``auto`` or seconds (0.2 to 6)."""
    voice: Voice = ""
    """Empty: the target language's default voice."""
    original_volume: Ratio = 0.18
    """Linear amplitude of the original under translated speech; 0.18 is -15 dB, 0 mutes it."""
    captions: bool = True
    label: bool = True
    """The visible mark of translated picture and sound (EU AI Act, Article 50)."""

    def apply(self, name: str, text: str) -> "StreamSettings":
        """These settings with one changed by a bare text, as it came in a ``set`` message.

        Raises:
            SettingRefused: there is no such setting, or it cannot take this value.
        """
        reader = _READERS.get(name)
        if reader is None:
            raise SettingRefused(
                shown(name), f"there is no such setting; there are {', '.join(SETTINGS)}"
            )
        try:
            return replace(self, **{name: reader(text.strip())})
        except (ValueError, IdRefused) as error:
            raise SettingRefused(name, str(error)) from None

    def text(self, name: str) -> str:
        """The bare text of one setting: what ``apply`` reads back.

        Raises:
            SettingRefused: there is no such setting.
        """
        if name not in _READERS:
            raise SettingRefused(shown(name), "there is no such setting")
        value = getattr(self, name)
        if isinstance(value, bool):
            return "on" if value else "off"
        return f"{value:g}" if isinstance(value, float) else str(value)


SETTINGS = tuple(field.name for field in fields(StreamSettings))
"""Every setting's name, in the order that people meet them."""


def _switch(text: str) -> bool:
    words = {"on": True, "true": True, "off": False, "false": False}
    if text.lower() not in words:
        raise ValueError(f"is {shown(text)}; takes on, off, true or false")
    return words[text.lower()]


def _activation(text: str) -> Activation:
    if text.lower() not in set(Activation):
        raise ValueError(f"is {shown(text)}; takes {', '.join(Activation)}")
    return Activation(text.lower())


def _source_language(text: str) -> str:
    return AUTO_LANGUAGE if text.lower() == AUTO_LANGUAGE else canonical_language(text)


def _voice(text: str) -> str:
    if not re.fullmatch(VOICE_PATTERN, text):
        raise ValueError(f"is {shown(text)}; takes the id of a voice, or nothing for the default")
    return text


def _volume(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,9})?", text) or float(text) > 1:
        raise ValueError(f"is {shown(text)}; takes a linear volume from 0 (mute) to 1")
    return float(text)


_READERS: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {
        "enabled": _switch,
        "activation": _activation,
        "source_language": _source_language,
        "target_language": canonical_language,
        "lip_sync": _switch,
        "playout_delay": PlayoutDelay,
        "voice": _voice,
        "original_volume": _volume,
        "captions": _switch,
        "label": _switch,
    }
)
