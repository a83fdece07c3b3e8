"""What the device tells, field by field: how it is written on `state/<field>`, and whether it is
anyone's business.

`personal` fields belong to the care plane: without consent, and in privacy mode, they are told as
unknown. `detail` ones stand on `detail/<field>` instead, which no caregiver may read.
"""

from dataclasses import dataclass

from device.home import entities
from device.home.entities import ENTITIES
from device.home.payloads import UNKNOWN, Writer


@dataclass(frozen=True, slots=True)
class Field:
    write: Writer
    personal: bool = False
    blank: str | bytes = UNKNOWN        # what is told in its place when it mustn't be told
    period: float = 0.0                 # s: told at most, and at least, this often; 0 is on change
    detail: bool = False


FIELDS: dict[str, Field] = {
    name: Field(row.payload.write, row.personal, row.blank, row.period, row.detail)
    for name, row in ENTITIES.items()
    if row.payload.write is not None
}
PERSONAL = tuple(name for name, field in FIELDS.items() if field.personal)
# Told under their own names, written together: the field → its parts.
GROUPS = {name: tuple(rows) for name, rows in entities.GROUPS.items()}
PARTS = frozenset(part for parts in GROUPS.values() for part in parts)


def plane(field: str) -> str:
    """The level of its topic."""
    return "detail" if FIELDS[field].detail else "state"
