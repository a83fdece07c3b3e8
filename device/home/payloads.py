"""The kinds of value that go over MQTT: how a command's is read, how a state's is written, and what
the written one is (JSON Schema).

A reader takes a payload, or what stood under "value" in its JSON, and raises Refused in words. A
writer takes the device's own unit and answers what stands on `state/<field>`.
"""

import json
import math
import re
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from device.errors import Refused

Value = bool | float | int | str | None
Reader = Callable[[object], Value]
# Of whatever the night tells under the field's name; each writer knows its own.
Writer = Callable[[Any], str | bytes]
Schema = Mapping[str, object]

UNKNOWN = "None"        # what Home Assistant's MQTT platforms read as unknown
LONGEST_MESSAGE = 280   # characters
LONGEST_WORDS = 255     # characters: Home Assistant's limit of a state
LARGEST_PICTURE = 262_144   # bytes
COARSE = 5              # min: the nightly summary is rounded to this
FORGET = "forget"
NUMBER = re.compile(r"-?\d{1,6}(\.\d{1,9})?")
TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(:00)?")
ZONE_NAME = re.compile(r"[A-Za-z0-9_+/-]{1,64}")
NAME = re.compile(r"[\w][\w '.-]{0,39}")
# What a night is at, in the few words that people at home need.
SESSIONS = ("idle", "winding_down", "sleeping", "awake", "waking", "unknown")
CARE = ("settled", "restless", "needs_checking", "unknown")
WAKINGS = ("none", "one_or_two", "three_or_more")
STAGES = ("wake", "light", "deep", "rem")
BUTTON_EVENTS = ("single", "double", "triple", "hold")
WAKING_EVENTS = ("alarm", "snooze", "out_of_bed")


@dataclass(frozen=True, slots=True)
class Payload:
    """One kind of value. Without `read` it can't be asked for, without `write` it isn't told."""
    schema: Schema
    read: Reader | None = None
    write: Writer | None = None
    json: bool = False          # what is written is JSON; else it is text


# ---- reading -------------------------------------------------------------------------------------

def read_switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.upper() in ("ON", "OFF"):
        return value.upper() == "ON"
    raise Refused(f"{value!r} is neither ON nor OFF")


def read_taste(value: object) -> str:
    """taste.json, as text; FORGET, "", forgets it: an empty payload, as retained ones are removed
    by, asks for nothing. What is in it is judged by who keeps it."""
    if value == FORGET:
        return ""
    if not isinstance(value, Mapping) or not all(map(flat, value.values())):
        raise Refused("isn't what `nocturne taste` writes")
    return json.dumps(value)


def flat(value: object) -> bool:
    """A plain value, or names of them."""
    inside = value.values() if isinstance(value, Mapping) else [value]
    return not any(isinstance(each, Mapping | list) for each in inside)


def read_number(low: float, high: float) -> Callable[[object], float]:
    def read(value: object) -> float:
        number = float(value) if isinstance(value, str) and NUMBER.fullmatch(value) else value
        if (
            isinstance(number, bool)
            or not isinstance(number, int | float)
            or not low <= number <= high        # NaN is refused here too
        ):
            raise Refused(f"{number!r} is no number from {low:g} to {high:g}")
        return float(number)
    return read


def read_percent(value: object) -> float:
    return read_number(0, 100)(value) / 100


def read_time(value: object) -> int | None:
    """Minutes after midnight; None is off."""
    if value in ("off", "OFF", ""):
        return None
    found = TIME.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise Refused(f"{value!r} is no time of day like 22:30")
    return int(found[1]) * 60 + int(found[2])


def read_weekday(value: object) -> int | None:
    """The same, or −1 for off, or −2 for "daily": as on every day."""
    if value == "daily":
        return -2
    minute = read_time(value)
    return -1 if minute is None else minute


def read_zone(value: object) -> str:
    """A name of the tz database."""
    try:
        if not isinstance(value, str) or not ZONE_NAME.fullmatch(value):
            raise ValueError(value)
        return ZoneInfo(value).key
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise Refused(f"{value!r:.60} is no time zone like Europe/Berlin") from None


def read_name(value: object) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise Refused(f"{value!r} is no name of a programme")
    return value


