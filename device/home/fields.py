"""What the device tells, field by field: how it is written on `state/<field>`, and whether it is
anyone's business.

`personal` fields belong to the care plane: without consent, and in privacy mode, they are told as
unknown.
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


FIELDS: dict[str, Field] = {
    name: Field(row.payload.write, row.personal, row.blank, row.period)
    for name, row in ENTITIES.items()
    if row.payload.write is not None
}
PERSONAL = tuple(name for name, field in FIELDS.items() if field.personal)
DIAGNOSTICS = tuple(entities.DIAGNOSTICS)       # told under their own names, written together
