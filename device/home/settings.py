"""What the config says about the hub, and the names of the topics.

Every bed speaks under `nocturne/<bed>/`: `avail`, `state/<field>` (retained), `event/<name>` and
`feedback/<question>` (never retained) go up; `cmd/<kind>` and `ack/<id>` come down. The broker's
user name is the bed's id, so that one ACL pattern keeps beds apart.
"""

import ipaddress
import re
from dataclasses import dataclass, field

from device.errors import ConfigError

ROOT = "nocturne"
PRIOR = f"{ROOT}/prior"             # retained, from the hub to every bed
HOME_ASSISTANT = "homeassistant"    # its discovery prefix and birth topic
RESERVED = ("hub", "prior")
BED = re.compile(r"[A-Za-z0-9_-]{1,32}")


@dataclass(frozen=True, slots=True)
class Settings:
    """How to reach the hub; host "" is no hub at all."""
    host: str = ""
    port: int = 1883
    username: str = ""                              # "" means the bed's id
    password: str = field(default="", repr=False)
    ca: str = ""                                    # file of the one CA to trust; "" is no TLS
    bed: str = "bedside"
    hub_key: str = ""  # the hub's Ed25519 key (hex) pinned at pairing; "" adopts no prior
    care: bool = True  # tell session, care state and the night's summary
    plain: bool = False  # speak in the clear to a hub on another machine
    detail: bool = False    # and to the owner's Home Assistant what was measured, too

    def __post_init__(self) -> None:
        if not BED.fullmatch(self.bed) or self.bed in RESERVED:
            raise ConfigError(
                f"home.bed {self.bed!r}: letters, digits, - and _ only, at most 32, "
                "and not hub or prior"
            )
        if not 0 < self.port < 65536:
            raise ConfigError(f"home.port {self.port}: must be 1 to 65535")
        if self.hub_key and not re.fullmatch(r"[0-9a-f]{64}", self.hub_key):
            raise ConfigError("home.hub_key: must be the 64 hex digits that `nocturne hub` prints")


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What discovery tells of this device."""
    name: str = ""                  # "" is made of the bed's id
    area: str = ""                  # the room it stands in; "" isn't told
    page: str = ""                  # http(s) address of the hub's page
    serial: str = ""                # of the board
    software: str = "0.1.0"
    hardware: str = "Raspberry Pi Zero 2 W"
    programmes: tuple[str, ...] = ("auto",)
    choices: tuple[str, ...] = ()   # what can be tapped where a note was in doubt
    cap: int = 100                  # %: the owner's ceiling; nobody can raise it from afar
    occupancy: bool = False         # a sensor that can really tell
    picture: bool = True            # the night is drawn
    detail: bool = False            # what was measured is shown, too


def loopback(host: str) -> bool:
    """Whether it is this very machine, where nobody listens on the wire."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("localhost", "localhost.localdomain")


def topic(bed: str, *parts: str) -> str:
    return "/".join((ROOT, bed, *parts))
