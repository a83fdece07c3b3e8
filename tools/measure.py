"""The command line that `tools/evaluate` and `tools/bench` share: AREA is a module `tools/areas/AREA.py`.

An area module has `evaluate(data: Path, train: Path | None, options: Namespace) -> Result`, `bench(data: Path | None,
options: Namespace) -> Result`, or both, may have `add_options(parser)`, and names the extras it needs in `EXTRAS`.
"""

import argparse
import importlib
import sys
import traceback
from pathlib import Path

from tools.setup import ensure

AREAS = ("vitals", "staging", "recommender", "composer", "sound", "words", "night")
EXTRAS = {"evaluate": ["evaluate"], "bench": ["evaluate", "bench"]}


def main(verb: str, doc: str) -> int:
    parser = argparse.ArgumentParser(prog=f"tools/{verb}", description=doc.splitlines()[0])
    parser.add_argument("area", choices=AREAS)
    parser.add_argument("--data", type=Path, help="a folder in the format of the area's data")
    if verb == "evaluate":
        parser.add_argument("--train", type=Path, help="fit models and peers here, score --data")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    area = next((word for word in sys.argv[1:] if word in AREAS), None)
    ensure(EXTRAS[verb])
    module = importlib.import_module(f"tools.areas.{area}") if area else None
    if module and hasattr(module, "add_options"):
        module.add_options(parser)
    options = parser.parse_args()
    # Where an area's peers run within its evaluation, or its evaluation is a race, one serves for both.
    racing = not hasattr(module, "evaluate") or verb == "bench" and hasattr(module, "bench")
    if not racing and options.data is None and area in ("vitals", "staging"):
        parser.error(f"{area} needs --data DIR")
    try:
        result = (module.bench(options.data, options) if racing
                  else module.evaluate(options.data, getattr(options, "train", None), options))
    except Exception:
        traceback.print_exc()
        print(f"tools/{verb} {area}: couldn't measure", file=sys.stderr)
        return 1
    print(result.to_json() if options.json else result.table())
    return 0
