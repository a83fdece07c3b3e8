"""The command line that `tools/evaluate` and `tools/bench` share: AREA is a folder
`tools/areas/AREA`.

Its `evaluate.py` has `evaluate(data: Path, train: Path | None, options: Namespace) -> Result`, its
`bench.py`
`bench(data: Path | None, options: Namespace) -> Result`; one may be missing. `options.py`, if there
is one, has `add_options(parser)` and needs no packages.
"""

import importlib.util
import os
import sys
import traceback
from types import ModuleType

from kit.figures import Measured
from kit.options import FAILED, Parser, folder
from kit.setup import ensure

AREAS = ("vitals", "staging", "recommender", "composer", "sound", "words", "night", "taste")
# What peers need beside the area's own extra, in a race or, with taste, always.
PEERS = {"vitals": ["vitals-peers"]}
EXTRA = {"taste": "taste-peers"}
TRACE = "NOCTURNE_TRACE"                # set: a failure is told with where it was


def main(verb: str, doc: str) -> int:
    parser = Parser(prog=f"tools/{verb}", description=doc)
    parser.add_argument("area", choices=AREAS, metavar="AREA", help=", ".join(AREAS))
    parser.add_argument("--data", type=folder, help="a folder in the format of the area's data")
    if verb == "evaluate":
        parser.add_argument("--train", type=folder, help="fit models and peers here, score --data")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    area = next((word for word in sys.argv[1:] if word in AREAS), None)
    if area and (more := half(area, "options")):
        more.add_options(parser)
    options = parser.parse_args()
    evaluates = importlib.util.find_spec(f"areas.{area}.evaluate") is not None
    # Where an area's peers run within its evaluation, or its evaluation is a race, one serves for
    # both.
    races = importlib.util.find_spec(f"areas.{area}.bench") is not None
    race = races and (verb == "bench" or not evaluates)
    if not race and options.data is None and area in ("vitals", "staging"):
        parser.error(f"{area} needs --data DIR")
    ensure([EXTRA.get(area, area), *(PEERS.get(area, []) if race else [])])
    try:
        if race:
            result = half(area, "bench").bench(options.data, options)
        else:
            train = getattr(options, "train", None)
            result = half(area, "evaluate").evaluate(options.data, train, options)
    except Exception as trouble:
        if os.environ.get(TRACE):
            traceback.print_exc()
        said = " ".join(f"{type(trouble).__name__}: {trouble}".split())
        print(f"tools/{verb} {area}: couldn't measure: {said} ({TRACE}=1 shows where)",
              file=sys.stderr)
        return FAILED
    print(result.to_json(Measured.here(sys.argv)) if options.json else result.table())
    return 0


def half(area: str, name: str) -> ModuleType | None:
    module = f"areas.{area}.{name}"
    return importlib.import_module(module) if importlib.util.find_spec(module) else None
