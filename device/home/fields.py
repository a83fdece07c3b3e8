"""What the device tells, field by field: how it is written on `state/<field>`, and whether it is
anyone's business.

`personal` fields belong to the care plane: without consent, and in privacy mode, they are told as
unknown.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

UNKNOWN = "None"        # what Home Assistant's MQTT platforms read as unknown
# The nine modes of the device as the five words that people at home need.
SESSION = {
    "idle": "idle",
    "settling": "winding_down",
    "drifting": "winding_down",
    "asleep": "sleeping",
    "masking": "sleeping",
    "waking": "waking",
    "morning": "waking",
    "paused": "winding_down",
    "fault": "unknown",
}
SESSIONS = ("idle", "winding_down", "sleeping", "waking", "unknown")
CARE = ("settled", "restless", "needs_checking", "unknown")
WAKINGS = ("none", "one_or_two", "three_or_more")
COARSE = 5              # min: the nightly summary is rounded to this
PERIOD = 900.0          # s between diagnostics; with `expire_after` their silence shows
EXPIRE_AFTER = 2400     # s
LARGEST_PICTURE = 262_144   # bytes
DIAGNOSTICS = ("quality", "rssi", "temperature", "outbox", "dropped", "clock_synced")


@dataclass(frozen=True, slots=True)
class Field:
    write: Callable[[object], str | bytes]
    personal: bool = False
    blank: str | bytes = UNKNOWN        # what is told in its place when it mustn't be told
    period: float = 0.0                 # s: told at most, and at least, this often; 0 is on change


def on_off(value: object) -> str:
    return UNKNOWN if value is None else "ON" if value else "OFF"


def percent(value: object) -> str:
    return UNKNOWN if missing(value) else str(round(100 * min(max(float(value), 0.0), 1.0)))


def whole(value: object) -> str:
    return UNKNOWN if missing(value) else str(round(float(value)))


def minute_of_day(value: object) -> str:
    """Minutes after midnight as 22:30; None is off."""
    return "off" if value is None else f"{int(value) // 60 % 24:02d}:{int(value) % 60:02d}"


def words(value: object) -> str:
    return UNKNOWN if value in (None, "") else str(value)[:255]


def session(value: object) -> str:
    return value if value in SESSIONS else SESSION.get(str(value), "unknown")


def care(value: object) -> str:
    return value if value in CARE else "unknown"


def picture(value: object) -> bytes:
    return value if isinstance(value, bytes) and len(value) <= LARGEST_PICTURE else b""


def summary(value: object) -> str:
    """`{lights_out, out_of_bed: s since 1970, sol, tst, waso: min, wakings}` as coarse JSON; None
    stays null."""
    night = value if isinstance(value, Mapping) else {}
    coarse = {key: None if missing(night.get(key)) else COARSE * round(float(night[key]) / COARSE)
              for key in ("sol", "tst", "waso")}
    count = night.get("wakings")
    coarse["wakings"] = (
        None if missing(count) else WAKINGS[0 if count < 1 else 1 if count < 3 else 2]
    )
    for key in ("lights_out", "out_of_bed"):
        at = night.get(key)
        coarse[key] = (
            None
            if missing(at)
            else datetime.fromtimestamp(60 * COARSE * round(at / 60 / COARSE), UTC).isoformat()
        )
    return json.dumps(coarse)


def firmware(value: object) -> str:
    """`(installed, latest or None)`."""
    installed, latest = value
    return json.dumps({"installed_version": installed, "latest_version": latest or installed})


def diagnostics(value: object) -> str:
    tidy = {key: None if missing(item) else round(item, 2) if isinstance(item, float) else item
            for key, item in value.items()}
    return json.dumps(tidy)


def names(value: object) -> str:
    return json.dumps(list(value or ()))


def missing(value: object) -> bool:
    return value is None or isinstance(value, float) and not math.isfinite(value)


FIELDS: dict[str, Field] = {
    "session": Field(session, personal=True, blank="unknown"),
    "care": Field(care, personal=True, blank="unknown"),
    "sound": Field(on_off),
    "volume": Field(percent),
    "volume_cap": Field(percent),
    "muted": Field(on_off),
    "programme": Field(words),
    "programmes": Field(names),
    "timer": Field(whole),
    "alarm": Field(minute_of_day),
    "quiet_from": Field(minute_of_day),
    "quiet_to": Field(minute_of_day),
    "privacy": Field(on_off),
    "sharing": Field(on_off),
    "light": Field(percent),
    "occupancy": Field(on_off, personal=True),
    "summary": Field(summary, personal=True, blank=summary(None)),
    "reason": Field(words, personal=True),
    "say": Field(lambda _: "…"),  # what was typed is not shown again
    "understood": Field(
        words, personal=True, blank="Notes are not read, or not answered here: privacy"
    ),
    "picture": Field(picture, personal=True, blank=b""),
    "problem": Field(on_off),
    "error": Field(words),
    "firmware": Field(firmware),
    "learning": Field(words),
    "diagnostics": Field(diagnostics, period=PERIOD),
}
PERSONAL = tuple(name for name, field in FIELDS.items() if field.personal)
