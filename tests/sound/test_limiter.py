"""The peak limiter's gain, read off a constant that it lets through."""

import numpy as np
import pytest

from device.sound.safety import PeakLimiter
from device.sound.settings import RATE

BLOCK = 1024                # frames
CEILING, QUIET = 0.2, 0.1
LOUD = 2 * CEILING          # 6 dB too much
LATE = 0.004                # s, of what comes out


@pytest.fixture(scope="module")
def gain():
    """`gain(s)`, dB, so long after half a second that was too loud ended."""
    limiter = PeakLimiter(CEILING)
    loud, after = (np.full((2, BLOCK * 24), value, np.float32) for value in (LOUD, QUIET))
    whole = np.concatenate([loud, after], axis=1)
    out = np.concatenate(
        [limiter(whole[:, i:i + BLOCK]) for i in range(0, whole.shape[1], BLOCK)], axis=1)[0]
    assert out.max() <= CEILING + 1e-6
    end = loud.shape[1] + round(LATE * RATE)
    return lambda seconds: 20 * np.log10(out[end + round(seconds * RATE)] / QUIET)


def test_what_follows_a_peak_is_let_go_by_thirty_decibels_a_second(gain):
    for began, ended in ((0.01, 0.06), (0.05, 0.15), (0.1, 0.2)):
        assert (gain(ended) - gain(began)) / (ended - began) == pytest.approx(30.0, abs=1.0)


def test_six_decibels_are_gone_after_a_fifth_of_a_second(gain):
    """And a little for the wave between two samples, which overshoots at the edge."""
    assert -7.0 < gain(0.0) < -6.0
    assert gain(0.2) > -1.0 and gain(0.25) == pytest.approx(0.0, abs=1e-4)
