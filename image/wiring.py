"""Draws image/wiring.svg: the Pi's header and what is wired to it. `python3 image/wiring.py`"""

from collections.abc import Sequence
from html import escape
from pathlib import Path

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
# Part: (title, side, y, ((its terminal, pin of the header, colour), …)). Odd pins are the header's
# left column.
PARTS = (
    (
        "ADXL355, or MAX30102 + LIS3DH",
        "left",
        60,
        (("VCC 3.3 V", 1, RED), ("SDA", 3, BLUE), ("SCL", 5, GREEN), ("GND", 9, BLACK)),
    ),
    (
        "Button (to ground, no resistor)",
        "left",
        250,
        (("one side", 11, ORANGE), ("other side", 25, BLACK)),
    ),
    (
        "Amplifier MAX98357A (I2S)",
        "right",
        60,
        (("Vin 5 V", 2, RED), ("GND", 6, BLACK), ("BCLK", 12, ORANGE)),
    ),
    ("Amplifier, lower pins", "left", 400, (("LRC", 35, GREEN),)),
    ("Amplifier, lower pins", "right", 400, (("DIN", 40, BLUE),)),
    (
        "Light: LED, 1 kΩ in series",
        "right",
        250,
        (("− (short leg)", 14, BLACK), ("+ (long leg)", 16, VIOLET)),
    ),
)
ROW, TOP, LEFT, RIGHT, WIDTH, HEIGHT = 22, 70, 470, 530, 1000, 560


def pin_at(number: int) -> tuple[float, float]:
    return (LEFT if number % 2 else RIGHT), TOP + (number - 1) // 2 * ROW


def text(x: float, y: float, words: str, **attributes: object) -> str:
    more = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in attributes.items())
    return f'<text x="{x:g}" y="{y:g}"{more}>{escape(words)}</text>'


def header() -> list[str]:
    bottom = TOP + 19 * ROW
    shapes = [
        f'<rect x="{LEFT - 18}" y="{TOP - 18}" width="{RIGHT - LEFT + 36}" '
        f'height="{bottom - TOP + 36}" rx="8" '
        'fill="#e8f3ea" stroke="#57755c"/>',
        text(
            (LEFT + RIGHT) / 2,
            TOP - 40,
            "Raspberry Pi, USB sockets below",
            text_anchor="middle",
            font_weight="bold",
        ),
    ]
    for number, name in enumerate(PINS, 1):
        x, y = pin_at(number)
        shapes.append(f'<circle cx="{x}" cy="{y}" r="6" fill="#d4b94e" stroke="#665"/>')
        shapes.append(text(x + (10 if number % 2 else -10), y + 3, str(number), font_size=8,
                           text_anchor="start" if number % 2 else "end"))
        shapes.append(text(x + (-24 if number % 2 else 24), y - 5, name, font_size=9, fill="#666",
                           text_anchor="end" if number % 2 else "start"))
    return shapes


def part(title: str, side: str, top: float, wires: Sequence[tuple[str, int, str]]) -> list[str]:
    left = 40 if side == "left" else WIDTH - 280
    shapes = [
        f'<rect x="{left}" y="{top}" width="240" height="{30 + 26 * len(wires)}" rx="6" '
        'fill="#fff" '
        'stroke="#444"/>',
        text(left + 10, top + 19, title, font_size=12, font_weight="bold"),
    ]
    for row, (terminal, pin, colour) in enumerate(wires):
        x, y = pin_at(pin)
        edge, height = (left + 240 if side == "left" else left), top + 40 + 26 * row
        shapes.append(
            text(
                edge - 10 if side == "left" else edge + 10,
                height + 4,
                terminal,
                font_size=11,
                text_anchor="end" if side == "left" else "start",
            )
        )
        bend = (edge + x) / 2
        shapes.append(
            f'<path d="M{edge} {height} C{bend:g} {height} {bend:g} {y} {x} {y}" fill="none" '
            f'stroke="{colour}" stroke-width="2.5"/>'
        )
    return shapes


def drawing() -> str:
    shapes = [shape for each in PARTS for shape in part(*each)]
    note = (
        "With a USB sound card instead of the I2S amplifier, leave pins 12, 35 and 40 free; the "
        "light may then "
        "stay on its default, GPIO 18 (pin 12)."
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fcfcfa"/>\n'
        + "\n".join([*shapes, *header()])
        + "\n"
        + text(40, HEIGHT - 12, note, font_size=12)
        + "\n</svg>\n"
    )


if __name__ == "__main__":
    OUT.write_text(drawing(), encoding="utf-8")
