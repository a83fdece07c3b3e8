"""What a person types after a tool's name, by the types of `device/arguments.py`; as light."""

import sys

from kit.setup import ROOT

if str(ROOT) not in sys.path:       # in a fresh clone nothing is installed yet
    sys.path.append(str(ROOT))

from device.arguments import (
    FAILED,
    STOPPED,
    Parser,
    ended,
    folder,
    made,
    number,
    path,
    present,
    room,
    say,
    text,
    whole,
    writable,
)

COMPOSERS = ("rnn", "rules", "markov")
NOISE = (-60.0, -15.0)      # dBFS RMS that a loudspeaker is calibrated with
__all__ = ["COMPOSERS", "FAILED", "NOISE", "STOPPED", "Parser", "add_body", "add_music", "ended",
           "folder", "made", "number", "path", "present", "room", "say", "text", "whole",
           "writable"]


def add_body(parser: Parser) -> None:
    """Which chips: the board's, or simulated ones."""
    parser.add_argument("--bus", type=whole(0, 255), default=1, help="the board's /dev/i2c-N (1)")
    parser.add_argument("--config", type=present, help="a nocturne.toml that names the chips")
    parser.add_argument("--simulated", action="store_true",
                        help="simulated chips on a simulated body")
    parser.add_argument("--recording", type=present, metavar="FILE",
                        help="simulated chips on a recording (.npz)")
    parser.add_argument(
        "--build", choices=("clip", "mattress", "none"), default="mattress",
        help="simulated: ADXL355 under the mattress, MAX30102 + LIS3DH clip, or nothing (mattress)")
    parser.add_argument("--seed", type=whole(), default=1, help="of the simulated body (1)")
    parser.add_argument("--skew", type=number(-0.1, 0.1), default=0.0,
                        help="simulated chips' clocks are so much too fast (0)")


def add_music(parser: Parser) -> None:
    """What a piece of music is to be."""
    parser.add_argument("--composer", choices=COMPOSERS, default=COMPOSERS[0])
    parser.add_argument(
        "--recipe", type=text, default="",
        help='a programme\'s name, fields, or both: "felt piano,density=0.2,scale=lydian"')
    parser.add_argument(
        "--style", type=text,
        help="a style by name, a mixture such as piano*0.7+lute*0.3, or a MIDI file whose style to "
        "take")
    parser.add_argument("--motif", type=present,
                        help="a MIDI file whose opening the music develops")
    parser.add_argument("--restyle", type=present,
                        help="a MIDI file to sing anew in this recipe and style")
    parser.add_argument("--export-midi", type=writable, help="write what was composed as MIDI")
    parser.add_argument("--ab", type=room,
                        help="make a blind listening kit in this folder: every composer, numbered")
