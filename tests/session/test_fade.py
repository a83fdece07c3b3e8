from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.programmes import DEFAULT
from device.session import fade
from device.session.fade import RETURN, SILENT, Rules, deepen, gentle, scene, withdrawn
from device.session.modes import Mode
from device.sound.glide import Glide
from device.sound.settings import CONTROL, RATE
from device.values import SILENCE, Recipe, Scene
from tests.session.around import RAIN, epoch

P = st.none() | st.floats(0, 1)
RULES = st.builds(Rules, st.floats(2, 60), st.floats(5, 720), st.floats(0, 10), st.booleans())
EPOCHS = st.lists(st.tuples(P, st.booleans()), min_size=1, max_size=80)


@given(EPOCHS, RULES, st.sampled_from([Mode.SETTLING, Mode.DRIFTING, Mode.FAULT]))
def test_the_fade_never_jumps(epochs, rules, mode):
    depth = 0.0
    for minute, (p, asleep) in enumerate(epochs):
        then = deepen(depth, mode, p, asleep, minute, rules)
        assert 0 <= then <= 1
        assert then - depth <= 0.5 / rules.fade + 1e-9
        assert depth - then <= 0.5 / RETURN + 1e-9
        depth = then


@given(st.floats(0, 1), RULES)
def test_the_night_is_never_louder_than_settling(depth, rules):
    recipe = Recipe()
    for mode in set(Mode) - {Mode.WAKING}:
        assert scene(mode, recipe, depth, rules).level <= recipe.level


@given(st.floats(2, 60), st.floats(0, 1))
def test_believed_sleep_is_silent_within_the_fade(fade, p):
    rules, depth = Rules(fade=fade), 0.0
    for _ in range(int(2 * fade) + 2):
        depth = deepen(depth, Mode.DRIFTING, p, True, 0.0, rules)
    assert scene(Mode.ASLEEP, Recipe(), depth, rules).level == SILENT


def test_a_guess_alone_never_reaches_silence():
    depth = 0.0
    for _ in range(1000):
        depth = deepen(depth, Mode.DRIFTING, 0.99, False, 0.0, Rules())
    assert depth < 0.5


def test_a_missing_judgement_holds_the_fade_where_it_is():
    assert deepen(0.4, Mode.DRIFTING, None, False, 500.0, Rules()) == 0.4


def test_without_a_sensor_the_timer_fades():
    rules = Rules(fade=15, timer=45)
    assert deepen(0.0, Mode.FAULT, None, False, 44.0, rules) == 0.0
    assert deepen(0.0, Mode.FAULT, None, False, 45.0, rules) > 0.0


@given(st.sampled_from(Mode), st.floats(0, 1), RULES)
def test_silence_is_a_recipe_too_but_the_alarm_is_heard(mode, depth, rules):
    shown = scene(mode, SILENCE, depth, rules)
    assert (
        shown.level == SILENT
        if mode is not Mode.WAKING
        else shown.level > 0 and any(shown.textures.values())
    )


LEVELS = st.floats(-80, 6)


@given(LEVELS, LEVELS, st.floats(0, 60))
def test_nothing_but_a_hand_makes_it_rise_faster_than_half_a_decibel_a_second(before, after, glide):
    told = gentle(before, at(after, glide))
    assert told.level == after
    assert rises_gently([(0.0, at(before, 0.0)), (100.0, told)], 100 + told.glide, settled=50.0)


@given(st.lists(st.tuples(LEVELS, st.floats(0.25, 200)), min_size=2, max_size=12))
def test_no_sequence_of_scenes_rises_faster_however_early_each_breaks_into_the_one_before(asked):
    course, now, sent = None, 0.0, []
    for level, wait in asked:
        course = fade.course(course, at(level, 30.0), now)
        sent.append((now, course.scene))
        now += wait
    assert rises_gently(sent, now)


