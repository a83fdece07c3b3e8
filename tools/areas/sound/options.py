"""What `tools/evaluate sound` and `tools/bench sound` may be told."""

from kit.options import Parser, number, path
from kit.setup import ROOT

GRAPHS = ROOT.parent / "shared" / "examples" / "sound"


def add_options(parser: Parser) -> None:
    parser.add_argument("--hours", type=number(0.01, 48), default=0.5,
                        help="of sound to look through for clicks and gaps (.5)")
    parser.add_argument("--instructions", action="store_true",
                        help="count aarch64 instructions too (some minutes)")
    parser.add_argument("--graphs", type=path, default=GRAPHS,
                        help="folder with ref.py, ref.osc and ref.csd")
