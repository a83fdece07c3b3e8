"""The morning report: one self-contained HTML file and its picture, from the diary alone."""

import json
import math
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

import resvg_py

from device.diary import reading
from device.errors import DiaryError
from device.report import chart
from device.session.modes import Mode
from device.session.schedule import by_day

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
SUMS = (("sol", "fell asleep after", "SOL"), ("tst", "asleep", "TST"),
        ("waso", "awake after that", "WASO"), ("efficiency", "sleep efficiency", "SE"),
        ("long_wakings", "wakings of 5 min", ""), ("tib", "in bed", "TIB"))
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
    try:
        with reading(diary) as rows:
            nights = rows.execute(NIGHTS).fetchall()
            found = [row for row in nights if row["id"] == night] if night else nights[-1:]
            if not found:
                raise DiaryError(f"{diary}: no night {night or ''} in it; press the button first")
            mine = found[0]
            tables = {}
            for name, order in ORDER.items():
                asked = f"SELECT * FROM {name} WHERE night = ? ORDER BY {order}"
                tables[name] = rows.execute(asked, (mine["id"],)).fetchall()
            tables["epochs"] = [row for row in tables["epochs"] if row["mode"] != Mode.MORNING]
    except sqlite3.Error as trouble:
        raise DiaryError(f"{diary}: can't be read ({trouble})") from trouble
    until = [row for row in nights if row["id"] <= mine["id"]]
    replace(html, page(mine, tables, until[-COMPARED:]).encode())
    if png:
        replace(png, picture(mine, tables))


def replace(file: Path, content: bytes) -> None:
    """Whole or not at all: somebody may be looking at the last one."""
    part = file.with_name(file.name + ".part")
    part.write_bytes(content)
    part.replace(file)


def picture(night: Row, tables: Tables) -> bytes:
    """PNG of the chart, drawn from the same SVG."""
    return bytes(resvg_py.svg_to_bytes(svg_string=drawn(night, tables, chart.INK), width=1440))


def drawn(night: Row, tables: Tables, ink: Mapping[str, str]) -> str:
    return chart.night_chart(tables, night["lights_out"], lambda hour: clock_at(night, hour),
                             summary(night), ink)


def clock_at(night: Row, hour: float) -> str:
    if night["began"] is None:
        return f"{hour:g} h"
    return datetime.fromtimestamp(night["began"] + 3600 * hour).strftime("%H:%M")


def sums_of(night: Row) -> dict[str, Any]:
    return json.loads(night["sums"]) if night["sums"] else {}


def summary(night: Row) -> str:
    sums = sums_of(night)
    if not sums:
        return "This night isn't over, or was cut short: no sums yet."
    nap = "A nap: " if night["began"] and by_day(datetime.fromtimestamp(night["began"])) else ""
    if sums["sol"] is None:
        return f"{nap}No sleep was seen in {minutes(sums['tib'])}."
    return (f"{nap}Asleep after {minutes(sums['sol'])}, for {minutes(sums['tst'])} in all; "
            f"awake for {minutes(sums['waso'])} in between, "
            f"{count(sums['long_wakings'], 'long waking')}.")


