"""Tables that people write in TOML. Reading that takes a small board long at each start, so an
image, whose files don't change, keeps the same as JSON beside each."""

import json
import tomllib
from pathlib import Path
from typing import Any

COMPILED = ".toml.json"


def sheet(path: Path) -> dict[str, Any]:
    """Raises OSError, ValueError."""
    compiled = path.with_suffix(COMPILED)
    if compiled.exists():
        found: dict[str, Any] = json.loads(compiled.read_text(encoding="utf-8"))
        return found
    return tomllib.loads(path.read_text(encoding="utf-8"))


def compile_all(folder: Path) -> None:
    """Of every table in it and below. Raises OSError, ValueError."""
    for path in sorted(folder.rglob("*.toml")):
        compiled = path.with_suffix(COMPILED)
        compiled.write_text(json.dumps(sheet(path), ensure_ascii=False), encoding="utf-8")
