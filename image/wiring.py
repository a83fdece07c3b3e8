"""Draws image/wiring.svg: the Pi's header and what is wired to it. `python3 image/wiring.py`"""

from html import escape
from pathlib import Path
from typing import NamedTuple

OUT = Path(__file__).resolve().with_name("wiring.svg")
# The header's forty pins, in order (Raspberry Pi documentation, GPIO and the 40-pin header).
PINS = (
    "3.3 V",
    "5 V",
    "GPIO 2 SDA",
    "5 V",
    "GPIO 3 SCL",
    "GND",
    "GPIO 4",
    "GPIO 14",
    "GND",
    "GPIO 15",
    "GPIO 17",
    "GPIO 18",
    "GPIO 27",
    "GND",
    "GPIO 22",
    "GPIO 23",
    "3.3 V",
    "GPIO 24",
    "GPIO 10",
    "GND",
    "GPIO 9",
    "GPIO 25",
    "GPIO 11",
    "GPIO 8",
    "GND",
    "GPIO 7",
    "GPIO 0",
    "GPIO 1",
    "GPIO 5",
    "GND",
    "GPIO 6",
    "GPIO 12",
    "GPIO 13",
    "GND",
    "GPIO 19",
    "GPIO 16",
    "GPIO 26",
    "GPIO 20",
    "GND",
    "GPIO 21",
)
RED, BLACK, BLUE, GREEN, ORANGE, VIOLET = (
    "#c0392b",
    "#222",
    "#2464b4",
    "#1e8449",
    "#ca6f1e",
    "#7d3c98",
)


class Part(NamedTuple):
    """A box, and its terminals: (name, pin of the header, colour), each at its pin's height."""
    title: str
    notes: tuple[str, ...]
    left: float
    width: float
    middle: tuple[float, float]         # of the title
    terminals: tuple[tuple[str, int, str], ...]


ROW, TOP, HIGH, WIDE = 26.0, 84.0, 690.0, 1000.0
BOARD = (330.0, 630.0)          # its edges; the names of pins lie inside
DOTS = (462.0, 498.0)           # the header's columns: odd pins, even pins
UNDER = TOP + 20.5 * ROW        # where a wire passes below the board
PARTS = (
    Part("Sensor", ("ADXL355, or", "MAX30102", "and LIS3DH"), 30, 210, (105, 112),
         (("VCC", 1, RED), ("SDA", 3, BLUE), ("SCL", 5, GREEN), ("GND", 9, BLACK))),
    Part("Button", ("either way round,", "no resistor"), 30, 210, (135, 300),
         (("one side", 11, ORANGE), ("other side", 25, BLACK))),
    Part("Light", ("1 kΩ in series",), 660, 120, (720, 296),
         (("− short leg", 14, BLACK), ("+ long leg", 16, VIOLET))),
    Part("Amplifier", ("MAX98357A",), 820, 150, (895, 380),
         (("Vin", 2, RED), ("GND", 6, BLACK), ("BCLK", 12, ORANGE), ("DIN", 40, BLUE),
          ("LRC", 35, GREEN))),
)
WIRED = {pin for part in PARTS for _, pin, _ in part.terminals}
NOTE = ("Sensors get 3.3 V, never 5 V. With a USB sound card there is no amplifier: leave pins "
        "2, 6, 12, 35 and 40 free,",
        "and put the light's long leg on pin 12 (GPIO 18, the default) instead of pin 16 (GPIO 23)."
        )


def height(pin: int) -> float:
    return TOP + (pin - 1) // 2 * ROW


def text(x: float, y: float, words: str, size: float = 13, anchor: str = "start",
         more: str = "") -> str:
    return (f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" text-anchor="{anchor}"{more}>'
            f'{escape(words)}</text>')


def header() -> list[str]:
    left, right = BOARD
    shapes = [
        f'<rect x="{left:g}" y="{TOP - 22:g}" width="{right - left:g}" '
        f'height="{19 * ROW + 44:g}" rx="10" fill="#e8f3ea" stroke="#57755c"/>',
        text((left + right) / 2, 30, "Raspberry Pi", 16, "middle", ' font-weight="bold"'),
        text((left + right) / 2, 50, "pin 1 is the corner next to the SD card", 12, "middle"),
    ]
    for pin, name in enumerate(PINS, 1):
        odd, y = pin % 2, height(pin)
        x = DOTS[0] if odd else DOTS[1]
        style = ' font-weight="bold"' if pin in WIRED else ' fill="#667"'
        shapes.append(f'<circle cx="{x:g}" cy="{y:g}" r="6.5" fill="#d4b94e" stroke="#665"/>')
        shapes.append(text(x - 14 if odd else x + 14, y + 4, str(pin), 11,
                           "end" if odd else "start", style))
        shapes.append(text(left + 14 if odd else right - 14, y + 4, name, 12,
                           "start" if odd else "end", style))
    return shapes


def terminal(part: Part, pin: int) -> float:
    """Its height: its pin's, or below the board where the wire comes from the other side."""
    odd_side = part.left < BOARD[0]
    return height(pin) if (pin % 2 == 1) == odd_side else UNDER


def wire(part: Part, pin: int) -> list[tuple[float, float]]:
    """Corners from the board's edge to the part's."""
    odd, y = pin % 2, height(pin)
    begin = BOARD[0] if odd else BOARD[1]
    end = part.left + part.width if part.left < BOARD[0] else part.left
    if terminal(part, pin) == y:
        return [(begin, y), (end, y)]
    aside = begin - 24
    return [(begin, y), (aside, y), (aside, UNDER), (end, UNDER)]


def drawn(part: Part) -> list[str]:
    heights = [terminal(part, pin) for _, pin, _ in part.terminals]
    top, bottom = min(heights) - 12, max(heights) + 12
    shapes = [
        f'<rect x="{part.left:g}" y="{top:g}" width="{part.width:g}" height="{bottom - top:g}" '
        'rx="8" fill="#fff" stroke="#444"/>',
        text(*part.middle, part.title, 14, "middle", ' font-weight="bold"')]
    for line, note in enumerate(part.notes, 1):
        shapes.append(text(part.middle[0], part.middle[1] + 1 + 15 * line, note, 11, "middle"))
    left = part.left < BOARD[0]
    edge = part.left + part.width if left else part.left
    for (name, pin, colour), y in zip(part.terminals, heights, strict=True):
        path = " L".join(f"{x:g} {v:g}" for x, v in wire(part, pin))
        shapes.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="3" '
                      'stroke-linejoin="round"/>')
        shapes.append(text(edge - 10 if left else edge + 10, y + 4, name, 12,
                           "end" if left else "start"))
    return shapes


def drawing() -> str:
    shapes = [shape for each in PARTS for shape in drawn(each)]
    notes = [text(30, HIGH - 30 + 18 * line, words, 13) for line, words in enumerate(NOTE)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE:g} {HIGH:g}" role="img" '
        'aria-label="The header of the Raspberry Pi and what is wired to it" '
        'font-family="DejaVu Sans, Helvetica, Arial, sans-serif" fill="#1c2430">\n'
        f'<rect width="{WIDE:g}" height="{HIGH:g}" fill="#fcfcfa"/>\n'
        + "\n".join([*header(), *shapes, *notes]) + "\n</svg>\n"
    )


if __name__ == "__main__":
    OUT.write_text(drawing(), encoding="utf-8")
