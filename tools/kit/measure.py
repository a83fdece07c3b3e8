"""The command line that `tools/evaluate` and `tools/bench` share: AREA is a folder
`tools/areas/AREA`.

Its `evaluate.py` has `evaluate(data: Path, train: Path | None, options: Namespace) -> Result`, its
`bench.py`
`bench(data: Path | None, options: Namespace) -> Result`; one may be missing. Either may have
`add_options(parser)`.
"""

import argparse
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType

from kit.setup import ensure

AREAS = ("vitals", "staging", "recommender", "composer", "sound", "words", "night",
         "taste")
EXTRAS = {"evaluate": ["evaluate"], "bench": ["evaluate", "bench"]}


def main(verb: str, doc: str) -> int:
    parser = argparse.ArgumentParser(prog=f"tools/{verb}", description=doc.splitlines()[0])
    parser.add_argument("area", choices=AREAS)
    parser.add_argument("--data", type=Path, help="a folder in the format of the area's data")
    if verb == "evaluate":
        parser.add_argument("--train", type=Path, help="fit models and peers here, score --data")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    area = next((word for word in sys.argv[1:] if word in AREAS), None)
    ensure([*EXTRAS[verb], *(["taste"] if area == "taste" else [])])
    evaluating, racing = (half(area, each) for each in ("evaluate", "bench"))
    for module in (evaluating, racing):
        if hasattr(module, "add_options"):
            module.add_options(parser)
    options = parser.parse_args()
    # Where an area's peers run within its evaluation, or its evaluation is a race, one serves for
    # both.
    race = evaluating is None or verb == "bench" and racing is not None
    if not race and options.data is None and area in ("vitals", "staging"):
        parser.error(f"{area} needs --data DIR")
    if options.data is not None and not options.data.is_dir():
        parser.error(f"{options.data}: there is no such folder")
    try:
        result = (racing.bench(options.data, options) if race
                  else evaluating.evaluate(options.data, getattr(options, "train", None), options))
    except Exception:
        traceback.print_exc()
        print(f"tools/{verb} {area}: couldn't measure", file=sys.stderr)
        return 1
    print(result.to_json() if options.json else result.table())
    return 0


def half(area: str | None, verb: str) -> ModuleType | None:
    name = f"areas.{area}.{verb}"
    return importlib.import_module(name) if area and importlib.util.find_spec(name) else None
