"""What `tools/plot learned` draws: each line is a candidate, with the minutes of onset latency
saved against silence as the device believes them now (dot, 80 % interval) and as it believed before
the first night (grey). STATE.json is the sleeper's export."""

import argparse
import json
from html import escape
from pathlib import Path

from device.errors import NocturneError
from kit.options import made

Z80 = 1.2816
ROW, LEFT, RIGHT, TOP, WIDTH = 17, 190, 110, 84, 900
INK, FAINT, NOW, SILENT = "#1d2433", "#b9c0cc", "#2f6f8f", "#8a5a2b"


def plot(options: argparse.Namespace) -> int:
    """Writes the picture as SVG and PNG. Raises NocturneError where the state can't be read."""
    import resvg_py

    from device.recommend import Recommender
    if options.state:
        state = read(options.state)
        device = Recommender.load(state, sleeper=state["sleeper"])
    else:
        device = synthetic(options.synthetic, options.nights)
    svg = draw(device, Recommender.load())
    made(options.out).with_suffix(".svg").write_text(svg)
    options.out.with_suffix(".png").write_bytes(bytes(resvg_py.svg_to_bytes(svg_string=svg)))
    print(f"{options.out.with_suffix('.svg')}, {options.out.with_suffix('.png')}")
    return 0


def read(file: Path) -> dict:
    """A sleeper's export. Raises NocturneError."""
    try:
        state = json.loads(file.read_bytes())
    except ValueError as trouble:
        raise NocturneError(f"{file}: isn't JSON ({trouble})") from trouble
    if not isinstance(state, dict) or not isinstance(state.get("sleeper"), str):
        raise NocturneError(f"{file}: isn't what `nocturne learner` prints of a sleeper")
    return state


def synthetic(seed: int, nights: int):
    import numpy as np

    from desk.sleepers import Evening, Sleeper
    from device.recommend import Recommender
    generator = np.random.default_rng(seed)
    device, sleeper = Recommender.load(), Sleeper.born(generator)
    for night in range(nights):
        evening = Evening.falls(sleeper, generator)
        choice = device.choose(evening.context, seed=night)
        device.learn(choice.receipt, sleeper.outcome(evening, choice.recipe, generator))
    return device


def draw(device, stranger) -> str:
    from device.recommend.candidates import NAMES, QUIET
    from device.recommend.n_of_1 import effect
    mean, spread = device.expect()
    before, before_spread = stranger.expect()
    counted = [night for night in device.nights if night["reward"] is not None]
    nights = {name: sum(night["candidate"] == name for night in counted) for name in NAMES}
    order = sorted(range(len(NAMES)), key=lambda place: -mean[place])
    low = min((mean - Z80 * spread).min(), (before - Z80 * before_spread).min(), -1)
    high = max((mean + Z80 * spread).max(), (before + Z80 * before_spread).max(), 1)
    height = TOP + ROW * len(order) + 50

    def x(minutes: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (minutes - low) / (high - low)

    def text(px, py, words, anchor="start", fill=INK, size=12):
        return (f'<text x="{px:.1f}" y="{py:.1f}" font-size="{size}" text-anchor="{anchor}" '
                f'fill="{fill}">{escape(words)}</text>')

    def line(x1, y1, x2, y2, stroke, width=1.0):
        return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}" '
                f'stroke-width="{width}" stroke-linecap="round"/>')

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'font-family="DejaVu Sans, sans-serif">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fbfbf9"/>',
        text(20, 30, f"What {len(counted)} nights have taught", size=18),
        text(
            20,
            52,
            "minutes of falling asleep sooner than in silence: believed now, 80 % interval (blue), "
            "and before the first night (grey)",
        ),
    ]
    bottom = TOP + ROW * len(order)
    for tick in range(int(low // 5) * 5 + 5, int(high) + 1, 5):
        parts += [line(x(tick), TOP - 8, x(tick), bottom, "#e4e6e2"),
                  text(x(tick), bottom + 18, f"{tick:+d}", "middle")]
    parts.append(line(x(0), TOP - 8, x(0), bottom, INK))
    for row, place in enumerate(order):
        y = TOP + ROW * row + ROW / 2
        played = nights[NAMES[place]]
        colour = SILENT if place == QUIET else NOW
        parts += [text(LEFT - 10, y + 4, NAMES[place], "end", INK if played else "#6d7585"),
                  line(x(before[place] - Z80 * before_spread[place]), y + 3.5,
                       x(before[place] + Z80 * before_spread[place]), y + 3.5, FAINT, 2),
                  line(x(mean[place] - Z80 * spread[place]), y - 1,
                       x(mean[place] + Z80 * spread[place]), y - 1, colour, 3),
                  f'<circle cx="{x(mean[place]):.1f}" cy="{y - 1:.1f}" r="4" fill="{colour}"/>']
        if played:
            parts.append(
                text(WIDTH - RIGHT + 14, y + 4, f"{played} night{'s' if played > 1 else ''}")
            )
    verdict = effect(device.nights)
    said = (
        verdict.sentence
        if sum(verdict.nights)
        else "silence is 0 by definition; no night of a trial yet"
    )
    parts += [text(20, height - 10, said), "</svg>"]
    return "\n".join(parts)
