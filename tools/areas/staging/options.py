"""What `tools/evaluate staging` may be told."""

from kit.options import Parser


def add_options(parser: Parser) -> None:
    parser.add_argument(
        "--compare", action="store_true",
        help="also a recurrent network, plainer trees and the additive part alone")
    parser.add_argument("--no-chain", action="store_true",
                        help="leave out the scored beats, which take minutes")
    parser.add_argument("--instructions", action="store_true",
                        help="count aarch64 instructions of an epoch too")
