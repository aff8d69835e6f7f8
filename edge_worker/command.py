"""Commands of the outside, as they come on ``set``."""

from dataclasses import dataclass

from mqtt_schemas import SettingRefused, StreamSettings


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody wants to be set."""

    setting: str
    text: str = ""
    fault: str = ""
    """Why it cannot even be read."""
    retained: bool = False
    """Kept by the broker from another time; never obeyed."""

    def applied_to(self, settings: StreamSettings) -> StreamSettings:
        """The settings that it makes of others.

        Raises:
            SettingRefused: it cannot be read, or takes something else.
        """
        if self.fault:
            raise SettingRefused(self.setting, self.fault)
        return settings.apply(self.setting, self.text)
