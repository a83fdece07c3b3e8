"""What a person types after a tool's name."""

import argparse
import math
from pathlib import Path


def bounded(parser: argparse.ArgumentParser, options: argparse.Namespace,
            **bounds: tuple[float, float]) -> None:
    """Ends with a line that says so where an option is outside (low, high); one that wasn't given
    is fine."""
    for name, (low, high) in bounds.items():
        value = getattr(options, name)
        if value is not None and not low <= value <= high:
            upper = f"from {low:g} to {high:g}" if math.isfinite(high) else f"{low:g} or more"
            parser.error(f"--{name.replace('_', '-')} {value:g}: must be {upper}")


def folder(parser: argparse.ArgumentParser, path: Path) -> Path:
    """The folder, made where it is missing; ends with a line where it can't be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as trouble:
        parser.error(f"{path}: can't be a folder ({trouble.strerror})")
    return path
