"""P(asleep) and a stage for each epoch, causal; "unknown" is an answer."""

import json
from collections import deque
from collections.abc import Mapping

import numpy as np

from device import cards
from device.sleep import features
from device.sleep.onset import SETTINGS, Detector, Setting
from device.values import EPOCH, STAGES, Epoch, Staging

PATIENCE = 10           # epochs without motion after which nothing is known
ACTIVITY_SPAN = len(features.KERNEL)
HEART_SPAN = 2 * features.HEART_LATE - 1


class Stager:
    """Judges a night epoch by epoch. `setting`: "quick" or "cautious", of the onset and arousal detectors.

    Raises ModelMismatch if the model isn't what its card and this file say.
    """

    def __init__(self, model: bytes, card: cards.Card, setting: Setting | str = "cautious"):
        weights = json.loads(model)
        self.card = card
        self.changes = np.array(weights["changes"])             # (4, 4) from stage to stage in one epoch
        self._mean, self._scale = np.array(weights["mean"]), np.array(weights["scale"])
        self._weights, self._bias = np.array(weights["weights"]), np.array(weights["bias"])
        self._setting = SETTINGS[setting] if isinstance(setting, str) else setting
        self._typical_heart = weights["typical_heart"]
        self.reset()

    @classmethod
    def load(cls, setting: Setting | str = "cautious") -> "Stager":
        """The model that came with this firmware."""
        return cls(*cards.read("stager", features.INPUTS), setting)

    def reset(self) -> None:
        """A new night."""
        self._memory = features.Memory()
        self._counts: deque = deque([None] * ACTIVITY_SPAN, ACTIVITY_SPAN)
        self._rates: deque = deque([None] * HEART_SPAN, HEART_SPAN)
        self._heart_scale: float | None = None
        self._blind = 0
        self._p_asleep = 0.0
        self._detector = Detector(self._setting)

    def judge(self, epoch: Epoch, lights_out: float | None) -> Staging:
        """The staging of `epoch`; `lights_out` s, None while the light is on or nobody pressed the button."""
        end = epoch.start + EPOCH
        self._counts.append(epoch.activity)
        self._rates.append(epoch.heart_rate)
        minutes = None if lights_out is None else max(end - lights_out, 0) / 60
        activity = features.smooth_activity(self._counts)
        heart = features.heart_variability(self._rates)
        x = self._memory.add(activity, None if heart is None else heart / self._typical_heart, minutes)
        missing = epoch.activity is None or epoch.present is False
        self._blind = self._blind + 1 if missing else 0
        if self._blind > PATIENCE or epoch.present is False or np.isnan(x[0]):
            self._p_asleep = 0.0
            state = self._detector.step(None)
            return Staging(epoch.index, end, None, None, None, *state)
        p = self._probabilities(x)
        if missing and 1 - p[0] > self._p_asleep:       # what isn't seen is no sign of sleep
            p = np.r_[1 - self._p_asleep, p[1:] / p[1:].sum() * self._p_asleep]
        self._p_asleep = float(1 - p[0])
        state = self._detector.step(self._p_asleep)
        return Staging(epoch.index, end, self._p_asleep, STAGES[int(p.argmax())], tuple(map(float, p)), *state)

    def _probabilities(self, x: np.ndarray) -> np.ndarray:
        z = np.nan_to_num((x - self._mean) / self._scale) @ self._weights + self._bias
        e = np.exp(z - z.max())
        return e / e.sum()

    def snapshot(self) -> dict:
        """All that the night so far has taught, JSON-able; `restore` goes on as if nothing had happened."""
        return {"memory": self._memory.state, "counts": list(self._counts), "rates": list(self._rates),
                "blind": self._blind, "p_asleep": self._p_asleep, "detector": self._detector.snapshot()}

    def restore(self, snapshot: Mapping) -> None:
        self._memory.state = dict(snapshot["memory"])
        self._counts = deque(snapshot["counts"], ACTIVITY_SPAN)
        self._rates = deque(snapshot["rates"], HEART_SPAN)
        self._blind, self._p_asleep = snapshot["blind"], snapshot["p_asleep"]
        self._detector.restore(snapshot["detector"])
