"""Rain, ocean, wind, stream, fire, pink and brown noise: a bed of grains from a pool, each from a
place of its own, and drops, bubbles or crackles strewn over it.

Grains of 171 ms overlap by half under power-complementary windows; both channels draw theirs apart.
Since no grain follows from the one before there is no loop and no period. What changes slowly (a
wave, a gust) is a random process that decides how loud the next grain is and how far towards the
pool's bright end it is taken from.

A texture recedes: with distance it loses its highs, its single events sink into the bed, and its
waves and gusts are those of a longer shore and a wider wood, which even out; with intensity the
events come less often. Neither changes how loud it is.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np

from device.sound.grain_pools import FALL, FRAMES, HOP, RISE, distant, kept, make_pool
from device.sound.impacts import Strewn
from device.sound.settings import CONTROL, RATE
from device.textures import ROWS, key

SECONDS = HOP / RATE        # between grains
SPAN = 2 * RATE             # frames of the pool around the wanted place that a grain may come from
EVENED = 0.78               # of the motion: gone at a distance of 1
TAPS = 128                  # frames of the distant low-pass: 66 dB down at 450 Hz
ONE = 1.0 + 2.0 / math.pi   # × the events' power re the bed's, where two channels were added up
SUNK = 0.5                  # of the events' amplitude: gone at a distance of 1
WINDOW = np.hanning(470 + 2)[1:-1]      # 40 s, half of it to come: over which the level is even
WINDOW /= WINDOW.sum()

UP = np.arange(HOP, dtype=np.float32) / HOP

Motion = Iterator[tuple[float, float]]      # of the next grain: level in nepers, and place 0..1


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
        yield 0.0, 0.06 * drift


def showers(random: np.random.Generator) -> Motion:
    """Rain comes and goes a little."""
    for slow, quick in zip(wander(random, 25.0), wander(random, 4.0), strict=False):
        swell = 0.10 * slow + 0.05 * quick
        yield swell, 0.6 * swell


def gusts(random: np.random.Generator) -> Motion:
    """Aeolian noise grows with a high power of the wind's speed, and brightens with it."""
    for slow, quick in zip(wander(random, 6.0), wander(random, 2.0), strict=False):
        speed = 2.2 * math.tanh((0.8 * slow + 0.6 * quick) / 2.2)     # no gust is boundless
        swell = 0.35 * speed + 0.06 * speed * speed
        yield swell, 0.8 * swell


def waves(random: np.random.Generator) -> Motion:
    """Waves that come when they will: intervals of 9.5 ± 3.3 s, each breaking quicker than it runs
    out, no two as tall. Regular waves would show as a period."""
    now, arrivals = 0.0, []
    due = 0.0
    for foam in wander(random, 0.7):
        while due < now + 6.0:
            tall, rise, fall = random.random(3).tolist()
            arrivals.append((due, 0.6 + 0.4 * tall, 0.3 + 0.4 * rise, 0.5 + 0.6 * fall))
            due += 3.5 + float(random.gamma(3.3, 1.8))
        arrivals = [wave for wave in arrivals if now - wave[0] < 3.0 + 6.0 * wave[3]]
        power = 0.03
        for crest, tall, rise, fall in arrivals:
            t = now - crest - 3.0
            power += tall * tall * (
                math.exp(-0.5 * (t / rise) ** 2) if t < 0.0 else 1.0 / math.cosh(t / fall) ** 2
            )
        swell = 0.5 * math.log(power / (1.0 + 1.5 * power)) + 0.12 * foam
        yield swell, 0.25 * swell + 0.25
        now += SECONDS


def babble(random: np.random.Generator) -> Motion:
    for slow, quick in zip(wander(random, 8.0), wander(random, 1.5), strict=False):
        yield 0.04 * slow + 0.03 * quick, 0.10 * slow + 0.06 * quick


def flames(random: np.random.Generator) -> Motion:
    for slow, quick in zip(wander(random, 6.0), wander(random, 0.4), strict=False):
        yield 0.10 * slow + 0.16 * quick, 0.10 * slow + 0.15 * quick


MOTIONS: dict[str, Callable[[np.random.Generator], Motion]] = {
    motion.__name__: motion for motion in (steady, showers, gusts, waves, babble, flames)
}


