"""From raw signals to P(asleep): what comes later changes nothing that was said."""

import numpy as np
import pytest

from device.sim.sleeper import Sleeper
from device.sleep.epochs import Epochs
from device.sleep.stager import Stager
from device.sleep.vitals import VitalSigns
from device.values import Readings, Signal

RATE = 50
MINUTES = 16
CUT = 10 * 60       # s


def judge(seconds, disturbed=None):
    """Stagings of a sleeper's raw signals; from `disturbed` s on, another body and a shaken sensor
    take over."""
    sleeper, other = Sleeper(3, hours=1, latency=3.0), Sleeper(9, hours=1)
    vital_signs, epochs, stager, out = VitalSigns(), Epochs(0.0), Stager.load(), []
    for second in range(seconds):
        t = second + np.arange(RATE) / RATE
        who = sleeper if disturbed is None or second < disturbed else other
        ppg, motion = who.ppg(t), who.wrist(t) * (1 if who is sleeper else 1.3)
        readings = Readings(second + 1.0, Signal(ppg, float(second), RATE),
                            Signal(motion, float(second), RATE))
        for vitals in vital_signs.add(readings):
            out += [stager.judge(epoch, 0.0) for epoch in epochs.add(vitals)]
    return out


@pytest.fixture(scope="module")
def whole():
    return judge(MINUTES * 60)


def test_cutting_the_future_leaves_the_past_bit_for_bit(whole):
    before = judge(CUT)
    assert len(before) >= 19 and any(s.p_asleep is not None for s in before)
    assert before == whole[:len(before)]


def test_another_future_leaves_the_past_bit_for_bit(whole):
    changed = judge(MINUTES * 60, disturbed=CUT)
    n = sum(staging.time <= CUT for staging in changed)
    assert changed[:n] == whole[:n] and changed != whole
