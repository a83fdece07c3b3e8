"""The one retained message that makes Home Assistant know the device: pure.

Written to what 2025.4 and 2026.11 really accept: one bad component or unknown root key rejects the
whole device; QoS is honoured per component only; `object_id` is read by the older,
`default_entity_id` by the newer.
"""

from collections.abc import Mapping

from device.home.entities import ASKED, ENTITIES, EXPIRE_AFTER, Entity
from device.home.settings import HOME_ASSISTANT, DeviceFacts, topic

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
GUESSING = ("switch", "number", "light")    # would show what was asked, unless told not to


def config_topic(bed: str) -> str:
    return f"{HOME_ASSISTANT}/device/{bed}/nocturne/config"


def payload(bed: str, facts: DeviceFacts) -> dict:
    """The discovery payload of one bed: `dev`, `o`, `cmps` and the shared availability, ready for
    JSON."""
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
        "cmps": {
            key: component(bed, key, entity, facts)
            for key, entity in ENTITIES.items()
            if entity.platform and (not entity.needs or getattr(facts, entity.needs))
        },
    }


def component(bed: str, key: str, entity: Entity, facts: DeviceFacts) -> dict[str, object]:
    whole = {"p": entity.platform, "name": entity.name, **entity.shown, **state(bed, key, entity)}
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
        return {"state_topic": topic(bed, "state", key)} if entity.payload.write else {}
    inner: dict[str, object] = {"state_topic": topic(bed, "state", entity.inside)}
    if "value_template" not in entity.shown:
        inner["value_template"] = f"{{{{ value_json.{key} }}}}"
    if ENTITIES[entity.inside].period:
        inner |= {"entity_category": "diagnostic", "expire_after": EXPIRE_AFTER}
    return inner


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
