"""What `tools/evaluate vitals` may be told."""

from kit.options import Parser, number, whole

DRAWS = 10          # of each kind of body


def add_options(parser: Parser) -> None:
    parser.add_argument(
        "--night-minutes", type=number(1, 1440), default=10.0,
        help="of each person's night that drive `night` and `night_bcg` (10)")
    parser.add_argument("--all-nights", action="store_true",
                        help="every night, whole: hours of work")
    parser.add_argument("--draws", type=whole(1, 10**4), default=DRAWS,
                        help=f"of each kind of body; half as many of each empty bed ({DRAWS})")
    parser.add_argument("--empty-hours", type=number(0.5, 24), default=8.0,
                        help="of each empty bed (8)")
    parser.add_argument("--empty-stride", type=whole(1, 1000), default=6,
                        help="only every so-many-th ten minutes of it (6)")
