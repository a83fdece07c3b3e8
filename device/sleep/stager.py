"""P(asleep) and a stage for each epoch, causal; "unknown" is an answer.

Models share one file: with heart and movement; with movement alone, for epochs in which no heart is
heard; with the heart alone, for nights whose movement nobody measures; and one of the night's first
sleep.
"""

import json
import math
from collections.abc import Mapping

import numpy as np

from device.errors import ModelMismatch
from device.inference import model_card
from device.sleep import doubt, features
from device.sleep.additive import Additive
from device.sleep.blend import Blend
from device.sleep.onset import SETTINGS, Detector, Setting
from device.values import EPOCH, STAGES, Epoch, Staging

# epochs without movement readings, or with nobody there, after which nothing is known
PATIENCE = 10
LIMITS = (0.0, 5000.0)  # counts: te Lindert's scale ends about there
HEARTS = (25.0, 220.0)  # /min
BREATHS = (3.0, 60.0)   # /min
SPREADS = (0.0, 100.0)  # /min, within an epoch


class Stager:
    """Judges a night epoch by epoch. `setting`: "quick" or "cautious", of the onset and arousal
    detectors.

    Raises ModelMismatch if the model isn't what its card and this file say.
    """

    def __init__(self, model: bytes, card: model_card.Card, setting: Setting | str = "cautious"):
        try:
            numbers = json.loads(model)
            self.changes = np.array(numbers["changes"], float).reshape(len(STAGES), len(STAGES))
            self._whole, self._motion, self._heart = (
                Blend.of(numbers[part], features.INPUTS) for part in ("whole", "motion", "heart"))
            self._slept = Additive.of(numbers["onset"], len(features.ONSET), 2)
            self._likeness = doubt.Likeness.of(numbers["likeness"])
        except (ValueError, KeyError, TypeError, OverflowError) as trouble:
            raise ModelMismatch(
                f"models/stager: unreadable ({trouble}); install Nocturne again"
            ) from trouble
        self._places = {id(part): features.places(part.inputs)
                        for part in (self._whole, self._motion, self._heart)}
        self._onset_places = features.places(features.ONSET)
        self.card = card
        self._setting = SETTINGS[setting] if isinstance(setting, str) else setting
        self.reset()

    @classmethod
    def load(cls, setting: Setting | str = "cautious") -> "Stager":
        """The model that came with this firmware."""
        return cls(*model_card.read("stager", features.INPUTS), setting)

    def reset(self) -> None:
        """A new night."""
        self._memory = features.Memory()
        self._breath = doubt.Breath()
        self._detector = Detector(self._setting)
        self._blind = 0                             # epochs since movement was last seen
        self._moved = False                         # movement was measured tonight
        self._p_asleep: float | None = None         # of the latest epoch that could be judged
        self._p_motion: float | None = None         # what movement alone said of it, unheard

    def judge(self, epoch: Epoch, lights_out: float | None) -> Staging:
        """The staging of `epoch`. `lights_out`: s; None: nobody said so yet, which counts as just
        now."""
        end = epoch.start + EPOCH
        counts, rate = within(epoch.activity, LIMITS), within(epoch.heart_rate, HEARTS)
        sd, breath = within(epoch.heart_sd, SPREADS), within(epoch.breathing, BREATHS)
        if epoch.present is False:                  # nobody to be still, or to have a pulse
            counts = rate = breath = None
        minutes = 0.0 if lights_out is None else max(end - lights_out, 0.0) / 60
        x = self._memory.add(counts, rate, sd, minutes)
        ratio = self._breath.add(breath)
        self._moved = self._moved or counts is not None
        self._blind = 0 if counts is not None else self._blind + 1
        if epoch.present is False or (self._blind > PATIENCE if self._moved else rate is None):
            self._p_asleep = self._p_motion = None
            return Staging(epoch.index, end, None, None, None, *self._detector.step(None))
        alone = self._of(self._motion, x)
        unheard = rate is None or not doubt.lively(self._memory.heart)
        believed = 0.0 if unheard else share(epoch.heart_quality)
        model, p = self._blended(x, unheard, alone, believed)
        doubtful = self._doubt(x, believed, unheard)
        p = doubt.doubted(doubt.waker(p, ratio), doubtful)
        p = at_most(p, self._ceiling(float(1 - alone[0]), counts is None, unheard))
        self._p_asleep = float(1 - p[0])
        self._p_motion = float(1 - alone[0]) if unheard else None
        stage = STAGES[int(model.decide(p[None])[0])]
        slept = None if unheard else float(
            self._slept.probabilities(x[None, self._onset_places])[0, 1])
        wake, light, deep, rem = map(float, p)
        seen = counts is not None or not self._moved
        verdict = self._detector.step(self._p_asleep, slept, doubtful, seen)
        return Staging(epoch.index, end, self._p_asleep, stage, (wake, light, deep, rem), *verdict,
                       slept)

    def _of(self, model: Blend, x: np.ndarray) -> np.ndarray:
        return model.probabilities(x[None, self._places[id(model)]])[0]

    def _blended(self, x: np.ndarray, unheard: bool, alone: np.ndarray, believed: float
                 ) -> tuple[Blend, np.ndarray]:
        """A heart of which little was trusted has little to say for sleep beside movement, and as
        much as any for wake: losing trust in it raises nothing."""
        if not self._moved:
            return self._heart, self._of(self._heart, x)
        if unheard:
            return self._motion, alone
        whole = self._of(self._whole, x)
        return self._whole, at_most(believed * whole + (1 - believed) * alone,
                                    float(1 - whole[0]))

    def _doubt(self, x: np.ndarray, believed: float, unheard: bool) -> float:
        seen = self._memory.activity[:self._memory.epochs]
        unseen = doubt.gaps(seen) if self._moved else doubt.UNSEEN
        poor = 0.0 if unheard and self._moved else doubt.POOR * (1 - believed)  # or it has no say
        return self._likeness.doubt(x) + unseen + poor

    def _ceiling(self, p_motion: float, unmoved: bool, unheard: bool) -> float:
        """What isn't seen is no sign of sleep: once movement readings fail P(asleep) can only fall,
        once the heart fails it can only rise by as much as movement alone has become surer since.
        """
        if not self._moved:
            return 1.0
        if unmoved:
            return self._p_asleep or 0.0
        if unheard and self._p_asleep is not None:
            before = p_motion if self._p_motion is None else self._p_motion
            return self._p_asleep + max(p_motion - before, 0.0)
        return 1.0

    def snapshot(self) -> dict:
        """All that the night so far has taught, JSON-able; `restore` goes on as if nothing had
        happened."""
        return {
            "memory": self._memory.snapshot(),
            "breath": self._breath.snapshot(),
            "detector": self._detector.snapshot(),
            "blind": self._blind,
            "moved": self._moved,
            "p_asleep": self._p_asleep,
            "p_motion": self._p_motion,
        }

    def restore(self, snapshot: Mapping) -> None:
        """Go on from a `snapshot`; from one that is torn, old or foreign, anew."""
        self.reset()
        try:
            blind = int(snapshot["blind"])
            before = [None if p is None else within(float(p), (0.0, 1.0))
                      for p in (snapshot["p_asleep"], snapshot["p_motion"])]
            self._memory.restore(snapshot["memory"])
            self._breath.restore(snapshot["breath"])
            self._detector.restore(snapshot["detector"])
            self._blind, self._moved = max(blind, 0), bool(snapshot["moved"])
            self._p_asleep, self._p_motion = before
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, IndexError):
            self.reset()


def within(value: float | None, limits: tuple[float, float]) -> float | None:
    """The value, or None if no body can have it (NaN included)."""
    return value if value is not None and limits[0] <= value <= limits[1] else None


def share(quality: float) -> float:
    """0..1, and 0 for what is no number."""
    return min(max(quality, 0.0), 1.0) if math.isfinite(quality) else 0.0


def at_most(p: np.ndarray, ceiling: float) -> np.ndarray:
    """Probabilities (4,) with P(asleep) no higher than `ceiling`; what is taken away is wake's."""
    asleep = 1 - p[0]
    return p if asleep <= ceiling else np.r_[1 - ceiling, p[1:] * (ceiling / asleep)]
