"""The whole path: what a wild night sends to the sound process, judged by the samples that leave
it."""

import wave
from dataclasses import replace

import numpy as np
import pytest

from areas.sound.measures import mean_squares
from device.config import Config, Night
from device.sound.loudness import a_sections
from device.sound.settings import NOMINAL, RATE
from device.values import Command, Recipe
from tests.night.test_wild import WildStager, wild

TENTH = RATE // 10
AUDIBLE = 20.0          # dBA
SPAN = 10               # s: over which a rise is judged; rain alone wavers by a decibel or two
WAVERS = 4.0            # dB


def loud(rng) -> Recipe:
    return replace(wild(rng), level=float(rng.uniform(-6, 0)))


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.full) for seed in range(2, 12))]
)
def test_after_onset_no_sample_rises_above_half_a_decibel_a_second_nor_6_db_over_its_surround(
    sleep, tmp_path, seed
):
    rng = np.random.default_rng(seed)

    def begin(mine):
        mine.parts = mine.parts.having(stager=WildStager(rng))
        choose = mine.parts.mind.recommender.choose
        mine.parts.mind.recommender.choose = lambda *args, **more: replace(
            choose(*args, **more), recipe=loud(rng)
        )

    def asleep(mine):
        mine.state = mine.state.with_tonight(fell_asleep=True)

    acts = [
        (-30.0, begin),
        (1.0, asleep),
    ]
    for when in np.sort(rng.uniform(20, 230, 12)):
        kind, value = [
            ("volume", float(rng.random())),
            ("sound", bool(rng.random() < 0.7)),
            ("programme", "slow tide"),
            ("programme", "auto"),
            ("volume_cap", float(rng.uniform(0.5, 1))),
        ][rng.integers(5)]
        acts.append(
            (
                float(when),
                lambda mine, kind=kind, value=value: mine.parts.inbox.put(Command(kind, value)),
            )
        )
    slept = sleep(hours=0.08, seed=seed, build="none", audio_minutes=4, acts=acts,
                  config=Config(night=Night(fade=2.0, masking=1.0, keep_playing=True)))
    assert slept.night.state.tonight.slept
    with wave.open(str(tmp_path / "night" / "night.wav")) as file:
        heard = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2).T / 32768
    # a hand began it
    power = mean_squares(heard[:, 30 * RATE:].astype(np.float32), a_sections(), TENTH).mean(axis=0)
    level = 10 * np.log10(np.convolve(power, np.full(20, 1 / 20), "valid") + 1e-20) + NOMINAL
    now, then = level[:-10 * SPAN], level[10 * SPAN:]
    rises = then - np.maximum(now, AUDIBLE)
    onsets = 10 * np.log10(power[10:10 + len(level)] + 1e-20) + NOMINAL - np.maximum(level, AUDIBLE)
    assert len(level) > 300 and level.max() > AUDIBLE + 5
    assert rises.max() <= 0.5 * SPAN + WAVERS
    assert onsets.max() <= 6.0
