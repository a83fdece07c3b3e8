"""What the vital signs cost in memory."""

import numpy as np

from device.sleep.vitals import VitalSigns
from device.values import Readings, Signal
from kit.memory import resident

RATE = 50.0             # Hz
WARM, HOUR = 600, 3600  # s: RMSSD's five minutes are full long before


def rss_growth_mb() -> float:
    """Resident memory after an hour of signal less that after ten minutes, MB."""
    rng = np.random.default_rng(4)
    t = np.arange(int(60 * RATE)) / RATE
    minute = np.column_stack(
        [1e5 + 1500 * np.exp(3 * np.cos(2 * np.pi * t)) / 20 + rng.normal(0, 8, len(t))] * 2
    )
    motion = rng.normal(0, 0.01, (len(t), 3)) + [0, 0, 9.8]
    signs, size, before = VitalSigns(), int(RATE), 0.0
    for second in range(HOUR):
        part = slice(second % 60 * size, (second % 60 + 1) * size)
        signs.add(Readings(second + 1.0, Signal(minute[part], float(second), RATE),
                           Signal(motion[part], float(second), RATE)))
        if second == WARM:
            before = resident()
    return resident() - before
