"""Short words for what the parts are given: a moment, a choice, an epoch, a state."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from device.session.modes import Mode
from device.session.settings import Owner, Rules
from device.session.state import At, State
from device.session.tonight import Played, Tonight
from device.values import (
    SILENCE,
    Choice,
    Contribution,
    Epoch,
    Heartbeat,
    Outcome,
    Reason,
    Recipe,
    Staging,
)

EVENING = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
NOW = 5000.0            # s, monotonic: nothing of these tests begins at 0
RAIN = Recipe(name="rain on a roof", textures={"rain": 0.8})
TIDE = Recipe(name="slow tide", textures={"ocean": 0.7})
BEAT = Heartbeat(NOW, 48000, 38.0, -20.0, 0.1, device="a speaker")


def at(seconds: float = 0.0, local: datetime | None = EVENING) -> At:
    """`seconds` after NOW, which is EVENING; local None: the clock was never set."""
    if local is None:
        return At(NOW + seconds, seconds)
    local += timedelta(seconds=seconds)
    return At(NOW + seconds, local.timestamp(), local)


def choice(
    candidate: int = 3, recipe: Recipe = RAIN, sentence: str = "it has proved best"
) -> Choice:
    reason = Reason(sentence, (Contribution("rain", 1.5),))
    return Choice(recipe, reason, 7, 0.25, candidate, {"candidate": candidate})


def played(candidate: int = 3, recipe: Recipe = RAIN, *receipts: int) -> Played:
    """A bedtime choice that plays, after others tonight (`receipts`: their candidates)."""
    receipt = [{"candidate": each} for each in (*receipts, candidate)]
    return Played(choice(candidate, recipe), recipe, tuple(receipt))


def silence(candidate: int = 9) -> Choice:
    return choice(candidate, SILENCE, "silence has proved best")


def staging(p: float | None = 0.2, *, asleep: bool = False, **fields) -> Staging:
    return Staging(4, NOW, p, fields.pop("stage", None), fields.pop("probabilities", None),
                   asleep=asleep, **fields)


def epoch(**fields) -> Epoch:
    body = {
        "index": 4, "start": NOW - 30, "activity": 1.0, "movement": 0.02, "heart_rate": 60.0,
        "heart_sd": 1.0, "rmssd": 40.0, "breathing": 14.0, "heart_quality": 0.9,
        "motion_quality": 1.0, "present": True,
    }
    return Epoch(**{**body, **fields})


def outcome(**fields) -> Outcome:
    return Outcome(**{"sol": 12.0, "wakings": 1, "signal_quality": 0.9, **fields})


def state(mode: Mode = Mode.SETTLING, **tonight) -> State:
    """A night of number 5 in a mode, an hour after lights out; in idle there is none yet."""
    if mode is Mode.IDLE:
        return State(tonight=Tonight(mode=mode, **tonight), nights=4)
    began = {"number": 5, "since": NOW - 600, "lights_out": NOW - 3600}
    return State(tonight=Tonight(**{**began, "mode": mode, **tonight}), nights=5)


def owned(state: State, rules: Rules | None = None, **fields) -> State:
    """The same, of an owner with other rules."""
    return replace(state, owner=Owner(rules=rules or Rules(), **fields))
