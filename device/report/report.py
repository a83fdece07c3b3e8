"""The morning report: one self-contained HTML file and its picture, from the diary alone."""

import json
import math
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import resvg_py

from device.diary import reading
from device.errors import DiaryError
from device.report import chart, told
from device.report.told import Night, cell
from device.sentences import label
from device.values import Mode

STYLE = """
:root { --ink: #1c2430; --faint: #5d6878; --line: #d9dee6; --paper: #ffffff; --gap: #eceff3;
  --wake: #b8661a; --rem: #8e5bc4; --light: #4a8bc8; --deep: #1f4e8c; --heart: #c0392b;
  --breath: #1f7a71; --move: #6b7778; --sound: #2f6b39; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root {
  --ink: #e8ecf2; --faint: #a3adbb; --line: #3a4452; --paper: #11161d; --gap: #222a35;
  --wake: #f0a35a; --rem: #b68be0; --light: #7db6ea; --deep: #4a86d8; --heart: #ef7f73;
  --breath: #5cc4b8; --move: #a9b4b6; --sound: #79c486; } }
body { background: var(--paper); color: var(--ink); font: 17px/1.5 system-ui, sans-serif;
  max-width: 62rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; margin: .2em 0 } h2 { font-size: 1.15rem; margin: 1.6em 0 .4em }
.sums { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .6rem;
  margin: 1rem 0 }
.sums div { border: 1px solid var(--line); border-radius: .6rem; padding: .5rem .8rem }
.sums dt { color: var(--faint); font-size: .85rem } .sums dd { margin: 0; font-size: 1.3rem }
.chart { overflow-x: auto } .chart svg { min-width: 40rem; width: 100%; height: auto }
.chart:focus { outline: 3px solid var(--light) }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top } td.n, th.n { text-align: right }
small, .note { color: var(--faint) } li { margin: .3em 0 }
summary { cursor: pointer; padding: .3rem 0 }
"""
CSS_INK = {name: f"var(--{name})" for name in chart.INK}
# as the AASM manual calls them
SUMS = {"sol": "SOL", "tst": "TST", "waso": "WASO", "efficiency": "SE", "long_wakings": "",
        "tib": "TIB", "light": "N1 + N2", "deep": "N3", "rem": "R"}
COLUMNS = ("sol", "tst", "waso", "efficiency")
COMPARED = 14       # nights
ORDER = {"epochs": "number", "decisions": "id", "events": "id", "feedback": "id"}
# An alarm of a bed that nobody went to is no night.
NIGHTS = ("SELECT * FROM nights WHERE id NOT IN (SELECT night FROM decisions GROUP BY night "
          "HAVING sum(moment = 'bedtime') = 0) ORDER BY id")

Row = Mapping[str, Any]                     # of a table of the diary
Tables = Mapping[str, Sequence[Row]]        # those of ORDER, one night's rows


def write(diary: Path, html: Path, png: Path | None = None, night: int | None = None) -> None:
    """The report of a night, by default the last. Raises DiaryError when there is none to tell of.
    """
    mine, tables, nights = rows_of(diary, night)
    until = [row for row in nights if row["id"] <= mine["id"]]
    replace(html, page(mine, tables, until[-COMPARED:]).encode())
    if png:
        replace(png, picture(mine, tables))


def rows_of(diary: Path, night: int | None = None) -> tuple[Row, Tables, Sequence[Row]]:
    """A night's own row, its tables, and the rows of all nights. Raises DiaryError."""
    try:
        with reading(diary) as rows:
            nights = rows.execute(NIGHTS).fetchall()
            found = [row for row in nights if row["id"] == night] if night else nights[-1:]
            if not found:
                raise DiaryError(f"{diary}: no night {night or ''} in it; press the button first")
            tables = {}
            for name, order in ORDER.items():
                asked = f"SELECT * FROM {name} WHERE night = ? ORDER BY {order}"
                tables[name] = rows.execute(asked, (found[0]["id"],)).fetchall()
    except sqlite3.Error as trouble:
        raise DiaryError(f"{diary}: can't be read ({trouble})") from trouble
    tables["epochs"] = [row for row in tables["epochs"] if row["mode"] != Mode.MORNING]
    return found[0], tables, nights


def replace(file: Path, content: bytes) -> None:
    """Whole or not at all: somebody may be looking at the last one."""
    part = file.with_name(file.name + ".part")
    part.write_bytes(content)
    part.replace(file)


def picture(night: Row, tables: Tables) -> bytes:
    """PNG of the chart, drawn from the same SVG."""
    return bytes(resvg_py.svg_to_bytes(svg_string=drawn(night, tables, chart.INK), width=1440))


def drawn(night: Row, tables: Tables, ink: Mapping[str, str]) -> str:
    return chart.night_chart(tables, night["lights_out"], partial(clock_at, night),
                             (label("page.axis"), summary(night, tables["epochs"])), ink)


def clock_at(night: Row, hour: float) -> str:
    if night["began"] is None:
        return f"{hour:g} h"
    return datetime.fromtimestamp(night["began"] + 3600 * hour).strftime("%H:%M")


