"""The definitions of `tools/evaluate night` against nights made by hand, and its replay against the
night itself."""

import numpy as np
import pytest

from areas.night import peers, scores
from areas.night.replay import NOTHING, SECONDS, SETTLE, Heard, Replay
from device.session import fade, things
from device.session.modes import Event, Mode
from device.session.settings import Rules
from device.values import EPOCH, SILENCE, STAGES, Epoch, Staging
from tests.session.around import RAIN
from tests.session.pretend import Pretence

W, L, D, R, UNSCORED = 0, 1, 2, 3, -1


def stages(*runs: tuple[int, int]) -> np.ndarray:
    """Of (stage, epochs)."""
    return np.concatenate([np.full(epochs, stage) for stage, epochs in runs])


def sound(stage: np.ndarray, *parts: tuple[float, float, float], maskings=()) -> Heard:
    """Silence but for parts (from min, to min, dBA)."""
    level = np.full(len(stage) * SECONDS, NOTHING)
    for start, end, dba in parts:
        level[round(60 * start):round(60 * end)] = dba
    return Heard(level, tuple(60.0 * m for m in maskings))


def test_places_are_those_of_the_stages():
    assert [str(stage) for stage in STAGES] == ["wake", "light", "deep", "rem"]
    assert (scores.WAKE, scores.REM) == (W, R)


# ---- first sleep and the onset's sound -----------------------------------------------------------

@pytest.mark.parametrize(("stage", "first"), [
    ([W, W, L, D, R, W], 2), ([L, L, W, L, L, L], 3), ([L, L, UNSCORED, L, L], None),
    ([W] * 9, None), ([D, L, L], 0),
])
def test_first_sleep_is_the_first_of_three_scored_epochs_of_sleep_in_a_row(stage, first):
    assert scores.first_sleep(np.array(stage)) == first


@pytest.mark.parametrize(("until", "expected"), [
    (9.0, 0.0), (10.0, 0.0), (25.0, 15.0), (90.0, 30.0)])
def test_onset_sound_lasts_until_the_fade_has_ended_and_thirty_minutes_at_most(until, expected):
    stage = stages((W, 20), (L, 200))
    heard = sound(stage, (0, until, 12.0))      # however soft
    assert scores.counted(stage, heard).minutes["onset_sound_min"] == expected


# ---- heard asleep --------------------------------------------------------------------------------

def test_what_is_heard_after_the_first_fade_counts_while_polysomnography_says_asleep():
    stage = stages((W, 20), (L, 100), (W, 20), (R, 20), (D, 40), (UNSCORED, 20))
    heard = sound(stage, (0, 20, 40.0), (58, 62, 30.0), (65, 75, 29.9), (75, 82, 31.0),
                  (105, 108, 40.0))
    minutes = scores.counted(stage, heard).minutes
    assert minutes["onset_sound_min"] == 10
    assert minutes["audible_asleep_min"] == 2 + 7           # not while awake, nor where unscored
    assert minutes["audible20_asleep_min"] == 2 + 5 + 7     # of the soft ones five fall into REM
    assert minutes["audible_rem_min"] == 5 and minutes["audible20_rem_min"] == 10
    assert minutes["audible20_from_first_sleep_min"] == 10 + 14


def test_sound_that_goes_on_after_thirty_minutes_is_heard_asleep():
    stage = stages((W, 20), (L, 200))
    minutes = scores.counted(stage, sound(stage, (0, 50, 35.0))).minutes
    assert minutes["onset_sound_min"] == 30 and minutes["audible_asleep_min"] == 10


def test_a_night_without_sleep_has_no_minutes_but_its_maskings_count():
    stage = stages((UNSCORED, 100))
    one = scores.counted(stage, sound(stage, (10, 20, 40.0), maskings=(10,)))
    assert one.minutes == {} and (one.maskings, one.false_maskings, one.wakings) == (1, 1, 0)


# ---- false maskings ------------------------------------------------------------------------------

@pytest.mark.parametrize(("minute", "false"), [
    (47.9, True), (49.0, True), (49.1, False), (50.0, False), (50.5, False), (52.4, False),
    (52.5, True), (60.0, True),
])
def test_a_masking_is_false_without_a_waking_from_two_minutes_before_to_one_after(minute, false):
    stage = stages((W, 20), (L, 80), (W, 1), (L, 99))       # awake from 50 to 50.5 min
    one = scores.counted(stage, sound(stage, maskings=(minute,)))
    assert (one.maskings, one.false_maskings) == (1, int(false))


def test_what_nobody_scored_excuses_no_masking():
    stage = stages((L, 100), (UNSCORED, 4), (L, 96))
    assert scores.counted(stage, sound(stage, maskings=(51,))).false_maskings == 1


# ---- answered wakings ----------------------------------------------------------------------------

def test_a_waking_of_five_minutes_is_answered_by_25_dba_within_four():
    stage = stages((W, 20), (L, 80), (W, 10), (L, 90))      # awake from 50 to 55 min
    for start, dba, delay in ((45, 25.0, 0.0), (52, 25.0, 2.0), (53.9, 40.0, 3.9)):
        assert scores.counted(stage, sound(stage, (start, start + 10, dba))).delays == (
            pytest.approx(delay),)
    for start, dba in ((54, 40.0), (52, 24.9)):
        one = scores.counted(stage, sound(stage, (start, start + 10, dba)))
        assert one.delays == () and one.wakings == 1
    assert scores.counted(stage, sound(stage, (40, 49, 40.0))).delays == ()


