"""What others may ask of the device: pure parsing, everything bounded, anything else refused.

A payload is either the bare value (`45`, `ON`) or a JSON object `{"value": 45, "id": "…",
"expires": 1767218400, "zone": "Europe/Berlin"}`, which is what our discovery's templates make Home
Assistant send. There is no command to unmute: only the button does.
"""

import json
import re
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

from device.errors import Refused
from device.home.entities import ASKED, ENTITIES
from device.home.payloads import Reader, read_taste, read_zone
from device.home.settings import ROOT
from device.values import Command, Lack

LONGEST = 1024                  # bytes of a command
ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)
# Obeyed whatever any clock says: nobody is harmed by a silence that comes late.
CALMING = {("stop", None), ("sound", False), ("light", 0.0), ("privacy", True), ("sharing", False)}

# kind → what reads its value
KINDS: dict[str, Reader] = {
    name: row.payload.read
    for name, row in ENTITIES.items()
    if row.payload.read is not None and row.platform in ASKED
}
# What is sent by a program at home and shown nowhere.
UNSHOWN: dict[str, Reader] = {"taste": read_taste}
READERS = {**KINDS, **UNSHOWN}


def parse(
    topic: str,
    payload: bytes,
    retained: bool,
    now: float | None,
    programmes: Sequence[str] = (),
    ceiling: float = 1.0,
) -> Command:
    """The command in one MQTT message; `now` is wall time in s, None when this machine doesn't know
    it; `ceiling` 0..1 is the owner's, above which nobody sets the volume cap from afar.

    Raises Refused, in words, for whatever is malformed, out of bounds, retained or expired.
    """
    parts = topic.split("/")
    if len(parts) != 4 or parts[0] != ROOT or parts[2] != "cmd" or parts[3] not in READERS:
        raise Refused(f"unknown command {topic[:80]!r}")
    kind = parts[3]
    if retained:
        raise Refused(f"{kind}: a retained command is not obeyed; send it live")
    if len(payload) > LONGEST and kind == "say":
        return Command(kind)
    if len(payload) > LONGEST:
        raise Refused(f"{kind}: {len(payload)} bytes are too many")
    asked, identity, expires, zone = envelope(kind, payload)
    try:
        value = READERS[kind](asked)
    except Refused as trouble:
        raise Refused(f"{kind}: {trouble}") from None
    command = Command(kind, value, identity, zone=zone)
    late = 0.0 if expires is None or now is None else now - expires
    if late > 0 and not calming(command):
        raise Refused(
            f"{kind}: it was to be obeyed until {late:.0f} s ago, by this device's clock; "
            "if it was asked just now, one of the clocks is wrong"
        )
    if kind == "programme" and programmes and value not in programmes:
        raise Refused(f"programme: there is none called {value!r}")
    if kind == "volume_cap" and isinstance(value, float) and value > ceiling:
        raise Refused(f"volume_cap: {100 * value:.0f} % is above the owner's {100 * ceiling:.0f} %")
    return command


def answered(payload: bytes) -> str:
    """The id that a refusal answers; "" where none can be read."""
    try:
        return envelope("", payload[:LONGEST])[1]
    except Refused:
        return ""


def envelope(kind: str, payload: bytes) -> tuple[object, str, float | None, str]:
    """(value, id, expiry in s since 1970, time zone) of a payload; the value isn't judged yet."""
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        raise Refused(f"{kind}: not UTF-8") from None
    if not text.startswith("{"):
        return text, "", None, ""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused(f"{kind}: not JSON") from None
    if unknown := set(whole) - {"value", "id", "expires", "zone"}:
        raise Refused(f"{kind}: unknown key {sorted(unknown)[0][:40]!r}")
    identity, expires = whole.get("id", ""), whole.get("expires")
    if identity != "" and not (isinstance(identity, str) and ID.fullmatch(identity)):
        raise Refused(f"{kind}: the id must be 1 to 64 letters, digits, '.', ':', '-' or '_'")
    # NaN compares false with everything, so that it is refused here too.
    if expires is not None and (isinstance(expires, bool) or not isinstance(expires, int | float)
                                or not 0 <= expires <= 1e12):
        raise Refused(f"{kind}: expires must be seconds since 1970")
    return whole.get("value", ""), identity, expires, known_zone(whole.get("zone"))


def known_zone(name: object) -> str:
    """A command isn't refused for where it was asked: "" for a zone that this device lacks."""
    try:
        return read_zone(name)
    except Refused:
        return ""


def calming(command: Command) -> bool:
    return (command.kind, command.value) in CALMING


class Inbox(Protocol):
    """Where commands go."""

    def put(self, item: Command | Lack) -> None: ...
    def qsize(self) -> int: ...


class Seen:
    """Ids of the last commands, so that one delivered twice acts once."""

    def __init__(self, most: int = 256):
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._most = most

    def again(self, identity: str) -> bool:
        """Whether the id was here before; "" never was."""
        if not identity:
            return False
        if identity in self._ids:
            return True
        self._ids[identity] = None
        if len(self._ids) > self._most:
            self._ids.popitem(last=False)
        return False
