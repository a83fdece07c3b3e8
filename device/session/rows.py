"""What the diary's tables are given of a night."""

from device.session.state import At, State
from device.session.things import Row
from device.session.tonight import Played
from device.values import STAGES, Epoch, Staging


def feedback(state: State, kind: str, value: float, at: At) -> Row:
    row = {"night": state.tonight.number, "time": at.now, "kind": kind, "value": value}
    return Row("feedback", row)


def epoch(state: State, epoch: Epoch, staging: Staging, target: float | None) -> Row:
    """`target`: dB re the settling level, where the sound is going."""
    beat = state.status.beat
    chances = staging.probabilities or (None,) * len(STAGES)
    return Row("epochs", {
        "night": state.tonight.number, "number": epoch.index, "time": staging.time,
        "mode": state.tonight.mode, "stage": staging.stage, "p_asleep": staging.p_asleep,
        **{f"p_{stage}": chance for stage, chance in zip(STAGES, chances, strict=True)},
        "heart_rate": epoch.heart_rate, "rmssd": epoch.rmssd, "breathing": epoch.breathing,
        "movement": epoch.movement, "activity": epoch.activity,
        "heart_quality": epoch.heart_quality, "motion_quality": epoch.motion_quality,
        "present": epoch.present, "target": target,
        "level": beat.level if beat else None, "dose": beat.dose if beat else None,
    })


def decision(state: State, played: Played, moment: str, sentence: str, at: At) -> Row:
    choice = played.choice
    return Row("decisions", {
        "night": state.tonight.number, "time": at.now, "moment": moment,
        "recipe": played.recipe.plain(), "sentence": sentence,
        "contributions": [tuple(term) for term in choice.reason.contributions],
        "seed": choice.seed, "propensity": choice.propensity, "candidate": choice.candidate,
        "receipt": dict(choice.receipt),
    })