def page(night: Row, tables: Tables, nights: Sequence[Row]) -> str:
    began = "a night"
    if night["began"]:
        began = datetime.fromtimestamp(night["began"]).strftime("%A, %d %B %Y")
    sums = sums_of(night)
    cells = "".join(f"<div><dt>{escape(label)} <small>{short}</small></dt>"
                    f"<dd>{worded(key, sums.get(key))}</dd></div>" for key, label, short in SUMS)
    learned = [row["detail"] for row in tables["events"] if row["kind"] == "learned"]
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Nocturne: {escape(began)}</title><style>{STYLE}</style></head><body><main>
<h1>{escape(began)}</h1><p>{escape(summary(night))}</p>
<dl class="sums">{cells}</dl>
<p class="note">Estimates from heart and movement, in the terms of the AASM manual;
no medical statement.</p>
<h2 id="night">The night</h2>
<div class="chart" tabindex="0" role="region" aria-labelledby="night">
{drawn(night, tables, CSS_INK)}</div>
<h2>What was played, and why</h2><ol>{decided(night, tables["decisions"])}</ol>
<h2>What was learned</h2><p>{escape("; ".join(learned) or "Nothing yet.")}</p>
{dose(tables["epochs"])}
<h2>What happened</h2>{happened(night, tables)}
<h2>The last nights, estimated</h2>{compared(nights)}
</main></body></html>
"""


def decided(night: Row, decisions: Sequence[Row]) -> str:
    items, before = [], None
    for row in decisions:
        recipe = json.loads(row["recipe"])
        when = clock_at(night, (row["time"] - night["lights_out"]) / 3600)
        if recipe == before:                # a page of the same words hides what is worth reading
            items.append(f"<li>{escape(row['moment'])}, {when}: the same</li>")
            continue
        before = recipe
        deciding = json.loads(row["contributions"])[:4]
        parts = ", ".join(f"{name} {amount:+.2f}" for name, amount in deciding)
        parts = f"; {parts}" if parts else ""
        textures = ", ".join(name for name, gain in recipe["textures"].items() if gain)
        items.append(
            f"<li><b>{escape(recipe['name'] or 'a recipe')}</b> ({escape(row['moment'])}, {when}): "
            f"{escape(row['sentence'])}<br><small>{escape(recipe['scale'])}, "
            f"{recipe['pulse']:.0f} beats a minute, {escape(textures or 'no texture')}; "
            f"chosen with probability {row['propensity']:.2f}{escape(parts)}</small></li>")
    return "".join(items) or "<li>Nothing.</li>"


def dose(epochs: Sequence[Row]) -> str:
    """Sound's dose at the pillow: LAeq over the night and the loudest epoch."""
    doses = [row["dose"] for row in epochs if row["dose"] is not None]
    hours = len(epochs) * 30 / 3600
    # Counted since the sound process began: one that had to start anew counts from 0.
    heard = sum(after - before if after >= before else after for before, after in pairwise(doses))
    if heard <= 0:
        return "<h2>Sound</h2><p>Nothing was heard.</p>"
    leq = 10 * math.log10(heard / hours)
    most = max(row["level"] or 0 for row in epochs)
    return (f"<h2>Sound</h2><p>LAeq {leq:.0f} dBA over {hours:.1f} h in bed, {most:.0f} dBA at "
            "most, at the pillow (as calibrated).</p>")


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
    gaps = sum(row["stage"] is None for row in tables["epochs"])
    return (f"<p>{count(gaps, 'epoch')} of {len(tables['epochs'])} could not be judged.</p>"
            f"<details><summary>{count(len(rows), 'event')}, one by one</summary>"
            "<table><thead><tr><th>when</th><th>what</th><th>in words</th></tr></thead>"
            f"<tbody>{body}</tbody></table></details>")


def compared(nights: Sequence[Row]) -> str:
    body = []
    for night in reversed(nights):
        sums, began = sums_of(night), night["began"]
        date = datetime.fromtimestamp(began).strftime("%d %b") if began else f"night {night['id']}"
        cells = "".join(f'<td class="n">{worded(key, sums.get(key))}</td>' for key in COLUMNS)
        body.append(f"<tr><td>{date}</td>{cells}</tr>")
    heads = "".join(f'<th class="n">{head}</th>' for head in ("SOL", "TST", "WASO", "SE"))
    return (f"<table><thead><tr><th>night</th>{heads}</tr></thead>"
            f'<tbody>{"".join(body)}</tbody></table>')


def worded(key: str, value: float | None) -> str:
    if value is None:
        return "–"
    if key == "efficiency":
        return f"{100 * value:.0f} %"
    return str(value) if key == "long_wakings" else minutes(value)


def minutes(value: float) -> str:
    return f"{value:.0f} min" if value < 60 else f"{value // 60:.0f} h {value % 60:02.0f} min"


def count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
