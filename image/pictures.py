"""Draws what the guide shows of hand and light: image/gestures.svg, image/lights.svg, and the card
for the bedside, image/card.html. `python3 -m image.pictures`; the lights are the firmware's own.
"""

from html import escape
from pathlib import Path

from device.hardware import button, led
from device.values import Light

HERE = Path(__file__).resolve().parent
INK, FAINT, GLOW = "#1c2430", "#8a94a3", "#d9822b"
WIDE, ROW, LEFT, SECONDS = 640, 34, 150, 10.0
# The finger: (name, when it is down, s)
GESTURES = (
    ("press", ((0.3, 0.5),)),
    ("twice", ((0.3, 0.5), (0.75, 0.95))),
    ("three times", ((0.3, 0.5), (0.75, 0.95), (1.2, 1.4))),
    ("hold", ((0.3, 0.3 + button.HOLD),)),
    ("hold on", ((0.3, 0.3 + button.LONG),)),
)
LIGHTS = (
    ("glows faintly", Light.STEADY), ("breathes", Light.BREATHING), ("one blink", Light.MUTED),
    ("two blinks", Light.TROUBLE), ("flickers", Light.THANKS), ("dark", Light.OFF),
)
# What the card says: (mode, (gesture, meaning), …)
CARD = (
    ("Waiting", (("press", "begin the night"),
                 ("hold on, 3 s", "light and notes tell what works"))),
    ("While it plays", (("press", "fade out and stop"), ("twice", "not this one"),
                        ("three times", "I like this one"))),
    ("Asleep", (("press", "begin again"),)),
    ("Any time", (("hold", "mute, the alarm too; the next press undoes it"),)),
    ("The alarm", (("press", "nine minutes more"), ("twice", "I'm up"))),
    ("In the morning", (("press", "a good night"), ("twice", "a poor one"))),
)
SAYS = {"glows faintly": "waiting for a press", "breathes": "winding down",
        "one blink": "muted, every 4\u00a0s",
        "two blinks": "something is missing or fails, every 4\u00a0s",
        "flickers": "your press was felt", "dark": "a night is on, or quiet hours"}


def frame(rows: int, seconds: float, shapes: list[str], title: str) -> str:
    high = ROW * rows + 30
    marks = []
    step = 1 if seconds <= 5 else 2
    for second in range(0, int(seconds) + 1, step):
        x = at(second, seconds)
        marks.append(f'<path d="M{x:.1f} 8 V{high - 22}" stroke="#d9dee6" stroke-dasharray="2 4"/>')
        marks.append(f'<text x="{x:.1f}" y="{high - 6}" font-size="12" text-anchor="middle" '
                     f'fill="{FAINT}">{second} s</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {high}" role="img" '
            f'aria-label="{escape(title)}" font-family="DejaVu Sans, Helvetica, sans-serif">'
            f'<rect width="{WIDE}" height="{high}" fill="#ffffff"/>'
            + "".join([*marks, *shapes]) + "</svg>\n")


def at(second: float, seconds: float) -> float:
    return LEFT + (WIDE - LEFT - 30) * second / seconds


def name(row: int, words: str) -> str:
    return (f'<text x="10" y="{ROW * row + 29}" font-size="15" fill="{INK}">{escape(words)}</text>')


def gestures() -> str:
    seconds, shapes = 4.0, []
    for row, (words, down) in enumerate(GESTURES):
        y = ROW * row + 24
        shapes.append(name(row, words))
        shapes.append(f'<path d="M{at(0, seconds):.1f} {y} H{at(seconds, seconds):.1f}" '
                      f'stroke="{FAINT}"/>')
        for begin, end in down:
            shapes.append(f'<rect x="{at(begin, seconds):.1f}" y="{y - 11}" rx="4" height="22" '
                          f'width="{at(end, seconds) - at(begin, seconds):.1f}" fill="{INK}"/>')
    return frame(len(GESTURES), seconds, shapes, "When the finger is down, for each gesture")


def lights() -> str:
    """Brightness as the eye sees it, about the cube root of what shines."""
    shapes = []
    brightest = (2 * led.DIM) ** (1 / 3)
    for row, (words, light) in enumerate(LIGHTS):
        y = ROW * row + 38
        shapes.append(name(row, words))
        points = []
        for step in range(401):
            second = SECONDS * step / 400
            shown = led.brightness(light, second) ** (1 / 3) / brightest
            points.append(f"{at(second, SECONDS):.1f} {y - 26 * shown:.1f}")
        low, high = at(0, SECONDS), at(SECONDS, SECONDS)
        shapes.append(f'<path d="M{low:.1f} {y} L{" L".join(points)} L{high:.1f} {y} Z" '
                      f'fill="{GLOW}" stroke="{GLOW}"/>')
    return frame(len(LIGHTS), SECONDS, shapes, "How bright the light is over ten seconds")


def card() -> str:
    """One page, A5 across: to print, fold and put beside the bed."""
    hands = "".join(
        f"<h2>{escape(mode)}</h2><dl>" + "".join(
            f"<dt>{escape(gesture)}</dt><dd>{escape(means)}</dd>" for gesture, means in rows)
        + "</dl>" for mode, rows in CARD)
    lamps = "".join(f"<dt>{escape(words)}</dt><dd>{escape(SAYS[words])}</dd>"
                    for words, _ in LIGHTS)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Nocturne: beside the bed</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
@page {{ size: A5 landscape; margin: 9mm }}
body {{ font: 13px/1.35 "DejaVu Sans", Helvetica, sans-serif; color: {INK}; background: #ffffff;
  max-width: 192mm; margin: 0 auto; padding: 4px }}
h1 {{ font-size: 19px; margin: 0 0 2mm }} h2 {{ font-size: 13px; margin: 2mm 0 .5mm }}
main {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(75mm, 1fr)); gap: 0 9mm }}
dl {{ display: grid; grid-template-columns: 26mm 1fr; margin: 0 }} dt {{ font-weight: bold }}
dd {{ margin: 0 }} svg {{ width: 100%; height: auto; margin-top: 1mm }}
footer {{ margin-top: 3mm; font-size: 11px; color: #566070 }}
</style></head><body><h1>Nocturne</h1><main>
<section>{hands}</section>
<section><h2>The light</h2><dl>{lamps}</dl>{lights()}
<h2>In words</h2><p style="margin:0">“warm rain, no bells” · “wake me at half past six” ·
“stop”, from the hub's page or Home Assistant.</p></section></main>
<footer>The morning's page: on the hub, or in the folder <b>reports</b> of the drive NOCTURNE.
For relaxation and a sleep routine; not a medical device, not for infants.</footer>
</body></html>
"""


if __name__ == "__main__":
    drawn = {"gestures.svg": gestures(), "lights.svg": lights(), "card.html": card()}
    for file, words in drawn.items():
        (HERE / file).write_text(words, encoding="utf-8")
