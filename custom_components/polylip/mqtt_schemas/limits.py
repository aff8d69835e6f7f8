"""How much of anything from outside is taken."""

MAX_STREAMS = 256
"""Streams under one topic prefix."""
MAX_WORKERS = 64
"""Workers under one topic prefix."""
MAX_NAME = 128
"""Characters of a name for people, and of names in messages in general."""
MAX_TEXT = 4_096
"""Characters of an utterance's text."""
MAX_TERM = (1 << 53) - 1
"""Terms and revisions: what every reader of JSON keeps exact (RFC 8259, section 6)."""
MAX_MEDIA_BYTES = 1_000_000
"""One message of media or PCM."""
MAX_MESSAGE_BYTES = 64_000
"""Every other message."""
MAX_DEPTH = 16
"""Levels of nesting within a JSON message."""
