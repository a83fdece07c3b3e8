"""The one retained message that makes Home Assistant know the device: pure.

Written to what 2025.4 and 2026.11 really accept: one bad component or unknown root key rejects the
whole device; QoS is honoured per component only; `object_id` is read by the older,
`default_entity_id` by the newer.
"""

import json
from collections.abc import Mapping
from typing import Any

from device.home.entities import ASKED, ENTITIES, EXPIRE_AFTER, Entity
from device.home.settings import HOME_ASSISTANT, DeviceFacts, topic
from device.sentences import label, word

# An id and 30 s to live, so that a command held up somewhere doesn't start the sound at three in
# the morning; and the home's time zone, for a device that nobody told it. The sandbox there refuses
# ranges above 100,000.
ENVELOPE = ('{{"value": {}, "id": "{{{{ now().timestamp() }}}}-{{{{ range(100000) | random }}}}", '
            '"expires": {{{{ (now().timestamp() + 30) | int }}}}, '
            '"zone": "{{{{ now().tzinfo }}}}"}}')
SEND_VALUE = ENVELOPE.format("{{ value | to_json }}")
# Night light: brightness 0..255 there, percent here; 20 % when only switched on, so that it never
# blinds.
LIGHT_ON = ENVELOPE.format("{{ ((brightness | default(51)) / 2.55) | round(0, 'ceil') | int }}")
LIGHT_OFF = ENVELOPE.format("0")
LIGHT = {
    "command_on_template": LIGHT_ON,
    "command_off_template": LIGHT_OFF,
    "state_template": "{{ 'on' if value | int(0) > 0 else 'off' }}",
    "brightness_template": "{{ (value | int(0) * 2.55) | round | int }}",
}
TO_HOURS = "{{{{ (value_json.{0} / 60) | round(2) if value_json.{0} is number else None }}}}"
TIMES = ("alarm", "quiet_from", "quiet_to")
GUESSING = ("switch", "number", "light")    # would show what was asked, unless told not to


def config_topic(bed: str) -> str:
    return f"{HOME_ASSISTANT}/device/{bed}/nocturne/config"


def time_topics(bed: str) -> dict[str, str]:
    """Where times of day are announced once more, as such: an older Home Assistant, which knows no
    such platform, doesn't listen there; in the device's own message it would reject all of it."""
    return {key: f"{HOME_ASSISTANT}/time/{bed}/{key}/config" for key in TIMES}


def times(bed: str, facts: DeviceFacts) -> dict[str, dict]:
    """topic → its payload."""
    return {
        where: {
            "device": device(bed, facts),
            "origin": {"name": "Nocturne", "sw": facts.software},
            "name": word("entity", key, ENTITIES[key].name),
            "icon": ENTITIES[key].shown["icon"],
            "availability_topic": topic(bed, "avail"),
            "state_topic": topic(bed, "state", key),
            "value_template": "{{ 'None' if value == 'off' else value }}",
            "command_topic": topic(bed, "cmd", key),
            "command_template": ENVELOPE.format('"{{ value }}"'),
            "retain": False,
            "optimistic": False,
            "unique_id": f"nocturne_{bed}_{key}_time",
            "default_entity_id": f"time.{bed}_{key}".lower().replace("-", "_"),
            "qos": 1,
        }
        for key, where in time_topics(bed).items()
    }


def payload(bed: str, facts: DeviceFacts) -> dict:
    """The discovery payload of one bed: `dev`, `o`, `cmps` and the shared availability, ready for
    JSON. What isn't shown any more stands in it as its platform alone, which removes it."""
    return {
        "dev": device(bed, facts),
        "o": {"name": "Nocturne", "sw": facts.software},
        "availability_topic": topic(bed, "avail"),
        "cmps": {
            key: component(bed, key, entity, facts) if shown(entity, facts)
            else {"p": entity.platform}
            for key, entity in ENTITIES.items() if entity.platform
        },
    }


def shown(entity: Entity, facts: DeviceFacts) -> bool:
    return not entity.needs or bool(getattr(facts, entity.needs))


def device(bed: str, facts: DeviceFacts) -> dict[str, object]:
    """Home Assistant refuses an address that is none, and shows an empty room or number as such."""
    whole: dict[str, object] = {
        "ids": [f"nocturne_{bed}"],
        "name": facts.name or f"Nocturne {bed}",
        "mf": "Nocturne",
        "mdl": facts.hardware,
        "sw": facts.software,
    }
    told = {"sa": facts.area, "sn": facts.serial, "cu": facts.page}
    return whole | {key: value for key, value in told.items() if value}


def component(bed: str, key: str, entity: Entity, facts: DeviceFacts) -> dict[str, object]:
    name = word("entity", key, entity.name) if entity.name else None
    whole = {"p": entity.platform, "name": name, **entity.shown, **state(bed, key, entity)}
    if entity.shown.get("device_class") == "enum":
        whole |= readable(key, entity, whole["state_topic"])
    if entity.platform in ASKED:
        whole |= command(bed, key, entity.platform)
    for there, name in entity.facts.items():
        fact = getattr(facts, name)
        whole[there] = list(fact) if isinstance(fact, tuple) else fact
    return whole | {
        "unique_id": f"nocturne_{bed}_{key}",
        "object_id": f"{bed}_{key}",
        "default_entity_id": f"{entity.platform}.{bed}_{key}".lower().replace("-", "_"),
        "qos": 1,
    }


def state(bed: str, key: str, entity: Entity) -> dict[str, object]:
    """Where it hears what is, and how it reads that."""
    if entity.platform == "event":
        return {"state_topic": topic(bed, "event", key)}
    if entity.platform == "image":
        return {"image_topic": topic(bed, "state", key)}
    if not entity.inside:
        told = entity.payload.write and entity.platform != "notify" or entity.platform not in ASKED
        return {"state_topic": topic(bed, "state", key)} if told else {}
    whole = ENTITIES[entity.inside]
    plane = "detail" if whole.detail else "state"
    inner: dict[str, object] = {"state_topic": topic(bed, plane, entity.inside)}
    if "value_template" not in entity.shown:
        inner["value_template"] = TO_HOURS.format(key) if entity.shown.get(
            "unit_of_measurement") == "h" else f"{{{{ value_json.{key} }}}}"
    if whole.period:
        inner["expire_after"] = EXPIRE_AFTER
    return inner if entity.inside != "diagnostics" else inner | {"entity_category": "diagnostic"}


def readable(key: str, entity: Entity, told: object) -> dict[str, object]:
    """The states of a choice in words; automations go by the attribute `code`, whatever the
    language."""
    codes: Any = entity.shown["options"]
    words = {code: str(label(f"state.{code}")) for code in codes}
    said = f"value_json.{key}" if entity.inside else "value"
    return {
        "options": list(words.values()),
        "value_template": f"{{{{ {json.dumps(words, ensure_ascii=False)}.get({said}, 'None') }}}}",
        "json_attributes_topic": told,
        "json_attributes_template": f"{{{{ {{'code': {said}}} | tojson }}}}",
    }


def command(bed: str, key: str, platform: str) -> Mapping[str, object]:
    """Where it asks, and in which words."""
    ask: dict[str, object] = {"command_topic": topic(bed, "cmd", key), "retain": False}
    if platform == "light":
        ask |= LIGHT
    elif platform == "update":
        ask["payload_install"] = "install"
    else:
        ask["command_template"] = SEND_VALUE
    if platform in GUESSING:
        ask["optimistic"] = False
    return ask
