"""The morning report: one self-contained HTML file and its picture, from the diary alone."""

import json
import math
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from html import escape
from pathlib import Path
from typing import Any

import resvg_py

from device.diary import reading
from device.errors import DiaryError
from device.report import chart, dates, told
from device.report.told import Night, cell
from device.report.wall import Wall
from device.sentences import called, label, word
from device.values import Mode

STYLE = """
:root { --ink: #1c2430; --faint: #566070; --line: #d9dee6; --paper: #ffffff; --gap: #eceff3;
  --wake: #b8661a; --rem: #8e5bc4; --light: #4a8bc8; --deep: #1f4e8c; --heart: #c0392b;
  --breath: #1f7a71; --move: #6b7778; --sound: #2f6b39; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root {
  --ink: #e8ecf2; --faint: #a3adbb; --line: #3a4452; --paper: #11161d; --gap: #222a35;
  --wake: #f0a35a; --rem: #b68be0; --light: #7db6ea; --deep: #4a86d8; --heart: #ef7f73;
  --breath: #5cc4b8; --move: #a9b4b6; --sound: #79c486; } }
body { background: var(--paper); color: var(--ink); font: 17px/1.5 system-ui, sans-serif;
  max-width: 62rem; margin: 0 auto; padding: 1rem; overflow-wrap: break-word }
h1 { font-size: 1.5rem; margin: .2em 0 } h2 { font-size: 1.15rem; margin: 1.6em 0 .4em }
h3, h2.small { font-size: 1rem; margin: 1em 0 .3em }
.lines p { margin: .3em 0 }
.sums { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .5rem;
  margin: .4rem 0 }
.sums div { border: 1px solid var(--line); border-radius: .6rem; padding: .4rem .7rem }
.sums dt { color: var(--faint); font-size: .85rem } .sums dd { margin: 0; font-size: 1.2rem }
dd small, td small { display: block; font-size: .85rem }
.whole { white-space: nowrap }
.chart { position: relative } .chart svg, .hour svg { width: 100%; height: auto; display: block }
.narrow { display: none }
.hours a { position: absolute; top: 0; bottom: 0; min-width: 24px; border-radius: .3rem }
.hours a:hover, .hours a:focus-visible { background: var(--light); opacity: .25 }
.hours span { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
.hour { display: none; max-width: 34rem } .hour:target { display: block }
.hour a, .closer a { color: inherit; display: inline-block; padding: .4rem .8rem .4rem 0 }
a:focus-visible, summary:focus-visible { outline: 3px solid var(--light) }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .3rem .5rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top } td.n, th.n { text-align: right }
small, .note { color: var(--faint) } li { margin: .3em 0 }
summary { cursor: pointer; padding: .3rem 0 }
li summary { display: inline-block; color: var(--faint); font-size: .85rem }
@media (max-width: 40rem) { .wide { display: none } .narrow { display: block }
  .sums { grid-template-columns: repeat(2, 1fr) } th, td { padding-right: .3rem } }
@media print {
  :root { --ink: #000000; --faint: #444444; --line: #bbbbbb; --paper: #ffffff; --gap: #eeeeee;
    --wake: #b8661a; --rem: #8e5bc4; --light: #4a8bc8; --deep: #1f4e8c; --heart: #c0392b;
    --breath: #1f7a71; --move: #6b7778; --sound: #2f6b39; color-scheme: light; font-size: 10px }
  @page { size: A4; margin: 10mm }
  body { font-size: 10px; line-height: 1.3; padding: 0; max-width: none }
  h1 { font-size: 15px } h2 { font-size: 12px; margin: .7em 0 .2em }
  h3, h2.small { font-size: 10px }
  .wide { display: block } .narrow, .hours, .hour, details, .closer { display: none !important }
  .sums { grid-template-columns: repeat(6, 1fr); gap: 3px; margin: 2px 0 }
  .sums div { padding: 1px 5px } .sums dd { font-size: 11px }
  ol > li:nth-child(n+7), tbody > tr:nth-child(n+7) { display: none } li, p { margin: 1px 0 }
  th, td { padding: 1px 4px 1px 0 } td small { display: inline } .chart svg { max-height: 84mm } }
"""
CSS_INK = {name: f"var(--{name})" for name in chart.INK}
# as the AASM manual calls them
SUMS = {"sol": "SOL", "tst": "TST", "waso": "WASO", "efficiency": "SE", "long_wakings": "",
        "tib": "TIB"}
