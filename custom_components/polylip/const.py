"""Names that several modules share."""

from typing import Final

DOMAIN: Final = "polylip"
CONF_PREFIX: Final = "prefix"
ISSUE_PROTOCOL: Final = "protocol_mismatch"
