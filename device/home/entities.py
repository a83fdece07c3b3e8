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
OFTEN = 300.0           # s between the vital signs, where the owner wants them shown
EXPIRE_AFTER = 2400     # s
# Platforms that ask something of the device; the others only show.
ASKED = ("switch", "number", "select", "text", "light", "button", "notify", "update")
TIME = "([01]\\d|2[0-3]):[0-5]\\d"
MINUTES: dict[str, Any] = {"unit_of_measurement": "min", "device_class": "duration"}
SPAN: dict[str, Any] = {"device_class": "duration", "state_class": "measurement"}
NUMBER = p.measured()
COUNTED: dict[str, Any] = {"state_class": "measurement", "suggested_display_precision": 0}
CLOCK: dict[str, Any] = {"pattern": f"^({TIME}|off)$", "max": 5}
DAY: dict[str, Any] = {"pattern": f"^({TIME}|off|daily)$", "max": 5}
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CONFIG: dict[str, Any] = {"entity_category": "config"}
DIAGNOSTIC: dict[str, Any] = {"entity_category": "diagnostic"}
HEARD = "{{ (value_json.kind ~ ': ' ~ (value_json.why or 'done'))[:255] }}"


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
    detail: bool = False        # for the owner alone, by `home.detail`: not the caregiver's
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


def part(of: str, platform: str, name: str, payload: Payload, *, needs: str = "",
         **shown: Any) -> Entity:
    """A value inside the JSON of the state `of`."""
    return Entity(platform, name, payload, inside=of, needs=needs, shown=shown)


def owners(of: str, name: str, payload: Payload = NUMBER, **shown: Any) -> Entity:
    """A measured value that only the owner's `home.detail` shows, and none of the caregiver's."""
    return part(of, "sensor", name, payload, needs="detail", **shown)


def detailed(rows: Mapping[str, Entity], period: float = 0.0) -> Entity:
    """The state that such values are parts of."""
    nothing = dict.fromkeys(rows)
    payload = p.together(lambda value: p.write_together({**nothing, **(value or {})}),
                         {key: row.payload for key, row in rows.items()})
    blank = p.write_together(nothing)
    return Entity("", "", payload, personal=True, blank=blank, period=period, detail=True)


def hours(name: str, payload: Payload = p.COARSE_MINUTES, of: str = "summary",
          needs: str = "") -> Entity:
    """Minutes in the JSON, hours there: long-term statistics draw weeks of them."""
    return part(of, "sensor", name, payload, needs=needs, **SPAN, unit_of_measurement="h",
                suggested_display_precision=1)


def span(name: str, payload: Payload = p.COARSE_MINUTES, of: str = "summary",
         needs: str = "") -> Entity:
    """Minutes that stay minutes."""
    return part(of, "sensor", name, payload, needs=needs, **SPAN, unit_of_measurement="min",
                suggested_display_precision=0)