STAGES = {"light": "N1 + N2", "deep": "N3", "rem": "R"}
BODY = {"heart": "", "lowest": "", "rmssd": "RMSSD", "breathing": ""}
COLUMNS = ("sol", "tst", "waso", "efficiency")
MARKS = {chart.WIDE: 15, chart.NARROW: 9}       # at most, on an axis so wide
LEAST_CLOSER = 1.5      # h that a night must last for its hours to be shown one by one
# A number and its unit, or an hour and its minutes, stay on one line.
TOGETHER = re.compile(r"(?<=\d) (?=(?:min|h|s|ms|%|dBA|/min)(?!\w))|(?<=h) (?=\d\d min)")
BRACKET = re.compile(r" \(|（")
PARTS = re.compile(r"( → |: )")     # of what is noted about a mode
COMPARED = 14       # nights
ORDER = {"epochs": "number", "decisions": "id", "events": "id", "feedback": "id"}
# An alarm of a bed that nobody went to is no night.
NIGHTS = ("SELECT * FROM nights WHERE id NOT IN (SELECT night FROM decisions GROUP BY night "
          "HAVING sum(moment = 'bedtime') = 0) ORDER BY id")

EPOCHS = ("SELECT time, mode, stage, heart_rate FROM epochs WHERE night = ? AND mode <> ? "
          "ORDER BY number")

Row = Mapping[str, Any]                     # of a table of the diary
Tables = Mapping[str, Sequence[Row]]        # those of ORDER, one night's rows


def write(diary: Path, html: Path, png: Path | None = None, night: int | None = None,
          zone: tzinfo | None = None) -> None:
    """The report of a night, by default the last. Raises DiaryError when there is none to tell of.
    """
    mine, tables, nights = rows_of(diary, night)
    until = [row for row in nights if row["id"] <= mine["id"]]
    replace(html, page(mine, tables, until[-COMPARED:], zone).encode())
    if png:
        replace(png, picture(mine, tables, zone))


def rows_of(diary: Path, night: int | None = None) -> tuple[Row, Tables, Sequence[Row]]:
    """A night's own row, its tables, and the rows of all nights. Raises DiaryError."""
    try:
        with reading(diary) as rows:
            nights = rows.execute(NIGHTS).fetchall()
            found = [row for row in nights if row["id"] == night] if night else nights[-1:]
            if not found:
                which = f" {night}" if night else ""
                raise DiaryError(f"{diary}: no night{which} in it; press the button first")
            tables = {}
            for name, order in ORDER.items():
                asked = f"SELECT * FROM {name} WHERE night = ? ORDER BY {order}"
                tables[name] = rows.execute(asked, (found[0]["id"],)).fetchall()
    except sqlite3.Error as trouble:
        raise DiaryError(f"{diary}: can't be read ({trouble})") from trouble
    tables["epochs"] = [row for row in tables["epochs"] if row["mode"] != Mode.MORNING]
    return found[0], tables, nights


def epochs_of(diary: Path, days: int) -> tuple[Sequence[Row], Mapping[int, Sequence[Row]]]:
    """The nights that began in so many days up to the last one, and by their number what of their
    epochs is told over many nights. Raises DiaryError."""
    try:
        with reading(diary) as rows:
            nights = [row for row in rows.execute(NIGHTS).fetchall() if row["began"]]
            since = max((row["began"] for row in nights), default=0.0) - 86_400 * days
            nights = [row for row in nights if row["began"] > since]
            epochs = {row["id"]: rows.execute(EPOCHS, (row["id"], Mode.MORNING)).fetchall()
                      for row in nights}
    except sqlite3.Error as trouble:
        raise DiaryError(f"{diary}: can't be read ({trouble})") from trouble
    return nights, epochs