def at(level: float, glide: float) -> Scene:
    return Scene({"rain": 1.0}, 1.0, 0.5, level, glide)


def rises_gently(sent: list[tuple[float, Scene]], until: float, settled: float = 0.0) -> bool:
    """Whether the sound process's own glide, told this, stays below 0.5 dB/s wherever it is above
    20 dBA."""
    glide, levels, step = Glide(), [], CONTROL / RATE
    for (time, told), (then, _) in zip(sent, [*sent[1:], (until, None)], strict=True):
        glide.to(0.0 if told.level <= SILENT else 10 ** (told.level / 20), told.glide)
        levels += list(glide.points(max(round((then - time) / step), 1))[:-1])
    audible = np.maximum(20 * np.log10(np.maximum(levels, 1e-9)), -20.0)[round(settled / step):]
    second = round(1 / step)
    return bool(np.all(audible[second:] - audible[:-second] <= 0.5 * second * step + 0.05))


@given(st.integers(0, 1000), RULES, st.floats(0, 1))
def test_withdrawal_only_ever_makes_it_softer_and_shorter(nights, rules, depth):
    less = withdrawn(rules, nights)
    assert less.fade <= max(rules.fade, 5.0) and less.timer <= rules.timer
    assert (
        scene(Mode.SETTLING, Recipe(), depth, less).level
        <= scene(Mode.SETTLING, Recipe(), depth, rules).level
    )
    assert withdrawn(rules, 6).softer == 0 and withdrawn(rules, 7).softer == 1


@given(st.none() | st.floats(1, 60))
def test_swells_breathe_no_quicker_than_the_sleeper_and_only_until_sleep(breathing):
    pace = fade.breath(breathing)
    assert 6 <= pace <= 12 and (breathing is None or pace <= max(6, breathing))
    assert scene(Mode.SETTLING, Recipe(), 0.0, Rules()).breath == 6
    assert scene(Mode.SETTLING, Recipe(music=0.0), 0.0, Rules()).breath == 0
    assert {
        scene(mode, Recipe(), 0.0, Rules()).breath
        for mode in (Mode.ASLEEP, Mode.MASKING, Mode.WAKING)
    } == {0}


# ---- where the sound goes, by the number ---------------------------------------------------------

def test_the_fade_goes_down_in_its_minutes_and_comes_back_in_five():
    rules = Rules(fade=10.0)
    assert deepen(0.2, Mode.DRIFTING, 0.9, True, 0.0, rules) == pytest.approx(0.25)
    assert deepen(0.5, Mode.DRIFTING, 0.0, False, 0.0, rules) == pytest.approx(0.4)
    assert deepen(0.99, Mode.SETTLING, 0.9, True, 0.0, rules) == 1.0
    assert deepen(0.24, Mode.SETTLING, 0.5, False, 0.0, rules) == 0.25
    assert deepen(0.31, Mode.FAULT, None, False, 5.0, rules) == pytest.approx(0.21)


@pytest.mark.parametrize("mode", [
    Mode.IDLE, Mode.ASLEEP, Mode.MASKING, Mode.PAUSED, Mode.WAKING, Mode.MORNING])
def test_in_other_modes_the_fade_stays_where_it_is(mode):
    assert deepen(0.4, mode, 0.9, True, 500.0, Rules()) == 0.4


def test_a_fade_reaches_thirty_decibels_down_and_then_silence():
    quiet = Recipe(level=-5.0)
    assert scene(Mode.DRIFTING, quiet, 0.5, Rules()).level == -20.0
    assert scene(Mode.DRIFTING, quiet, 0.99, Rules()).level == pytest.approx(-34.7)
    assert scene(Mode.DRIFTING, quiet, 1.0, Rules()).level == SILENT
    assert scene(Mode.FAULT, quiet, 0.5, Rules()).level == -20.0


