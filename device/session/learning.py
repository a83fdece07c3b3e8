"""The morning: the night's sums, the sleeper's own answer, and the lesson once it is over."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime

from device.sentences import say
from device.session import masking
from device.session.modes import NIGHT
from device.session.rows import feedback
from device.session.schedule import by_day
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
from device.values import EPOCH, SILENCE, Outcome, Seen, Staging, Sums, Worth

NIGHTS = 7              # that "the last nights" are
MORNINGS = 28           # that "how the mornings were" are
SLOW = 0.2              # share of a new night in the sleeper's own baseline
LEAST = 20.0            # min in bed: less is no measure of how sleep came
JUDGED = 0.5            # share of a night that must be judged before it moves that baseline
LONG = 10               # epochs of waking that are told
BRIEFLY = 2             # epochs of sleep, or of nothing judged, that don't end such a waking
ONSET = 3               # epochs of sleep in a row: somebody has fallen asleep
UNLIKELY = 0.1          # chance of a long waking at which the morning says that there was none


def nap(state: State, at: At) -> bool:
    """Lights went out by day, or there was nothing but an alarm: kept and told like a night, but no
    measure of one, so nothing is learned from it."""
    began = at.wall - 60 * state.tonight.minutes(at.now)
    local = datetime.fromtimestamp(began, at.local.tzinfo) if at.local is not None else None
    return not state.tonight.bedtime or by_day(local)


# ---- as it is morning ----------------------------------------------------------------------------

def morning(state: State, sums: Sums, at: At) -> Decision:
    """The night's sums, kept and told; the lesson waits for the sleeper's own word."""
    tonight = state.tonight
    judged = sum(s.p_asleep is not None for s in tonight.stagings) / len(tonight.stagings)
    seen = seen_of(state, sums, judged, at)
    outcome = Outcome(
        sol=sums.sol if sums.tib >= LEAST else None, wakings=sums.long_wakings, liked=tonight.liked,
        turned_down=tonight.turned_down, signal_quality=judged,
    )
    state = update_baseline(state.with_tonight(outcome=outcome), sums, judged, at)
    # The time may have become known in the night, or never was.
    began = None if at.known is None else at.known - 60 * tonight.minutes(at.now)
    row = {
        "id": tonight.number, "began": began, "lights_out": tonight.lights_out,
        "seed": state.owner.seed, "sleeper": state.owner.sleeper,
        "software": state.owner.software, "ended": at.now,
        "sums": {**asdict(sums), **asdict(seen)}, "outcome": asdict(outcome),
    }
    told = told_of(sums, seen)
    summary = {**told, "lights_out": began, "out_of_bed": at.known}
    return state, [
        Row("nights", row), Save(), Report(), Happened("night", told),
        Publish({"summary": summary}),
    ]


def seen_of(state: State, sums: Sums, judged: float, at: At) -> Seen:
    """What may be said of it. `judged`: share of its epochs."""
    before = state.tonight.stagings[:round((sums.sol or 0.0) * 60 / EPOCH)]
    known = sum(s.p_asleep is not None for s in before)
    return Seen(
        judged=judged, onset=sums.sol is not None and known >= JUDGED * len(before),
        awake=long_wakings(state.tonight.stagings), nap=nap(state, at),
        calibrated=state.owner.calibrated,
    )


def long_wakings(stagings: Sequence[Staging]) -> tuple[tuple[float, float], ...]:
    """Those that the night itself believed in between its first and its last sleep, by the numbers
    of the epochs: s after lights out, min."""
    asleep = [None if s.p_asleep is None else s.p_asleep >= 0.5 for s in stagings]
    onset = next((n for n in range(len(asleep)) if asleep[n:n + ONSET] == [True] * ONSET), None)
    if onset is None:
        return ()
    last = max(n for n, sleeps in enumerate(asleep) if sleeps)
    found: list[list[int]] = []         # the first and last epoch awake, waking by waking
    for n in range(onset, last):
        if asleep[n] is False and found and n - found[-1][1] <= BRIEFLY + 1:
            found[-1][1] = n
        elif asleep[n] is False:
            found.append([n, n])
    numbers = [staging.epoch - stagings[0].epoch for staging in stagings]
    wakings = [(numbers[begin], numbers[end] + 1 - numbers[begin]) for begin, end in found]
    return tuple((begin * EPOCH, length * EPOCH / 60) for begin, length in wakings
                 if length >= LONG)


def told_of(sums: Sums, seen: Seen) -> dict[str, float | None]:
    """What the hub is told of a night; None isn't known."""
    if seen.judged < JUDGED or sums.sol is None or sums.tib < LEAST:
        return {"sol": None, "tst": None, "waso": None, "wakings": None}
    known = sums.estimates
    sol, tst, waso = (
        (known.sol.value, known.tst.value, known.waso.value) if known
        else (sums.sol, sums.tst, sums.waso)
    )
    wakings = max(sums.long_wakings, len(seen.awake))
    unlikely = known is not None and known.long_waking <= UNLIKELY
    return {"sol": sol if seen.onset else None, "tst": tst, "waso": waso,
            "wakings": wakings if wakings or unlikely else None}


