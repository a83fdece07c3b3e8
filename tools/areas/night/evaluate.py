"""`tools/evaluate night`: what a considerate night costs and gives, on labelled nights like
data/sleep_accel_raw or on simulated sleepers: sound heard asleep, wakings that were answered, and
whether the morning's figures are true.
"""

from argparse import Namespace
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from areas.night import morning, nights, peers, scores
from areas.night.nights import Judged
from areas.night.replay import Heard, Replay
from areas.night.scores import Counted
from device.session.settings import Rules
from device.values import Epoch, Staging
from kit.figures import Goal, Result
from kit.setup import ROOT

DATA = ROOT.parent / "shared" / "data" / "sleep_accel_raw"
GOALS = (
    Goal("audible_asleep_min", "<=", 6.0),
    Goal("audible_asleep_min_p90", "<=", 15.0),
    Goal("audible20_asleep_min", "<=", 12.0),
    Goal("audible_rem_min", "<=", 1.0),
    Goal("onset_sound_min", "<=", 18.0),
    Goal("onset_sound_min_p90", "<=", 28.0),
    Goal("false_maskings", "<=", 0.5),
    Goal("wakings_answered", ">=", 0.45),
    Goal("answered_above_today", ">=", 0.0),
    Goal("waso_bias_min_abs", "<=", 8.0),
    Goal("waso_held", ">=", 0.80),
    Goal("waso_held", "<=", 0.97),
)
SIMULATED = (Goal("audible20_asleep_min", "<=", 12.0),
             Goal("audible20_asleep_min_mean", "<=", 12.0))
Rule = Callable[[Sequence[Epoch], Sequence[Staging]], Heard]


def evaluate(data: Path | None, train: Path | None, options: Namespace) -> Result:
    """`train` isn't used: what must be fitted is cross-fitted by subject."""
    if options.simulated:
        those = nights.simulated(options.simulated, options.build)
        where = f"{options.simulated} simulated sleepers of {nights.HOURS:g} h, {options.build}"
        told, goals = "shipped models, never taught by them", SIMULATED
    else:
        folder = data or DATA
        those, told = nights.labelled(folder)
        where, goals = f"{folder}: {len(those)} nights", GOALS
    ours = counted(those, ours_with(Rules()))
    figures = scores.figures(ours)
    others = {name: counted(those, rule) for name, rule in peers.PEERS.items()}
    swept = {awake: counted(those, partial(peers.today, awake=awake))
             for awake in peers.THRESHOLDS}
    others["today"] = swept[peers.SHIPPED]
    beside = at_our_rate(ours, swept)
    figures["answered_above_today"] = beside["difference"]
    true, details = morning.figures(those)
    return Result(
        "night", f"{where}; {told}", figures | true,
        {name: scores.figures(rows) for name, rows in others.items()}, goals,
        {
            "today_swept": [{"threshold": awake, **scores.figures(rows)}
                            for awake, rows in swept.items()],
            "against_today": beside,
            "owner": {answer: scores.figures(counted(those, ours_with(Rules(answer=answer))))
                      for answer in ("rare", "generous")},
            "wakings": sum(night.wakings for night in ours),
            "by_night": {night.name: row.plain() for night, row in zip(those, ours, strict=True)},
            "mornings": details,
        },
    )


def ours_with(rules: Rules) -> Rule:
    return lambda epochs, stagings: Replay(rules).heard(epochs, stagings)


def counted(those: Sequence[Judged], rule: Rule) -> list[Counted]:
    return [scores.counted(night.stage, rule(night.epochs, night.live)) for night in those]


def at_our_rate(ours: Sequence[Counted], swept: dict[float, list[Counted]]) -> dict:
    """Today's rule at the lowest threshold whose false rate is no lower than ours: what speaks
    against us."""
    def rate(rows: Sequence[Counted]) -> float:
        return scores.figures(rows)["false_maskings"]
    awake = next((awake for awake, rows in swept.items() if rate(rows) >= rate(ours)),
                 max(swept))
    return {"threshold": awake, "false_maskings": rate(swept[awake]),
            "wakings_answered": scores.figures(swept[awake])["wakings_answered"],
            **scores.paired(ours, swept[awake])}