def test_what_keeps_playing_fades_to_twelve_decibels_down():
    rules = Rules(keep_playing=True)
    assert scene(Mode.DRIFTING, Recipe(), 1.0, rules).level == -12.0
    assert scene(Mode.DRIFTING, Recipe(), 0.5, rules).level == -6.0
    assert scene(Mode.ASLEEP, Recipe(level=-3.0), 0.0, rules).level == -15.0
    assert scene(Mode.PAUSED, Recipe(), 0.0, rules).level == SILENT


def test_masking_lies_where_its_depth_says_without_swells():
    recipe = Recipe(level=-4.0)
    assert scene(Mode.MASKING, recipe, 0.4, Rules()).level == -16.0
    assert scene(Mode.MASKING, recipe, 1.0, Rules()).level == SILENT
    assert scene(Mode.MASKING, recipe, 0.4, Rules()).breath == 0.0


def test_each_mode_takes_its_own_time():
    glides = {mode: scene(mode, Recipe(), 0.2, Rules()).glide for mode in Mode}
    assert glides == {**dict.fromkeys(Mode, 30.0), Mode.PAUSED: 180.0, Mode.WAKING: 180.0}


def test_only_the_alarm_rises_above_the_settling_level():
    scenes = {mode: scene(mode, Recipe(level=-5.0), 0.0, Rules(softer=4.0)) for mode in Mode}
    assert {mode for mode, shown in scenes.items() if shown.waking} == {Mode.WAKING}
    assert scenes[Mode.WAKING].level == 6.0 and scenes[Mode.SETTLING].level == -9.0


def test_a_scene_is_of_its_recipe():
    recipe = Recipe(textures={"rain": 0.3}, music=0.4, brightness=0.6, level=-90.0)
    assert scene(Mode.SETTLING, recipe, 0.0, Rules()) == Scene(
        {"rain": 0.3}, 0.4, 0.6, SILENT, 30.0, False, 6.0)


def test_only_neither_music_nor_texture_is_silence():
    assert fade.silent(Recipe(music=0.0, textures={"rain": 0.0}))
    assert not fade.silent(Recipe(music=0.0, textures={"rain": 0.0, "wind": 0.1}))
    assert not fade.silent(Recipe(music=0.1, textures={}))
    assert fade.audible(SILENCE) is DEFAULT and fade.audible(RAIN) is RAIN


def test_withdrawal_goes_week_by_week_to_half_as_long_and_twelve_decibels():
    rules = Rules(fade=20.0, timer=40.0)
    week = withdrawn(rules, 13)
    assert (week.softer, week.fade, week.timer) == (1.0, 19.0, 38.0)
    year = withdrawn(rules, 365)
    assert (year.softer, year.fade, year.timer) == (12.0, 10.0, 20.0)
    assert withdrawn(Rules(fade=6.0), 365).fade == 5.0
    assert withdrawn(rules, 7 * 11).softer == 11.0 and withdrawn(rules, 7 * 11).timer == 20.0
    assert withdrawn(rules, 7 * 9).timer == pytest.approx(22.0)


@pytest.mark.parametrize(("breathing", "pace"), [
    (None, 6.0), (4.0, 6.0), (10.0, 8.5), (11.0, 9.5), (30.0, 12.0),
])
def test_swells_are_a_little_slower_than_the_breath_in_half_breaths(breathing, pace):
    assert fade.breath(breathing) == pace
    assert scene(Mode.SETTLING, Recipe(), 0.0, Rules(), epoch(breathing=breathing)).breath == pace


# ---- on its way ----------------------------------------------------------------------------------

def test_a_course_glides_evenly_in_the_root_of_amplitude():
    under_way = fade.Course(SILENT, at(0.0, 10.0), 100.0)
    assert under_way.at(100.0) == SILENT and under_way.at(110.0) == pytest.approx(0.0)
    assert under_way.at(105.0) == pytest.approx(40 * np.log10(0.5))
    assert under_way.at(500.0) == pytest.approx(0.0)
    assert fade.Course(-20.0, at(SILENT, 0.0), 100.0).at(100.0) == SILENT
    assert fade.Course(-20.0, at(0.0, 10.0), 100.0).at(100.0) == pytest.approx(-20.0)