CONTROLS = {
    # Home Assistant calls it by the device's own name: "turn on Nocturne bedside".
    "sound": entity("switch", "", p.SWITCH, icon="mdi:waves"),
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
    "restart": entity("button", "Restart", p.PRESS, device_class="restart", **CONFIG),
    "message": entity("notify", "Message", p.MESSAGE, personal=True),
}
SENSORS = {
    "session": entity("sensor", "Session", p.SESSION_NAME, personal=True, blank="unknown",
                      icon="mdi:bed", device_class="enum", options=list(p.SESSIONS)),
    "next_alarm": entity("sensor", "Next alarm", p.MOMENT, device_class="timestamp"),
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
    "heard": entity("sensor", "Last command", p.HEARD, icon="mdi:message-check-outline",
                    value_template=HEARD, **DIAGNOSTIC),
    "learning": entity("sensor", "Learning from others", p.WORDS, icon="mdi:school", **DIAGNOSTIC),
    "firmware": entity("update", "Firmware", p.FIRMWARE, device_class="firmware", **CONFIG),
}
SUMMARY = {
    "sol": span("Sleep onset latency"),
    "tst": hours("Total sleep time"),
    "waso": span("Wake after sleep onset"),
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
    "radio_restarts": part("diagnostics", "sensor", "Wi-Fi restarts", p.measured(minimum=0),
                           icon="mdi:wifi-refresh", **COUNTED),
    "temperature": part("diagnostics", "sensor", "Board temperature", p.measured(description="°C"),
                        unit_of_measurement="°C", device_class="temperature",
                        state_class="measurement", suggested_display_precision=0),
    "outbox": part("diagnostics", "sensor", "Messages waiting", p.COUNT, icon="mdi:tray-full",
                   state_class="measurement"),
    "dropped": part("diagnostics", "sensor", "Messages dropped", p.COUNT, icon="mdi:tray-remove"),
    "clock_synced": part("diagnostics", "binary_sensor", "Clock set", p.TRUTH,
                         icon="mdi:clock-check",
                         value_template="{{ {true: 'ON', false: 'OFF'}"
                                        ".get(value_json.clock_synced, 'None') }}"),
    "started": part("diagnostics", "sensor", "Started", p.COARSE_TIME, device_class="timestamp"),
    # s since 1970, for the page: how old what it shows is, where nobody tells it any more
    "at": part("diagnostics", "", "", p.COUNT),
}
VITALS = {      # now
    "heart_rate": owners("vitals", "Heart rate", unit_of_measurement="bpm", icon="mdi:heart-pulse",
                         **COUNTED),
    "breathing": owners("vitals", "Breathing rate", unit_of_measurement="/min", icon="mdi:lungs",
                        **COUNTED),
    "stage": owners("vitals", "Sleep stage", p.STAGE_NAME, icon="mdi:sleep",
                    device_class="enum", options=list(p.STAGES)),
}
LAST_NIGHT = {
    "long_wakings": owners("night", "Long wakings", icon="mdi:sleep-off", **COUNTED),
    "light_sleep": hours("Light sleep", NUMBER, "night", needs="detail"),
    "deep_sleep": hours("Deep sleep", NUMBER, "night", needs="detail"),
    "rem_sleep": hours("REM sleep", NUMBER, "night", needs="detail"),
    "efficiency": owners("night", "Sleep efficiency", unit_of_measurement="%",
                         icon="mdi:percent", **COUNTED),
    "mean_heart_rate": owners("night", "Mean heart rate asleep", unit_of_measurement="bpm",
                              icon="mdi:heart", **COUNTED),
    "lowest_heart_rate": owners("night", "Lowest heart rate", unit_of_measurement="bpm",
                                icon="mdi:heart-minus", **COUNTED),
    "rmssd": owners("night", "RMSSD asleep", unit_of_measurement="ms",
                    icon="mdi:heart-flash", **COUNTED),
    "sound_minutes": span("Sound", NUMBER, "night", needs="detail"),
}
EVENTS = {
    "button": entity("event", "Button", p.happening(p.BUTTON_EVENTS), device_class="button",
                     event_types=list(p.BUTTON_EVENTS)),
    "waking": entity("event", "Alarm and getting up", p.happening(p.WAKING_EVENTS),
                     icon="mdi:alarm-check", event_types=list(p.WAKING_EVENTS)),
}
SOMETIMES = {
    "occupancy": entity("binary_sensor", "In bed", p.SWITCH, personal=True, needs="occupancy",
                        device_class="occupancy"),
    "picture": entity("image", "Last night", p.PICTURE, personal=True, blank=p.NO_PICTURE,
                      needs="picture", content_type="image/png"),
}
GROUPS = {"diagnostics": DIAGNOSTICS, "vitals": VITALS}     # told under their own names
UNSEEN = {      # states for the page and for the rows inside them
    "name": entity("", "", p.WORDS),
    "programmes": entity("", "", p.NAMES),
    "choices": entity("", "", p.NAMES, personal=True, blank=p.write_names(None)),
    "summary": entity("", "", p.together(p.write_summary, {
        key: row.payload for key, row in SUMMARY.items()}),
        personal=True, blank=p.write_summary(None)),
    "diagnostics": entity("", "", p.together(p.write_together, {
        key: row.payload for key, row in DIAGNOSTICS.items()}), period=PERIOD),
    "vitals": detailed(VITALS, period=OFTEN),
    "night": detailed(LAST_NIGHT),
    "nights": entity("", "", p.NIGHTS, personal=True, blank=p.write_nights(None)),
    "pictured": entity("", "", p.MOMENT, personal=True),        # lights out of the night drawn
}
ENTITIES: Mapping[str, Entity] = {
    **CONTROLS, **SENSORS, **SUMMARY, **DIAGNOSTICS, **VITALS, **LAST_NIGHT, **EVENTS, **SOMETIMES,
    **UNSEEN,
}
