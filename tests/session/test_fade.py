import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from device.session import fade
from device.session.fade import RETURN, SILENT, Rules, deepen, gentle, scene, withdrawn
from device.session.modes import Mode
from device.sound.glide import Glide
from device.sound.settings import CONTROL, RATE
from device.values import SILENCE, Recipe, Scene

P = st.none() | st.floats(0, 1)
RULES = st.builds(Rules, st.floats(2, 60), st.floats(5, 720), st.floats(0, 10), st.booleans())
EPOCHS = st.lists(st.tuples(P, st.booleans()), min_size=1, max_size=80)


@given(EPOCHS, RULES, st.sampled_from([Mode.SETTLING, Mode.DRIFTING, Mode.FAULT, Mode.MASKING]))
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


@given(RULES)
def test_the_fade_after_masking_sets_out_no_louder_than_masking_was(rules):
    depth = 1.0
    for _ in range(20):
        depth = deepen(depth, Mode.MASKING, 0.5, False, 0.0, rules)
        masked = scene(Mode.MASKING, Recipe(), depth, rules).level
        assert scene(Mode.DRIFTING, Recipe(), depth, rules).level <= masked + 1e-9


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
