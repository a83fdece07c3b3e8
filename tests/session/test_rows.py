from device.session import rows
from device.session.modes import Mode
from device.session.things import Row
from device.session.tonight import Played
from device.values import Stage
from tests.session.around import BEAT, NOW, RAIN, TIDE, at, choice, epoch, staging, state


def test_a_word_of_feedback_is_a_row_of_its_night():
    assert rows.feedback(state(), "like", 1, at(3.0)) == Row(
        "feedback", {"night": 5, "time": NOW + 3.0, "kind": "like", "value": 1})


def test_an_epoch_is_a_row_with_its_judgement():
    body = epoch(
        index=8, activity=1.0, movement=2.0, heart_rate=3.0, rmssd=4.0, breathing=5.0,
        heart_quality=0.6, motion_quality=0.7, present=True)
    judged = staging(0.8, stage=Stage.LIGHT, probabilities=(0.1, 0.2, 0.3, 0.4))
    here = state(Mode.DRIFTING).with_status(beat=BEAT)
    assert rows.epoch(here, body, judged, -12.0) == Row("epochs", {
        "night": 5, "number": 8, "time": NOW, "mode": Mode.DRIFTING, "stage": Stage.LIGHT,
        "p_asleep": 0.8, "p_wake": 0.1, "p_light": 0.2, "p_deep": 0.3, "p_rem": 0.4,
        "heart_rate": 3.0, "rmssd": 4.0, "breathing": 5.0, "movement": 2.0, "activity": 1.0,
        "heart_quality": 0.6, "motion_quality": 0.7, "present": True, "target": -12.0,
        "level": 38.0, "dose": 0.1,
    })


def test_what_nobody_can_judge_or_hear_is_none_in_its_row():
    fields = rows.epoch(state(), epoch(), staging(None), None).fields
    unknown = ("p_asleep", "p_wake", "p_light", "p_deep", "p_rem", "stage", "target", "level",
               "dose")
    assert {fields[name] for name in unknown} == {None}


def test_a_decision_is_a_row_from_which_it_can_be_replayed():
    row = rows.decision(state(), Played(choice(4, RAIN), TIDE), "night", "because", at(2.0))
    assert row == Row("decisions", {
        "night": 5, "time": NOW + 2.0, "moment": "night", "recipe": TIDE.plain(),
        "sentence": "because", "contributions": [("rain", 1.5)], "seed": 7, "propensity": 0.25,
        "candidate": 4, "receipt": {"candidate": 4},
    })
    assert type(row.fields["contributions"][0]) is tuple