def read_message(value: object) -> str:
    if not isinstance(value, str):
        raise Refused("a message must be text")
    printable = "".join(c if c.isprintable() else " " for c in value)
    text = " ".join(printable.split())
    if not 0 < len(text) <= LONGEST_MESSAGE:
        raise Refused(f"a message has 1 to {LONGEST_MESSAGE} characters, not {len(text)}")
    return text


def read_note(value: object) -> str | None:
    """Words for the night; None is what nobody can read, for that is answered, too."""
    try:
        return read_message(value)
    except Refused:
        return None


def read_press(_: object) -> None:
    return None


def read_install(value: object) -> None:
    if value != "install":
        raise Refused(f"{value!r} isn't \"install\"")


# ---- writing -------------------------------------------------------------------------------------

def missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def write_switch(value: object) -> str:
    if value is None:
        return UNKNOWN
    return "ON" if value else "OFF"


def write_percent(value: Any) -> str:
    return UNKNOWN if missing(value) else str(round(100 * min(max(float(value), 0.0), 1.0)))


def write_whole(value: Any) -> str:
    return UNKNOWN if missing(value) else str(round(float(value)))


def write_time(value: Any) -> str:
    """Minutes after midnight as 22:30; None is off."""
    return "off" if value is None else f"{int(value) // 60 % 24:02d}:{int(value) % 60:02d}"


def write_weekday(value: Any) -> str:
    """As `read_weekday` takes it."""
    return "daily" if value == -2 else write_time(None if value == -1 else value)


def write_words(value: object) -> str:
    return UNKNOWN if value in (None, "") else str(value)[:LONGEST_WORDS]


def write_names(value: Any) -> str:
    return json.dumps(list(value or ()))


def write_nothing_of_it(_: object) -> str:
    """What was typed is not shown again."""
    return "…"


def write_unknown(_: object) -> str:
    """Nothing is chosen before it is tapped, nor after."""
    return UNKNOWN


def write_session(value: object) -> str:
    return str(value) if value in SESSIONS else "unknown"


def write_care(value: object) -> str:
    return str(value) if value in CARE else "unknown"


def write_picture(value: object) -> bytes:
    return value if isinstance(value, bytes) and len(value) <= LARGEST_PICTURE else NO_PICTURE


def no_picture(width: int = 600, height: int = 200) -> bytes:
    """A PNG (RFC 2083) of one colour: Home Assistant answers HTTP 500 for an image that is none."""
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(
            ">I", zlib.crc32(kind + body))
    grey = zlib.compress((b"\0" + b"\x30" * width) * height, 9)
    head = chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", grey) + chunk(b"IEND", b"")


NO_PICTURE = no_picture()


def write_moment(value: Any) -> str:
    """Seconds since 1970 → ISO 8601, to the minute."""
    return UNKNOWN if missing(value) else moment(60 * round(value / 60))


def write_nights(value: Any) -> str:
    """`{began: s since 1970, sol, tst, waso: min}` each, oldest first, as coarse as the summary."""
    return json.dumps([
        {"began": coarse_time(night.get("began")),
         **{key: coarse_minutes(night.get(key)) for key in ("sol", "tst", "waso")}}
        for night in value or ()
    ])


def write_together(value: Any) -> str:
    """Numbers and names; what is missing stays null."""
    return json.dumps({key: tidy(item) for key, item in (value or {}).items()})


def write_summary(value: object) -> str:
    """`{lights_out, out_of_bed: s since 1970, sol, tst, waso: min, wakings}` as coarse JSON; None
    stays null."""
    night = value if isinstance(value, Mapping) else {}
    coarse = {key: coarse_minutes(night.get(key)) for key in ("sol", "tst", "waso")}
    wakings = {"wakings": coarse_count(night.get("wakings"))}
    times = {key: coarse_time(night.get(key)) for key in ("lights_out", "out_of_bed")}
    return json.dumps({**coarse, **wakings, **times})


def coarse_minutes(minutes: Any) -> int | None:
    return None if missing(minutes) else COARSE * round(float(minutes) / COARSE)


def coarse_count(count: Any) -> str | None:
    if missing(count):
        return None
    if count < 1:
        return WAKINGS[0]
    return WAKINGS[1] if count < 3 else WAKINGS[2]


def coarse_time(seconds: Any) -> str | None:
    """Seconds since 1970 → ISO 8601."""
    return None if missing(seconds) else moment(60 * COARSE * round(seconds / 60 / COARSE))


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def write_firmware(value: Any) -> str:
    """`(installed, latest or None)`."""
    installed, latest = value
    return json.dumps({"installed_version": installed, "latest_version": latest or installed})


