"""What feedback moves: a little of the style, and a few output biases, inside a trust region.

Weights stay frozen. Each night sets out a small random step from what is liked; a like carries the
taste toward that step, a skip away from it (simultaneous perturbation, after Spall 1992).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from device.compose import tokens as tk
from device.compose.theory import CHORDS

STYLE_TRUST = 0.5  # how far feedback may carry the style: the named points lie about as far apart
TRUST = {"light": 0.15, "long notes": 0.8, "suspended chords": 0.8}      # of brightness, and nats
NUANCE = 0.3                # of the trust region: the size of a night's step
STEP = 0.3                  # of that step: what a like or skip moves
SANE = 1e6                  # no taste was ever kept with more: it is torn


@dataclass(frozen=True)
class Taste:
    """What the sleeper likes, as far as it was learnt. `Taste()` is where everyone starts, and the
    reset."""
    style: tuple[float, ...] = (0.0,) * tk.STYLE_SIZE
    biases: tuple[float, ...] = (0.0,) * len(TRUST)

    @classmethod
    def recall(cls, state: object) -> "Taste":
        """From what `state` gave; anything else is nobody's taste."""
        if not isinstance(state, Mapping):
            return cls()
        style = numbers(state.get("style"), tk.STYLE_SIZE)
        biases = numbers(state.get("biases"), len(TRUST))
        return cls(style, biases).trusted() if style and biases else cls()

    def state(self) -> dict:
        """JSON-able."""
        return {"style": list(self.style), "biases": list(self.biases)}

    def trusted(self) -> "Taste":
        """The nearest taste within the trust region."""
        style, limits = np.array(self.style), np.array(list(TRUST.values()))
        style *= min(1.0, STYLE_TRUST / max(float(np.linalg.norm(style)), 1e-9))
        return Taste(tuple(style.tolist()), tuple(np.clip(self.biases, -limits, limits).tolist()))

    def moved(self, style: np.ndarray, biases: np.ndarray) -> "Taste":
        both = tuple((self.style + style).tolist()), tuple((self.biases + biases).tolist())
        return Taste(*both).trusted()

    def vary(self, rng: np.random.Generator) -> "Taste":
        """Where a night sets out."""
        step = NUANCE * rng.normal(size=tk.STYLE_SIZE + len(TRUST))
        return self.moved(step[:tk.STYLE_SIZE] * STYLE_TRUST / tk.STYLE_SIZE ** 0.5,
                          step[tk.STYLE_SIZE:] * list(TRUST.values()))

    def learn(self, tonight: "Taste", liked: int) -> "Taste":
        """Toward (`liked` > 0) or away from what was played."""
        share = STEP * float(np.sign(liked))
        return self.moved(share * np.subtract(tonight.style, self.style),
                          share * np.subtract(tonight.biases, self.biases))

    @property
    def light(self) -> float:
        """To add to the brightness."""
        return self.biases[0]

    def leans(self) -> list[float]:
        """(VOCABULARY,) nats to add to the opinion's logits."""
        _, long, suspended = self.biases
        out = [0.0] * tk.VOCABULARY
        for token in range(tk.RHYTHM, tk.PITCH):
            out[token] = long * (tk.DURATIONS[(token - tk.RHYTHM) % len(tk.DURATIONS)] >= 8)
        for index, (_, quality) in enumerate(CHORDS):
            out[tk.CHORD + index] = suspended * (quality == "sus")
        return out


def numbers(values: object, count: int) -> tuple[float, ...] | None:
    """That many finite numbers, none beyond SANE, or None."""
    if not isinstance(values, list | tuple) or len(values) != count:
        return None
    if not all(type(value) in (int, float) and abs(value) <= SANE for value in values):
        return None                 # NaN compares false, so that it is refused here too
    return tuple(map(float, values))
