"""What feedback has moved: a little of the style and of the light, inside a trust region."""

from dataclasses import dataclass, replace

import numpy as np

from device.compose.tokens import STYLE_SIZE

TRUST = 0.5                 # how far feedback may carry the style: the named points lie about as far apart
LIGHT_TRUST = 0.15          # and the brightness
STEP = 0.06                 # of one like or skip


@dataclass(frozen=True)
class Taste:
    """What the sleeper likes, as far as it was learnt. `Taste()` is where everyone starts, and the reset."""
    style: tuple[float, ...] = (0.0,) * STYLE_SIZE
    light: float = 0.0

    def learn(self, liked: int, style: np.ndarray, home: np.ndarray, light: float = 0.0) -> "Taste":
        """Toward (`liked` > 0) or away from what was played: its style (seen from `home`) and its light."""
        move = STEP * np.sign(liked) * (np.asarray(style) - home)
        moved = np.array(self.style) + move
        length = float(np.linalg.norm(moved))
        moved = moved * min(1.0, TRUST / length) if length > 0 else moved
        new = self.light + STEP * float(np.sign(liked)) * light
        return replace(self, style=tuple(float(x) for x in moved), light=min(max(new, -LIGHT_TRUST), LIGHT_TRUST))