def summary(night: Row, epochs: Sequence[Row]) -> str:
    """The report's first lines, in one."""
    return " ".join(told.first_lines(night, epochs, partial(clock_at, night)))


def last_night(diary: Path) -> str:
    """The summary of the newest night. Raises DiaryError."""
    night, tables, _ = rows_of(diary)
    return summary(night, tables["epochs"])


def page(night: Row, tables: Tables, nights: Sequence[Row]) -> str:
    began = str(label("page.began"))
    if night["began"]:
        began = datetime.fromtimestamp(night["began"]).strftime("%A, %d %B %Y")
    mine, epochs = Night.of(night), tables["epochs"]
    lines = "".join(f"<p>{escape(line)}</p>"
                    for line in told.first_lines(night, epochs, partial(clock_at, night)))
    cells = "".join(f"<div><dt>{label(f'page.{key}')} <small>{short}</small></dt>"
                    f"<dd>{cell(mine, key)}</dd></div>" for key, short in SUMS.items())
    return f"""<!DOCTYPE html>
<html lang="{label("page.language")}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{label("page.title", began=escape(began))}</title><style>{STYLE}</style></head><body><main>
<h1>{escape(began)}</h1>{lines}
<dl class="sums">{cells}</dl>
<p class="note">{label("page.estimates")}</p>
<h2 id="night">{label("page.night")}</h2>
<div class="chart" tabindex="0" role="region" aria-labelledby="night">
{drawn(night, tables, CSS_INK)}</div>
<h2>{label("page.played")}</h2><ol>{decided(night, tables["decisions"])}</ol>
<h2>{label("page.learned")}</h2><p>{escape(told.taught(tables["events"]))}</p>
<h2>{label("page.sound")}</h2><p>{told.dose(mine, epochs, leq)}</p>
<h2>{label("page.happened")}</h2>{happened(night, tables)}
<h2>{label("page.nights")}</h2>{compared(nights)}
</main></body></html>
"""


def leq(dose: float, hours: float) -> float:
    return 10 * math.log10(dose / hours)


def decided(night: Row, decisions: Sequence[Row]) -> str:
    items, before = [], None
    for row in decisions:
        recipe = json.loads(row["recipe"])
        when = clock_at(night, (row["time"] - night["lights_out"]) / 3600)
        # a page of the same words hides what is worth reading
        if (recipe, row["sentence"]) == before:
            same = label("page.same", moment=row["moment"], when=when)
            items.append(f"<li>{escape(same)}</li>")
            continue
        before = recipe, row["sentence"]
        name = recipe["name"] or label("page.recipe")
        at = label("page.choice", moment=row["moment"], when=when)
        items.append(f"<li><b>{escape(name)}</b> {escape(at)}: {escape(row['sentence'])}<br>"
                     f"<small>{escape(details(row, recipe))}</small></li>")
    return "".join(items) or f"<li>{label('page.nothing')}</li>"


def details(row: Row, recipe: Mapping[str, Any]) -> str:
    """Of the recipe, and of what decided where the device itself did."""
    textures = ", ".join(name for name, gain in recipe["textures"].items() if gain)
    music = label("page.music", scale=recipe["scale"], pulse=recipe["pulse"])
    parts = [str(music)] if recipe["music"] else []
    parts.append(textures or label("page.no-texture"))
    deciding = json.loads(row["contributions"])[:4]
    if deciding:                            # nothing was drawn where somebody chose by name
        terms = ", ".join(f"{name} {amount:+.2f}" for name, amount in deciding)
        parts[-1] += f"; {label('page.drawn', chance=row['propensity'])}; {terms}"
    return ", ".join(parts)


def happened(night: Row, tables: Tables) -> str:
    rows = [(row["time"], row["kind"], row["detail"])
            for row in tables["events"] if row["kind"] != "learned"]
    rows += [(row["time"], "feedback", f"{row['kind']} {row['value']:+g}")
             for row in tables["feedback"]]
    rows.sort()
    body = "".join(
        f"<tr><td>{clock_at(night, (t - night['lights_out']) / 3600)}</td><td>{escape(kind)}</td>"
        f"<td>{escape(detail)}</td></tr>"
        for t, kind, detail in rows
    )
    heads = "".join(f"<th>{label(f'page.{name}')}</th>" for name in ("when", "what", "words"))
    number = label("page.event") if len(rows) == 1 else label("page.events", count=len(rows))
    return (f"<p>{told.gaps(tables['epochs'])}</p><details><summary>{number}</summary>"
            f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></details>")


def compared(nights: Sequence[Row]) -> str:
    body = []
    for night in reversed(nights):
        mine, began = Night.of(night), night["began"]
        number = f"{label('page.which')} {night['id']}"
        date = datetime.fromtimestamp(began).strftime("%d %b") if began else number
        cells = "".join(f'<td class="n">{cell(mine, key)}</td>' for key in COLUMNS)
        body.append(f"<tr><td>{date}</td>{cells}</tr>")
    heads = "".join(f'<th class="n">{SUMS[key]}</th>' for key in COLUMNS)
    return (f"<table><thead><tr><th>{label('page.which')}</th>{heads}</tr></thead>"
            f'<tbody>{"".join(body)}</tbody></table>')
