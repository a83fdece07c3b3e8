"""What the morning says, of nights written down by hand."""

import json
import math
from dataclasses import asdict, replace

import pytest

from device.report import told
from device.report.told import Night, cell
from device.values import EPOCH, Seen, Sums
from tests.session.around import estimates

SUMS = Sums(tib=480, tst=410, sol=14.0, spt=446, waso=36, final_wake=20, efficiency=0.86,
            wakings=9, long_wakings=0, unknown=0, light=200, deep=100, rem=110)
SEEN = Seen(judged=1.0, onset=True, awake=(), nap=False, calibrated=False)


def night(sums=SUMS, **seen):
    whole = {**asdict(sums), **asdict(SEEN), **seen}
    return {"sums": json.dumps(whole)}


def epochs(*runs):
    """(mode, stage, level dBA, number) → rows, thirty seconds each."""
    rows = [{"mode": mode, "stage": stage, "level": level}
            for mode, stage, level, number in runs for _ in range(number)]
    return [{**row, "time": (n + 1) * EPOCH, "dose": 0.0} for n, row in enumerate(rows)]


def lines(row, *runs):
    said = told.first_lines(row, epochs(*runs), lambda hours: f"{22 + hours:.1f} h")
    return {line.id: str(line) for line in said}


SLEPT = (("settling", "wake", 40.0, 20), ("drifting", "light", 30.0, 30),
         ("asleep", "light", 0.0, 800))


def test_the_sums_are_told_with_their_intervals():
    row = night(Sums(**{**asdict(SUMS), "estimates": estimates(sol=14.0, tst=412.0, waso=33.0)}))
    assert lines(row, *SLEPT)["sleep.intervals"] == (
        "Asleep after 14 min (9–19 min), for 6 h 52 min (6 h 47 min – 6 h 57 min) in all; "
        "awake for 33 min (28–38 min) in between.")


def test_without_intervals_the_sums_are_called_about():
    assert lines(night(), *SLEPT)["sleep.bare"] == (
        "Asleep after about 14 min, for about 6 h 50 min in all; awake for about 36 min in "
        "between.")


def test_a_night_that_is_not_over_says_so_and_nothing_else():
    assert list(lines({"sums": None}, *SLEPT)) == ["sleep.cut"]


def test_with_no_sensor_nothing_is_said_of_sleep():
    blind = Sums(**{**asdict(SUMS), "sol": None, "tst": 0.0, "waso": 0.0, "unknown": 480.0})
    said = lines(night(blind, judged=0.0, onset=False), ("fault", None, 40.0, 100),
                 ("asleep", None, 0.0, 700))
    assert said == {
        "sleep.unjudged": "Nothing could be judged in 8 h 00 min, so nothing is said of your "
                          "sleep.",
        "sound.awake": "There was sound for 50 min.",
    }
    for name in ("sol", "tst", "waso", "efficiency", "long_wakings", "deep"):
        assert cell(Night.of(night(blind, judged=0.0)), name) == "–"


def test_of_a_night_judged_for_less_than_half_nothing_is_said_of_sleep():
    assert list(lines(night(judged=0.49), *SLEPT)) == ["sleep.dim", "sound.quiet"]


def test_of_some_minutes_in_bed_nothing_is_said_of_sleep():
    short = replace(SUMS, tib=2.0, tst=1.0, sol=0.0, unknown=0.0)
    said = lines(night(short), ("asleep", "light", 0.0, 4))
    assert said["sleep.short"] == "2 min in bed: too short a time to say how you slept."


def test_an_onset_that_was_not_seen_has_no_latency():
    said = lines(night(onset=False), *SLEPT)
    assert said["sleep.joined"].startswith("Falling asleep wasn't seen.")
    assert cell(Night.of(night(onset=False)), "sol") == "–"