def tidy(item: object) -> object:
    if missing(item):
        return None
    return round(item, 2) if isinstance(item, float) else item


# ---- kinds ---------------------------------------------------------------------------------------

def shared(name: str) -> Schema:
    """One of DEFINITIONS."""
    return {"$ref": f"#/$defs/{name}"}


def whole_object(properties: Mapping[str, Schema]) -> Schema:
    """All of them and nothing else."""
    return {"type": "object", "additionalProperties": False,
            "required": list(properties), "properties": dict(properties)}


DEFINITIONS: Mapping[str, Schema] = {
    "switch": {"enum": ["ON", "OFF", UNKNOWN]},
    "percent": {"type": "string", "pattern": f"^([0-9]|[1-9][0-9]|100|{UNKNOWN})$"},
    "time": {"type": "string", "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|off)$"},
    "weekday": {"type": "string", "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|off|daily)$"},
    "words": {"type": "string", "maxLength": LONGEST_WORDS},
    "coarse": {"type": ["integer", "null"], "multipleOf": COARSE},
}
SWITCH = Payload(shared("switch"), read_switch, write_switch)
PERCENT = Payload(shared("percent"), read_percent, write_percent)
TIME_OF_DAY = Payload(shared("time"), read_time, write_time)
WEEKDAY = Payload(shared("weekday"), read_weekday, write_weekday)
ZONE = Payload(shared("words"), read_zone, write_words)
WORDS = Payload(shared("words"), write=write_words)
PROGRAMME = Payload(shared("words"), read_name, write_words)
NAMES = Payload({"type": "array", "items": {"type": "string"}}, write=write_names, json=True)
NOTE = Payload({"const": "…"}, read_note, write_nothing_of_it)
CHOSEN = Payload({"const": UNKNOWN}, read_message, write_unknown)
MESSAGE = Payload(shared("words"), read_message, write_words)
PRESS = Payload({}, read_press)
SESSION_NAME = Payload({"enum": list(SESSIONS)}, write=write_session)
CARE_STATE = Payload({"enum": list(CARE)}, write=write_care)
PICTURE = Payload({"description": "PNG, at most 256 KiB"}, write=write_picture)
MOMENT = Payload({"type": "string", "description": f"ISO 8601, or {UNKNOWN}"}, write=write_moment)
FIRMWARE = Payload(
    whole_object({"installed_version": {"type": "string"}, "latest_version": {"type": "string"}}),
    read_install, write_firmware, json=True,
)
COARSE_MINUTES = Payload(shared("coarse"))
COARSE_TIME = Payload({"type": ["string", "null"], "format": "date-time"})
HOW_OFTEN = Payload({"enum": [*WAKINGS, None]})
COUNT = Payload({"type": "integer", "minimum": 0})
HEARD = Payload({**whole_object({
    "id": {"type": "string"}, "kind": {"type": "string"},
    "why": {"type": "string", "description": "it was refused; empty: it was obeyed"},
}), "description": "the answer to a command, told once and never retained"}, json=True)
STAGE_NAME = Payload({"enum": [*STAGES, None]})
NIGHTS = Payload({"type": "array", "items": whole_object({
    "began": COARSE_TIME.schema, **{key: shared("coarse") for key in ("sol", "tst", "waso")},
})}, write=write_nights, json=True)
TRUTH = Payload({"type": ["boolean", "null"]})


def minutes(most: int) -> Payload:
    """0 to `most` minutes."""
    return Payload({"type": "string", "pattern": f"^([0-9]{{1,{len(str(most))}}}|{UNKNOWN})$"},
                   read_number(0, most), write_whole)


def happening(kinds: Sequence[str]) -> Payload:
    """One of these, told once and never retained."""
    return Payload({
        "type": "object", "required": ["event_type"],
        "properties": {"event_type": {"enum": list(kinds)}},
    }, json=True)


def measured(**bounds: object) -> Payload:
    return Payload({"type": ["number", "null"], **bounds})


def together(write: Writer, parts: Mapping[str, Payload]) -> Payload:
    """Several values in one JSON object."""
    schema = whole_object({key: part.schema for key, part in parts.items()})
    return Payload(schema, write=write, json=True)
