"""The body, once a second: Readings in, Vitals out. Causal, and constant in memory."""

import math
from collections import deque

from device.sleep.bcg import Ballistocardiogram
from device.sleep.breathing import Breathing
from device.sleep.contact import Contact
from device.sleep.empty_bed import UNKNOWN, EmptyBed
from device.sleep.heartbeat import NOTHING, Pulse
from device.sleep.movement import Movement
from device.sleep.resampling import Grid
from device.values import Readings, Vitals

PATIENCE = 1.0          # s after a second's end that a late chip is waited for
SPARE = 0.03            # s before a second's end after which its block needs no more readings
EARLY = 0.1             # s before a second's end when none of its last readings can have come
ALONE = 5               # s without light before the bed's recoil is listened to
STIRRED = 0.1           # m/s² RMS: somebody moves
OWN = 2.0               # /min: nearer to the heart's rate, it is no breath
STEADY = 60             # s of which half must have a breath: by chance there is one now and then
ENOUGH = 45             # s of light from which a breath can be told
LIVELY = 180            # s that a movement or a breath vouch for a heart as even as a lamp


class VitalSigns:
    """Adds what the chips gave since the last tick and answers each whole second of signal that
    this completed.

    A value at second t uses nothing after t. Seconds without any signal are answered too, with
    nothing in them. The heart comes from the light of a PPG when there is one, else from the
    accelerometer: under a mattress it feels the recoil of each beat. `empty` is what that bed does
    with nobody in it.
    """

    def __init__(self, empty: EmptyBed = UNKNOWN) -> None:
        self.light, self.motion = Grid(), Grid()
        self.movement, self.contact = Movement(), Contact()
        self.pulse, self.bcg, self.breathing = Pulse(), Ballistocardiogram(empty), Breathing()
        self.lived = -math.inf                          # s: when somebody last moved or breathed
        self.breaths: deque[bool] = deque(maxlen=STEADY)    # whether one was read
        self.dark = ALONE                               # s since the last light
        self.second: int | None = None                  # the next one to end

    def add(self, readings: Readings) -> list[Vitals]:
        """The Vitals of each second that ended, oldest first; [] when none did."""
        if readings.ppg is not None:
            self.light.add(readings.ppg)
        if readings.motion is not None:
            self.motion.add(readings.motion)
        if self.second is None:  # no chip has spoken yet: seconds pass all the same
            signals = (readings.ppg, readings.motion)
            starts = [s.start for s in signals if s is not None and len(s.values)]
            self.second = math.floor(min(starts, default=readings.time) + 1e-6) + 1
        if readings.time < self.second - EARLY:
            return []
        late = readings.time - PATIENCE
        ended: list[Vitals] = []
        while True:
            if not self.over(self.second, late):
                return ended
            ended.append(self.finish(self.second))
            self.second += 1

    def over(self, second: int, late: float) -> bool:
        """Whether every chip that still speaks has told all of `second`; who said nothing since
        `late` s doesn't."""
        ends = [grid.end for grid in (self.light, self.motion) if grid.end > max(second - 1, late)]
        return min(ends) >= second - SPARE if ends else late >= second

    def finish(self, second: int) -> Vitals:
        light, motion = self.light.take(second), self.motion.take(second)
        moved = self.movement.add(motion)
        movement = moved.movement if moved else 0.0
        self.dark = self.dark + 1 if light is None else 0
        if self.dark < ALONE:
            pulsing = light if self.contact.add(light) else None
            heart = self.pulse.add(second, pulsing, motion, movement)
        else:
            heart = self.bcg.add(second, motion if moved else None, movement)
        breath = self.breathing.add(light if heart.rate else None, motion if moved else None,
                                    () if heart.rate is None or heart.uneven else heart.beats,
                                    movement,
                                    self.bcg.body.swayed)
        if breath is not None or self.pulse.seconds > ENOUGH:
            self.breaths.append(breath is not None)
        if movement > STIRRED or breath is not None and 2 * sum(self.breaths) > len(self.breaths):
            self.lived = second
        if self.dark >= ALONE:
            present = self.bcg.present
        else:
            if heart.even and self.lived < second - LIVELY:
                heart = NOTHING                         # a lamp: nothing lives in it
            present = self.contact.present(light, heart.rate is not None or self.pulse.doubt)
        own = breath and heart.rate and abs(breath.value - heart.rate.value) < OWN
        if present is False or own or heart.rate is None and self.dark < ALONE:
            breath = None
        beats = tuple(beat.time for beat in heart.beats)
        if moved is None:
            return Vitals(float(second), heart.rate, heart.rmssd, breath,
                          present=present, beats=beats, uneven=heart.uneven)
        return Vitals(float(second), heart.rate, heart.rmssd, breath, moved.movement,
                      moved.activity, present, moved.turned, beats, heart.uneven)
