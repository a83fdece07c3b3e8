"""The night's dose: LAeq over any eight hours, by adding up what was played."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.sound.dose import Dose
from device.sound.engine import Engine
from device.sound.settings import Settings
from tests.sound.music import scene


def played(asked: np.ndarray, off: float = 0.0, what: Settings | None = None) -> np.ndarray:
    """dBA of each minute, when `asked` dBA are asked for, no more than allowed is given, and it
    comes out `off` dB."""
    what = what or Settings()
    dose, energy, given_ = Dose(what), 0.0, []
    for minute, level in enumerate(asked, 1):
        given_.append(min(level, dose.allowed) + off)
        energy += 60.0 * 10 ** ((given_[-1] - what.calibration) / 10)
        assert dose.add(energy, 60.0 * minute, False)
    return np.array(given_)


def laeq(levels: np.ndarray) -> float:
    return 10 * np.log10(np.mean(10 ** (levels / 10)))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 25.0, 40.0, 45.0, 60.0]), st.integers(1, 400)),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([-2.0, 0.0, 2.0]),
)
def test_any_eight_hours_stay_under_the_limit(stretches, off):
    asked = np.concatenate(
        [np.full(minutes, level) for level, minutes in stretches] + [np.zeros(480)]
    )
    levels = played(asked, off)
    energy = np.concatenate([[0.0], np.cumsum(10 ** (levels / 10))])
    assert 10 * np.log10((energy[480:] - energy[:-480]).max() / 480) <= 30.0


def test_settling_keeps_its_level_for_a_quarter_of_an_hour_and_goes_down_gently():
    levels = played(np.full(480, 40.0))
    assert np.all(levels[:15] == 40.0) and levels[-1] >= 24.0 - 0.2
    assert np.diff(levels).min() > -1.0         # dB per minute


def test_who_plays_on_softly_all_night_stays_audible():
    levels = played(np.concatenate([np.full(20, 40.0), np.full(460, 28.0)]))
    assert np.all(levels[20:] >= 20.0) and np.all(levels[20:400] == 28.0)


def test_the_alarm_draws_on_nothing():
    dose = Dose(Settings())
    before = dose.allowed
    assert dose.add(1e3, 60.0, True) and dose.allowed == before


def test_a_process_that_starts_anew_goes_on_with_the_dose_and_rubbish_is_none(tmp_path):
    first, second, third = Dose(Settings()), Dose(Settings()), Dose(Settings())
    assert first.add(3600.0 * 10 ** ((40.0 - 85.0) / 10), 1e5, False)
    first.keep(tmp_path / "dose")
    second.recall(tmp_path / "dose")
    assert second.allowed == first.allowed < third.allowed
    for rubbish in ("", "[", "[1, null]", "{}", "[[]]"):
        (tmp_path / "dose").write_text(rubbish)
        third.recall(tmp_path / "dose")
    third.recall(tmp_path / "nowhere")
    assert third.allowed == Dose(Settings()).allowed


def test_a_scene_that_has_used_up_the_night_is_lowered_and_the_alarm_is_not():
    engine, what = Engine(Settings()), Settings()
    engine.scene(scene(rain=1.0, music=0.0))
    engine.skip(engine.block * 1400)
    assert 10 * np.log10(engine.expected_power) + what.calibration == pytest.approx(40.0, abs=0.1)
    engine.heard(3600.0 * 10 ** ((40.0 - what.calibration) / 10), 119.0)  # an hour's worth of it
    engine.skip(engine.block * 1400)
    assert 10 * np.log10(engine.expected_power) + what.calibration < 24.0
    engine.scene(scene(rain=1.0, music=0.0, waking=True))
    engine.skip(engine.block * 1400)
    assert 10 * np.log10(engine.expected_power) + what.calibration == pytest.approx(40.0, abs=0.1)
