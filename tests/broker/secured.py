"""A broker set up exactly as ``docs/mosquitto`` tells people to."""

import getpass
import re
import shutil
import subprocess
from pathlib import Path

from edge_worker.transport import BrokerSettings, MqttLink, Tls
from tests.broker.conftest import Mosquitto, free_port

DOCUMENTS = Path(__file__).parents[2] / "docs" / "mosquitto"
USERS = ("worker", "door", "homeassistant", "viewer")
_PLACE = "/etc/mosquitto/polylip"


class Secured(Mosquitto):
    """Speaks TLS with passwords on one port, mutual TLS on another."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._folder = folder / "polylip"
        self.mutual_port = free_port()
        self._passwords = {user: f"{user}-secret" for user in USERS}
        subprocess.run(
            [DOCUMENTS / "make-certificates", self._folder, self.host, *USERS],
            check=True,
            capture_output=True,
        )
        passwords = self._folder / "passwords"
        for index, (user, password) in enumerate(self._passwords.items()):
            created = ["-c"] if index == 0 else []
            subprocess.run(
                ["mosquitto_passwd", "-b", *created, passwords, user, password], check=True
            )
        shutil.copy(DOCUMENTS / "polylip.acl", self._folder)
        (folder / "data").mkdir()
        self._config.write_text(self._text(folder / "data"))

    def _text(self, data: Path) -> str:
        """The documented file with this test's places and ports."""
        text = (DOCUMENTS / "mosquitto.conf").read_text()
        text = text.replace(_PLACE, str(self._folder)).replace("/var/lib/mosquitto/", f"{data}/")
        for port, ours in ((8883, self.port), (8884, self.mutual_port)):
            text = re.sub(
                rf"^listener {port}$", f"listener {ours} {self.host}", text, flags=re.MULTILINE
            )
        # Started by root it would become somebody else, who may not read this folder.
        return f"{text}\nuser {getpass.getuser()}\n"

    def settings_of(self, user: str, password: str | None = None) -> BrokerSettings:
        """How a user comes in with a password."""
        return BrokerSettings(
            host=self.host,
            port=self.port,
            username=user,
            password=password or self._passwords[user],
            tls=Tls(ca=self._folder / "ca.crt"),
        )

    def certified(self, user: str) -> BrokerSettings:
        """How a user comes in with a certificate."""
        own = Tls(
            self._folder / "ca.crt", self._folder / f"{user}.crt", self._folder / f"{user}.key"
        )
        return BrokerSettings(host=self.host, port=self.mutual_port, tls=own)

    def link_of(self, user: str) -> MqttLink:
        """A client that comes in with a password."""
        return MqttLink(self.settings_of(user))
