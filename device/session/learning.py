"""The morning: the night's sums, the sleeper's own answer, and the lesson once it is over."""

from dataclasses import asdict, replace

from device.session.modes import NIGHT
from device.session.rows import feedback
from device.session.schedule import by_day, local_time
from device.session.state import At, Decision, State
from device.session.things import (
    Do,
    Happened,
    Learn,
    LearnTaste,
    NightOver,
    Note,
    Publish,
    Report,
    Row,
    Save,
    Share,
)
from device.session.tonight import Said
from device.values import SILENCE, Outcome, Sums

NIGHTS = 7              # that "the last nights" are
MORNINGS = 28           # that "how the mornings were" are
SLOW = 0.2              # share of a new night in the sleeper's own baseline
JUDGED = 0.5            # share of a night that must be judged before it moves that baseline


def nap(state: State, at: At) -> bool:
    """Lights went out by day, or there was nothing but an alarm: kept and told like a night, but no
    measure of one, so nothing is learned from it."""
    began = at.wall - 60 * state.tonight.minutes(at.now)
    return not state.tonight.bedtime or by_day(local_time(began, state.owner.zone))


# ---- as it is morning ----------------------------------------------------------------------------

def morning(state: State, sums: Sums, at: At) -> Decision:
    """The night's sums, kept and told; the lesson waits for the sleeper's own word."""
    tonight = state.tonight
    judged = sum(s.p_asleep is not None for s in tonight.stagings) / len(tonight.stagings)
    outcome = Outcome(
        sol=sums.sol, wakings=sums.long_wakings, liked=tonight.liked,
        turned_down=tonight.turned_down, signal_quality=judged,
    )
    state = update_baseline(state.with_tonight(outcome=outcome), sums, judged, at)
    began = at.wall - 60 * tonight.minutes(at.now)
    row = {
        "id": tonight.number, "began": began, "lights_out": tonight.lights_out,
        "seed": state.owner.seed, "sleeper": state.owner.sleeper,
        "software": state.owner.software, "ended": at.now,
        "sums": asdict(sums), "outcome": asdict(outcome),
    }
    told = {"sol": sums.sol, "tst": sums.tst, "waso": sums.waso, "wakings": sums.long_wakings}
    summary = {**told, "lights_out": began, "out_of_bed": at.wall}
    return state, [
        Row("nights", row), Save(), Report(), Happened("night", told),
        Publish({"summary": summary}),
    ]


def update_baseline(state: State, sums: Sums, judged: float, at: At) -> State:
    """A night that could be judged moves the sleeper's own baseline."""
    if judged < JUDGED or sums.sol is None or state.settings.privacy or nap(state, at):
        return state
    sleeper = state.sleeper
    rates = [rate for rate, _ in state.tonight.hearts]
    rmssds = [rmssd for _, rmssd in state.tonight.hearts if rmssd]
    baseline = dict(sleeper.baseline)
    for name, values in (("heart_rate", rates), ("rmssd", rmssds)):
        if values:
            middle = sorted(values)[len(values) // 2]
            baseline[name] = middle + (1 - SLOW) * (baseline.get(name, middle) - middle)
    return state.with_sleeper(
        sols=(*sleeper.sols, sums.sol)[-NIGHTS:],
        wakings=(*sleeper.wakings, sums.long_wakings)[-NIGHTS:],
        baseline=baseline,
    )


def answered(state: State, rested: int, at: At) -> Decision:
    """The morning's answer: +1 a good night, −1 a poor one."""
    state = state.with_tonight(rested=rested)
    return state, [feedback(state, "rested", rested, at)]


# ---- once it is over -----------------------------------------------------------------------------

def lesson(state: State, at: At) -> Decision:
    """What the night was worth goes to the learners, once."""
    tonight, private = state.tonight, state.settings.privacy
    if tonight.outcome is None:
        return state, []
    outcome = replace(tonight.outcome, rested=tonight.rested)
    things: list[Do] = []
    if tonight.receipts and not private and not nap(state, at):
        things.append(Learn(tonight.receipts, outcome))
    things.append(LearnTaste(0 if private or state.owner.guest else outcome.liked))
    if tonight.rested is not None and not private:
        mornings = (*state.sleeper.mornings, tonight.rested)[-MORNINGS:]
        state = state.with_sleeper(mornings=mornings)
    if tonight.recipe != SILENCE and not private:
        state = state.with_sleeper(last=tonight.recipe)
    things += [Share(), NightOver(), Report()]
    over = state.with_tonight(outcome=None, said=Said(), unsaid=None).with_status(answer="")
    return over, things


def unfinished(state: State) -> bool:
    """Whether a night that is left now still has to be reviewed."""
    return state.tonight.mode in NIGHT and bool(state.tonight.stagings)


def learned(reward: float | None) -> Note:
    """`reward`: minutes, or None."""
    if reward is None:
        return Note("learned", "tonight taught nothing: too little could be judged")
    return Note("learned", f"worth {reward:+.1f} minutes against a night without sound")
