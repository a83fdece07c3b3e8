"""What `tools/evaluate taste` may be told."""

from kit.options import Parser, room, whole


def add_options(parser: Parser) -> None:
    parser.add_argument("--renderings", type=room, help="keep the rendered sound here")
    parser.add_argument("--pieces", type=whole(1, 10**4), default=200, help="to render (200)")
    parser.add_argument("--sleepers", type=whole(1, 10**5), default=300,
                        help="synthetic ones with tastes (300)")
