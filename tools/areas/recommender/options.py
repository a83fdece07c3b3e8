"""What `tools/evaluate recommender` may be told."""

from kit.options import Parser, whole


def add_options(parser: Parser) -> None:
    parser.add_argument("--sleepers", type=whole(1, 10**6), default=500,
                        help="synthetic sleepers never seen (500)")
