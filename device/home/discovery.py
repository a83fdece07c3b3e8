"""The one retained message that makes Home Assistant know the device: pure.

Written to what 2025.4 and 2026.11 really accept: one bad component or unknown root key rejects the
whole device; QoS is honoured per component only; `object_id` is read by the older,
`default_entity_id` by the newer.
"""

from device.home.fields import EXPIRE_AFTER, SESSIONS, WAKINGS
from device.home.settings import HOME_ASSISTANT, DeviceFacts, topic

TIME = "([01]\\d|2[0-3]):[0-5]\\d"
# An id and 30 s to live, so that a command held up somewhere doesn't start the sound at three in
# the morning. The sandbox there refuses ranges above 100,000.
ENVELOPE = ('{{"value": {}, "id": "{{{{ now().timestamp() }}}}-{{{{ range(100000) | random }}}}", '
            '"expires": {{{{ (now().timestamp() + 30) | int }}}}}}')
SEND_VALUE = ENVELOPE.format("{{ value | to_json }}")
# Night light: brightness 0..255 there, percent here; 20 % when only switched on, so that it never
# blinds.
LIGHT_ON = ENVELOPE.format("{{ ((brightness | default(51)) / 2.55) | round(0, 'ceil') | int }}")
LIGHT_OFF = ENVELOPE.format("0")

CONTROLS = {
    "sound": {"p": "switch", "name": "Sound", "icon": "mdi:waves"},
    "volume": {
        "p": "number",
        "name": "Volume",
        "icon": "mdi:volume-medium",
        "min": 0,
        "max": 100,
        "step": 1,
        "unit_of_measurement": "%",
        "mode": "slider",
    },
    "programme": {"p": "select", "name": "Programme", "icon": "mdi:playlist-music"},
    "timer": {
        "p": "number",
        "name": "Sleep timer",
        "icon": "mdi:timer-sand",
        "min": 0,
        "max": 720,
        "step": 5,
        "unit_of_measurement": "min",
        "device_class": "duration",
        "mode": "box",
    },
    "alarm": {
        "p": "text",
        "name": "Alarm",
        "icon": "mdi:alarm",
        "pattern": f"^({TIME}|off)$",
        "max": 5,
    },
    "light": {"p": "light", "name": "Night light", "schema": "template"},
    "say": {"p": "text", "name": "Say it in words", "icon": "mdi:message-text-outline", "max": 255},
    "volume_cap": {
        "p": "number",
        "name": "Volume cap",
        "icon": "mdi:volume-off",
        "min": 0,
        "step": 1,
        "unit_of_measurement": "%",
        "entity_category": "config",
    },
    "quiet_from": {
        "p": "text",
        "name": "Quiet hours from",
        "icon": "mdi:weather-night",
        "pattern": f"^({TIME}|off)$",
        "max": 5,
        "entity_category": "config",
    },
    "quiet_to": {
        "p": "text",
        "name": "Quiet hours to",
        "icon": "mdi:weather-sunny",
        "pattern": f"^({TIME}|off)$",
        "max": 5,
        "entity_category": "config",
    },
    "privacy": {
        "p": "switch",
        "name": "Privacy",
        "icon": "mdi:eye-off",
        "entity_category": "config",
    },
    "sharing": {
        "p": "switch",
        "name": "Share anonymous feedback",
        "icon": "mdi:incognito",
        "entity_category": "config",
    },
}
BUTTONS = {
    "stop": {"p": "button", "name": "Stop", "icon": "mdi:stop"},
    "identify": {
        "p": "button",
        "name": "Identify",
        "device_class": "identify",
        "entity_category": "config",
    },
    "message": {"p": "notify", "name": "Message"},
}
SENSORS = {
    "session": {
        "p": "sensor",
        "name": "Session",
        "icon": "mdi:bed",
        "device_class": "enum",
        "options": list(SESSIONS),
    },
    "care": {
        "p": "sensor",
        "name": "Sleeper",
        "icon": "mdi:heart-outline",
        "device_class": "enum",
        "options": ["settled", "restless", "needs_checking", "unknown"],
    },
    "muted": {"p": "binary_sensor", "name": "Muted by hand", "icon": "mdi:volume-mute"},
    "reason": {"p": "sensor", "name": "Why this sound", "icon": "mdi:comment-question-outline"},
    "understood": {"p": "sensor", "name": "Understood", "icon": "mdi:message-reply-text-outline"},
    "problem": {
        "p": "binary_sensor",
        "name": "Problem",
        "device_class": "problem",
        "entity_category": "diagnostic",
    },
    "error": {
        "p": "sensor",
        "name": "Last error",
        "icon": "mdi:alert-circle-outline",
        "entity_category": "diagnostic",
    },
    "learning": {
        "p": "sensor",
        "name": "Learning from others",
        "icon": "mdi:school",
        "entity_category": "diagnostic",
    },
    "firmware": {
        "p": "update",
        "name": "Firmware",
        "device_class": "firmware",
        "entity_category": "config",
    },
}
SUMMARY = {
    "sol": {
        "name": "Sleep onset latency",
        "unit_of_measurement": "min",
        "device_class": "duration",
    },
    "tst": {"name": "Total sleep time", "unit_of_measurement": "min", "device_class": "duration"},
    "waso": {
        "name": "Wake after sleep onset",
        "unit_of_measurement": "min",
        "device_class": "duration",
    },
    "wakings": {"name": "Wakings", "device_class": "enum", "options": list(WAKINGS)},
    "lights_out": {"name": "Lights out", "device_class": "timestamp"},
    "out_of_bed": {"name": "Out of bed", "device_class": "timestamp"},
}
DIAGNOSTICS = {
    "quality": {
        "p": "sensor",
        "name": "Sensor quality",
        "unit_of_measurement": "%",
        "state_class": "measurement",
        "icon": "mdi:signal",
        "value_template": "{{ (value_json.quality * 100) | round if value_json.quality "
        "is number else None }}",
    },
    "rssi": {
        "p": "sensor",
        "name": "Wi-Fi signal",
        "unit_of_measurement": "dBm",
        "device_class": "signal_strength",
        "state_class": "measurement",
    },
    "temperature": {
        "p": "sensor",
        "name": "Board temperature",
        "unit_of_measurement": "°C",
        "device_class": "temperature",
        "state_class": "measurement",
    },
    "outbox": {
        "p": "sensor",
        "name": "Messages waiting",
        "icon": "mdi:tray-full",
        "state_class": "measurement",
    },
    "dropped": {"p": "sensor", "name": "Messages dropped", "icon": "mdi:tray-remove"},
    "clock_synced": {
        "p": "binary_sensor",
        "name": "Clock set",
        "icon": "mdi:clock-check",
        "value_template": "{{ {true: 'ON', false: 'OFF'}.get(value_json.clock_synced, 'None') }}",
    },
}