def test_only_wakings_of_five_minutes_after_first_sleep_want_an_answer():
    stage = stages((W, 20), (L, 2), (W, 20), (L, 80), (W, 9), (L, 50), (W, 10))
    assert scores.counted(stage, sound(stage)).wakings == 1


# ---- over nights ---------------------------------------------------------------------------------

def night(audible: float, false: int, wakings: int, *delays: float) -> scores.Counted:
    return scores.Counted(dict.fromkeys(scores.MINUTES, audible), 4, false, wakings, delays)


def test_minutes_are_medians_and_wakings_are_pooled():
    nights = [night(1.0, 0, 4, 1.0), night(2.0, 1, 0), night(9.0, 1, 1, 2.0),
              scores.Counted({}, 0, 2, 0, ())]
    got = scores.figures(nights)
    assert got["audible_asleep_min"] == 2.0 and got["audible_asleep_min_mean"] == 4.0
    assert got["audible_asleep_min_p90"] == pytest.approx(np.percentile([1, 2, 9], 90))
    assert (got["maskings"], got["false_maskings"]) == (3.0, 1.0)
    assert (got["wakings_answered"], got["answer_delay_min"]) == (0.4, 1.5)
    nothing = scores.figures([scores.Counted({}, 0, 0, 0, ())])
    assert np.isnan(nothing["wakings_answered"]) and np.isnan(nothing["audible_asleep_min"])


def test_a_paired_difference_is_of_the_same_nights():
    ours, theirs = [night(0, 0, 2, 1.0), night(0, 0, 2, 1.0)], [night(0, 0, 2), night(0, 0, 2)]
    assert scores.paired(ours, theirs) == {"difference": 0.5, "interval": [0.5, 0.5]}
    assert scores.paired(ours, ours)["difference"] == 0.0


# ---- the replay ----------------------------------------------------------------------------------

def body(count: int) -> list[Epoch]:
    return [Epoch(n, EPOCH * n, 0.0, .01, 60.0, 1.0, None, None, 1.0, 1.0, True)
            for n in range(count)]


def believed(p: np.ndarray) -> list[Staging]:
    """With the detector's own word."""
    said = [Staging(n, EPOCH * (n + 1), float(value), None, None, False, False, float(value))
            for n, value in enumerate(p)]
    return peers.detected(said, awake=peers.SHIPPED)


RESTLESS = np.concatenate([np.linspace(.05, .99, 40), np.full(80, .99), np.full(6, .1),
                           np.full(60, .99), np.full(2, .3), np.full(40, .99), np.full(60, .05),
                           np.full(40, .99)])


def test_the_replay_sounds_as_the_night_does():
    stagings, epochs = believed(RESTLESS), body(len(RESTLESS))
    mine = Pretence(now=0.0)
    mine.stager.answer(judge=lambda epoch, _: stagings[epoch.index])
    mine.night.do(things.Go(Event.PRESS, by_hand=True))
    modes, levels = set(), []
    for epoch in epochs:
        levels += [mine.night.course.at(epoch.start + second) for second in range(1, SECONDS + 1)]
        mine.clock.sleep(EPOCH)
        mine.night.on_epoch(epoch)
        modes.add(mine.night.mode)
    heard = Replay(recipe=RAIN).heard(epochs, stagings)
    expected = np.array([NOTHING if level <= fade.SILENT else SETTLE + level for level in levels])
    np.testing.assert_allclose(heard.level, expected)
    assert {Mode.SETTLING, Mode.DRIFTING, Mode.ASLEEP, Mode.MASKING} <= modes
    assert len(heard.maskings) == sum("→ masking" in note for note in mine.diary.notes("mode")) > 1


def test_a_silent_recipe_has_no_maskings_to_count():
    heard = Replay(recipe=SILENCE).heard(body(len(RESTLESS)), believed(RESTLESS))
    assert heard.maskings == () and np.isneginf(heard.level).all()


def test_each_peer_does_what_its_name_says():
    epochs, stagings = body(len(RESTLESS)), believed(RESTLESS)
    never, soft, timer = (peers.PEERS[name](epochs, stagings)
                          for name in ("never", "always_soft", "sound_45_min"))
    assert never.maskings == soft.maskings == timer.maskings == ()
    assert np.isneginf(never.level[-100 * SECONDS:]).all()
    assert (soft.level[4:] >= SETTLE + fade.SOFT - .01).all()
    assert (timer.level[SECONDS:45 * 60] == SETTLE).all()
    assert np.isneginf(timer.level[(45 + round(Rules().fade) + 2) * 60:]).all()


def test_todays_rule_answers_six_minutes_at_34_dba_and_more_readily_with_a_higher_threshold():
    epochs, stagings = body(len(RESTLESS)), believed(RESTLESS)
    counts = [len(peers.today(epochs, stagings, awake).maskings) for awake in (.04, .2, .7)]
    assert counts[0] == 0 < counts[1] <= counts[2]
    heard = peers.today(epochs, stagings, .7)
    start = int(heard.maskings[0])
    assert (heard.level[start + 90:start + 360] == pytest.approx(34.0))
    assert heard.level[:start].max() == 40.0
