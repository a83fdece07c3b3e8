"""Signals without a pulse in them: what a sensor gives when nobody is there."""

from collections.abc import Iterator

import numpy as np

from areas.vitals.data import Recording

SECONDS = 90
RATES = (50.0, 100.0, 125.0)    # Hz
CLOCK = 1.006  # the chip's clock: at exactly 50 or 100 Hz a lamp would alias to nothing


def nothings(seed: int = 1) -> Iterator[Recording]:
    """Constants, rails, noise, lamp flicker, slow drift, a static object: MAX30102 counts at
    several rates."""
    rng = np.random.default_rng(seed)
    for rate in RATES:
        n = int(SECONDS * rate)
        t = np.arange(n) / rate
        real = t / CLOCK
        shot = rng.normal(0, 8, (n, 2))
        lamps = {f"flicker{hz}": 30 * flicker(hz, real, rng) for hz in (100, 120)}
        strong = {f"flicker{hz}_strong": 800 * flicker(hz, real, rng) for hz in (100, 120)}
        bodies = {
            "constant": np.full((n, 2), 1234.0),
            "zero": np.zeros((n, 2)),
            "saturated": np.full((n, 2), 262143.0),
            "saturated_noisy": np.minimum(262200 + rng.normal(0, 60, (n, 2)), 262143.0),
            "noise": 900 + rng.normal(0, 20, (n, 2)),
            "noise_strong": 120000 + rng.normal(0, 1500, (n, 2)),
            "drift": 90000 + 4000 * np.cumsum(rng.normal(0, 1, (n, 2)), axis=0) / np.sqrt(n) + shot,
            "ramp": 60000 + 40.0 * t[:, None] + shot,
            "static_object": np.array([140000.0, 118000.0]) + shot,
            **{name: 800 + shot / 4 + lamp[:, None] for name, lamp in (lamps | strong).items()},
        }
        for name, ppg in bodies.items():
            yield Recording(f"{name}_{rate:g}", rate, np.round(ppg), group="nothing")
    yield from empty_beds(rng)


def empty_beds(rng: np.random.Generator) -> Iterator[Recording]:
    """An accelerometer under nobody: its noise alone, and with a fan's hum and steps in the house.
    """
    n = int(2 * SECONDS * 62.5)
    t = np.arange(n) / 62.5
    noise = 0.00123 * rng.standard_normal((n, 3)) + [0.3, -0.2, 9.8]
    fan = 0.004 * np.sin(2 * np.pi * 23.4 * t + 0.3 * np.cumsum(rng.normal(0, 0.05, n)))
    steps = np.convolve(0.01 * rng.standard_normal(n) * (rng.random(n) < 0.005), np.hanning(12),
                        "same")
    for name, motion in (("empty_bed", noise), ("empty_bed_fan", noise + fan[:, None]),
                         ("empty_bed_steps", noise + steps[:, None])):
        yield Recording(name, 62.5, None, motion, group="nothing")


def flicker(mains_double: float, t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A lamp's light at `t` s: a rectified sine of mains whose frequency wanders by some 10 mHz,
    mean removed."""
    wander = np.cumsum(rng.normal(0, 1, len(t)))
    wander *= 0.02 / max(np.abs(wander).max(), 1e-9)
    phase = np.cumsum(np.gradient(t) * (mains_double + wander))
    return np.abs(np.sin(np.pi * phase)) - 2 / np.pi