def test_a_new_course_sets_out_where_the_old_one_has_got_to():
    first = fade.course(None, at(0.0, 30.0), 100.0)
    assert first.low == SILENT and first.began == 100.0
    second = fade.course(first, at(-10.0, 30.0), 110.0)
    assert second.low == first.at(110.0) < 0 and second.began == 110.0


def test_a_hand_is_answered_in_four_seconds_and_hushed_in_eight():
    assert fade.course(None, at(0.0, 30.0), 0.0, by_hand=True).scene == at(0.0, 4.0)
    assert fade.course(None, at(SILENT, 180.0), 0.0, by_hand=True).scene == at(SILENT, 8.0)
    assert fade.course(None, at(0.0, 2.0), 0.0, by_hand=True).scene == at(0.0, 2.0)
    assert fade.course(None, at(0.0, 30.0), 0.0).scene.glide > 30.0


def test_what_falls_takes_no_longer_than_it_was_given():
    assert gentle(0.0, at(-20.0, 30.0)).glide == 30.0
    assert gentle(-20.0, at(-20.0, 30.0)).glide == 30.0


def test_a_rise_takes_what_half_a_decibel_a_second_takes_where_it_is_steepest():
    steep = 40 / np.log(10) * (1 - 10 ** -0.25) / 10 ** -0.25
    assert gentle(-10.0, at(0.0, 1.0)).glide == pytest.approx(steep / 0.5)
    dark = 40 / np.log(10) / 10 ** -0.5         # from silence: where it becomes audible
    assert gentle(SILENT, at(0.0, 1.0)).glide == pytest.approx(dark / 0.5)


# ---- what the composer should aim at -------------------------------------------------------------

def test_masking_needs_little_melody_and_dawn_some_more():
    recipe = Recipe(density=0.4, music=0.8, brightness=0.3, register=60.0, level=-6.0)
    masked = fade.steered(recipe, Mode.MASKING)
    assert masked == replace(recipe, density=0.15, music=0.4)
    assert fade.steered(replace(recipe, density=0.1), Mode.MASKING).density == 0.1
    dawn = fade.steered(recipe, Mode.WAKING)
    assert dawn.density == pytest.approx(0.6) and dawn.brightness == pytest.approx(0.5)
    assert (dawn.register, dawn.music, dawn.level) == (65.0, 1.0, 0.0)
    most = fade.steered(Recipe(density=0.7, brightness=0.95, register=66.0), Mode.WAKING)
    assert (most.density, most.brightness, most.register) == (0.8, 1.0, 67.0)
    assert fade.steered(SILENCE, Mode.WAKING).textures == DEFAULT.textures
    for mode in set(Mode) - {Mode.MASKING, Mode.WAKING}:
        assert fade.steered(recipe, mode) is recipe


def test_the_textures_recede_before_sleep_and_stay_away_until_the_alarm():
    def away(mode, depth=0.0):
        return scene(mode, Recipe(), depth, Rules()).distance

    assert away(Mode.SETTLING) == 0.0 and 0.0 < away(Mode.SETTLING, 0.05) < 1.0
    assert away(Mode.SETTLING, 0.15) == 1.0
    assert all(away(mode) == 1.0 for mode in (Mode.DRIFTING, Mode.ASLEEP, Mode.MASKING, Mode.FAULT))
    assert away(Mode.WAKING) == 0.0
    assert scene(Mode.MASKING, Recipe(), 0.0, Rules()).intensity < 1.0


def test_rain_falls_on_what_the_recipe_says():
    assert scene(Mode.SETTLING, Recipe(surface="tent"), 0.0, Rules()).surface == "tent"
