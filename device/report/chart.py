"""The night on one time axis, as SVG: hypnogram with its doubt, heart, breathing, movement, sound,
decisions."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import groupby
from typing import Any

from device.sentences import in_each_language, label
from device.values import EPOCH

WIDE, NARROW = 960, 380         # px: beside a desk, and on a phone, where text stays as large
LEFT, RIGHT = 44, 18            # px: beside the numbers of a scale; half a time of day
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
    title: str              # both by their ids
    unit: str
    height: float
    top: float = 0.0


PANELS = {
    "stage": Panel("panel.stage", "panel.estimate", 84),
    "doubt": Panel("panel.doubt", "panel.shares", 40),
    "heart": Panel("panel.heart", "panel.rate", 66),
    "breath": Panel("panel.breath", "panel.rate", 44),
    "move": Panel("panel.move", "panel.acceleration", 36),
    "sound": Panel("panel.sound", "panel.level", 60),
}
TITLE, FLAG, AXIS = 20.0, 20.0, 24.0    # px: a panel's head, a row of flags, the times
RADIUS = 9.0                            # px, of a flag


@dataclass(frozen=True, slots=True)
class Axis:
    """Hours since lights out, and the round times of day that lie among them."""
    first: float
    last: float
    ticks: Sequence[tuple[float, str]]


class Chart:
    """Collects SVG elements over an axis. `ink`: colours by name, hex or CSS."""

    def __init__(self, axis: Axis, ink: Mapping[str, str], width: int = WIDE):
        self.first, self.last = axis.first, max(axis.last, axis.first + 0.01)
        self.ink, self.width = ink, width
        self.parts: list[str] = []

    def x(self, hour: float) -> float:
        return LEFT + (self.width - LEFT - RIGHT) * (hour - self.first) / (self.last - self.first)

    def inside(self, hour: float) -> bool:
        return self.first <= hour <= self.last

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
        self.text(LEFT, panel.top - 6, label(panel.title), size=12)
        self.text(self.width - RIGHT, panel.top - 6, label(panel.unit), "end", "faint", 11)
        bottom = panel.top + panel.height
        self.line(LEFT, bottom, self.width - RIGHT, bottom)

    def curve(self, panel: Panel, points: Iterable[tuple[float, float | None]], low: float,
              high: float, colour: str, width: float = 1.6) -> None:
        """A line that breaks wherever a value is missing: a gap is shown as a gap."""
        self.text(LEFT - 6, panel.top + 9, f"{high:.3g}", "end", "faint", 11)
        self.text(LEFT - 6, panel.top + panel.height, f"{low:.3g}", "end", "faint", 11)
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
            '<svg xmlns="http://www.w3.org/2000/svg" role="img" '
            f'viewBox="0 0 {self.width:g} {height:g}" aria-label="{escape(title, quote=True)}" '
            'font-family="DejaVu Sans, Helvetica, Arial, sans-serif">'
            f"<title>{escape(title)}</title><desc>{escape(described)}</desc>"
            f'<rect width="{self.width:g}" height="{height:g}" fill="{self.ink["paper"]}"/>'
            f'{"".join(self.parts)}</svg>'
        )


def night_chart(tables: Mapping[str, Sequence[Row]], lights_out: float, axis: Axis,
                described: tuple[str, str], ink: Mapping[str, str] = INK,
                width: int = WIDE) -> str:
    """SVG of one night's epochs, decisions and events, as far as the axis goes. `described`: its
    title and what it shows, in words."""
    chart = Chart(axis, ink, width)
    epochs = [row for row in tables["epochs"] if chart.inside(hour_of(row, lights_out))]
    hours = [hour_of(row, lights_out) for row in epochs]
    flags = rows_of_flags(chart, [hour_of(row, lights_out) for row in tables["decisions"]])
    top = FLAG * (1 + max((row for _, _, row in flags), default=-1)) + 4
    panels, bottom = laid_out(top)
    for panel in panels.values():
        chart.frame(panel)
    for hour, words in axis.ticks:
        chart.line(chart.x(hour), top, chart.x(hour), bottom, dash="2 4")
        chart.text(chart.x(hour), bottom + 16, words, "middle", "faint", 11)
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
    levels = [row["level"] and max(row["level"], 0.0) for row in epochs]
    chart.curve(panels["sound"], zip(hours, levels, strict=True), 0, 60, "sound")
    for number, x, place in flags:
        draw_flag(chart, number, x, place, bottom)
    well = in_each_language("sensors.well")
    for row in tables["events"]:
        hour = hour_of(row, lights_out)
        troubled = row["kind"] == "sensors" and row["detail"] not in well
        if troubled and chart.inside(hour):
            chart.rect(hour, hour + (chart.last - chart.first) / 800, top, bottom - top, "heart",
                       0.5)
    return chart.svg(bottom + AXIS, *described)


def hour_of(row: Row, lights_out: float) -> float:
    return float(row["time"] - lights_out) / 3600


def laid_out(top: float) -> tuple[dict[str, Panel], float]:
    """The panels below each other, and where the last ends."""
    panels = {}
    for name, panel in PANELS.items():
        panels[name] = replace(panel, top=top + TITLE)
        top += TITLE + panel.height + 4
    return panels, top


def draw_stages(chart: Chart, stage: Panel, doubt: Panel, epochs: Sequence[Row],
                hours: Sequence[float]) -> None:
    """The hypnogram, and below it the share that each stage had in the judgement: a thin band is
    doubt."""
    rung = stage.height / len(STAGE_ROWS)
    for i, name in enumerate(STAGE_ROWS):
        chart.text(LEFT - 6, stage.top + rung * (i + 0.65), label(f"rung.{name}"), "end", "faint",
                   11)
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


def rows_of_flags(chart: Chart, hours: Sequence[float]) -> list[tuple[int, float, int]]:
    """(number, x, row) of each decision in sight: where one has no room beside those before it, it
    goes into the next row."""
    ends: list[float] = []
    flags = []
    for number, hour in enumerate(hours, 1):
        if not chart.inside(hour):
            continue
        x = min(max(chart.x(hour), LEFT), chart.width - RIGHT - RADIUS)
        row = next((row for row, end in enumerate(ends) if x >= end), len(ends))
        ends[row:row + 1] = [x + 2 * RADIUS]
        flags.append((number, x, row))
    return flags


def draw_flag(chart: Chart, number: int, x: float, row: int, bottom: float) -> None:
    """The report's list has the same numbers."""
    y = FLAG * row + RADIUS + 1
    chart.line(x, y, x, bottom, "faint", "1 3")
    chart.parts.append(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS:g}" fill="{chart.ink["ink"]}"/>')
    chart.text(x, y + 4, str(number), "middle", "paper", 11)