@pytest.mark.parametrize(("awake", "told"), [
    ([(7200.0, 25.0)], "at 24.0 h for 25 min"),
    ([(7200.0, 25.0), (10800.0, 6.0)], "at 24.0 h for 25 min and at 25.0 h for 6 min"),
    ([(3600.0 * n, 6.0) for n in range(1, 6)],
     "at 23.0 h for 6 min, at 24.0 h for 6 min, at 25.0 h for 6 min and 2 times more"),
])
def test_long_wakings_that_the_night_believed_in_are_told_with_their_times(awake, told):
    said = lines(night(awake=awake), *SLEPT)
    assert said["wakings.seen"] == f"You seem to have lain awake {told}."


def test_that_there_was_no_long_waking_is_said_only_where_it_is_unlikely():
    for chance, judged, said in ((0.1, 1.0, "wakings.none"), (0.11, 1.0, "wakings.unsure"),
                                 (0.0, 0.89, "wakings.unsure")):
        sums = Sums(**{**asdict(SUMS), "estimates": estimates(long_waking=chance)})
        assert said in lines(night(sums, judged=judged), *SLEPT)
    assert "wakings.unsure" in lines(night(), *SLEPT)
    counted = Sums(**{**asdict(SUMS), "long_wakings": 2})
    assert lines(night(counted), *SLEPT)["wakings.likely"] == (
        "Looking back, 2 wakings of five minutes or more.")


def test_how_often_and_how_long_sound_came_back_is_told():
    back = (("masking", "wake", 34.0, 6), ("asleep", "light", 5.0, 40))
    once = "Once you slept and it was silent, sound came back once, for 3 min in all."
    assert lines(night(), *SLEPT, *back)["sound.back"] == once
    assert "twice, for 6 min in all" in lines(night(), *SLEPT, *back, *back)["sound.back"]
    up = (("waking", "wake", 45.0, 10),)
    assert "sound.quiet" in lines(night(), *SLEPT, *up)
    assert "sound.on" in lines(night(), ("asleep", "light", 28.0, 100))
    assert "sound.none" in lines(night(), ("asleep", "light", 5.0, 100))


def test_what_was_heard_is_not_known_where_the_sound_process_said_nothing():
    said = lines(night(), *SLEPT, ("asleep", "light", None, 60))
    assert said["sound.unknown"].startswith("What was heard isn't known: for 30 min")
    assert "sound.quiet" in lines(night(), *SLEPT, ("asleep", "light", None, 40))


def leq(dose, hours):
    return 10 * math.log10(dose / hours)


def test_a_dose_is_as_calibrated_only_where_somebody_measured_the_speaker():
    rows = [{**row, "dose": 1e3 * n} for n, row in enumerate(epochs(*SLEPT))]
    assumed = told.dose(Night.of(night()), rows, leq)
    assert "as calibrated" not in assumed and assumed.endswith("nobody has measured it.")
    assert "(as calibrated)" in told.dose(Night.of(night(calibrated=True)), rows, leq)
    assert told.dose(Night.of(night()), epochs(*SLEPT), leq) == "Nothing was heard."
    mute = [{**row, "dose": None, "level": None} for row in rows]
    assert told.dose(Night.of(night()), mute, leq) == "What was heard isn't known."


def test_stages_are_shown_with_their_interval():
    row = night(Sums(**{**asdict(SUMS), "estimates": estimates(deep=95.0)}))
    assert cell(Night.of(row), "deep") == "1 h 35 min (1 h 30 min – 1 h 40 min)"


def test_what_older_firmware_wrote_down_is_told_as_far_as_it_is_known():
    old = {"sums": json.dumps({name: value for name, value in asdict(SUMS).items()
                               if name != "estimates"})}
    assert list(lines(old, *SLEPT)) == ["sleep.bare", "wakings.unsure", "sound.quiet"]
    unseen = {**asdict(SUMS), "sol": None, "tst": 0.0, "unknown": 480.0}
    assert list(lines({"sums": json.dumps(unseen)}, *SLEPT))[0] == "sleep.unjudged"


def test_nothing_is_learned_unless_it_was_noted():
    assert told.taught([]) == "Nothing was learned so far."
    notes = [{"kind": "learned", "detail": "a"}, {"kind": "mode", "detail": "b"},
             {"kind": "learned", "detail": "c"}]
    assert told.taught(notes) == "A; c."
