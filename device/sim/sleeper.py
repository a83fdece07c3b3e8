"""A seeded body that sleeps a whole night, and what chips on it would feel.

Everything slow is drawn once when the sleeper is made; the signals are functions of time alone, so
they are the same however the night is cut into pieces. Asking for 30 s at a time is cheap; asking
for every tick is not.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from device.sim import sleeper_night as plan
from device.values import EPOCH, Stage

STANDARD_GRAVITY = 9.80665      # m/s², exact by convention (CGPM 1901)
# Counts on a real finger (MAX30102, red then IR), and on nobody's: facts measured by the public
# recordings of WENYIRENZHAO/max30102-signal-characterization.
PPG_DC = np.array([122_500.0, 143_000.0])
PPG_PULSE = np.array([0.0065, 0.0135])      # pulse, peak to peak, over DC
PPG_AMBIENT = np.array([1_100.0, 1_500.0])
PPG_NOISE = np.array([18.0, 22.0])          # counts RMS
PULSE_DELAY = 0.22              # s from R peak to the foot of the pulse at the finger
JERK = 0.025                    # m/s²: largest stroke of the BCG at the mattress, 2.5 mg
BREATH_TILT = 0.008             # m/s²: breathing at the mattress, 0.8 mg
TABLE = 1 << 15
LINGER = 40                     # epochs awake in bed after the night


class Sleeper:
    """A body in bed from `start`, lights out at `start`.

    seed: same seed, same night.  hours: length of the night.  start: s, monotonic, of its first
    epoch. latency: min until asleep, None draws 10–25.  nobody: the bed is empty and the sensors
    lie still. away: (start, length) min of trips out of bed.  sensor_off: (start, length) min
    without a finger on the PPG. real: somebody's R peaks (m,) and movements, s since `start`, in
    place of drawn ones; the hypnogram is nobody's.
    """

    def __init__(
        self,
        seed: int,
        hours: float = 8.0,
        start: float = 0.0,
        *,
        latency: float | None = None,
        nobody: bool = False,
        away: Sequence[tuple[float, float]] = (),
        sensor_off: Sequence[tuple[float, float]] = (),
        real: tuple[np.ndarray, Sequence[plan.Bout]] | None = None,
    ):
        rng = np.random.default_rng(seed)
        self.start, self.nobody = start, nobody
        self._off = [(60 * first, 60 * (first + length)) for first, length in sensor_off]
        self._away = [(60 * first, 60 * length) for first, length in away]
        epochs = max(round(hours * 3600 / EPOCH), 1)
        stages = plan.hypnogram(
            rng, epochs, float(rng.uniform(10, 25)) if latency is None else latency
        )
        for first, length in self._away:
            for epoch in range(
                int(first / EPOCH), min(int(np.ceil((first + length) / EPOCH)) + 6, epochs)
            ):
                stages[epoch] = Stage.WAKE
        self.hypnogram: tuple[Stage, ...] = tuple(stages)
        self.rest = float(np.clip(rng.normal(57, 6), 45, 72))       # /min
        longer = [*stages, *[Stage.WAKE] * LINGER]
        moves = real[1] if real else plan.bouts(rng, longer, self._away)
        self._rhythm = plan.rhythm(rng, longer, moves, self.rest)
        if real:
            self._rhythm = replace(self._rhythm, beats=real[0], rate=60 / np.diff(real[0]))
        self._bout_start = np.array([move.start for move in moves])
        self._bout_length = np.array([move.length for move in moves])
        self._force = np.array([move.force for move in moves])
        self._posture = np.array([move.posture for move in moves])
        self._grip = 1 + .04 * rng.standard_normal((len(plan.POSTURES), 2))  # PPG DC by posture
        self._coupling = rng.uniform(.6, 1.3, len(plan.POSTURES))  # BCG amplitude by posture
        self._tremble = shaken(rng)
        self._white = rng.standard_normal(TABLE)
        self._seed = np.uint64(rng.integers(1 << 62))

    @property
    def beats(self) -> np.ndarray:
        """(m,) s: R peaks of the whole night; none if nobody is there."""
        return np.zeros(0) if self.nobody else self._rhythm.beats + self.start

    def stage(self, t: float) -> Stage:
        """The stage at `t` s; awake before and after the night."""
        epoch = int((t - self.start) // EPOCH)
        return self.hypnogram[epoch] if 0 <= epoch < len(self.hypnogram) else Stage.WAKE

    def heart_rate(self, t: np.ndarray) -> np.ndarray:
        """(n,) /min at `t` s, of the interval that is under way; NaN if nobody is there."""
        t = np.asarray(t, float) - self.start
        if self.nobody:
            return np.full(t.shape, np.nan)
        beats = self._rhythm.beats
        return self._rhythm.rate[np.clip(np.searchsorted(beats, t, "right") - 1, 0, len(beats) - 2)]

    def breathing(self, t: np.ndarray) -> np.ndarray:
        """(n,) breaths/min at `t` s; NaN if nobody is there."""
        t = np.asarray(t, float) - self.start
        rate = np.interp(
            t * plan.GRID, np.arange(len(self._rhythm.breathing)), self._rhythm.breathing
        )
        return np.full(t.shape, np.nan) if self.nobody else rate

    def in_bed(self, t: np.ndarray) -> np.ndarray:
        """(n,) whether somebody lies there at `t` s."""
        return self._in_bed(np.asarray(t, float) - self.start)

    def ppg(self, t: np.ndarray) -> np.ndarray:
        """(n, 2) counts, red and IR, at `t` s: pulses point down, as light is absorbed."""
        t = np.asarray(t, float) - self.start
        noise = np.stack([self._noise(t, channel) for channel in (1, 2)], 1) * PPG_NOISE
        worn = np.full(len(t), not self.nobody)
        for first, last in self._off:
            worn &= (t < first) | (t >= last)
        breath = np.sin(2 * np.pi * self._breath(t))
        bout, envelope, turned = self._motion(t)
        grip = self._blend(self._grip, bout, turned)
        slow = .004 * np.sin(2 * np.pi * t / 97) + .003 * breath
        artefact = .012 * (envelope * self._shake(t)[:, 0])[:, None]
        pulse = (self._pulse(t - PULSE_DELAY) * (1 + .08 * breath))[:, None] * PPG_PULSE
        finger = PPG_DC * grip * (1 + slow[:, None] + artefact - pulse)
        counts = np.where(worn[:, None], finger, PPG_AMBIENT) + noise
        return np.clip(np.round(counts), 0, (1 << 18) - 1).astype(np.int32)

    def wrist(self, t: np.ndarray) -> np.ndarray:
        """(n, 3) m/s² at the wrist at `t` s, gravity included; the chip adds its own noise."""
        t = np.asarray(t, float) - self.start
        if self.nobody:
            return np.tile(STANDARD_GRAVITY * np.array([0.0, 0.0, 1.0]), (len(t), 1))
        bout, envelope, turned = self._motion(t)
        gravity = self._blend(plan.POSTURES, bout, turned)
        gravity *= STANDARD_GRAVITY / np.linalg.norm(gravity, axis=1, keepdims=True)
        gravity[:, 1] += .012 * np.sin(2 * np.pi * self._breath(t))
        return gravity + envelope[:, None] * self._shake(t)

    def mattress(self, t: np.ndarray) -> np.ndarray:
        """(n, 3) m/s² of a plate under the mattress at `t` s: strokes of the heart, breathing,
        movement, gravity."""
        t = np.asarray(t, float) - self.start
        out = np.zeros((len(t), 3))
        out[:, 2] = STANDARD_GRAVITY
        if self.nobody:
            return out
        bout, envelope, turned = self._motion(t)
        there = self._in_bed(t)
        breath = np.sin(2 * np.pi * self._breath(t))
        stroke = (
            JERK
            * self._stroke(t)
            * (1 + 0.2 * breath)
            * self._blend(self._coupling[:, None], bout, turned)[:, 0]
        )
        # a body that lies elsewhere bends the slats
        tilt = .02 * self._blend(plan.POSTURES, bout, turned)
        out[:, 0] += tilt[:, 0] + .35 * stroke + BREATH_TILT * breath
        out[:, 1] += tilt[:, 1] + .15 * stroke
        out[:, 2] += stroke + .5 * BREATH_TILT * breath
        out += .35 * envelope[:, None] * self._shake(t)
        empty = np.array([0.0, 0.0, STANDARD_GRAVITY])
        out = np.where(there[:, None], out, empty)
        # the house: 0.03 mg
        return out + 3e-4 * np.stack([self._noise(t, axis) for axis in (3, 4, 5)], 1)

    def _in_bed(self, t: np.ndarray) -> np.ndarray:
        there = np.full(t.shape, not self.nobody)
        for first, length in self._away:
            there &= (t < first) | (t >= first + length)
        return there

    def _breath(self, t: np.ndarray) -> np.ndarray:
        return np.interp(t * plan.GRID, np.arange(len(self._rhythm.breath)), self._rhythm.breath)

    def _phase(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) s since the last beat, and the share of the interval that is over."""
        beats = self._rhythm.beats
        last = np.clip(np.searchsorted(beats, t, "right") - 1, 0, len(beats) - 2)
        since = np.maximum(t - beats[last], 0.0)
        return since, np.minimum(since / (beats[last + 1] - beats[last]), 1.0)

    def _pulse(self, t: np.ndarray) -> np.ndarray:
        """(n,) 0 at the foot, 1 at the systolic peak: two humps, as at a finger."""
        _, phase = self._phase(t)
        return np.interp(phase, PULSE_PHASE, PULSE_SHAPE)

    def _stroke(self, t: np.ndarray) -> np.ndarray:
        """(n,) the I, J, K, L waves of a ballistocardiogram, J = 1, over half a second after the R
        peak."""
        since, _ = self._phase(t)
        return np.interp(since, STROKE_TIME, STROKE_SHAPE, right=0.0)

    def _motion(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(n,) the latest bout, its force now in m/s² RMS, and how far it has turned the body
        (0..1)."""
        bout = np.clip(np.searchsorted(self._bout_start, t, "right") - 1, 0, None)
        done = np.clip((t - self._bout_start[bout]) / self._bout_length[bout], 0.0, 1.0)
        return bout, self._force[bout] * np.sin(np.pi * done) ** 2, .5 - .5 * np.cos(np.pi * done)

    def _blend(self, by_posture: np.ndarray, bout: np.ndarray, turned: np.ndarray) -> np.ndarray:
        """(n, k) from the posture before the bout to the one after it."""
        before = by_posture[self._posture[np.maximum(bout - 1, 0)]]
        return before + turned[:, None] * (by_posture[self._posture[bout]] - before)

    def _shake(self, t: np.ndarray) -> np.ndarray:
        """(n, 3) limb movement of RMS 1, 0.3–11 Hz, weaker above 2."""
        place = t * SHAKE_RATE
        whole = np.floor(place).astype(np.int64)
        part = (place - whole)[:, None]
        return (1 - part) * self._tremble[whole % TABLE] + part * self._tremble[(whole + 1) % TABLE]

    def _noise(self, t: np.ndarray, channel: int) -> np.ndarray:
        """(n,) white noise of SD 1 that depends on time alone (splitmix64 of the time in 0.1 ms).
        """
        z = (
            np.round(t * 1e4).astype(np.int64).astype(np.uint64) * np.uint64(8)
            + np.uint64(channel)
            + self._seed
        )
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return self._white[((z ^ (z >> np.uint64(31))) % np.uint64(TABLE)).astype(np.int64)]


SHAKE_RATE = 40.0       # Hz
PULSE_PHASE = np.linspace(0, 1, 257)
PULSE_SHAPE = np.exp(-(((PULSE_PHASE - 0.22) / 0.10) ** 2)) + 0.42 * np.exp(
    -(((PULSE_PHASE - 0.50) / 0.14) ** 2)
)
PULSE_SHAPE = (PULSE_SHAPE - PULSE_SHAPE[0]) * (1 - PULSE_PHASE ** 8)
PULSE_SHAPE = PULSE_SHAPE / PULSE_SHAPE.max()
STROKE_TIME = np.linspace(0, .6, 151)
STROKE_SHAPE = sum(
    size * np.exp(-(((STROKE_TIME - at) / 0.028) ** 2))
    for at, size in ((0.09, 0.25), (0.15, -0.55), (0.22, 1.0),
                     (0.30, -0.75), (0.38, 0.35), (0.46, -0.15))
)


def shaken(rng: np.random.Generator) -> np.ndarray:
    """(TABLE, 3) band-limited noise that repeats without a seam, RMS 1 per axis."""
    spectrum = np.fft.rfft(rng.standard_normal((TABLE, 3)), axis=0)
    frequency = np.fft.rfftfreq(TABLE, 1 / SHAKE_RATE)
    spectrum *= np.where((frequency < 0.3) | (frequency > 11), 0, 1 / np.maximum(frequency / 2, 1))[
        :, None
    ]
    noise = np.fft.irfft(spectrum, TABLE, axis=0)
    return noise / noise.std(axis=0)
