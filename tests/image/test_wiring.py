"""The guide's picture of the wires: what it shows is what the firmware expects, and can be read."""

from itertools import pairwise

import pytest

from device.config import Config
from image import wiring


def inside(box, point, other):
    """Whether a level or upright line touches a box (left, top, right, bottom)."""
    (x1, y1), (x2, y2) = sorted((point, other))
    return x2 >= box[0] and x1 <= box[2] and max(y1, y2) >= box[1] and min(y1, y2) <= box[3]


def wires():
    return [(part, name, wiring.wire(part, pin)) for part in wiring.PARTS
            for name, pin, _ in part.terminals]


def test_the_picture_is_the_one_that_is_drawn():
    assert wiring.OUT.read_text() == wiring.drawing()


def test_no_wire_runs_through_the_board_where_the_names_stand_or_through_another_part():
    board = (wiring.BOARD[0] + 1, wiring.TOP - 22, wiring.BOARD[1] - 1, wiring.TOP + 19 * 26 + 20)
    for part, name, corners in wires():
        heights = {each: [wiring.terminal(each, pin) for _, pin, _ in each.terminals]
                   for each in wiring.PARTS if each is not part}
        boxes = [(each.left, min(found) - 12, each.left + each.width, max(found) + 12)
                 for each, found in heights.items()]
        for begin, end in pairwise(corners):
            assert not any(inside(box, begin, end) for box in [board, *boxes]), (part.title, name)


def test_no_wire_crosses_another():
    lines = [(name, line) for _, name, corners in wires() for line in pairwise(corners)]
    for n, (name, (a, b)) in enumerate(lines):
        for other, (c, d) in lines[:n]:
            box = (min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1]))
            assert name == other or not inside(box, c, d), (name, other)


@pytest.mark.parametrize(("part", "terminal", "pin", "name"), [
    ("Button", "one side", 11, f"GPIO {Config().panel.button}"),
    ("Light", "+ long leg", 16, "GPIO 23"),
    ("Sensor", "SDA", 3, "GPIO 2 SDA"), ("Sensor", "SCL", 5, "GPIO 3 SCL"),
    ("Sensor", "VCC", 1, "3.3 V"), ("Amplifier", "Vin", 2, "5 V"),
    ("Amplifier", "BCLK", 12, "GPIO 18"), ("Amplifier", "LRC", 35, "GPIO 19"),
    ("Amplifier", "DIN", 40, "GPIO 21"),
])
def test_each_terminal_goes_to_the_pin_that_has_its_signal(part, terminal, pin, name):
    found = next(each for each in wiring.PARTS if each.title == part)
    assert dict((words, at) for words, at, _ in found.terminals)[terminal] == pin
    assert wiring.PINS[pin - 1] == name


def test_every_ground_is_a_ground():
    for part in wiring.PARTS:
        for words, pin, _ in part.terminals:
            if words in ("GND", "other side", "− short leg"):
                assert wiring.PINS[pin - 1] == "GND", (part.title, pin)


def test_the_note_names_the_pins_of_a_usb_sound_card():
    assert wiring.PINS[12 - 1] == f"GPIO {Config().panel.led}"
    pins = sorted(pin for part in wiring.PARTS if part.title == "Amplifier"
                  for _, pin, _ in part.terminals)
    *first, last = map(str, pins)
    assert f"{', '.join(first)} and {last}" in " ".join(wiring.NOTE)
