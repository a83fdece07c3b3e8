"""Rain, ocean, wind, stream, fire, pink and brown noise: grains from a pool, each from a place of
its own.

Grains of 171 ms overlap by half under power-complementary windows; both channels draw theirs apart.
Since no grain follows from the one before there is no loop and no period. What changes slowly (a
wave, a gust) is a random walk that decides how loud the next grain is and how far towards the
pool's bright end it is taken from. Drops and crackles are strewn over it.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np

from device.sound.grain_pools import FALL, FRAMES, HOP, RISE, make_pool
from device.sound.impacts import Strewn
from device.sound.settings import RATE
from device.textures import ROWS, key

SECONDS = HOP / RATE        # between grains
SPAN = 2 * RATE             # frames of the pool around the wanted place that a grain may come from

Motion = Iterator[tuple[float, float]]      # amplitude and place 0..1 of the next grain


def wander(random: np.random.Generator, seconds: float) -> Iterator[float]:
    """A smooth random walk of mean 0 and SD 1, forgetting over `seconds` (two one-pole filters over
    white noise)."""
    keep = math.exp(-SECONDS / (0.5 * seconds))
    scale = math.sqrt((1.0 - keep * keep) ** 3 / (1.0 + keep * keep))
    inner = outer = 0.0
    for _ in range(int(2.5 * seconds / SECONDS)):       # settle
        inner = keep * inner + random.standard_normal()
        outer = keep * outer + inner
    while True:
        inner = keep * inner + random.standard_normal()
        outer = keep * outer + inner
        yield outer * scale


def steady(random: np.random.Generator) -> Motion:
    for drift in wander(random, 20.0):
        yield 1.0, 0.06 * drift


def showers(random: np.random.Generator) -> Motion:
    """Rain comes and goes a little."""
    for slow, quick in zip(wander(random, 25.0), wander(random, 4.0), strict=False):
        swell = 0.10 * slow + 0.05 * quick
        yield math.exp(swell), 0.6 * swell


def gusts(random: np.random.Generator) -> Motion:
    for slow, quick in zip(wander(random, 12.0), wander(random, 3.0), strict=False):
        swell = 0.8 * slow + 0.4 * quick
        yield math.exp(0.16 * swell), 0.17 * swell


def waves(random: np.random.Generator) -> Motion:
    """Waves that come when they will: gamma-distributed intervals of 9 ± 4.5 s, each rising quicker
    than it runs out, no two as tall. Regular waves would show as a period."""
    now, arrivals = 0.0, []
    due = 0.0
    while True:
        while due < now + 6.0:
            tall, rise, fall = random.random(3).tolist()
            arrivals.append((due, 0.45 + 0.55 * tall, 1.6 + 2.0 * rise, 2.5 + 3.0 * fall))
            due += float(random.gamma(4.0, 2.25))
        arrivals = [wave for wave in arrivals if now - wave[0] < 6.0 * wave[3]]
        height = 0.0
        for crest, tall, rise, fall in arrivals:
            t = now - crest - 3.0
            height += tall * (
                math.exp(-0.5 * (t / rise) ** 2) if t < 0.0 else 1.0 / math.cosh(t / fall)
            )
        height = min(height, 1.5)
        yield 0.75 + 0.45 * height, 0.42 * height - 0.18
        now += SECONDS


def babble(random: np.random.Generator) -> Motion:
    for slow, quick in zip(wander(random, 8.0), wander(random, 1.5), strict=False):
        yield math.exp(0.05 * slow + 0.04 * quick), 0.12 * slow + 0.08 * quick


def flames(random: np.random.Generator) -> Motion:
    for slow, quick in zip(wander(random, 6.0), wander(random, 0.8), strict=False):
        yield math.exp(0.10 * slow + 0.06 * quick), 0.10 * slow + 0.15 * quick


MOTIONS: dict[str, Callable[[np.random.Generator], Motion]] = {
    motion.__name__: motion for motion in (steady, showers, gusts, waves, babble, flames)
}


class Texture:
    """One texture, sounding; unit level is an A-weighted RMS near 1 in each channel."""

    def __init__(
        self, name: str, seed: int, motion: Callable[[np.random.Generator], Motion] | None = None
    ):
        row, number = ROWS[name], key(name)
        self._random = np.random.default_rng([seed, number, 1])
        self._motion = (motion or MOTIONS[row.motion])(np.random.default_rng([seed, number, 2]))
        self._pool, self._scale = make_pool(name, seed)
        self._drops: Strewn | None = None
        if row.drops is not None:
            self._drops = Strewn(row.drops, np.random.default_rng([seed, number, 4]))
        # per channel: place and gain of the last grain
        self._last = [(0, np.float32(0.0)), (0, np.float32(0.0))]
        self._hop = np.zeros((2, HOP), np.float32)
        self._used = HOP
        self._scratch = np.empty(HOP, np.float32)

    def next(self, frames: int, brightness: float) -> np.ndarray:
        """(2, frames) float32; `brightness` 0..1 moves the grains towards the pool's bright end."""
        if self._used == HOP and frames == HOP:
            self._make(brightness)
            return self._hop
        out, filled = np.empty((2, frames), np.float32), 0
        while filled < frames:
            if self._used == HOP:
                self._make(brightness)
                self._used = 0
            count = min(HOP - self._used, frames - filled)
            out[:, filled:filled + count] = self._hop[:, self._used:self._used + count]
            self._used += count
            filled += count
        return out

    def _make(self, brightness: float) -> None:
        loud, place = next(self._motion)
        amplitude, place = loud * self._scale, min(max(brightness + place, 0.0), 1.0)
        centre = place * (FRAMES - SPAN - 2 * HOP)
        draws = self._random.random(4).tolist()
        for channel in (0, 1):
            out, scratch = self._hop[channel], self._scratch
            start, gain = self._last[channel]
            np.multiply(self._pool[start + HOP:start + 2 * HOP], FALL, out=out)
            out *= gain
            start = int(centre + draws[channel] * SPAN)
            gain = np.float32(amplitude if draws[2 + channel] < 0.5 else -amplitude)
            np.multiply(self._pool[start:start + HOP], RISE, out=scratch)
            scratch *= gain
            out += scratch
            self._last[channel] = (start, gain)
        if self._drops:
            self._drops.add(self._hop, loud, place)
