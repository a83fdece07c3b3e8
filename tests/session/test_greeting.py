"""What works, told by light and by soft notes."""

import pytest

from device.hardware.button import HOLD, LONG, Presses
from device.session import controls, greeting, schedule
from device.session.commands import obeyed
from device.session.modes import Mode
from device.session.things import Note, Restart, Send, Shape
from device.values import Command, Edge, Phrase, Press, Scene, Volume
from tests.session.around import NOW, at, state

FOUND = "sensor, no speaker, button, Wi-Fi"


def begun(here=None, found=FOUND, moment=None):
    return obeyed(here or state(Mode.IDLE), Command("greet", found), moment or at())


def test_a_glow_is_there_two_blinks_are_missing_and_darkness_is_not_expected():
    here, _ = begun()
    start = here.status.greeting.start

    def blinks(turn):
        lit = [greeting.brightness(here.status.greeting, start + 3.0 * turn + n / 50) > 0
               for n in range(150)]
        return sum(now and not before for before, now in zip([False, *lit], lit, strict=False))
    lit = [sum(greeting.brightness(here.status.greeting, start + 3.0 * turn + n / 50) > 0
               for n in range(150)) / 50 for turn in range(5)]
    assert [blinks(turn) for turn in range(5)] == [1, 2, 1, 1, 0]
    assert lit[0] == pytest.approx(1.4, abs=0.05) and lit[1] == pytest.approx(0.4, abs=0.05)
    assert greeting.brightness(here.status.greeting, start - 0.1) == 0.0
    assert greeting.brightness(here.status.greeting, start + 15.1) == 0.0


def test_each_part_has_its_notes_soft_and_in_turn():
    _, things = begun()
    (phrase,) = (thing.message for thing in things
                 if isinstance(thing, Send) and isinstance(thing.message, Phrase))
    assert [note.pitch for note in phrase.notes] == [60, 48, 48, 67, 69]
    assert all(note.velocity <= 0.4 for note in phrase.notes)
    (scene,) = (thing.message for thing in things
                if isinstance(thing, Send) and isinstance(thing.message, Scene))
    assert scene.level < 0 and scene.glide >= 1.0 and not scene.waking
    assert Note("found", "looked around: sensor, button, Wi-Fi; missing: speaker") in things


@pytest.mark.parametrize("silent", [{"quiet": (22 * 60, 7 * 60)}, {"muted": True}])
def test_quiet_hours_and_a_mute_keep_it_to_the_light(silent):
    here, things = begun(state(Mode.IDLE).with_settings(**silent))
    assert not any(isinstance(thing, Send) for thing in things)
    assert controls.light(here, at(2.5).now, []) == greeting.BRIGHT


def test_a_night_that_runs_is_not_disturbed():
    here, things = begun(state(Mode.ASLEEP))
    assert here.status.greeting is None and things == []


def test_it_ends_by_itself_and_the_sound_goes_where_the_night_wants_it():
    here, _ = begun()
    assert schedule.on_tick(here, at(16.0)) == (here, [])
    then, things = schedule.on_tick(here, at(17.5))
    assert then.status.greeting is None and things == [Restart(), Shape()]


def test_it_is_asked_for_by_holding_the_button_for_three_seconds_in_idle():
    presses, told = Presses(), []
    told += presses.edge(Edge(True, 1.0))
    while presses.due is not None:
        told += presses.poll(presses.due)
    assert [(each.press, each.time) for each in told] == [
        (Press.HOLD, 1.0 + HOLD), (Press.LONG, 1.0 + LONG)]
    assert presses.edge(Edge(False, 9.0)) == []
    muted, _ = controls.on_press(state(Mode.IDLE), Press.HOLD, at())
    then, things = controls.on_press(muted, Press.LONG, at(2.2))
    assert muted.settings.muted and not then.settings.muted
    assert then.status.asked == NOW + 2.2 and Send(Volume(1.0, False)) in things


def test_in_a_night_it_stays_the_mute_that_it_was():
    muted, _ = controls.on_press(state(Mode.ASLEEP), Press.HOLD, at())
    assert controls.on_press(muted, Press.LONG, at(2.2)) == (muted, [])
