"""Every topic and what its payload must be. `python -m device.home.topics` prints it: that is
topics.schema.json beside this file, for whoever speaks to a bed."""

import json
import sys
from collections.abc import Mapping

from device.home.entities import ENTITIES
from device.home.fields import plane
from device.home.payloads import DEFINITIONS, HEARD, Schema, whole_object

WIDTH = 100     # columns
DESCRIPTION = (
    "Each key of `topics` is a topic filter; `schema` is what its payload must be, as JSON where "
    "`json` is true and as text otherwise. Retained: avail, state (but for `heard`, the answer to "
    "a command, and `alive`), detail, prior and hub topics; nothing else. All but `alive` is "
    "QoS 1. `event` and `feedback` carry a user property `id` (UUID), the same "
    "at every attempt, and are sent again until `nocturne/<bed>/ack/<id>` comes. A clustered "
    "broker may deliver `event` and `feedback` to several hubs by shared subscriptions "
    "(`$share/hub/nocturne/+/event/+`) as long as these share one store (`nocturne hub --group`)."
)
AVAILABILITY: Schema = {"enum": ["online", "offline"]}
ALIVE: Schema = {"type": "string", "pattern": "^[0-9]{1,12}$",
                 "description": "s since 1970 by the device's clock, every few seconds"}
EVENT = whole_object({
    "v": {"const": 1},
    "id": {"type": "string", "format": "uuid"},
    "name": {"type": "string"},
    "boot": {"type": "string"},
    "uptime": {"type": "number", "description": "s since that boot"},
    "clock_synced": {"type": ["boolean", "null"]},
    "at": {"type": "integer", "description": "s since 1970"},
    "data": {"type": "object"},
})
FEEDBACK = whole_object({
    "v": {"const": 1},
    "q": {"enum": ["comfort_v1", "quiet_v1"]},
    "k": {"enum": [2, 5]},
    "y": {"type": "integer", "minimum": 0, "maximum": 4, "description": "below k"},
    "mech": {"const": "krr"},
    "eps": {"const": 1.0},
    "epoch": {"type": "integer", "description": "28-day periods since 1970"},
})
COMMAND: Schema = {
    "description": "or the bare value as text",
    "type": "object", "additionalProperties": False, "required": ["value"],
    "properties": {
        "value": {},
        "id": {"type": "string", "pattern": "^[\\w.:-]{1,64}$"},
        "expires": {"type": "number", "description": "s since 1970"},
        "zone": {"type": "string", "description": "of the tz database, as Europe/Berlin"},
    },
}
PRIOR = whole_object({
    "body": {"type": "string", "description": "JSON: v, version, q, shares, errors, reports"},
    "signature": {
        "type": "string", "pattern": "^[0-9a-f]{128}$", "description": "Ed25519 of body"},
})
HUB = whole_object({
    "v": {"const": 1},
    "reports": {"type": "integer"},
    "needed": {"type": "integer"},
    "sentence": {"type": "string"},
})


def document() -> dict[str, object]:
    """JSON-able."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Nocturne's MQTT topics",
        "description": DESCRIPTION,
        "topics": {
            "nocturne/+/avail": text(AVAILABILITY),
            **entities(),
            "nocturne/+/state/heard": parsed(HEARD.schema),
            "nocturne/+/state/alive": text(ALIVE),
            "nocturne/+/event/+": parsed(EVENT),
            "nocturne/+/feedback/+": parsed(FEEDBACK),
            "nocturne/+/cmd/+": parsed(COMMAND),
            "nocturne/+/ack/+": text({"const": ""}),
            "nocturne/prior": parsed(PRIOR),
            "nocturne/hub/avail": text(AVAILABILITY),
            "nocturne/hub/state": parsed(HUB),
        },
        "$defs": DEFINITIONS,
    }


def entities() -> dict[str, object]:
    """The states and events of `entities.py`."""
    topics: dict[str, object] = {}
    for name, row in ENTITIES.items():
        entry = parsed(row.payload.schema) if row.payload.json else text(row.payload.schema)
        if row.platform == "event":
            topics[f"nocturne/+/event/{name}"] = entry
        elif row.payload.write is not None:
            topics[f"nocturne/+/{plane(name)}/{name}"] = entry
    return topics


def text(schema: Schema) -> dict[str, object]:
    return {"json": False, "schema": schema}


def parsed(schema: Schema) -> dict[str, object]:
    return {"json": True, "schema": schema}


def pretty(value: object, indent: int = 0, taken: int = 0) -> str:
    """JSON with each object on one line where it fits; `taken` columns stand before it."""
    line = json.dumps(value, ensure_ascii=False)
    fits = indent > 2 and indent + taken + len(line) < WIDTH
    if fits or not isinstance(value, Mapping):
        return line
    margin = " " * (indent + 2)
    lines = []
    for key, item in value.items():
        start = f"{margin}{json.dumps(key)}: "
        lines.append(start + pretty(item, indent + 2, len(start) - indent - 2))
    return "{\n" + ",\n".join(lines) + "\n" + " " * indent + "}"


if __name__ == "__main__":
    sys.stdout.write(pretty(document()) + "\n")
