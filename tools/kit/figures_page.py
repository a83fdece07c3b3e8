"""models/FIGURES.md: what was measured, a section for each command, each figure beside its goal and
its peers. Written, never edited: a section is replaced by the next measurement of the same kind."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from kit.figures import show

NAME = "FIGURES.md"
HEAD = """# Figures

Written by `tools/figures page FILE …` from what `tools/evaluate AREA --json` and `tools/bench AREA
--json` print. Each section says when, at which commit and by which command it was measured; \"+\"
after a commit: with changes that weren't committed. Figures with a goal stand first, then those
that a peer was measured in too; the rest is folded away.
"""
SECTION = re.compile(r"^## (.+?)$\n(.*?)(?=^## |\Z)", re.M | re.S)
SIGNS = {"<=": "≤", ">=": "≥", "<": "<", ">": ">", "==": "="}
VERDICTS = {True: "", False: " ✗", None: ""}


def put(page: str, results: Iterable[Mapping[str, Any]]) -> str:
    """The page with these results' sections in it, in the order of their names."""
    sections = {name: body.strip() for name, body in SECTION.findall(page)}
    for result in results:
        sections[name_of(result)] = section(result)
    # what is written by hand stands last
    order = sorted(sections, key=lambda name: (name[0].isupper(), name))
    told = [f"## {name}\n\n{sections[name]}\n" for name in order]
    return HEAD + "\n" + "\n".join(told)


def name_of(result: Mapping[str, Any]) -> str:
    """"vitals", or "vitals, raced" where a bench measured it."""
    raced = result.get("measured", {}).get("command", "").startswith("tools/bench")
    return f"{result['area']}, raced" if raced else str(result["area"])


def section(result: Mapping[str, Any]) -> str:
    figures, goals = result["figures"], {goal["key"]: goal for goal in result.get("goals", ())}
    peers = {name: keys for name, keys in result.get("peers", {}).items()
             if set(keys) & set(figures)}
    compared = [key for key in figures
                if key not in goals and any(key in keys for keys in peers.values())]
    first = [*(key for key in goals if key in figures), *compared]
    rest = [key for key in figures if key not in first]
    measured = result.get("measured")
    where = (f"Measured {measured['date']} at `{measured['commit']}` by `{measured['command']}`: "
             if measured else "")
    parts = [where + result.get("data", "")]
    if first:
        parts.append(table(first, figures, goals, peers))
    if rest:
        folded = table(rest, figures, goals, {})
        parts.append(f"<details><summary>{len(rest)} more</summary>\n\n{folded}\n\n</details>")
    return "\n\n".join(parts)


def table(keys: Iterable[str], figures: Mapping[str, float | None], goals: Mapping[str, Any],
          peers: Mapping[str, Mapping[str, float | None]]) -> str:
    rows = [["figure", "goal", "reached", *peers], ["---", "---", *["---:"] * (1 + len(peers))]]
    for key in keys:
        goal = goals.get(key)
        wanted = f"{SIGNS[goal['op']]} {goal['goal']:g}" if goal else ""
        reached = show(figures[key]) + (VERDICTS[goal["met"]] if goal else "")
        rows.append([f"`{key}`", wanted, reached,
                     *(show(theirs[key]) if key in theirs else "" for theirs in peers.values())])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
