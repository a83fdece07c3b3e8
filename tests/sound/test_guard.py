"""Whatever scenes, knobs, restarts and cards do: while somebody may be asleep, what leaves the
sound process rises by half a decibel a second at most, less its own swing."""

import numpy as np
import pytest

from areas.sound.measures import clicks
from areas.sound.rises import RATE, levels, rises
from desk.hostile import RISE, Bedroom, far, own, startled
from device.sound.client import SoundLink
from device.values import Asleep, Scene, Volume
from tests.sound.music import scene, song


def asleep(bedroom: Bedroom, level: float, texture: str = "pink") -> Bedroom:
    """Somebody fell asleep to it."""
    bedroom.say(far(level, **{texture: 1.0}))
    bedroom.play(12.0)
    bedroom.say(Asleep(True))
    bedroom.play(4.0)
    return bedroom


def test_this_test_hears_what_scipy_makes_of_the_a_curve():
    tone = np.sin(2 * np.pi * 1000.0 * np.arange(3 * RATE) / RATE) * 0.01 * np.sqrt(2)
    assert levels(tone[None], 85.0)[-1] == pytest.approx(45.0, abs=0.02)


def test_without_a_word_nothing_is_held(tmp_path):
    bedroom = Bedroom(tmp_path)
    bedroom.say(Volume(0.4), far(pink=1.0))
    bedroom.play(8.0)
    bedroom.say(Volume(1.0))
    bedroom.play(6.0)
    assert bedroom.levels[-1] == pytest.approx(40.0, abs=0.7) and bedroom.steepest(8.0) > 2.0


def test_a_knob_turned_from_afar_rises_slowly_and_gets_there(tmp_path):
    bedroom = Bedroom(tmp_path)
    bedroom.say(Volume(0.4))
    since = asleep(bedroom, 0.0).seconds
    bedroom.say(Volume(1.0))
    bedroom.play(10.0)
    halfway = bedroom.levels[-1]
    bedroom.play(64.0)
    assert bedroom.steepest(since - 3) <= RISE + own("pink")
    assert halfway < 30.0 and bedroom.levels[-1] == pytest.approx(40.0, abs=0.7)


def test_off_and_on_again_from_afar_rises_slowly(tmp_path):
    bedroom = asleep(Bedroom(tmp_path), 0.0)
    since = bedroom.seconds
    bedroom.say(far(-80.0, 8.0, pink=1.0))
    bedroom.play(9.0)
    bedroom.say(far(0.0, 4.0, pink=1.0))
    bedroom.play(64.0)
    assert bedroom.steepest(since) <= RISE + own("pink")
    assert bedroom.levels[-1] == pytest.approx(40.0, abs=0.7)


@pytest.mark.parametrize("way", ["sound", "night"])
def test_a_restart_wakes_nobody(tmp_path, way):
    bedroom = asleep(Bedroom(tmp_path), 0.0)
    since = bedroom.seconds
    if way == "sound":
        bedroom.restart()
    bedroom.say(Volume(1.0), far(0.0, 4.0, pink=1.0))        # what a night sends that knows nothing
    bedroom.play(66.0)
    assert bedroom.steepest(since) <= RISE + own("pink")
    assert bedroom.levels[-1] == pytest.approx(40.0, abs=0.7)


def test_a_card_that_comes_back_does_not_burst_in(tmp_path):
    bedroom = asleep(Bedroom(tmp_path), -12.0)
    bedroom.say(far(-40.0, 30.0, pink=1.0), Volume(0.2))
    bedroom.restart()               # without a card nothing is rendered, but scenes come all along
    bedroom.say(far(-20.0, 30.0, pink=1.0), far(0.0, 5.0, rain=1.0), Volume(1.0))
    since = bedroom.seconds
    bedroom.play(66.0)
    assert bedroom.steepest(since) <= RISE + max(own("pink"), own("rain"))


def test_knob_scene_and_programme_together_rise_no_faster_than_one(tmp_path):
    bedroom = Bedroom(tmp_path)
    bedroom.say(Volume(0.6))
    since = asleep(bedroom, -10.0, "rain").seconds
    for step in range(30):
        bedroom.say(Volume(0.6 + 0.0125 * step), far(0.0, 30.0, rain=1.0))
        bedroom.play(0.5)
    bedroom.say(far(-2.0, 10.0, stream=1.0), Volume(1.0))
    bedroom.play(30.0)
    assert bedroom.steepest(since) <= RISE + max(own("rain"), own("stream"))


