"""One source of heartbeats, light through a finger or the bed's recoil: from its signal to what can
be trusted."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from device.sleep.beats import Beat, Beats
from device.sleep.heart import RATES, HeartRate
from device.sleep.variability import Intervals, Rhythm
from device.values import Measured

TRUSTED = 0.5           # a heart rate of less quality is no heart rate
BRISK = 0.5             # m/s² RMS: above this someone walks about,
SURE_WALKING = 0.8      # where a rate must be believed more to be told
SWINGING = 1.5          # m/s² RMS: an arm that swings like that
RESTING = 60  # /min: fools the light with every other step, while no walker's heart is that slow
SURE = 0.5              # a belief of less can't guide the search for beats
CALM = 0.1              # m/s² RMS: below this a pulse has beats one can tell apart
SUPPORTED = 0.3         # share of the last seconds' intervals that must fit the rate
FASTEST = 180           # /min: no heart at rest; lamps beat against the chip's clock like that
SMALL = 150             # /min: through a bed, of somebody who lies still, it is a cat's
# times its fundamental that a recoil's overtones count: it rings more than once a beat
RINGING = 5.0
DEEP = 0.0              # of the doubt about slow hearts stays with somebody in bed
CLEAR = 0.95            # a quality of this and beats that bear it out: for
HOP, LEAP = 2, 6        # s between spectra, and when it is clear
SLIGHT = 0.3  # m/s² RMS: above this no beat can be told, below it counted beats beat the spectrum
BEATS = 0.5             # quality of a rate that only the beats bear out
UNEVEN = 0.7            # and of an uneven rhythm's
APART = 0.15            # of the rate: counted beats that differ more say something else
STUBBORN = 8            # s of a sure rate that beats contradict until they are learnt anew
ECHO = 0.25             # of the rate: a period that differs more is an echo's, or skips beats
NEAR, SWAYS = 0.05, 1.0  # of the rate about the counted one that it sways, log likelihood a second
RUNG = 0.85             # s: however slow the heart, a bed has rung out after half of that
LINGER = 12             # s after a rate in which a beat may be told without one,
PLAIN = 0.8             # of this correlation with the shape
USUAL = 0.8             # s between beats, before anything is known
LEARNING = 9            # s of signal before beats can be asked for
RARE = 40               # /min: a heart at rest is rarely slower; its beats must be seen


class Heart(NamedTuple):
    """What one second said of the heart."""
    rate: Measured | None = None            # /min
    rmssd: Measured | None = None           # ms
    beats: tuple[Beat, ...] = ()
    uneven: bool = False                    # the rate is one of beats over time
    even: bool = False                      # as a machine is, and a heart that is paced


NOTHING = Heart()


class Pulse:
    """`skewed`: beats rise steeply (a pulse of light); else they ring (a recoil), and come
    filtered, `late` s later."""

    def __init__(self, skewed: bool = True, late: float = 0.0):
        self.skewed, self.late = skewed, late
        self.fastest = FASTEST if skewed else SMALL
        self.heart = HeartRate() if skewed else HeartRate(RINGING, DEEP)
        self.beats, self.intervals = Beats(skewed, late), Intervals(not skewed)
        self.clear = False                              # so clear that counting will do
        self.last: Measured | None = None               # by spectrum, or carried on from it
        self.told: Measured | None = None
        self.channel = self.seconds = 0  # whose beats are looked for; s of signal in a row
        self.known = -LINGER                            # the second a rate was last told
        self.rhythm: Rhythm | None = None               # of the last seconds' beats
        self.doubt = False                              # whether they are a rhythm at all
        self.at_odds = 0                                # s that they contradicted a sure rate

    def add(self, second: int, signal: np.ndarray | None, motion: np.ndarray | None,
            movement: float, shapes: np.ndarray | None = None,
            hint: Callable[[], np.ndarray] | None = None) -> Heart:
        """A second of `signal` (RATE, channels) and `motion` (RATE, 3) m/s², with its RMS; None is
        a gap.

        `shapes` (RATE, channels): where to look for the beats themselves, when that isn't `signal`.
        `hint` gives HeartRate's, when it is asked for.
        """
        self.seconds = 0 if signal is None else self.seconds + 1
        if not self.heart.take(signal, motion):
            self.last = None
        elif self.last is None or second % (LEAP if self.clear else HOP) == 0:
            self.last = self.heart.judge((hint() if hint else 0.0) + self.counted())
        elif self.clear:
            self.last = self.told                       # beats carry it on
        if self.heart.channel != self.channel:
            self.channel = self.heart.channel
            self.beats = Beats(self.skewed, self.late)
        period = 60 / self.last.value if self.last and self.last.quality >= SURE else None
        shortest = self.intervals.shortest() or USUAL
        if not self.skewed:
            apart = min(period or shortest, RUNG)
        elif self.rhythm is not None:
            apart = shortest
        else:
            apart = min(period or USUAL, shortest)
        if period is None and self.skewed and self.heart.beyond:
            period = USUAL                      # three beats that repeat as one: beats will show
        block = None
        if signal is not None and movement <= SLIGHT:
            block = (signal if shapes is None else shapes)[:, self.channel]
        beats = self.beats.add(second, block, period, apart)
        self.intervals.add(beats, second)
        calm = self.heart.sway <= CALM and movement <= CALM
        if not calm:
            self.rhythm, self.doubt = None, False
        elif second % HOP == 0:
            expected = 60 / period if period else math.inf
            self.rhythm, self.doubt = self.intervals.rhythm(second, expected)
        self.told = rate = self.rate(second)
        self.reconcile(second)
        self.clear = (rate is not None and rate.quality >= CLEAR and self.heart.sway <= CALM
                      and self.seconds >= LEARNING)
        if rate is None:
            if second > self.known + LINGER or not beats or self.intervals.usual_rate() < RARE:
                return NOTHING
            return Heart(beats=tuple(beat for beat in beats if beat.alike > PLAIN))
        self.known = second
        uneven = self.rhythm is not None and self.rhythm.uneven
        even = self.intervals.clockwork or self.rhythm is not None and self.rhythm.even
        return Heart(rate, None if uneven else self.intervals.rmssd(), tuple(beats), uneven, even)

    def counted(self) -> np.ndarray | float:
        """What sure beats say of each of RATES, log likelihood a second."""
        rhythm = self.rhythm
        if rhythm is None or not rhythm.sure or rhythm.uneven:
            return 0.0
        # a bed's echoes can make too many beats, not too few
        if not self.skewed and (self.last is None or rhythm.rate > 0.6 * self.last.value):
            return 0.0
        away = (RATES / rhythm.rate - 1) / NEAR
        return SWAYS * np.exp(-0.5 * away**2)

    def rate(self, second: int) -> Measured | None:
        """The spectrum's, made finer by the beats of a body at rest; without it what they say by
        themselves. What sure beats contradict isn't told."""
        rhythm = self.rhythm
        if rhythm is not None and rhythm.uneven:
            return Measured(rhythm.rate, UNEVEN)
        if self.heart.sway <= CALM and self.doubt:
            return None
        if self.last is not None and self.trusted(self.last, second):
            counted = None
            if self.heart.sway <= SLIGHT:
                counted = self.intervals.rate(second, 60 / self.last.value)
            if rhythm is None or abs(rhythm.rate / self.last.value - 1) < (
                    APART if rhythm.sure else ECHO):
                return self.last if counted is None else Measured(counted, self.last.quality)
            sure = (rhythm.sure and self.skewed and rhythm.rate >= RARE
                    and self.at_odds >= STUBBORN / 2)
            return Measured(rhythm.rate, BEATS) if sure else None
        period = self.intervals.period()
        if period is None or self.heart.sway > CALM:
            return None
        if not self.skewed and self.last is not None and self.last.quality >= SURE and abs(
                period * self.last.value / 60 - 1) > ECHO:
            return None                 # a bed that rings twice, or beats it didn't pass on
        if self.intervals.support(second, period) < SUPPORTED:
            return None
        counted = self.intervals.rate(second, period)
        if counted is None or (counted < RARE and rhythm is None):
            return None
        return Measured(counted, BEATS) if counted < self.fastest else None

    def reconcile(self, second: int) -> None:
        """How long beats and a sure spectrum have been at odds. More beats than the spectrum's, of
        a bed, are its echoes: learn them anew."""
        last, rhythm = self.last, self.rhythm
        odd = echoes = False
        if last is not None and last.quality >= CLEAR and self.seconds > LEARNING:
            if rhythm is not None:
                away = rhythm.rate / last.value - 1
                odd = rhythm.sure and not rhythm.uneven and abs(away) >= APART
                echoes = away > 0
            elif not self.skewed and self.heart.sway <= CALM:
                odd = echoes = self.intervals.support(second, 60 / last.value) < SUPPORTED
        self.at_odds = self.at_odds + 1 if odd else 0
        if self.at_odds >= STUBBORN and echoes and not self.skewed:
            self.beats = Beats(self.skewed, self.late)
            self.intervals.forget()
            self.rhythm, self.at_odds = None, 0

    def trusted(self, rate: Measured, second: int) -> bool:
        """Whether the rate is believed, and, of a body at rest, whether beats bear it out."""
        if rate.quality < (TRUSTED if self.heart.sway <= BRISK else SURE_WALKING):
            return False
        if self.heart.sway > SWINGING and rate.value < RESTING:
            return False
        if self.heart.sway > CALM:
            return True
        if rate.value >= self.fastest:
            return False
        if self.seconds < LEARNING or (rate.value < RARE and self.rhythm is None):
            return rate.value >= RARE
        return self.intervals.support(second, 60 / rate.value) >= SUPPORTED
