"""What others may ask of the device: pure parsing, everything bounded, anything else refused.

A payload is either the bare value (`45`, `ON`) or a JSON object `{"value": 45, "id": "…",
"expires": 1767218400}`, which is what our discovery's templates make Home Assistant send. There is
no command to unmute: only the button does.
"""

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence

from device.errors import Refused
from device.home.settings import ROOT
from device.values import Command

LONGEST = 1024                  # bytes of a command
LONGEST_MESSAGE = 280           # characters
NUMBER = re.compile(r"-?\d{1,6}(\.\d{1,9})?")
TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(:00)?")
NAME = re.compile(r"[\w][\w '.-]{0,39}")
ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)


def switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.upper() in ("ON", "OFF"):
        return value.upper() == "ON"
    raise Refused(f"{value!r} is neither ON nor OFF")


def number(low: float, high: float) -> Callable[[object], float]:
    def read(value: object) -> float:
        if isinstance(value, str) and NUMBER.fullmatch(value):
            value = float(value)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not low <= value <= high
        ):
            raise Refused(f"{value!r} is no number from {low:g} to {high:g}")
        return float(value)
    return read


def percent(value: object) -> float:
    return number(0, 100)(value) / 100


def time_of_day(value: object) -> int:
    found = TIME.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise Refused(f"{value!r} is no time of day like 22:30")
    return int(found[1]) * 60 + int(found[2])


def time_or_off(value: object) -> int | None:
    return None if value in ("off", "OFF", "") else time_of_day(value)


def name(value: object) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise Refused(f"{value!r} is no name of a programme")
    return value


def message(value: object) -> str:
    if not isinstance(value, str):
        raise Refused("a message must be text")
    text = " ".join("".join(c if c.isprintable() else " " for c in value).split())
    if not 0 < len(text) <= LONGEST_MESSAGE:
        raise Refused(f"a message has 1 to {LONGEST_MESSAGE} characters, not {len(text)}")
    return text


def note(value: object) -> str | None:
    """Words for the night; None is what nobody can read, for that is answered, too."""
    try:
        return message(value)
    except Refused:
        return None


def press(_: object) -> None:
    return None


def install(value: object) -> None:
    if value != "install":
        raise Refused(f"{value!r} isn't \"install\"")


KINDS: dict[str, Callable[[object], bool | float | int | str | None]] = {
    "sound": switch, "volume": percent, "programme": name, "timer": number(0, 720), "stop": press,
    "volume_cap": percent, "quiet_from": time_or_off, "quiet_to": time_or_off, "alarm": time_or_off,
    "privacy": switch, "sharing": switch, "light": percent, "identify": press, "message": message,
    "say": note, "firmware": install,
}


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
    if len(parts) != 4 or parts[0] != ROOT or parts[2] != "cmd" or parts[3] not in KINDS:
        raise Refused(f"unknown command {topic[:80]!r}")
    kind = parts[3]
    if retained:
        raise Refused(f"{kind}: a retained command is not obeyed; send it live")
    if len(payload) > LONGEST and kind == "say":
        return Command(kind)
    if len(payload) > LONGEST:
        raise Refused(f"{kind}: {len(payload)} bytes are too many")
    value, identity, expires = envelope(kind, payload)
    if expires is not None and now is not None and now > expires:
        raise Refused(f"{kind}: expired {now - expires:.0f} s ago")
    try:
        value = KINDS[kind](value)
    except Refused as trouble:
        raise Refused(f"{kind}: {trouble}") from None
    if kind == "programme" and programmes and value not in programmes:
        raise Refused(f"programme: there is none called {value!r}")
    if kind == "volume_cap" and value > ceiling:
        raise Refused(f"volume_cap: {100 * value:.0f} % is above the owner's {100 * ceiling:.0f} %")
    return Command(kind, value, identity)


def envelope(kind: str, payload: bytes) -> tuple[object, str, float | None]:
    """(value, id, expiry in s since 1970) of a payload, none of them judged yet but id and expiry.
    """
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        raise Refused(f"{kind}: not UTF-8") from None
    if not text.startswith("{"):
        return text, "", None
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused(f"{kind}: not JSON") from None
    if unknown := set(whole) - {"value", "id", "expires"}:
        raise Refused(f"{kind}: unknown key {sorted(unknown)[0][:40]!r}")
    identity, expires = whole.get("id", ""), whole.get("expires")
    if identity != "" and not (isinstance(identity, str) and ID.fullmatch(identity)):
        raise Refused(f"{kind}: the id must be 1 to 64 letters, digits, '.', ':', '-' or '_'")
    # NaN compares false with everything, so that it is refused here too.
    if expires is not None and (isinstance(expires, bool) or not isinstance(expires, int | float)
                                or not 0 <= expires <= 1e12):
        raise Refused(f"{kind}: expires must be seconds since 1970")
    return whole.get("value", ""), identity, expires


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
