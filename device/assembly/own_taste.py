"""taste.json: what one's own music is like, as a desk measured it and a bed takes it up."""

import json
from pathlib import Path

from device import stored
from device.errors import Refused
from device.values import Taste


def save(taste: Taste, path: Path) -> None:
    """Whole or not at all. Raises Refused."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(json.dumps(stored.plain(taste), indent=1) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as trouble:
        raise Refused(f"{path}: can't be written ({trouble.strerror})") from trouble


def load(path: Path) -> tuple[Taste | None, str]:
    """And what of it can't be read, or "". None: there is none that can be used."""
    if not path.exists():
        return None, ""
    taste, troubles = stored.load_file(Taste, path)
    if troubles:
        return None, f"what one's own music is like isn't used: {troubles[0]}"
    return taste, ""


def payload(taste: Taste | None) -> str:
    """What is sent to a bed; None forgets it there."""
    value = "" if taste is None else stored.plain(taste)
    return json.dumps({"value": value})


def forget(path: Path) -> str:
    """Where it can't be, why; else ""."""
    try:
        path.unlink(missing_ok=True)
    except OSError as trouble:
        return f"{path} ({trouble.strerror}): delete it by hand, or it is taken up again"
    return ""
