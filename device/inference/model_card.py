"""Model cards: `models/NAME.json` beside the model file says what it is; the device refuses a file
that differs.

A card's keys: `name`, `file`, `sha256`, `summary`, `inputs` and `outputs` (names, in order),
`sources` (a list of `{name, licence, credit}`), `training` (`{command, seed}`), `figures` (key →
`{value, command}`); more may follow.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.errors import ModelMismatch

HERE = Path(__file__).resolve().parent.parent          # device/
# Beside `device/` in a clone; inside it once installed from a wheel.
MODELS = HERE / "models"
if not MODELS.is_dir() and (HERE.parent / "models").is_dir():
    MODELS = HERE.parent / "models"


@dataclass(frozen=True, slots=True)
class Card:
    name: str
    sha256: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    facts: Mapping[str, Any]        # the whole card


def read(name: str, inputs: Sequence[str] | None = None,
         folder: Path = MODELS) -> tuple[bytes, Card]:
    """The model file's bytes and its card; `inputs` are the field names that the code feeds, in
    order.

    Raises ModelMismatch, which names the file and the remedy, if anything is missing or differs.
    """
    path = folder / f"{name}.json"
    try:
        facts = json.loads(path.read_text())
        file = folder / facts["file"]
        model = file.read_bytes()
        card = Card(facts["name"], facts["sha256"], tuple(facts["inputs"]),
                    tuple(facts["outputs"]), facts)
    except (OSError, ValueError, KeyError, TypeError) as trouble:
        why = f"{path}: can't read model or card ({trouble}); install Nocturne again"
        raise ModelMismatch(why) from trouble
    if hashlib.sha256(model).hexdigest() != card.sha256:
        raise ModelMismatch(f"{file}: doesn't match its card's sha256; install Nocturne again")
    if inputs is not None and card.inputs != tuple(inputs):
        raise ModelMismatch(
            f"{path}: takes {list(card.inputs)}, but this firmware feeds {list(inputs)}"
        )
    return model, card
