"""What `tools/evaluate night` and `tools/bench night` may be told."""

from kit.options import Parser, number, whole


def add_options(parser: Parser) -> None:
    parser.add_argument("--simulated", type=whole(0, 10**5), metavar="N", default=0,
                        help="evaluate: N simulated sleepers instead of labelled nights")
    parser.add_argument("--build", choices=("mattress", "clip"), default="mattress",
                        help="evaluate: their sensors (mattress)")
    parser.add_argument("--hours", type=number(0.1, 24), default=8.0,
                        help="bench: of the night whose cost is measured (8)")
    parser.add_argument("--presses", type=whole(1, 10**4), default=60,
                        help="bench: of the button (60)")
    parser.add_argument(
        "--growth-hours", type=number(0.5, 10_000), default=72.0,
        help="bench: without sound, a third of each third a night, to see memory and disk (72)")
