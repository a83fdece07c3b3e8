"""What `tools/evaluate composer` may be told."""

from kit.options import Parser, number, whole


def add_options(parser: Parser) -> None:
    parser.add_argument("--seeds", type=whole(1, 1000), default=20,
                        help="pieces for the calm measures and the step response")
    parser.add_argument("--recipes", type=whole(1, 10**5), default=210,
                        help="recipes of the Latin hypercube")
    parser.add_argument("--minutes", type=number(0.1, 1e4), default=5.0,
                        help="of music for each recipe")
    parser.add_argument("--hours", type=number(0.1, 48), default=8.0, help="of the night")
    parser.add_argument("--only-ours", action="store_true",
                        help="leave the peers out of the long trials")