def replace(file: Path, content: bytes) -> None:
    """Whole or not at all: somebody may be looking at the last one."""
    part = file.with_name(file.name + ".part")
    part.write_bytes(content)
    part.replace(file)


def picture(night: Row, tables: Tables, zone: tzinfo | None = None) -> bytes:
    """PNG of the chart, drawn from the same SVG."""
    svg = drawn(night, tables, Wall.of(night, zone), chart.INK)
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, width=1440))


def drawn(night: Row, tables: Tables, wall: Wall, ink: Mapping[str, str] = chart.INK,
          width: int = chart.WIDE, piece: tuple[float, float] | None = None) -> str:
    """The night's chart, or that of a piece between two hours since lights out."""
    first, last = piece or span(night, tables)
    axis = chart.Axis(first, last, wall.ticks(first, last, MARKS[width]))
    described = ((between(wall, piece), "") if piece
                 else (label("page.axis"), summary(night, tables, wall)))
    return chart.night_chart(tables, night["lights_out"], axis, described, ink, width)


def span(night: Row, tables: Tables) -> tuple[float, float]:
    """Hours since lights out that the chart shows."""
    hours = [chart.hour_of(row, night["lights_out"])
             for name in ("epochs", "decisions") for row in tables[name]]
    return min([0.0, *hours]), max([0.05, *hours])


def between(wall: Wall, piece: tuple[float, float]) -> str:
    return label("page.span", first=wall.clock(piece[0]), last=wall.clock(piece[1]))


def summary(night: Row, tables: Tables, wall: Wall) -> str:
    """The report's first lines, in one."""
    return " ".join(told.first_lines(night, tables["epochs"], wall.clock, tables["events"]))


def last_night(diary: Path) -> str:
    """The summary of the newest night. Raises DiaryError."""
    night, tables, _ = rows_of(diary)
    return summary(night, tables, Wall.of(night))


def named(diary: Path, night: int | None = None, zone: tzinfo | None = None) -> str:
    """A night's name for a file: the day of its evening. Raises DiaryError."""
    row, _, _ = rows_of(diary, night)
    day = Wall.of(row, zone).evening()
    return f"{day:%Y-%m-%d}" if day else f"night-{row['id']}"


def listed(diary: Path, zone: tzinfo | None) -> Iterator[str]:
    """A line a night: its number, when, and how long was slept. Raises DiaryError."""
    try:
        with reading(diary) as rows:
            nights = rows.execute(NIGHTS).fetchall()
    except sqlite3.Error as trouble:
        raise DiaryError(f"{diary}: can't be read ({trouble})") from trouble
    for row in nights:
        mine, wall = Night.of(row), Wall.of(row, zone)
        day = wall.evening()
        when = f"{day:%a} {day.day:2} {day:%b %Y}  {wall.clock(0.0)}" if day else "–"
        sums = f"{cell(mine, 'tib'):>10}  {cell(mine, 'tst'):>10}" if mine.sums else "–"
        yield f"{row['id']:5}  {when:22}  {sums}"