def test_a_hand_is_answered_at_once_and_the_alarm_keeps_its_pace(tmp_path):
    bedroom = asleep(Bedroom(tmp_path), -20.0)
    bedroom.say(Asleep(False), far(0.0, 4.0, pink=1.0))
    bedroom.play(6.0)
    assert bedroom.levels[-1] == pytest.approx(40.0, abs=0.7)
    dawn = Scene({"pink": 1.0}, 0.0, 0.35, 6.0, 180.0, waking=True)
    courses = []
    for maybe in (True, False):
        woken = Bedroom(tmp_path)
        woken.say(Asleep(maybe), dawn)
        woken.play(150.0)
        courses.append(woken.levels)
    assert np.abs(courses[0] - courses[1]).max() < 0.1 and courses[0][-1] > 40.0


def test_a_hand_after_much_was_held_back_hears_no_jump(tmp_path):
    bedroom = asleep(Bedroom(tmp_path), -30.0)
    bedroom.say(far(0.0, 2.0, pink=1.0))
    bedroom.play(8.0)
    bedroom.say(Asleep(False))
    bedroom.play(6.0)
    assert bedroom.levels[-1] == pytest.approx(40.0, abs=0.7)
    assert clicks(bedroom.sound.astype(np.float32)) == 0


def test_it_adds_no_clicks(tmp_path):
    bedroom = asleep(Bedroom(tmp_path), 0.0)
    for volume in (0.2, 1.0, 0.0, 0.9):
        bedroom.say(Volume(volume))
        bedroom.play(3.0)
    assert clicks(bedroom.sound.astype(np.float32)) == 0


def test_a_link_made_anew_says_again_that_somebody_may_be_asleep(sound_process, tmp_path):
    first = sound_process("--lockstep", "--out", tmp_path / "one.wav")
    first.link.send(Asleep(True))
    first.link.advance(1.0)
    assert (tmp_path / "sound.asleep").read_text() == "asleep"
    first.kill()
    (tmp_path / "sound.asleep").unlink()
    second = sound_process("--lockstep", "--out", tmp_path / "two.wav")
    first.link.heartbeat()
    first.link.advance(2.0)
    assert (tmp_path / "sound.asleep").read_text() == "asleep"
    assert isinstance(second.link, SoundLink)


@pytest.mark.parametrize(
    "seed", [*range(6), *(pytest.param(seed, marks=pytest.mark.full) for seed in range(6, 2000))]
)
def test_whatever_happens_nothing_startles(seed):
    told = startled(seed)
    if told is None:
        pytest.skip("nothing of it could be heard")
    assert told[0] <= told[1]


# ---- its own swing -------------------------------------------------------------------------------

@pytest.mark.parametrize(("seed", "density"), [
    (5, 0.05), (47, 0.4),
    *(pytest.param(seed, density, marks=pytest.mark.full)
      for seed in range(12) for density in (0.1, 0.4, 1.5))])
def test_music_after_a_rest_swings_by_four_decibels_at_most(tmp_path, seed, density):
    bedroom = Bedroom(tmp_path)
    bedroom.say(scene(0.0, 2.0, 1.0), song(40.0, seed, density), Asleep(True))
    bedroom.play(40.0)
    assert bedroom.levels.max() > 30.0
    assert rises(bedroom.levels).max() <= 4.1


def test_awake_music_swings_as_it_likes(tmp_path):
    bedroom = Bedroom(tmp_path)
    bedroom.say(scene(0.0, 2.0, 1.0), song(40.0, 47, 0.4))
    bedroom.play(40.0)
    assert rises(bedroom.levels[100:]).max() > 6.0


@pytest.mark.parametrize("texture", ["ocean", "fire"])
def test_waves_and_crackles_swing_by_four_decibels_at_most(tmp_path, texture):
    bedroom = Bedroom(tmp_path)
    bedroom.say(scene(0.0, 2.0, 0.0, **{texture: 1.0}))
    bedroom.play(8.0)
    bedroom.say(Asleep(True))
    bedroom.play(30.0)
    assert bedroom.levels.max() > 35.0
    assert rises(bedroom.levels[100:]).max() <= 4.1


def test_what_falls_and_comes_back_comes_back_slowly(tmp_path):
    """A fall is free; what was there before is no reason to be there again at once."""
    bedroom = asleep(Bedroom(tmp_path), 0.0)
    for seconds in (2.0, 6.0, 0.5):
        since = bedroom.seconds
        bedroom.say(far(-20.0, 0.5, pink=1.0))
        bedroom.play(seconds)
        bedroom.say(far(0.0, 0.5, pink=1.0))
        bedroom.play(20.0)
        assert bedroom.steepest(since - 3.0) <= RISE + own("pink")
