"""Talkback: what the owner writes or says is said to the visitor, in the visitor's language."""

from edge_worker.talkback.echo import Echo
from edge_worker.talkback.messages import TalkbackMessages
from edge_worker.talkback.talkback import Talkback, TalkbackHooks, reply_path

__all__ = ["Echo", "Talkback", "TalkbackHooks", "TalkbackMessages", "reply_path"]
