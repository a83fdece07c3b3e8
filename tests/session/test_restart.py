import json
from dataclasses import replace

import pytest

from device import stored
from device.session import restart, watching
from device.session.modes import NIGHT, Event, Mode
from device.session.restart import Choices, Rows, Saved, resumed, worth_it
from device.session.settings import Settings
from device.session.state import At, Bell, State
from device.session.things import Close, Finish, Go, Note, Renumber, Save, Send, Shape, Shift
from device.session.tonight import Clock, Played, Said, Tonight, Unsaid
from device.values import Choice, Contribution, Epoch, Outcome, Reason, Stage, Volume, Wish
from tests.session.around import EVENING, NOW, RAIN, TIDE, at, epoch, owned, played, staging, state

WALL = EVENING.timestamp()
BOOT = 12.0             # s, monotonic, when the new process resumes
STAGES = {"memory": [1]}


def saved(mode: Mode = Mode.ASLEEP, **tonight) -> Saved:
    """A night as it was saved an hour after lights out."""
    here = state(mode, **tonight).with_settings(volume=0.8).with_status(sent=0.6)
    return restart.saved(here, STAGES, at())


def gone_on(
    kept: Saved, gone: float = 60.0, rows: Rows | None = None, choices: Choices | None = None,
    here: State | None = None, now: float = BOOT,
):
    """What resuming decides, `gone` s later, in another boot."""
    rows = rows or Rows(lights_out=NOW - 3600)
    here = here or owned(State(), zone=EVENING.tzinfo)
    return resumed(here, kept, choices or Choices(), rows, At(now, WALL + gone))


def row(number: int, p: float | None = 0.9, heart: float | None = 60.0, **fields) -> dict:
    known = p is not None
    stages = {f"p_{stage}": 0.1 * n if known else None for n, stage in enumerate(Stage, 1)}
    return {"number": number, "time": 30.0 * number, "p_asleep": p, "heart_rate": heart,
            "rmssd": 30.0, "stage": "light" if known else None, "activity": 12.0,
            "movement": 0.02, "breathing": 14.0, "heart_quality": 0.9, "motion_quality": 1.0,
            "present": 1, **stages, **fields}


def decision(moment: str, candidate: int, recipe=RAIN) -> dict:
    return {
        "moment": moment, "recipe": json.dumps(recipe.plain()), "sentence": f"because {candidate}",
        "contributions": json.dumps([["rain", 1.5]]), "seed": 7, "propensity": 0.25,
        "candidate": candidate, "receipt": json.dumps({"candidate": candidate}),
    }


# ---- what is worth it ----------------------------------------------------------------------------

@pytest.mark.parametrize("mode", Mode)
def test_a_night_and_its_morning_are_worth_going_on_with(mode):
    assert worth_it(saved(mode, lights_out=0.0)) is (mode in NIGHT or mode is Mode.MORNING)


def test_without_a_clock_or_lights_out_there_is_nothing_to_go_on_with():
    assert not worth_it(replace(saved(), wall=restart.schedule.EARLIEST - 1.0))
    assert worth_it(replace(saved(), wall=float(restart.schedule.EARLIEST)))
    assert not worth_it(saved(lights_out=None)) and not worth_it(Saved())


def test_what_was_said_before_bedtime_counts_and_of_another_mode_nothing_does():
    said = Said(mood="tense")
    before = Saved(tonight=Tonight(said=said, unsaid=Unsaid(), liked=3))
    then, _ = restart.said_before(State(), before)
    assert then.tonight == Tonight(said=said, unsaid=Unsaid())
    for mode in set(Mode) - {Mode.IDLE}:
        over = replace(before, tonight=replace(before.tonight, mode=mode))
        assert restart.said_before(State(), over) == (State(), [])


# ---- going on ------------------------------------------------------------------------------------

def test_all_of_the_night_comes_back_and_its_times_in_this_boots():
    kept = saved(
        Mode.PAUSED, snoozed=True, liked=2, turned_down=1, refused=(4,), depth=0.4, blind=3,
        empty=2, bedtime=False, fell_asleep=True, said=Said(mood="tense"), unsaid=Unsaid(),
        outcome=Outcome(sol=12.0), rested=-1, timer=45.0, timer_ends=NOW + 600,
    )
    then, _ = gone_on(kept, gone=60.0)
    shift = BOOT - 60.0 - NOW
    assert then.tonight == replace(
        kept.tonight, since=NOW - 600 + shift, lights_out=NOW - 3600 + shift,
        timer_ends=NOW + 600 + shift)


