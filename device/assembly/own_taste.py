"""taste.json: what one's own music is like, as a desk measured it and a bed takes it up."""

import json
from pathlib import Path

from device import stored
from device.arguments import made
from device.errors import Refused
from device.session import own_music
from device.values import Taste

LARGEST = 65536             # bytes: what `save` writes has some 400


def save(taste: Taste, path: Path) -> None:
    """Whole or not at all. Raises Refused."""
    part = path.with_name(path.name + ".part")
    try:
        made(part).write_text(json.dumps(stored.plain(taste), indent=1) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as trouble:
        raise Refused(f"{path}: can't be written ({trouble.strerror})") from trouble


def load(path: Path) -> tuple[Taste | None, str]:
    """And why it can't be used, or "". None: there is none. Never raises."""
    try:
        taste, why = own_music.read(json.loads(content(path)))
    except FileNotFoundError:
        return None, ""
    except OSError as trouble:
        taste, why = None, str(trouble.strerror)
    except (Refused, ValueError, RecursionError) as trouble:
        taste, why = None, str(trouble)
    return taste, why and f"{path} isn't used: {why}"


def unusable(path: Path, sleeper: str) -> str:
    """Why a night of `sleeper` doesn't begin from it, or ""."""
    taste, why = load(path)
    if taste is None:
        return why or f"{path}: there is no such file"
    return why or ("" if taste.sleeper == sleeper else
                   f"{path} isn't used: it is {taste.sleeper}'s, and here sleeps {sleeper}")


def content(path: Path) -> bytes:
    """Raises OSError, Refused."""
    if path.exists() and not path.is_file():
        raise Refused("it is no file")          # a pipe would keep the night waiting for ever
    with path.open("rb") as file:
        found = file.read(LARGEST + 1)
    if len(found) > LARGEST:
        raise Refused(f"it has more than {LARGEST // 1024} KB, and no taste.json is so large")
    return found


def forget(path: Path) -> str:
    """Where it can't be, why; else ""."""
    try:
        path.unlink(missing_ok=True)
    except OSError as trouble:
        return f"{path} ({trouble.strerror}): delete it by hand"
    return ""