class Texture:
    """One texture, sounding; unit level is an A-weighted RMS near 1 in each channel, behind a
    speaker's high-pass at `lowest` Hz."""

    def __init__(
        self, name: str, seed: int, surface: str = "", channels: int = 2, lowest: float = 20.0
    ):
        row, number = ROWS[name].on(surface), key(name)
        self._random = np.random.default_rng([seed, number, 1])
        self._motion = MOTIONS[row.motion](np.random.default_rng([seed, number, 2]))
        self._pool, self._scale, self._left = make_pool(name, seed, surface, lowest)
        self._drops: Strewn | None = None
        self._share = 0.0               # of the A-weighted power, in the drops
        if row.drops is not None:
            self._drops = Strewn(row.drops, np.random.default_rng([seed, number, 4]), channels)
            level = row.drops.level * (ONE if channels == 1 else 1.0)
            self._share = level / (1.0 + level)
            self._drops_left = distant(*self._drops.spectrum, row.far, lowest)
        self._kept = kept(row.far) if row.far else 0.0
        self._tail = np.zeros((channels, TAPS), np.float32)        # of the last hop
        coming = np.array([next(self._motion) for _ in range(len(WINDOW) // 2)])
        self._course = np.concatenate([coming[::-1], coming]).T.copy()  # (2, n), oldest first
        # per channel: place and gain of the last grain
        self._last = [(0, np.float32(0.0))] * channels
        self._away = 0.0                # distance at the last grain
        self._hop = np.zeros((channels, HOP), np.float32)
        self._used = HOP
        self._scratch = np.empty(HOP, np.float32)

    def next(self, frames: int, brightness: np.ndarray | float,
             distance: np.ndarray | float = 0.0, intensity: np.ndarray | float = 1.0) -> np.ndarray:
        """(channels, frames) float32. The controls 0..1 are numbers or control points
        (periods + 1,): `brightness` moves the grains towards the pool's bright end."""
        out, filled = np.empty((len(self._hop), frames), np.float32), 0
        while filled < frames:
            if self._used == HOP:
                at = filled // CONTROL
                self._make(*(
                    float(control[at] if isinstance(control, np.ndarray) else control)
                    for control in (brightness, distance, intensity)
                ))
                self._used = 0
            count = min(HOP - self._used, frames - filled)
            out[:, filled:filled + count] = self._hop[:, self._used:self._used + count]
            self._used += count
            filled += count
        return out

    def _make(self, brightness: float, distance: float, intensity: float) -> None:
        away = distance if self._kept else 0.0
        moving = 1.0 - EVENED * away
        swell, drift = self._move(moving)
        loud = math.exp(swell)
        place = min(max(brightness + drift, 0.0), 1.0)
        sunk = 1.0 - SUNK * away
        power = (1.0 - self._share) * left(self._left[int(place * (len(self._left) - 1))], away)
        if self._drops:
            power += self._share * intensity * sunk**2 * left(self._drops_left, away)
        loud /= math.sqrt(power)
        self._grains(loud * math.sqrt(1.0 - self._share) * self._scale, place)
        if self._drops:
            self._drops.add(self._hop, loud * sunk * math.sqrt(self._share), intensity)
        if self._kept:
            self._recede(away)

    def _recede(self, away: float) -> None:
        """1 − d + d × a one-pole low-pass, as a FIR whose length doubles at each step."""
        last, self._away = self._away, away
        tail, self._tail = self._tail, self._hop[:, -TAPS:].copy()
        if not (away or last):
            return
        low, length = np.concatenate([tail, self._hop], axis=1), 1
        flat = low.ravel()      # one row is quicker; what spills over ends in the tail
        while length < TAPS:
            ends = flat[length:]
            ends += flat[:-length] * np.float32(self._kept**length)
            length *= 2
        low = low[:, TAPS:]
        low *= np.float32(1.0 - self._kept)
        low -= self._hop
        low *= np.float32(last) if last == away else last + np.float32(away - last) * UP
        self._hop += low

    def _move(self, moving: float) -> tuple[float, float]:
        """The next of `moving` × the motion, where the mean power of 40 s is one."""
        course = self._course
        course[:, :-1] = course[:, 1:]
        course[:, -1] = next(self._motion)
        swell, drift = (moving * course[:, len(WINDOW) // 2 - 1]).tolist()
        return swell - 0.5 * math.log(WINDOW @ np.exp((2.0 * moving) * course[0])), drift

    def _grains(self, amplitude: float, place: float) -> None:
        centre = place * (FRAMES - SPAN - 2 * HOP)
        draws = self._random.random(4).tolist()
        scratch = self._scratch
        for channel, out in enumerate(self._hop):
            start, gain = self._last[channel]
            np.multiply(self._pool[start + HOP:start + 2 * HOP], FALL, out=out)
            out *= gain
            start = int(centre + draws[channel] * SPAN)
            gain = np.float32(amplitude if draws[2 + channel] < 0.5 else -amplitude)
            np.multiply(self._pool[start:start + HOP], RISE, out=scratch)
            scratch *= gain
            out += scratch
            self._last[channel] = (start, gain)


def surface(name: str, wanted: str) -> str:
    """`wanted`, if `name` can be on it, or ""."""
    return wanted if wanted in ROWS[name].surfaces else ""


def left(means: np.ndarray, distance: float) -> float:
    """Of the power, at `distance`; `means` from `distant`."""
    near = 1.0 - distance
    return near * near * means[0] + distance * (2.0 * near * means[1] + distance * means[2])