def test_a_snooze_outlives_a_restart():
    then, _ = gone_on(saved(Mode.PAUSED, snoozed=True))
    assert then.tonight.snoozed and then.tonight.mode is Mode.PAUSED
    assert (BOOT - then.tonight.since) == 660.0


def test_the_time_that_it_was_off_counts():
    then, things = gone_on(saved(), gone=600.0)
    assert then.tonight.minutes(BOOT) == 70.0
    assert Note("resumed", "asleep after 600 s") in things


def test_the_timer_that_undo_goes_back_to_is_moved_too():
    before = Unsaid(clock=Clock(timer=45.0, timer_ends=5000.0))
    then = restart.moved(Tonight(unsaid=before), 60.0)
    assert then.unsaid == Unsaid(clock=Clock(timer=45.0, timer_ends=5060.0))


def test_a_timer_that_was_off_stays_off():
    assert gone_on(saved())[0].tonight.timer_ends is None


@pytest.mark.parametrize(("wanted", "before", "after"), [(0.9, 0.6, 0.6), (0.5, 0.6, 0.5)])
def test_it_comes_back_no_louder_than_it_was_and_what_is_set_stays(wanted, before, after):
    here = State(settings=Settings(volume=wanted, programme="slow tide", muted=True))
    then, things = gone_on(replace(saved(), volume=before), here=owned(here, zone=EVENING.tzinfo))
    assert then.settings == here.settings and then.status.sent == after
    assert Send(Volume(after, muted=True)) in things


def test_what_is_to_be_done_comes_in_this_order():
    then, things = gone_on(saved(), rows=Rows(NOW - 3600, [row(7)]))
    apart = BOOT - 60.0 - NOW
    assert things == [
        Shift(5, apart), Renumber(10), Note("resumed", "asleep after 60 s"),
        Send(Volume(0.6, False)), Shape(), Save(),
    ]
    assert then.nights == 5


def test_numbers_of_nights_are_not_given_twice():
    assert gone_on(saved(), here=owned(State(nights=9), zone=EVENING.tzinfo))[0].nights == 9


@pytest.mark.parametrize(("apart", "shifts"), [(5.0, False), (-5.0, False), (5.1, True),
                                               (-5.1, True)])
def test_in_the_same_boot_the_diarys_times_stay(apart, shifts):
    """It resumes 60 s later by both clocks, or not quite."""
    _, things = gone_on(saved(), now=NOW + 60.0 + apart)
    expected = [Shift(5, pytest.approx(apart))] if shifts else []
    assert [thing for thing in things if isinstance(thing, Shift)] == expected


def test_a_night_that_the_diary_has_no_row_of_is_not_moved_in_it():
    _, things = gone_on(saved(), rows=Rows())
    assert things[0] == Renumber(2)


def test_the_next_epoch_is_numbered_on_by_the_time_that_passed():
    assert Renumber(8 + 20) in gone_on(saved(), gone=600.0, rows=Rows(0.0, [row(6), row(7)]))[1]
    assert Renumber(8) in gone_on(saved(), gone=-600.0, rows=Rows(0.0, [row(7)]))[1]
    assert Renumber(0) in gone_on(saved(), gone=0.0, rows=Rows(0.0))[1]


@pytest.mark.parametrize(("gone", "resumes"), [
    (0.0, True), (1800.0, True), (1801.0, False), (-3600.0, True), (-3699.0, True),
    (-3701.0, False), (-90_000.0, False),
])
def test_half_an_hour_later_the_night_is_over_and_a_clock_set_back_an_hour_at_most_is_saved_time(
    gone, resumes
):
    _, things = gone_on(saved(), gone=gone)
    assert (Save() in things) is resumes and (Finish() in things) is not resumes


def test_one_that_lies_too_far_back_is_finished_then_closed():
    then, things = gone_on(saved(liked=2), gone=3600.0)
    assert things[-3:] == [Note("finished", "a night that was cut off while asleep"), Finish(),
                           Close()]
    assert not any(isinstance(thing, Send | Shape | Save) for thing in things)
    assert then.tonight.liked == 2


def test_a_clock_that_went_back_costs_the_night_no_time():
    then, _ = gone_on(saved(), gone=-600.0)
    assert then.tonight.minutes(BOOT) == 60.0


