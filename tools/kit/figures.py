"""What `tools/evaluate` and `tools/bench` print: one object of figures, peers and goals."""

import json
import math
import operator
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from kit.setup import ROOT

OPERATORS = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "==": operator.eq,
}


@dataclass(frozen=True)
class Goal:
    key: str
    op: str         # one of OPERATORS
    goal: float

    def met(self, figures: Mapping[str, float]) -> bool | None:
        """None: not measured on these data."""
        value = figures.get(self.key)
        return None if value is None or math.isnan(value) else OPERATORS[self.op](value, self.goal)


@dataclass(frozen=True)
class Measured:
    """Where a result comes from."""
    command: str        # as somebody else would type it: a path is its last name
    date: str
    commit: str

    @classmethod
    def here(cls, words: Sequence[str]) -> "Measured":
        names = [Path(word).name if "/" in word else word for word in words[1:]]
        today = datetime.now(UTC).date().isoformat()
        return cls(" ".join([f"tools/{Path(words[0]).name}", *names]), today, commit())


def commit() -> str:
    """This tree's, with a + where it was changed since; "" where git doesn't know it."""
    git = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


@dataclass(frozen=True)
class Result:
    area: str
    data: str                               # what it was measured on, and what was fitted where
    figures: Mapping[str, float]            # key → number; groups dotted, as `bami.hr_mae_bpm`
    peers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # peer → the same keys
    goals: tuple[Goal, ...] = ()
    # per file, curves, intervals, whatever else is true
    more: Mapping[str, object] = field(default_factory=dict)

    def to_json(self, measured: Measured | None = None) -> str:
        goals = [
            {"key": g.key, "op": g.op, "goal": g.goal, "met": g.met(self.figures)}
            for g in self.goals
        ]
        whole = {
            "area": self.area,
            "data": self.data,
            "figures": dict(self.figures),
            "peers": {peer: dict(keys) for peer, keys in self.peers.items()},
            "goals": goals,
            **({"measured": asdict(measured)} if measured else {}),
            **self.more,
        }
        return json.dumps(finite(whole), indent=1)

    def table(self) -> str:
        """For a person: key, ours, each peer, the goal and whether it is met."""
        peers = list(self.peers)
        goals = {g.key: g for g in self.goals}
        rows = [["", "nocturne", *peers, "goal", ""]]
        for key, value in self.figures.items():
            goal = goals.get(key)
            met = goal.met(self.figures) if goal else None
            rows.append(
                [
                    key,
                    show(value),
                    *(show(self.peers[peer].get(key)) for peer in peers),
                    f"{goal.op} {goal.goal:g}" if goal else "",
                    {True: "met", False: "not met", None: ""}[met],
                ]
            )
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = [
            "  ".join(
                cell.ljust(width) if i == 0 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in rows
        ]
        return f"{self.area}: {self.data}\n" + "\n".join(lines)


def show(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.4g}"


def finite(value):
    """JSON has no NaN: what could not be measured is null."""
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
