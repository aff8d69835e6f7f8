"""The settings of a stream that are in force, and what came of the commands."""

from collections import deque

from edge_worker.command import Command
from edge_worker.session.wording import sentence
from mqtt_schemas import MAX_TERM, SettingError, SettingRefused, StreamSettings, StreamState

_PUT_OFF = 64
"""Commands kept while the stream is being taken over."""


class Steering:
    """Of one stream; the owner obeys commands, everybody else follows the owner's ``state``.

    Args:
        settings: before anything else is known.

    Attributes:
        settings: in force.
        revision: of them; rises with every command.
        last_error: why the newest command was refused; None when it was not.
        retained_ignored: commands that were not obeyed because they were retained.
    """

    def __init__(self, settings: StreamSettings) -> None:
        self.settings = settings
        self.revision = 0
        self.last_error: SettingError | None = None
        self.retained_ignored = 0
        self._put_off: deque[Command] = deque(maxlen=_PUT_OFF)

    def follow(self, state: StreamState) -> None:
        """The owner, who is another worker, said what is in force."""
        self.settings = state.settings
        self.revision = max(self.revision, state.revision)

    def obey(self, command: Command) -> bool:
        """Take or refuse a command that was not retained; whether it was taken."""
        self.revise()
        try:
            self.settings = command.applied_to(self.settings)
        except SettingRefused as refused:
            self.last_error = SettingError(
                setting=sentence(refused.setting), reason=sentence(refused.reason, 512)
            )
            return False
        self.last_error = None
        return True

    def put_off(self, command: Command) -> None:
        """Keep a command until the stream has been taken over."""
        self._put_off.append(command)

    def put_off_so_far(self) -> list[Command]:
        """The commands that were kept, oldest first; they are kept no longer."""
        commands = list(self._put_off)
        self._put_off.clear()
        return commands

    def revise(self) -> None:
        """What is said of the settings from now on is newer than all before."""
        self.revision = min(self.revision + 1, MAX_TERM)