def page(night: Row, tables: Tables, nights: Sequence[Row], zone: tzinfo | None = None) -> str:
    wall, mine, epochs = Wall.of(night, zone), Night.of(night), tables["epochs"]
    day = wall.at(0.0) if mine.nap else wall.evening()
    began = dates.night(day) if day else str(label("page.began"))
    first = [*told.first_lines(night, epochs, wall.clock, tables["events"]),
             told.taught(tables["events"])]
    lines = "".join(f"<p>{shown(line)}</p>" for line in first)
    cells = {name: cell(mine, name) for name in (*SUMS, *STAGES)}
    return f"""<!DOCTYPE html>
<html lang="{label("page.language")}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{label("page.title", began=escape(began))}</title><style>{STYLE}</style></head><body><main>
<h1>{escape(began)}</h1><div class="lines">{lines}</div>
{table_of(SUMS, cells)}
<h2 class="small">{label("page.stages")}</h2>{table_of(STAGES, cells)}
<h2 class="small">{label("page.body")}</h2>{table_of(BODY, told.body(epochs))}
<p class="note">{label("page.estimates")}</p>
<h2 id="night">{label("page.night")}</h2>{timeline(night, tables, wall)}
<h2>{label("page.played")}</h2><ol>{decided(night, tables["decisions"], wall)}</ol>
<h2>{label("page.sound")}</h2><p>{shown(told.dose(mine, epochs, leq))}</p>
<h2>{label("page.happened")}</h2>{happened(night, tables, wall)}
<h2>{label("page.nights")}</h2>{compared(nights, zone)}
</main></body></html>
"""


def shown(words: str) -> str:
    """Escaped, with each number beside its unit."""
    return TOGETHER.sub("\u00a0", escape(words))


def valued(words: str) -> str:
    """A value, and smaller its interval."""
    value, _, rest = BRACKET.sub("\n", words).partition("\n")
    small = f"<small>{shown(rest.rstrip(')）'))}</small>" if rest else ""
    return f'<span class="whole">{shown(value)}</span>{small}'


def table_of(names: Mapping[str, str], cells: Mapping[str, str]) -> str:
    body = "".join(
        f"<div><dt>{shown(label(f'page.{key}'))} <small>{short}</small></dt>"
        f"<dd>{valued(cells[key])}</dd></div>" for key, short in names.items())
    return f'<dl class="sums">{body}</dl>'


def timeline(night: Row, tables: Tables, wall: Wall) -> str:
    """The whole night, wide and narrow, and each hour by itself, that a tap on it opens."""
    first, last = span(night, tables)
    pieces = list(wall.hours(first, last)) if last - first >= LEAST_CLOSER else []
    whole = "".join(
        f'<div class="chart {name}">{drawn(night, tables, wall, CSS_INK, width)}'
        f'{doors(pieces, wall, first, last, width)}</div>'
        for name, width in (("wide", chart.WIDE), ("narrow", chart.NARROW)))
    hint = f'<p class="note closer">{label("page.hint")}</p>' if pieces else ""
    return whole + hint + "".join(
        closer(night, tables, wall, n, pieces) for n in range(len(pieces)))


def doors(pieces: Sequence[tuple[float, float]], wall: Wall, first: float, last: float,
          width: int) -> str:
    """A link over each hour of the chart."""
    drawn_over = width - chart.LEFT - chart.RIGHT
    links = []
    for number, (begin, end) in enumerate(pieces):
        left = 100 * (chart.LEFT + drawn_over * (begin - first) / (last - first)) / width
        wide = 100 * drawn_over * (end - begin) / (last - first) / width
        links.append(f'<a href="#hour-{number}" style="left:{left:.2f}%;width:{wide:.2f}%">'
                     f'<span>{between(wall, (begin, end))}</span></a>')
    if not links:
        return ""
    return f'<nav class="hours" aria-label="{label("page.closer")}">{"".join(links)}</nav>'


def closer(night: Row, tables: Tables, wall: Wall, number: int,
           pieces: Sequence[tuple[float, float]]) -> str:
    piece = pieces[number]
    ways = [("night", label("page.whole")),
            *((f"hour-{other}", between(wall, pieces[other]))
              for other in (number - 1, number + 1) if 0 <= other < len(pieces))]
    links = "".join(f'<a href="#{where}">{words}</a>' for where, words in ways)
    svg = drawn(night, tables, wall, CSS_INK, chart.NARROW, piece)
    return (f'<section class="hour" id="hour-{number}"><h3>{between(wall, piece)}</h3>{svg}'
            f'{links}</section>')