@pytest.mark.parametrize(("mode", "snoozed"), [(Mode.WAKING, False), (Mode.PAUSED, True)])
def test_an_alarm_that_a_cut_broke_off_begins_again_within_two_hours(mode, snoozed):
    for gone, rings in ((1801.0, True), (7200.0, True), (7201.0, False), (-4000.0, False)):
        _, things = gone_on(saved(mode, snoozed=snoozed), gone=gone)
        assert things[-2:] == ([Go(Event.ALARM), Save()] if rings else [Finish(), Close()])
    paused = gone_on(saved(Mode.PAUSED), gone=1801.0)[1]
    assert not any(isinstance(thing, Go) for thing in paused)


def test_after_a_night_that_was_finished_late_nobody_is_in_one():
    here = state(Mode.ASLEEP, liked=2, timer=20.0, timer_ends=NOW + 5)
    over = restart.closed(replace(here, bell=Bell((1, 2)), nights=3))
    assert over.tonight == Tonight(number=5, timer=20.0, timer_ends=NOW + 5)
    assert over.bell == Bell((1, 2)) and over.nights == 5       # or it would ring again
    assert restart.closed(replace(here, nights=8)).nights == 8


# ---- what the diary keeps beside it --------------------------------------------------------------

def test_judgements_and_hearts_of_sleep_are_read_from_the_epochs():
    rows = Rows(0.0, [
        row(1, 0.51, 55.0), row(2, 0.5, 56.0), row(3, None, 57.0), row(4, 0.9, None),
        row(5, 0.9, 58.0, rmssd=None),
    ])
    tonight = gone_on(saved(), rows=rows)[0].tonight
    assert tonight.hearts == ((55.0, 30.0), (58.0, None))
    assert [staging.epoch for staging in tonight.stagings] == [1, 2, 3, 4, 5]
    first, third = tonight.stagings[0], tonight.stagings[2]
    assert (first.time, first.p_asleep, first.stage) == (30.0, 0.51, Stage.LIGHT)
    assert first.probabilities == pytest.approx((0.1, 0.2, 0.3, 0.4))
    assert (third.p_asleep, third.stage, third.probabilities) == (None, None, None)


def test_the_morning_judges_the_epochs_as_the_diary_kept_them():
    rows = Rows(0.0, [row(7, 0.9, 55.0), row(8, None, None, present=0, activity=None),
                      row(9, present=None)])
    whole, left, unknown = gone_on(saved(), rows=rows)[0].tonight.epochs
    assert whole == Epoch(7, 180.0, 12.0, 0.02, 55.0, None, 30.0, 14.0, 0.9, 1.0, True)
    assert (left.present, left.activity, left.heart_rate) == (False, None, None)
    assert unknown.present is None


def test_text_where_a_number_belongs_is_not_known():
    """SQLite keeps it in a REAL column."""
    torn = row(7, "x", "x", rmssd="x", activity="x", breathing=float("inf"), p_deep="x",
               heart_quality="x")
    tonight = gone_on(saved(), rows=Rows(0.0, [torn, row(8)]))[0].tonight
    judged, body = tonight.stagings[0], tonight.epochs[0]
    assert (judged.p_asleep, judged.probabilities) == (None, None)
    assert (body.heart_rate, body.rmssd, body.activity, body.breathing) == (None,) * 4
    assert body.heart_quality == 0.0 and tonight.hearts == ((60.0, 30.0),)


def test_sleep_that_was_believed_before_a_restart_does_not_come_a_second_time():
    before = saved(Mode.DRIFTING, believed=True, fell_asleep=True, came_at=-9.0, depth=0.6,
                   played=played())
    after = gone_on(before)[0]
    asleep = staging(0.9, asleep=True)
    then, _ = watching.on_epoch(after, epoch(index=9), asleep, at())
    assert then.tonight.came_at == -9.0


def test_what_was_saved_whole_has_its_time_and_its_mode():
    memory = stored.plain(saved())
    assert restart.whole(memory)
    for name in ("wall", "tonight"):
        assert not restart.whole({key: memory[key] for key in memory if key != name})
    for name in ("mode", "lights_out"):
        tonight = {key: memory["tonight"][key] for key in memory["tonight"] if key != name}
        assert not restart.whole({**memory, "tonight": tonight})
    assert not restart.whole([]) and not restart.whole({"wall": 1.0, "tonight": 3})


