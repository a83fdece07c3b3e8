"""A night survives a restart: what is saved of it, and how a new process goes on from there.

Times are told by the wall clock, for monotonic time starts anew with each boot; without a known
clock no night is resumed.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from device import stored
from device.sentences import label
from device.session import schedule, watching
from device.session.modes import NIGHT, Event, Mode
from device.session.state import At, Decision, State
from device.session.things import (
    Close,
    Do,
    Finish,
    Go,
    Note,
    Renumber,
    Save,
    Send,
    Shape,
    Shift,
)
from device.session.tonight import Played, Seconds, Tonight
from device.values import (
    EPOCH,
    STAGES,
    Asleep,
    Choice,
    Contribution,
    Epoch,
    Reason,
    Recipe,
    Share,
    Stage,
    Staging,
    Volume,
)

FORMAT = 2
FRESH = 30 * 60.0       # s: an older snapshot is of a night that is over
SAME_BOOT = 5.0         # s: what the wall clock may drift against monotonic time in a night
BEHIND = 3700.0         # s: fake-hwclock saves the time once an hour


@dataclass(frozen=True, slots=True)
class Saved:
    """Tonight, with what else a new process must know. Rising levels are no part of it: what
    resumes begins in silence and comes back at a sleeper's pace."""
    format: int = FORMAT
    wall: float = 0.0                   # s since 1970, when it was saved
    now: Seconds = 0.0                  # s, monotonic of that boot
    volume: Share = 0.0                 # as the sound process was told
    stager: Mapping[str, object] = field(default_factory=dict)
    tonight: Tonight = Tonight()


@dataclass(frozen=True, slots=True)
class Choices:
    """Tonight's, saved when they change."""
    number: int = 0                     # of the night
    played: Played | None = None
    passed_over: Played | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """What the diary's tables hold of the night."""
    lights_out: float | None = None     # s, as it was told then
    epochs: Sequence[Mapping[str, Any]] = ()
    decisions: Sequence[Mapping[str, Any]] = ()


# ---- saving --------------------------------------------------------------------------------------

def saved(state: State, stager: Mapping[str, object], at: At) -> Saved:
    return Saved(FORMAT, at.wall, at.now, state.status.sent, stager, state.tonight)


def choices(state: State) -> Choices:
    tonight = state.tonight
    return Choices(tonight.number, tonight.played, tonight.passed_over)


def upgraded(memory: object, said: object = None) -> object:
    """What firmware before FORMAT 2 saved, in today's shape; anything else as it is. `said`: where
    it kept what was said in words."""
    if not isinstance(memory, Mapping) or "tonight" in memory or "mode" not in memory:
        return memory
    minutes, timer = memory.get("minutes"), memory.get("timer")
    asked, left = timer if isinstance(timer, list) and len(timer) == 2 else (0.0, None)
    same = ("number", "mode", "depth", "bedtime", "refused", "liked", "turned_down", "snoozed",
            "outcome", "rested")
    tonight = {
        **{name: memory[name] for name in same if name in memory},
        "fell_asleep": memory["mode"] in (Mode.ASLEEP, Mode.MASKING),
        "lights_out": -60.0 * minutes if isinstance(minutes, int | float) else None,
        "timer": asked,
        "timer_ends": 60.0 * left if asked and isinstance(left, int | float) else None,
    }
    if isinstance(said, Mapping) and isinstance(said.get("kept"), Mapping):
        tonight["said"] = said["kept"]
    around = ("wall", "volume", "stager")
    return {**{name: memory[name] for name in around if name in memory}, "tonight": tonight}


# ---- going on ------------------------------------------------------------------------------------

def whole(memory: object) -> bool:
    """Whether what was saved has all that says whether a night was under way."""
    if not isinstance(memory, Mapping) or not isinstance(memory.get("tonight"), Mapping):
        return False
    return "wall" in memory and {"mode", "lights_out"} <= memory["tonight"].keys()


def worth_it(saved: Saved) -> bool:
    """Whether there is a night to go on with, at a time that was known."""
    underway = saved.tonight.mode in NIGHT | {Mode.MORNING}
    return underway and saved.wall >= schedule.EARLIEST and saved.tonight.lights_out is not None


def said_before(state: State, saved: Saved) -> Decision:
    """No night to go on with, but what was said for the one to come still counts, and a timer."""
    before = saved.tonight
    things = still_asleep(before)
    if before.mode is not Mode.IDLE:
        return state, things
    timer = before.timer if before.timer_ends is None else 0.0
    return state.with_tonight(said=before.said, unsaid=before.unsaid, timer=timer), things


def still_asleep(tonight: Tonight) -> list[Do]:
    """A restart wakes nobody."""
    return [Send(Asleep(True))] if tonight.asleep else []


