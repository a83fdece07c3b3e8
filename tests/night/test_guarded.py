"""A night without a sensor, commanded from afar after its timer ran out: nothing that leaves the
sound process startles."""

import wave
from dataclasses import replace

import numpy as np

from areas.sound.rises import SPAN, STEP, levels, rises
from device.config import Config, Night
from device.sound.settings import NOMINAL, RATE
from device.values import Command, Recipe

RISE, OWN = 0.5, 0.25       # dB/s: promised, and what pink noise wavers by itself in two seconds
GONE = 330.0                # s after bedtime: the timer is over


def test_after_the_timer_nothing_from_afar_rises_quickly(sleep, tmp_path):
    def begin(mine):
        choose = mine.parts.mind.recommender.choose
        steady = Recipe(textures={"pink": 1.0}, music=0.0)
        mine.parts.mind.recommender.choose = lambda *args, **more: replace(
            choose(*args, **more), recipe=steady)

    def ask(kind, value):
        return lambda mine: mine.parts.inbox.put(Command(kind, value))
    marks = []

    def mark(mine):
        marks.append(mine.state.tonight.asleep)
    acts = [
        (-30.0, begin), (20.0, ask("volume", 0.4)), (GONE - 20, ask("timer", 0.1)),
        (400.0, mark), (401.0, ask("sound", True)), (405.0, ask("volume", 1.0)),
        (470.0, ask("sound", False)), (485.0, ask("sound", True)), (530.0, ask("volume", 0.2)),
        (534.0, ask("volume", 1.0)),
    ]
    slept = sleep(hours=0.18, build="none", audio_minutes=10, acts=acts,
                  config=Config(night=Night(fade=2.0, timer=5.0)))
    assert marks and slept.night.state.tonight.asleep
    with wave.open(str(tmp_path / "night" / "night.wav")) as file:
        heard = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2).T / 32768
    level = levels(heard, NOMINAL)
    after = level[round(60 / STEP):]                    # a hand began it
    assert after.max() > 35.0
    assert rises(after).max() / SPAN <= RISE + OWN
    assert len(heard[0]) > 300 * RATE
