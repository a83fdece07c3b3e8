"""What `tools/evaluate recommender` may be told."""

from pathlib import Path

from kit.options import Parser, present, whole

SHIPPED = Path(__file__).with_name("strangers.py")


def add_options(parser: Parser) -> None:
    parser.add_argument("--sleepers", type=whole(1, 10**6), default=500,
                        help="synthetic sleepers never seen (500)")
    parser.add_argument("--families", type=present, default=SHIPPED, metavar="FILE",
                        help="sleepers by other models; how to write one: "
                        "tools/areas/recommender/families.py")
    parser.add_argument("--of-each", type=whole(0, 10**6), default=300,
                        help="sleepers of each family (300; 0: none)")