def resumed(state: State, saved: Saved, kept: Choices, rows: Rows, at: At) -> Decision:
    """Go on with the night that a restart broke; one that lies too far back is finished, and its
    alarm begins again if it was still to wake somebody."""
    gone = at.wall - saved.wall
    rings = waking(saved.tonight) and -BEHIND < gone <= schedule.LATE
    # A Pi without a clock wakes up in the past, at the time it last saved.
    gone = max(gone, 0.0) if gone > -BEHIND else FRESH + 1
    shift = at.now - saved.now - gone
    tonight = filled(moved(saved.tonight, shift), kept, rows, at)
    things = still_asleep(tonight)
    if rows.lights_out is not None and tonight.lights_out is not None:
        apart = tonight.lights_out - rows.lights_out
        if abs(apart) > SAME_BOOT:
            things.append(Shift(tonight.number, apart))
    last = rows.epochs[-1]["number"] if rows.epochs else -1
    things.append(Renumber(last + 1 + round(gone / EPOCH)))
    # Never louder than before: what was still on its way up to its setting rises from there.
    volume = min(state.settings.volume, saved.volume)
    state = replace(state.with_status(sent=volume), tonight=tonight)
    mode = tonight.mode
    if gone > FRESH:
        again: list[Do] = [Go(Event.ALARM), Save()] if rings else []
        return state, [*things, Note("finished", label("resumed.finished", mode=mode)),
                       Finish(), Close(), *again]
    state = replace(state, nights=max(state.nights, tonight.number))
    return state, [
        *things, Note("resumed", label("resumed.goes-on", mode=mode, seconds=gone)),
        Send(Volume(volume, state.settings.muted)), Shape(), Save(),
    ]


def waking(tonight: Tonight) -> bool:
    """Whether an alarm rings, or was put off."""
    return tonight.mode is Mode.WAKING or watching.snoozing(tonight)


def moved(tonight: Tonight, seconds: float) -> Tonight:
    """Its times in another boot's."""
    def later(time: float | None) -> float | None:
        return None if time is None else time + seconds
    unsaid = tonight.unsaid
    if unsaid is not None and unsaid.clock is not None:
        clock = replace(unsaid.clock, timer_ends=later(unsaid.clock.timer_ends))
        unsaid = replace(unsaid, clock=clock)
    return replace(
        tonight, since=tonight.since + seconds, lights_out=later(tonight.lights_out),
        found=later(tonight.found), touched=later(tonight.touched),
        timer_ends=later(tonight.timer_ends), rang=later(tonight.rang), unsaid=unsaid,
    )


def filled(tonight: Tonight, kept: Choices, rows: Rows, at: At) -> Tonight:
    """With what is kept beside it."""
    stagings, epochs, hearts = [], [], []
    for row in rows.epochs:
        staging, epoch = staging_of(row), epoch_of(row)
        stagings.append(staging)
        epochs.append(epoch)
        asleep = staging.p_asleep is not None and staging.p_asleep > 0.5
        if asleep and epoch.heart_rate:
            hearts.append((epoch.heart_rate, epoch.rmssd))
    tonight = replace(tonight, stagings=tuple(stagings), epochs=tuple(epochs), hearts=tuple(hearts))
    if kept.number == tonight.number and kept.played is not None:
        return replace(tonight, played=kept.played, passed_over=kept.passed_over)
    return replace(tonight, played=played_of(rows.decisions))


def staging_of(row: Mapping[str, Any]) -> Staging:
    chances = [number(row[f"p_{stage}"]) for stage in STAGES]
    wake, light, deep, rem = (chance or 0.0 for chance in chances)
    stage = Stage(row["stage"]) if row["stage"] else None
    return Staging(row["number"], row["time"], number(row["p_asleep"]), stage,
                   None if None in chances else (wake, light, deep, rem))


def epoch_of(row: Mapping[str, Any]) -> Epoch:
    """As the diary keeps it: without the spread of its heart rate."""
    present = None if row["present"] is None else bool(row["present"])
    activity, movement, rate, rmssd, breathing = (
        number(row[name]) for name in ("activity", "movement", "heart_rate", "rmssd", "breathing")
    )
    heart, motion = (number(row[name]) or 0.0 for name in ("heart_quality", "motion_quality"))
    return Epoch(row["number"], row["time"] - EPOCH, activity, movement, rate, None, rmssd,
                 breathing, heart, motion, present)


def number(value: object) -> float | None:
    """SQLite keeps text in a column of numbers, too; what is no number isn't known."""
    if isinstance(value, int | float) and math.isfinite(value):
        return float(value)
    return None


def played_of(decisions: Sequence[Mapping[str, Any]]) -> Played | None:
    """From the diary's decisions: the newest, with the receipts of all at bedtime."""
    if not decisions:
        return None
    receipts = tuple(
        json.loads(row["receipt"]) for row in decisions if row["moment"] == "bedtime"
    )
    newest = decisions[-1]
    recipe, _ = stored.load(Recipe, json.loads(newest["recipe"]))
    terms = tuple(Contribution(*term) for term in json.loads(newest["contributions"]))
    choice = Choice(
        recipe, Reason(newest["sentence"], terms), newest["seed"], newest["propensity"],
        newest["candidate"], json.loads(newest["receipt"]),
    )
    return Played(choice, recipe, receipts)


def closed(state: State) -> State:
    """After a night that was finished late."""
    number = state.tonight.number
    tonight = Tonight(number=number, timer=state.tonight.timer,
                      timer_ends=state.tonight.timer_ends)
    return replace(state, tonight=tonight, nights=max(state.nights, number))
