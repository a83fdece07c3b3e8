"""Whatever the hub shows, hears or asks: one row each.

From a row derive the command (`commands.KINDS`), the state (`fields.FIELDS`), the component of Home
Assistant (`discovery.payload`) and the topic's description (`topics.py`). The night tells every
value under the row's name, and a command of the row's name sets the setting of that name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from device.home import payloads as p
from device.home.payloads import UNKNOWN, Payload

PERIOD = 900.0          # s between diagnostics; with `expire_after` their silence shows
EXPIRE_AFTER = 2400     # s
# Platforms that ask something of the device; the others only show.
ASKED = ("switch", "number", "select", "text", "light", "button", "notify", "update")
TIME = "([01]\\d|2[0-3]):[0-5]\\d"
MINUTES: dict[str, Any] = {"unit_of_measurement": "min", "device_class": "duration"}
CLOCK: dict[str, Any] = {"pattern": f"^({TIME}|off)$", "max": 5}
DAY: dict[str, Any] = {"pattern": f"^({TIME}|off|daily)$", "max": 5}
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CONFIG: dict[str, Any] = {"entity_category": "config"}
DIAGNOSTIC: dict[str, Any] = {"entity_category": "diagnostic"}


@dataclass(frozen=True, slots=True)
class Entity:
    platform: str               # Home Assistant's; "" is not shown there
    name: str                   # for a person
    payload: Payload
    personal: bool = False      # of the care plane: hidden without consent and in privacy mode
    blank: str | bytes = UNKNOWN    # what is told in its place when it is hidden
    period: float = 0.0         # s: told at most, and at least, this often; 0 is on change
    inside: str = ""            # the state whose JSON it is a part of; "" is one of its own
    needs: str = ""             # the fact (DeviceFacts) without which it isn't shown
    # discovery's key → the fact that it is filled with
    facts: Mapping[str, str] = field(default_factory=dict)
    # what else discovery tells of it, in Home Assistant's own words
    shown: Mapping[str, object] = field(default_factory=dict)


def entity(platform: str, name: str, payload: Payload, *, personal: bool = False,
           blank: str | bytes = UNKNOWN, period: float = 0.0, needs: str = "",
           facts: Mapping[str, str] | None = None, **shown: Any) -> Entity:
    return Entity(platform, name, payload, personal, blank, period, needs=needs,
                  facts=facts or {}, shown=shown)


def minutes(name: str, most: int, **shown: Any) -> Entity:
    """A number of minutes, 0 to `most`."""
    return entity("number", name, p.minutes(most), min=0, max=most, **MINUTES, **shown)


def part(of: str, platform: str, name: str, payload: Payload, **shown: Any) -> Entity:
    """A value inside the JSON of the state `of`."""
    return Entity(platform, name, payload, inside=of, shown=shown)


CONTROLS = {
    "sound": entity("switch", "Sound", p.SWITCH, icon="mdi:waves"),
    "volume": entity("number", "Volume", p.PERCENT, icon="mdi:volume-medium",
                     min=0, max=100, step=1, unit_of_measurement="%", mode="slider"),
    "programme": entity("select", "Programme", p.PROGRAMME, facts={"options": "programmes"},
                        icon="mdi:playlist-music"),
    "timer": minutes("Sleep timer", most=720, icon="mdi:timer-sand", step=5, mode="box"),
    "alarm": entity("text", "Alarm", p.TIME_OF_DAY, icon="mdi:alarm", **CLOCK),
    "alarm_once": entity("text", "Next alarm only", p.WEEKDAY, icon="mdi:alarm-snooze", **DAY),
    **{f"alarm_{day}": entity("text", f"Alarm on {day.title()}s", p.WEEKDAY, icon="mdi:alarm",
                              **DAY, **CONFIG) for day in DAYS},
    "zone": entity("text", "Time zone", p.ZONE, icon="mdi:map-clock", max=64, **CONFIG),
    "light": entity("light", "Night light", p.PERCENT, schema="template"),
    "say": entity("text", "Say it in words", p.NOTE, icon="mdi:message-text-outline", max=255),
    "choose": entity("select", "Did you mean", p.CHOSEN, facts={"options": "choices"},
                     icon="mdi:help-circle-outline"),
    "volume_cap": entity("number", "Volume cap", p.PERCENT, facts={"max": "cap"},
                         icon="mdi:volume-off", min=0, step=1, unit_of_measurement="%", **CONFIG),
    "quiet_from": entity("text", "Quiet hours from", p.TIME_OF_DAY, icon="mdi:weather-night",
                         **CLOCK, **CONFIG),
    "quiet_to": entity("text", "Quiet hours to", p.TIME_OF_DAY, icon="mdi:weather-sunny",
                       **CLOCK, **CONFIG),
    "privacy": entity("switch", "Privacy", p.SWITCH, icon="mdi:eye-off", **CONFIG),
    "sharing": entity("switch", "Share anonymous feedback", p.SWITCH, icon="mdi:incognito",
                      **CONFIG),
    "stop": entity("button", "Stop", p.PRESS, icon="mdi:stop"),
    "identify": entity("button", "Identify", p.PRESS, device_class="identify", **CONFIG),
    "message": entity("notify", "Message", p.MESSAGE),
}
SENSORS = {
    "session": entity("sensor", "Session", p.SESSION_NAME, personal=True, blank="unknown",
                      icon="mdi:bed", device_class="enum", options=list(p.SESSIONS)),
    "care": entity("sensor", "Sleeper", p.CARE_STATE, personal=True, blank="unknown",
                   icon="mdi:heart-outline", device_class="enum", options=list(p.CARE)),
    "muted": entity("binary_sensor", "Muted by hand", p.SWITCH, icon="mdi:volume-mute"),
    "reason": entity("sensor", "Why this sound", p.WORDS, personal=True,
                     icon="mdi:comment-question-outline"),
    "understood": entity("sensor", "Understood", p.WORDS, personal=True,
                         blank="Notes are not read, or not answered here: privacy",
                         icon="mdi:message-reply-text-outline"),
    "problem": entity("binary_sensor", "Problem", p.SWITCH, device_class="problem", **DIAGNOSTIC),
    "error": entity("sensor", "Last error", p.WORDS, icon="mdi:alert-circle-outline",
                    **DIAGNOSTIC),
    "learning": entity("sensor", "Learning from others", p.WORDS, icon="mdi:school", **DIAGNOSTIC),
    "firmware": entity("update", "Firmware", p.FIRMWARE, device_class="firmware", **CONFIG),
}
SUMMARY = {
    "sol": part("summary", "sensor", "Sleep onset latency", p.COARSE_MINUTES, **MINUTES),
    "tst": part("summary", "sensor", "Total sleep time", p.COARSE_MINUTES, **MINUTES),
    "waso": part("summary", "sensor", "Wake after sleep onset", p.COARSE_MINUTES, **MINUTES),
    "wakings": part("summary", "sensor", "Wakings", p.HOW_OFTEN,
                    device_class="enum", options=list(p.WAKINGS)),
    "lights_out": part("summary", "sensor", "Lights out", p.COARSE_TIME, device_class="timestamp"),
    "out_of_bed": part("summary", "sensor", "Out of bed", p.COARSE_TIME, device_class="timestamp"),
}
DIAGNOSTICS = {
    "quality": part("diagnostics", "sensor", "Sensor quality", p.measured(minimum=0, maximum=1),
                    unit_of_measurement="%", state_class="measurement", icon="mdi:signal",
                    value_template="{{ (value_json.quality * 100) | round "
                                   "if value_json.quality is number else None }}"),
    "rssi": part("diagnostics", "sensor", "Wi-Fi signal", p.measured(description="dBm"),
                 unit_of_measurement="dBm", device_class="signal_strength",
                 state_class="measurement"),
    "temperature": part("diagnostics", "sensor", "Board temperature", p.measured(description="°C"),
                        unit_of_measurement="°C", device_class="temperature",
                        state_class="measurement"),
    "outbox": part("diagnostics", "sensor", "Messages waiting", p.COUNT, icon="mdi:tray-full",
                   state_class="measurement"),
    "dropped": part("diagnostics", "sensor", "Messages dropped", p.COUNT, icon="mdi:tray-remove"),
    "clock_synced": part("diagnostics", "binary_sensor", "Clock set", p.TRUTH,
                         icon="mdi:clock-check",
                         value_template="{{ {true: 'ON', false: 'OFF'}"
                                        ".get(value_json.clock_synced, 'None') }}"),
}
EVENTS = {
    "button": entity("event", "Button", p.BUTTON, device_class="button",
                     event_types=list(p.BUTTON_EVENTS)),
}
SOMETIMES = {
    "occupancy": entity("binary_sensor", "In bed", p.SWITCH, personal=True, needs="occupancy",
                        device_class="occupancy"),
    "picture": entity("image", "Last night", p.PICTURE, personal=True, blank=b"", needs="picture",
                      content_type="image/png"),
}
UNSEEN = {      # states for the page and for the rows inside them
    "programmes": entity("", "", p.NAMES),
    "choices": entity("", "", p.NAMES, personal=True, blank=p.write_names(None)),
    "summary": entity("", "", p.together(p.write_summary, {
        key: row.payload for key, row in SUMMARY.items()}),
        personal=True, blank=p.write_summary(None)),
    "diagnostics": entity("", "", p.together(p.write_diagnostics, {
        key: row.payload for key, row in DIAGNOSTICS.items()}), period=PERIOD),
}
ENTITIES: Mapping[str, Entity] = {
    **CONTROLS, **SENSORS, **SUMMARY, **DIAGNOSTICS, **EVENTS, **SOMETIMES, **UNSEEN,
}