def leq(dose: float, hours: float) -> float:
    return 10 * math.log10(dose / hours)


def decided(night: Row, decisions: Sequence[Row], wall: Wall) -> str:
    items, before = [], None
    for row in decisions:
        recipe = json.loads(row["recipe"])
        when = wall.clock(chart.hour_of(row, night["lights_out"]))
        # a page of the same words hides what is worth reading
        if (recipe, row["sentence"]) == before:
            same = label("page.same", moment=called(row["moment"]), when=when)
            items.append(f"<li>{escape(same)}</li>")
            continue
        before = recipe, row["sentence"]
        at = label("page.choice", moment=called(row["moment"]), when=when)
        items.append(f"<li>{escape(row['sentence'])} <small>{escape(at)}</small>"
                     f"<details><summary>{label('page.numbers')}</summary>"
                     f"<small>{escape(details(row, recipe))}</small></details></li>")
    return "".join(items) or f"<li>{label('page.nothing')}</li>"


def details(row: Row, recipe: Mapping[str, Any]) -> str:
    """Of the recipe, and of what decided where the device itself did."""
    comma = label("list.comma")
    textures = comma.join(called(name) for name, gain in recipe["textures"].items() if gain)
    music = label("page.music", scale=called(recipe["scale"]), pulse=recipe["pulse"])
    parts = [str(music)] if recipe["music"] else []
    parts.append(textures or label("page.no-texture"))
    deciding = json.loads(row["contributions"])[:4]
    if deciding:                            # nothing was drawn where somebody chose by name
        terms = comma.join(f"{called(name)} {amount:+.2f}" for name, amount in deciding)
        drawn_by = label("page.drawn", chance=row["propensity"])
        parts[-1] = label("list.apart").join((parts[-1], drawn_by, terms))
    return comma.join(parts)


def noted(kind: str, detail: str) -> str:
    """What the diary says of an event: in its own few words, a sentence, or quoted from others."""
    if kind == "command":
        name, space, value = detail.partition(" ")
        return f"{word('entity', name, called(name))}{space}{called(value)}"
    if kind in ("mode", "press"):
        return "".join(called(part) for part in PARTS.split(detail))
    return detail


def happened(night: Row, tables: Tables, wall: Wall) -> str:
    rows = [(row["time"], row["kind"], noted(row["kind"], row["detail"]))
            for row in tables["events"] if row["kind"] != "learned"]
    rows += [(row["time"], "feedback", f"{called(row['kind'])} {row['value']:+g}")
             for row in tables["feedback"]]
    rows.sort()
    body = "".join(
        f"<tr><td>{wall.clock((t - night['lights_out']) / 3600)}</td>"
        f"<td>{escape(called(kind))}</td><td>{escape(detail)}</td></tr>"
        for t, kind, detail in rows
    )
    heads = "".join(f"<th>{label(f'page.{name}')}</th>" for name in ("when", "what", "words"))
    number = label("page.event") if len(rows) == 1 else label("page.events", count=len(rows))
    return (f"<p>{told.gaps(tables['epochs'])}</p><details><summary>{number}</summary>"
            f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></details>")


def compared(nights: Sequence[Row], zone: tzinfo | None) -> str:
    body = []
    for night in reversed(nights):
        mine, day = Night.of(night), Wall.of(night, zone).evening()
        date = dates.short(day) if day else f"{label('page.which')} {night['id']}"
        cells = "".join(f'<td class="n">{valued(cell(mine, key))}</td>' for key in COLUMNS)
        body.append(f'<tr><td class="whole">{date}</td>{cells}</tr>')
    heads = "".join(f'<th class="n">{SUMS[key]}</th>' for key in COLUMNS)
    return (f"<table><thead><tr><th>{label('page.which')}</th>{heads}</tr></thead>"
            f'<tbody>{"".join(body)}</tbody></table>')
