"""P(asleep) and a stage for each epoch, causal; "unknown" is an answer.

Two models share one file: with heart and movement, and with movement alone for the epochs in which
no heart is heard.
"""

import json
from collections.abc import Mapping, Sequence

import numpy as np

from device.errors import ModelMismatch
from device.inference import model_card
from device.sleep import features, hypnogram
from device.sleep.blend import Blend
from device.sleep.heart_variability import HeartVariability
from device.sleep.onset import SETTINGS, Detector, Setting
from device.values import EPOCH, STAGES, Epoch, Staging, Sums

# epochs without movement readings, or with nobody there, after which nothing is known
PATIENCE = 10
LIMITS = (0.0, 5000.0)  # counts: te Lindert's scale ends about there
HEARTS = (25.0, 220.0)  # /min


class Stager:
    """Judges a night epoch by epoch. `setting`: "quick" or "cautious", of the onset and arousal
    detectors.

    Raises ModelMismatch if the model isn't what its card and this file say.
    """

    def __init__(self, model: bytes, card: model_card.Card, setting: Setting | str = "cautious"):
        try:
            numbers = json.loads(model)
            self.changes = np.array(numbers["changes"], float).reshape(len(STAGES), len(STAGES))
            self._whole, self._motion = (Blend.of(numbers[part], len(features.INPUTS))
                                         for part in ("board", "motion"))
        except (ValueError, KeyError, TypeError, OverflowError) as trouble:
            raise ModelMismatch(
                f"models/stager: unreadable ({trouble}); install Nocturne again"
            ) from trouble
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
        self._heart = HeartVariability()
        self._detector = Detector(self._setting)
        self._blind = 0                             # epochs since movement was last seen
        self._p_asleep: float | None = None         # of the latest epoch that could be judged
        self._p_motion: float | None = None         # what movement alone said of it

    def judge(self, epoch: Epoch, lights_out: float | None) -> Staging:
        """The staging of `epoch`. `lights_out`: s; None: nobody said so yet, which counts as just
        now."""
        end = epoch.start + EPOCH
        counts = within(epoch.activity, LIMITS)
        rate = within(epoch.heart_rate, HEARTS)
        if epoch.present is False:                  # nobody to be still, or to have a pulse
            counts = rate = None
        minutes = 0.0 if lights_out is None else max(end - lights_out, 0.0) / 60
        x = self._memory.add(counts, self._heart.add(rate), minutes)[None]
        self._blind = 0 if counts is not None else self._blind + 1
        if self._blind > PATIENCE or epoch.present is False or not self._memory.state["tonight"][1]:
            self._p_asleep = self._p_motion = None
            return Staging(epoch.index, end, None, None, None, *self._detector.step(None))
        alone = self._motion.probabilities(x)[0]
        p = alone if rate is None else self._whole.probabilities(x)[0]
        p = at_most(p, self._ceiling(float(1 - alone[0]), counts is None, rate is None))
        self._p_asleep, self._p_motion = float(1 - p[0]), float(1 - alone[0])
        stage = STAGES[int((self._motion if rate is None else self._whole).decide(p[None])[0])]
        chances = (float(p[0]), float(p[1]), float(p[2]), float(p[3]))
        return Staging(epoch.index, end, self._p_asleep, stage, chances,
                       *self._detector.step(self._p_asleep))

    def _ceiling(self, p_motion: float, unmoved: bool, unheard: bool) -> float:
        """What isn't seen is no sign of sleep: without movement readings P(asleep) can only fall,
        without a heart it can only rise by as much as movement alone has become surer."""
        if unmoved:
            return self._p_asleep or 0.0
        if unheard and self._p_asleep is not None and self._p_motion is not None:
            return self._p_asleep + max(p_motion - self._p_motion, 0.0)
        return 1.0

    def review(self, stagings: Sequence[Staging]) -> Sums:
        """The night's sums, by the second opinion."""
        return hypnogram.sums(hypnogram.second_opinion(stagings, self.changes))

    def snapshot(self) -> dict:
        """All that the night so far has taught, JSON-able; `restore` goes on as if nothing had
        happened."""
        return {
            "memory": self._memory.state,
            "heart": self._heart.snapshot(),
            "detector": self._detector.snapshot(),
            "blind": self._blind,
            "p_asleep": self._p_asleep,
            "p_motion": self._p_motion,
        }

    def restore(self, snapshot: Mapping) -> None:
        self._memory.state = json.loads(json.dumps(snapshot["memory"]))
        self._heart.restore(snapshot["heart"])
        self._detector.restore(snapshot["detector"])
        self._blind, self._p_asleep, self._p_motion = (
            snapshot[key] for key in ("blind", "p_asleep", "p_motion")
        )


def within(value: float | None, limits: tuple[float, float]) -> float | None:
    """The value, or None if no body can have it (NaN included)."""
    return value if value is not None and limits[0] <= value <= limits[1] else None


def at_most(p: np.ndarray, ceiling: float) -> np.ndarray:
    """Probabilities (4,) with P(asleep) no higher than `ceiling`; what is taken away is wake's."""
    asleep = 1 - p[0]
    return p if asleep <= ceiling else np.r_[1 - ceiling, p[1:] * (ceiling / asleep)]
