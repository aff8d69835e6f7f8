"""The kinds of field that messages are made of.

The constraints are those of the JSON schema in ``asyncapi.yaml``; the codec enforces that very
schema in both directions.
"""

from typing import Annotated

from mashumaro.jsonschema.annotations import (
    ExclusiveMinimum,
    Maximum,
    MaxItems,
    MaxLength,
    Minimum,
    Pattern,
)

from .identifiers import AUTO_LANGUAGE, ID_PATTERN, LANGUAGE_PATTERN, VOICE_PATTERN
from .limits import MAX_NAME, MAX_STREAMS, MAX_TERM, MAX_TEXT

SCHEMA = 1
"""The generation of every message; rises only when a change is not additive."""

_NO_CONTROLS = r"^[^\u0000-\u001f\u007f]*$"
_INT64 = (1 << 63) - 1

Schema = Annotated[int, Minimum(1), Maximum(SCHEMA)]
Id = Annotated[str, Pattern(ID_PATTERN)]
OptionalId = Annotated[str, Pattern(f"^({ID_PATTERN[1:-1]})?$")]
"""Empty where there is none."""
Epoch = Annotated[str, Pattern("^[0-9a-z]{1,32}$")]
"""Random; new whenever the camera's clock starts again."""

Language = Annotated[str, Pattern(LANGUAGE_PATTERN)]
OptionalLanguage = Annotated[str, Pattern(f"^({LANGUAGE_PATTERN[1:-1]})?$")]
"""Empty where it is not known."""
LanguageOrAuto = Annotated[str, Pattern(f"^({AUTO_LANGUAGE}|{LANGUAGE_PATTERN[1:-1]})$")]

Name = Annotated[str, MaxLength(MAX_NAME), Pattern(_NO_CONTROLS)]
"""For people: any script, no control characters."""
Sentence = Annotated[str, MaxLength(512), Pattern(_NO_CONTROLS)]
"""For people: a reason, and what to do."""
Token = Annotated[str, Pattern("^[A-Za-z0-9._:+-]{0,128}$")]
"""For machines: versions, codecs, models."""
Voice = Annotated[str, Pattern(VOICE_PATTERN)]
Text = Annotated[str, MaxLength(MAX_TEXT)]
Url = Annotated[str, Pattern(r"^(https?://[^\s\u0000-\u001f\u007f]{1,240})?$")]
TopicName = Annotated[str, MaxLength(512), Pattern(r"^[^\u0000-\u001f\u007f+#]*$")]

Count = Annotated[int, Minimum(0), Maximum(_INT64)]
Term = Annotated[int, Minimum(0), Maximum(MAX_TERM)]
"""Of an owner, or a revision: rises and never falls."""
Nanoseconds = Annotated[int, Minimum(-_INT64), Maximum(_INT64)]
"""A moment on the media clock or UTC, or a signed distance."""
Duration = Annotated[int, Minimum(0), Maximum(_INT64)]
"""Nanoseconds."""
Ratio = Annotated[float, Minimum(0), Maximum(1)]
Positive = Annotated[float, ExclusiveMinimum(0), Maximum(1e9)]
NonNegative = Annotated[float, Minimum(0), Maximum(1e9)]
Pixels = Annotated[int, Minimum(16), Maximum(7680)]
SampleRate = Annotated[int, Minimum(8_000), Maximum(192_000)]

Few = MaxItems(64)
"""Bound of short lists."""
Many = MaxItems(4_096)
"""Bound of long ones; the message's size is the other."""
Streams = MaxItems(MAX_STREAMS)