def config_topic(bed: str) -> str:
    return f"{HOME_ASSISTANT}/device/{bed}/nocturne/config"


def payload(bed: str, facts: DeviceFacts) -> dict:
    """The discovery payload of one bed: `dev`, `o`, `cmps` and the shared availability, ready for
    JSON."""
    components = {}

    def add(key: str, whole: dict, **more: object) -> None:
        kind = whole["p"]
        components[key] = {
            **whole, **more, "unique_id": f"nocturne_{bed}_{key}", "object_id": f"{bed}_{key}",
            "default_entity_id": f"{kind}.{bed}_{key}".lower().replace("-", "_"), "qos": 1}

    def state(field: str) -> str:
        return topic(bed, "state", field)

    for key, control in CONTROLS.items():
        more = {"state_topic": state(key), "command_topic": topic(bed, "cmd", key), "retain": False}
        if control["p"] == "light":
            more |= {"command_on_template": LIGHT_ON, "command_off_template": LIGHT_OFF,
                     "state_template": "{{ 'on' if value | int(0) > 0 else 'off' }}",
                     "brightness_template": "{{ (value | int(0) * 2.55) | round | int }}"}
        else:
            more |= {"command_template": SEND_VALUE}
        if control["p"] != "select" and control["p"] != "text":
            more |= {"optimistic": False}
        if key == "programme":
            more |= {"options": list(facts.programmes)}
        if key == "volume_cap":
            more |= {"max": facts.cap}
        add(key, control, **more)
    for key, button in BUTTONS.items():
        add(
            key,
            button,
            command_topic=topic(bed, "cmd", key),
            command_template=SEND_VALUE,
            retain=False,
        )
    for key, sensor in SENSORS.items():
        add(key, sensor, state_topic=state(key))
    components["firmware"] |= {
        "command_topic": topic(bed, "cmd", "firmware"),
        "payload_install": "install",
        "retain": False,
    }
    for key, sensor in SUMMARY.items():
        add(key, {"p": "sensor", **sensor}, state_topic=state("summary"),
            value_template=f"{{{{ value_json.{key} }}}}")
    for key, sensor in DIAGNOSTICS.items():
        template = sensor.get("value_template", f"{{{{ value_json.{key} }}}}")
        add(
            key,
            sensor,
            state_topic=state("diagnostics"),
            value_template=template,
            entity_category="diagnostic",
            expire_after=EXPIRE_AFTER,
        )
    add(
        "button",
        {"p": "event", "name": "Button", "device_class": "button"},
        state_topic=topic(bed, "event", "button"),
        event_types=["single", "double", "triple", "hold"],
    )
    if facts.occupancy:
        add("occupancy", {"p": "binary_sensor", "name": "In bed", "device_class": "occupancy"},
            state_topic=state("occupancy"))
    if facts.picture:
        add(
            "picture",
            {"p": "image", "name": "Last night"},
            image_topic=state("picture"),
            content_type="image/png",
        )
    return {
        "dev": {
            "ids": [f"nocturne_{bed}"],
            "name": facts.name,
            "mf": "Nocturne",
            "mdl": facts.hardware,
            "sw": facts.software,
        },
        "o": {"name": "Nocturne", "sw": facts.software},
        "availability_topic": topic(bed, "avail"),
        "cmps": components,
    }