def update_baseline(state: State, sums: Sums, judged: float, at: At) -> State:
    """A night that could be judged moves the sleeper's own baseline."""
    if judged < JUDGED or sums.sol is None or sums.tib < LEAST:
        return state
    if state.settings.privacy or nap(state, at):
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
    elif not private:
        things.append(untaught(state, at))
    things.append(LearnTaste(0 if private or state.owner.guest else outcome.liked))
    if tonight.rested is not None and not private:
        mornings = (*state.sleeper.mornings, tonight.rested)[-MORNINGS:]
        state = state.with_sleeper(mornings=mornings)
    if tonight.masked and not private and not state.owner.guest:
        masked = (*state.sleeper.masked, *tonight.masked)[-masking.KEPT:]
        state = state.with_sleeper(masked=masked)
    if tonight.recipe != SILENCE and not private:
        state = state.with_sleeper(last=tonight.recipe)
    things += [Share(), NightOver(), Report()]
    over = state.with_tonight(outcome=None, said=Said(), unsaid=None).with_status(answer="")
    return over, things


def unfinished(state: State) -> bool:
    """Whether a night that is left now still has to be reviewed."""
    return state.tonight.mode in NIGHT and bool(state.tonight.stagings)


def untaught(state: State, at: At) -> Note:
    """Why the recommender isn't asked to learn anything."""
    facts = {"guest": state.owner.guest, "no model": False, "alarm": not state.tonight.bedtime,
             "nap": nap(state, at), "named": not state.tonight.receipts}
    return Note("learned", say("learned", facts))


def learned(
    state: State, lesson: Learn, worth: Worth | None, before: Sequence[Mapping]
) -> list[Do]:
    """What the night taught, in words; its sleep, and apart from that what was said of it.
    `before`: the recommender's nights until then."""
    outcome, candidates = lesson.outcome, [each.get("candidate") for each in lesson.receipts]
    silent = [night["outcome"]["sol"] for night in before
              if night["candidate"] == SILENCE.name and night["sooner"] is not None]
    sooner = worth.sooner if worth else None
    facts = {
        "guest": state.owner.guest,
        "no model": all(each.get("network", "") is None for each in lesson.receipts),
        "alarm": False, "nap": False, "named": False,
        "dim": worth is None and outcome.signal_quality < JUDGED,
        "skips": len(candidates) > 1,
        "taught": worth is not None,
        "slept": sooner is not None,
        "silent": candidates[-1] == SILENCE.name,
        "silence tried": bool(silent),
        "sooner": sooner is not None and sooner > 0,
    }
    against = sum(silent) / len(silent) - outcome.sol if silent and outcome.sol is not None else 0.0
    sentences = [
        say("learned", facts, against=against, quiet=len(silent), minutes=abs(sooner or 0.0)),
        say("liked", {"taught": worth is not None, "liked": outcome.liked > 0,
                      "disliked": outcome.liked < 0 or outcome.turned_down > 0}),
    ]
    return [Note("learned", sentence) for sentence in sentences if sentence]
