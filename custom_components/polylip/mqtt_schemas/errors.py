"""What the contract refuses, and how it says so."""


class Refused(Exception):  # noqa: N818 - "refused" is the contract's word for bad input
    """Something from outside breaks the contract; nothing of it was used."""


class IdRefused(Refused):
    """A prefix, id or language that may not stand in a topic."""


class MessageRefused(Refused):
    """A message that breaks the contract.

    Args:
        topic: where it came from or was going to.
        field: path of the offending field (``video.width``), empty for the message as a whole.
        reason: what is wrong with it.
    """

    def __init__(self, topic: str, field: str, reason: str) -> None:
        self.topic = topic
        self.field = field
        self.reason = reason
        super().__init__(topic, field, reason)

    def __str__(self) -> str:
        where = f"field {self.field!r} " if self.field else ""
        return f"message on {self.topic} refused: {where}{self.reason}"


class SettingRefused(Refused):
    """A setting that does not exist or a value that it cannot take.

    Args:
        setting: the name as it was given.
        reason: what is wrong and what it takes instead.
    """

    def __init__(self, setting: str, reason: str) -> None:
        self.setting = setting
        self.reason = reason
        super().__init__(setting, reason)

    def __str__(self) -> str:
        return f"setting {self.setting} refused: {self.reason}"


def shown(value: object) -> str:
    """A value from outside as it may stand in an error: ASCII, at most 60 characters."""
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
