"""The night on one time axis, as SVG: hypnogram with its doubt, heart, breathing, movement, sound,
decisions."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Any

from device.values import EPOCH

WIDTH, LEFT, RIGHT = 960, 128, 12
INK = {"ink": "#1c2430", "faint": "#8a94a3", "line": "#d9dee6", "paper": "#ffffff",
       "wake": "#d9822b", "rem": "#8e5bc4", "light": "#5b9bd5", "deep": "#1f4e8c",
       "heart": "#c0392b", "breath": "#2a8c82", "move": "#7f8c8d", "sound": "#3a7d44",
       "gap": "#eceff3"}
Row = Mapping[str, Any]      # of a table of the diary
STAGE_ROWS = ("wake", "rem", "light", "deep")
# panel and colour, key, least range
LINES = (("heart", "heart_rate", (45, 75)), ("breath", "breathing", (8, 22)))


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    unit: str
    top: float
    height: float


PANELS = {"stage": Panel("stage", "estimate", 34, 84), "doubt": Panel("how sure", "", 128, 40),
          "heart": Panel("heart", "/min", 182, 70), "breath": Panel("breathing", "/min", 264, 46),
          "move": Panel("movement", "m/s²", 322, 38), "sound": Panel("sound", "dBA", 372, 64)}


class Chart:
    """Collects SVG elements over hours `first`..`last` since lights out. `ink`: colours by name,
    hex or CSS."""

    def __init__(self, first: float, last: float, ink: Mapping[str, str]):
        self.first, self.last, self.ink = first, max(last, first + 0.05), ink
        self.parts: list[str] = []

    def x(self, hour: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (hour - self.first) / (self.last - self.first)

    def text(self, x: float, y: float, words: str, anchor: str = "start", colour: str = "ink",
             size: int = 13) -> None:
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
            f'fill="{self.ink[colour]}">{escape(words)}</text>')

    def rect(self, a: float, b: float, y: float, height: float, colour: str,
             opacity: float = 1.0) -> None:
        width = max(self.x(b) - self.x(a), 0.3)
        self.parts.append(
            f'<rect x="{self.x(a):.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" '
            f'fill="{self.ink[colour]}" fill-opacity="{opacity:g}"/>')

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str = "line",
             dash: str = "") -> None:
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'stroke="{self.ink[colour]}"{dashes}/>')

    def frame(self, panel: Panel) -> None:
        self.text(4, panel.top + 13, panel.title)
        self.text(4, panel.top + 28, panel.unit, colour="faint", size=11)
        bottom = panel.top + panel.height
        self.line(LEFT, bottom, WIDTH - RIGHT, bottom)

    def curve(self, panel: Panel, points: Iterable[tuple[float, float | None]], low: float,
              high: float, colour: str, width: float = 1.6) -> None:
        """A line that breaks wherever a value is missing: a gap is shown as a gap."""
        self.text(LEFT - 6, panel.top + 9, f"{high:.3g}", "end", "faint", 10)
        self.text(LEFT - 6, panel.top + panel.height, f"{low:.3g}", "end", "faint", 10)
        path, pen = [], "M"
        for hour, value in points:
            if value is None or not math.isfinite(value):
                pen = "M"
                continue
            y = panel.top + panel.height * (1 - (min(max(value, low), high) - low) / (high - low))
            path.append(f"{pen}{self.x(hour):.1f} {y:.1f}")
            pen = "L"
        if path:
            self.parts.append(f'<path d="{" ".join(path)}" fill="none" stroke="{self.ink[colour]}" '
                              f'stroke-width="{width:g}" stroke-linejoin="round"/>')

    def svg(self, height: float, title: str, described: str) -> str:
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" role="img" '
            f'aria-label="{escape(title, quote=True)}" '
            'font-family="DejaVu Sans, Helvetica, Arial, sans-serif">'
            f"<title>{escape(title)}</title><desc>{escape(described)}</desc>"
            f'<rect width="{WIDTH}" height="{height:g}" fill="{self.ink["paper"]}"/>'
            f'{"".join(self.parts)}</svg>'
        )


def night_chart(tables: Mapping[str, Sequence[Row]], lights_out: float,
                clock_of: Callable[[float], str], described: str,
                ink: Mapping[str, str] = INK) -> str:
    """SVG of one night's epochs, decisions and events. `clock_of(hours)` words a time on the axis.
    """
    epochs, decisions, events = tables["epochs"], tables["decisions"], tables["events"]
    hours = [(row["time"] - lights_out) / 3600 for row in epochs]
    chart = Chart(min([0.0, *hours]), max([0.0, *hours]), ink)
    panels, bottom = PANELS, 436.0
    for panel in panels.values():
        chart.frame(panel)
    for hour in axis_hours(chart):
        chart.line(chart.x(hour), 30, chart.x(hour), bottom, dash="2 4")
        chart.text(chart.x(hour), bottom + 16, clock_of(hour), "middle", "faint", 11)
    draw_stages(chart, panels["stage"], panels["doubt"], epochs, hours)
    for name, key, least in LINES:
        values = [row[key] for row in epochs]
        fives = [value / 5 for value in values if value is not None]
        low = min([least[0], *(math.floor(five) * 5 for five in fives)])
        high = max([least[1], *(math.ceil(five) * 5 for five in fives)])
        chart.curve(panels[name], zip(hours, values, strict=True), low, high, name)
    moved = [row["movement"] for row in epochs]
    most = max([0.05, *(value for value in moved if value is not None)])
    chart.curve(panels["move"], zip(hours, moved, strict=True), 0, most, "move", 1.0)
    levels = [max(row["level"] or 0.0, 0.0) for row in epochs]
    chart.curve(panels["sound"], zip(hours, levels, strict=True), 0, 60, "sound")
    draw_decisions(chart, decisions, lights_out, bottom)
    for row in events:
        if row["kind"] == "sensors" and row["detail"] != "all answer again":
            hour = (row["time"] - lights_out) / 3600
            chart.rect(hour, hour + 0.01, 30, bottom - 30, "heart", 0.5)
    return chart.svg(bottom + 28, "The night on one time axis", described)


def axis_hours(chart: Chart) -> list[float]:
    span = chart.last - chart.first
    step = next((s for s in (0.05, 0.1, 0.25, 0.5, 1, 2) if span / s <= 10), 4)
    first, last = math.ceil(chart.first / step), math.floor(chart.last / step)
    return [i * step for i in range(first, last + 1)]


def draw_stages(chart: Chart, stage: Panel, doubt: Panel, epochs: Sequence[Row],
                hours: Sequence[float]) -> None:
    """The hypnogram, and below it the share that each stage had in the judgement: a thin band is
    doubt."""
    rung = stage.height / len(STAGE_ROWS)
    for i, name in enumerate(STAGE_ROWS):
        chart.text(LEFT - 6, stage.top + rung * (i + 0.65), name, "end", "faint", 10)
    night = list(zip(hours, epochs, strict=True))
    for name, items in groupby(night, lambda item: item[1]["stage"]):
        run = list(items)
        first, last = run[0][0] - EPOCH / 3600, run[-1][0]
        if name is None:
            chart.rect(first, last, stage.top, doubt.top + doubt.height - stage.top, "gap")
        else:
            top = stage.top + rung * (STAGE_ROWS.index(name) + 0.2)
            chart.rect(first, last, top, rung * 0.6, name)
    for judged, items in groupby(night, lambda item: item[1]["p_wake"] is not None):
        if judged:
            draw_shares(chart, doubt, list(items))


def draw_shares(chart: Chart, doubt: Panel, run: Sequence[tuple[float, Row]]) -> None:
    """Probabilities stacked, wake on top, from the bottom up: each colour covers what lies above
    it."""
    first, bottom = run[0][0] - EPOCH / 3600, doubt.top + doubt.height
    for i, name in enumerate(STAGE_ROWS):
        above = [f"p_{stage}" for stage in STAGE_ROWS[:i]]
        edge = [doubt.top + doubt.height * sum(row[key] for key in above) for _, row in run]
        corners = [(first, edge[0]), *((hour, y) for (hour, _), y in zip(run, edge, strict=True)),
                   (run[-1][0], bottom), (first, bottom)]
        path = [f"{chart.x(hour):.1f} {y:.1f}" for hour, y in corners]
        chart.parts.append(f'<path d="M{" L".join(path)} Z" fill="{chart.ink[name]}"/>')


def draw_decisions(chart: Chart, decisions: Sequence[Row], lights_out: float,
                   bottom: float) -> None:
    """Numbered flags; the report's list has the same numbers."""
    last = -math.inf
    for number, row in enumerate(decisions, 1):
        x = chart.x((row["time"] - lights_out) / 3600)
        chart.line(x, 24, x, bottom, "faint", "1 3")
        if x - last > 16:
            chart.parts.append(f'<circle cx="{x:.1f}" cy="16" r="9" fill="{chart.ink["ink"]}"/>')
            chart.text(x, 20, str(number), "middle", "paper", 11)
            last = x
