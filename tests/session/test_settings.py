from dataclasses import replace

import pytest

from device.programmes import AUTO, NAMES
from device.session.settings import EVERY_DAY, OFF, Knobs, Once, Owner, Settings, settings_from
from device.session.state import At, Bell, State, Status
from device.session.tonight import Played, Tonight
from device.values import SILENCE
from tests.session.around import RAIN, choice, played, staging

KNOBS = Knobs(0.8, NAMES[2], 420, (1320, 400))


def test_on_the_first_start_the_config_counts():
    kept = settings_from(Settings(), Owner(knobs=KNOBS))
    assert kept == Settings(0.8, NAMES[2], 420, (1320, 400), configured=KNOBS)
    assert kept.knobs == KNOBS


def test_what_was_set_from_afar_stands_until_the_config_changes():
    mine = Settings(0.3, AUTO, None, quiet=(None, 5), cap=0.9, light=0.2, privacy=True,
                    sharing=True, muted=True, configured=KNOBS, once=Once(740000, 400))
    assert settings_from(mine, Owner(knobs=KNOBS)) == mine
    other = replace(KNOBS, alarm=421)
    assert settings_from(mine, Owner(knobs=other)) == replace(
        mine, alarm=421, once=None, configured=other)
    louder = replace(KNOBS, volume=0.9)
    assert settings_from(mine, Owner(knobs=louder)) == replace(
        mine, volume=0.9, configured=louder)


def test_another_weekday_in_the_config_leaves_those_that_were_set_from_afar():
    mine = Settings(week=(300, OFF, *EVERY_DAY[2:]), configured=KNOBS)
    other = replace(KNOBS, week=(*EVERY_DAY[:6], OFF))
    assert settings_from(mine, Owner(knobs=other)).week == (300, OFF, *EVERY_DAY[2:6], OFF)


def test_the_owners_ceiling_holds_whatever_was_kept():
    mine = Settings(0.9, cap=1.0, configured=Knobs())
    bounded = settings_from(mine, Owner(ceiling=0.6))
    assert (bounded.cap, bounded.volume) == (0.6, 0.6)
    lower = settings_from(replace(mine, cap=0.5, volume=0.4), Owner(ceiling=0.6))
    assert (lower.cap, lower.volume) == (0.5, 0.4)
    assert settings_from(replace(mine, cap=0.5), Owner()).volume == 0.5


def test_only_the_guest_is_a_guest():
    assert Owner(sleeper="guest").guest and not Owner().guest


def test_minutes_are_counted_from_lights_out():
    assert Tonight(lights_out=60.0).minutes(240.0) == 3.0
    assert Tonight().minutes(240.0) == 0.0


def test_what_plays_is_silence_until_something_was_chosen():
    nothing, mine = Tonight(), Tonight(played=played(3, RAIN, 1))
    assert (nothing.choice, nothing.recipe, nothing.receipts) == (None, SILENCE, ())
    assert mine.choice == choice(3) and mine.recipe == RAIN
    assert mine.receipts == ({"candidate": 1}, {"candidate": 3})
    assert Played(choice(3), RAIN).receipts == ()


def test_the_newest_judgement_counts():
    assert Tonight().p_asleep is None
    assert Tonight(stagings=(staging(0.1), staging(0.7))).p_asleep == 0.7


@pytest.mark.parametrize(("tonight", "slept"), [
    (Tonight(), False), (Tonight(depth=0.99), False), (Tonight(depth=1.0), True),
    (Tonight(fell_asleep=True), True),
])
def test_somebody_slept_who_was_believed_to_or_heard_the_timers_fade_to_its_end(tonight, slept):
    assert tonight.slept is slept


def test_a_change_is_a_change_of_its_own_part_and_nothing_else():
    state = State()
    assert state.with_settings(light=0.5) == replace(state, settings=Settings(light=0.5))
    assert state.with_tonight(liked=2) == replace(state, tonight=Tonight(liked=2))
    assert state.with_status(sent=0.5) == replace(state, status=Status(sent=0.5))
    assert state.with_sleeper(sols=(1.0,)).sleeper.sols == (1.0,)
    assert state == State() and Bell().seen is None and At(1.0, 2.0).local is None
    with pytest.raises(TypeError):
        state.with_tonight(like=1)
