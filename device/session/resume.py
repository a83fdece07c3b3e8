"""A night survives a restart: what is put aside every few epochs, and how a new process goes on from it.

What the diary's tables hold already (epochs, decisions) is read from them again. Times are told by the wall clock, for
monotonic time starts anew with each boot; without a known clock no night is resumed.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict

from device.diary import reading
from device.session.modes import NIGHT, Mode
from device.session.schedule import EARLIEST
from device.values import (
    EPOCH,
    SILENCE,
    Choice,
    Contribution,
    Outcome,
    Reason,
    Recipe,
    Stage,
    Staging,
)

EVERY = 4               # epochs between snapshots: a restart may cost two minutes of the stager's memory
FRESH = 30 * 60.0       # s: an older snapshot is of a night that is over
SAME_BOOT = 5.0         # s: what the wall clock may drift against monotonic time in a night
BEHIND = 3700.0         # s: fake-hwclock saves the time once an hour
KEY = "tonight"


def snapshot(night) -> dict:
    """JSON-able. Rising levels are no part of it: what resumes begins in silence and comes back at a sleeper's pace."""
    hands, outcome, almanac = night.bedside, night.keeper.outcome, night.almanac
    return {"wall": night.clock.wall(), "mode": night.mode, "number": night.number, "minutes": night.minutes,
            "depth": night.depth, "stager": night.stager.snapshot(), "liked": hands.liked, "volume": hands.volume,
            "turned_down": hands.turned_down, "refused": hands.refused, "programme": night.programme,
            "snoozed": hands.snoozed, "bedtime": night.keeper.bedtime, "outcome": asdict(outcome) if outcome else None,
            "rested": night.keeper.rested, "timer": [almanac.timer, almanac.timer_left(night.clock.now())]}


def resume(night) -> bool:
    """Go on with the night that a restart broke; True if there is one. One that lies too far back is finished."""
    kept = night.diary.recall(KEY)
    if not isinstance(kept, Mapping):
        return False
    wall = night.clock.wall()
    try:
        gone = wall - kept["wall"]
        mode = Mode(kept["mode"])
        if mode not in NIGHT | {Mode.MORNING} or kept["wall"] < EARLIEST:
            return False
        # A Pi without a clock wakes up in the past, at the time it last saved.
        gone = max(gone, 0.0) if gone > -BEHIND else FRESH + 1
        lights_out = night.clock.now() - 60 * kept["minutes"] - gone
        stagings, hearts, decisions, last, then = remembered(night.diary.path, kept["number"])
        outcome = Outcome(**kept["outcome"]) if kept["outcome"] else None
        timer, left = kept.get("timer", (0.0, 0.0))
        night.stager.restore(kept["stager"])
    except (KeyError, TypeError, ValueError, sqlite3.Error) as trouble:
        night.note("fallback", f"the night before the restart can't be resumed: {trouble!r}")
        return False
    night.mode, night.number, night.lights_out, night.depth = mode, kept["number"], lights_out, kept["depth"]
    night.stagings, night.programme = stagings, kept["programme"]
    if abs(lights_out - then) > SAME_BOOT:
        night.diary.shift(night.number, lights_out - then)
    night.epochs = type(night.epochs)(night.clock.now(), last + 1 + round(gone / EPOCH))
    night.keeper.hearts, night.keeper.outcome, night.keeper.rested = hearts, outcome, kept["rested"]
    night.keeper.receipts = [json.loads(row["receipt"]) for row in decisions if row["moment"] == "bedtime"]
    night.keeper.bedtime = kept["bedtime"]
    if decisions:
        night.choice, night.recipe = chosen(decisions[-1])
    hands = night.bedside
    hands.liked, hands.turned_down, hands.refused = kept["liked"], kept["turned_down"], tuple(kept["refused"])
    hands.snoozed = kept["snoozed"]
    # Never louder than before: the knob comes back where it was, or lower.
    hands.volume = min(hands.volume, kept["volume"])
    if gone > FRESH:
        night.note("finished", f"a night that was cut off while {mode}")
        night.keeper.finish()
        night.mode, night.depth, night.stagings, night.recipe = Mode.IDLE, 0.0, [], SILENCE
        return False
    night.almanac.missed(kept["wall"])
    night.almanac.set_timer(night.clock.now(), timer, left - gone / 60)
    night.note("resumed", f"{mode} after {gone:.0f} s")
    return True


def remembered(path, number: int) -> tuple[list[Staging], list[tuple[float, float | None]], list, int, float]:
    """Judgements, heart rates and RMSSD, decisions, the last epoch's number, and lights out as it was told then, s."""
    with reading(path) as rows:
        then = rows.execute("SELECT lights_out FROM nights WHERE id = ?", (number,)).fetchone()["lights_out"]
        epochs = rows.execute("SELECT * FROM epochs WHERE night = ? ORDER BY number", (number,)).fetchall()
        decisions = rows.execute("SELECT * FROM decisions WHERE night = ? ORDER BY id", (number,)).fetchall()
    stagings = [Staging(row["number"], row["time"], row["p_asleep"], Stage(row["stage"]) if row["stage"] else None,
                        None if row["p_wake"] is None else tuple(row[f"p_{stage}"] for stage in Stage))
                for row in epochs]
    hearts = [(row["heart_rate"], row["rmssd"]) for row in epochs if row["heart_rate"] and (row["p_asleep"] or 0) > 0.5]
    return stagings, hearts, decisions, epochs[-1]["number"] if epochs else -1, then


def chosen(row: Mapping) -> tuple[Choice, Recipe]:
    """The choice in a row of the diary's decisions, and the recipe that was played."""
    recipe = Recipe.of(json.loads(row["recipe"]))
    receipt = json.loads(row["receipt"])
    reason = Reason(row["sentence"], tuple(Contribution(*term) for term in json.loads(row["contributions"])))
    return Choice(recipe, reason, row["seed"], row["propensity"], row["candidate"], receipt), recipe