def test_the_choices_kept_beside_the_night_come_back():
    kept = Choices(5, played(3, RAIN, 1), played(1, TIDE))
    tonight = gone_on(saved(), choices=kept, rows=Rows(0.0, [], [decision("night", 9)]))[0].tonight
    assert tonight.played == kept.played and tonight.passed_over == kept.passed_over


@pytest.mark.parametrize("kept", [Choices(), Choices(4, played()), Choices(5, None)])
def test_without_them_the_diarys_decisions_tell(kept):
    decisions = [decision("bedtime", 1), decision("bedtime", 2), decision("night", 3, TIDE)]
    tonight = gone_on(saved(), choices=kept, rows=Rows(0.0, [], decisions))[0].tonight
    reason = Reason("because 3", (Contribution("rain", 1.5),))
    theirs = Choice(TIDE, reason, 7, 0.25, 3, {"candidate": 3})
    assert tonight.played == Played(theirs, TIDE, ({"candidate": 1}, {"candidate": 2}))
    assert tonight.passed_over is None


def test_a_night_without_a_decision_played_nothing():
    assert gone_on(saved())[0].tonight.played is None


def test_what_is_saved_is_all_that_a_new_process_needs():
    here = state(played=played()).with_status(sent=0.3)
    kept = restart.saved(here, STAGES, at(7.0))
    assert kept == Saved(restart.FORMAT, WALL + 7.0, NOW + 7.0, 0.3, STAGES, here.tonight)
    assert restart.choices(here) == Choices(5, played(), None)


# ---- of firmware before format 2 -----------------------------------------------------------------

OLD = {
    "wall": WALL, "mode": "paused", "number": 5, "minutes": 60.0, "depth": 0.4, "stager": STAGES,
    "liked": 1, "volume": 0.6, "turned_down": 2, "refused": [4], "programme": "slow tide",
    "snoozed": True, "bedtime": False, "outcome": None, "rested": 1, "timer": [45.0, 16.5],
}


def test_an_earlier_shape_is_put_in_todays():
    assert restart.upgraded(OLD) == {
        "wall": WALL, "volume": 0.6, "stager": STAGES, "tonight": {
            "number": 5, "mode": "paused", "depth": 0.4, "bedtime": False, "refused": [4],
            "liked": 1, "turned_down": 2, "snoozed": True, "outcome": None, "rested": 1,
            "fell_asleep": False, "lights_out": -3600.0, "timer": 45.0, "timer_ends": 990.0,
        },
    }


@pytest.mark.parametrize(("mode", "slept"), [
    ("asleep", True), ("masking", True), ("drifting", False), ("paused", False)])
def test_of_an_earlier_shape_the_mode_tells_whether_somebody_slept(mode, slept):
    assert restart.upgraded({**OLD, "mode": mode})["tonight"]["fell_asleep"] is slept


@pytest.mark.parametrize(("timer", "asked", "ends"), [
    ([0.0, 0.0], 0.0, None), ([45.0, 0], 45.0, 0.0), ([45.0, "x"], 45.0, None), ([45.0], 0.0, None),
    ("ab", 0.0, None), (None, 0.0, None),
])
def test_an_earlier_timer_is_read_where_it_can_be(timer, asked, ends):
    tonight = restart.upgraded({**OLD, "timer": timer})["tonight"]
    assert (tonight["timer"], tonight["timer_ends"]) == (asked, ends)


def test_an_earlier_shape_that_lacks_something_is_put_in_todays_without_it():
    few = restart.upgraded({"mode": "asleep"})
    assert few == {"tonight": {"mode": "asleep", "fell_asleep": True, "lights_out": None,
                               "timer": 0.0, "timer_ends": None}}


def test_what_was_said_for_tonight_was_kept_elsewhere():
    kept = {"tonight": [["forbid", "wind", 1.0]], "mood": "tense"}
    assert restart.upgraded(OLD, {"kept": kept})["tonight"]["said"] == kept
    for torn in (None, [], {}, {"kept": 3}):
        assert "said" not in restart.upgraded(OLD, torn)["tonight"]
    assert Wish("forbid", "wind") == Wish(*kept["tonight"][0])


@pytest.mark.parametrize("memory", [None, 3, [], {}, {"tonight": {}, "mode": "asleep"}])
def test_whatever_else_is_left_as_it_is(memory):
    assert restart.upgraded(memory, {"kept": {}}) is memory
