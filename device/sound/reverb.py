"""A long, dense room at the music's rate: early reflections, then a feedback delay network of eight
lines (Jot & Chaigne 1991).

What comes in is smeared over 5 ms by allpasses (Schroeder 1962), comes back from all around within
85 ms, and feeds the network: a thousand echoes instead of one, so that eight lines are as dense as
it needs. Every line is longer than a block, so a whole block comes out before any of it is needed
again, and the network is one matrix product. Lines are written ahead at their own length, so that
all are read at one place.

What is heard of the lines moves slowly between two ways of adding them up, both of the same power:
no resonance stays quite as it is, and since no delay changes, no pitch wobbles. It moves little,
for a lasting tone would swing with it.
"""

import math

import numpy as np

from device.sound.settings import MUSIC_RATE, PERIOD

LONGEST = 4 * PERIOD        # frames: a block; every line is longer
# Frames: 86–171 ms, spread evenly on a log axis and prime, so that echoes rarely coincide.
LENGTHS = (2053, 2269, 2503, 2767, 3061, 3373, 3727, 4111)
LINES = len(LENGTHS)
ROOM = 4 * LONGEST          # frames written before the buffer is moved back
SILENCE = 1e-9              # peak below which the room is asleep
SMEAR = 128                 # frames, 5 ms
ALLPASSES = ((17, 0.6), (29, -0.6), (43, 0.6))      # frames and coefficients
AROUND, WITHIN = 20, 0.088   # reflections in each channel, and the s in which they come
EARLY = 0.6                 # of the reflections beside what the lines give
TURN = 0.11                 # Hz: of the way the lines are added up, and how far it moves,
DEPTH = 0.06                # radians
PROBES = np.geomspace(250.0, 2000.0, 96)    # Hz: where the room's gain is found
_UP = np.arange(LONGEST, dtype=np.float32)


def shares(angle: float) -> tuple[float, float]:
    """Of the two ways of adding up; their squares add up to one."""
    way = DEPTH * math.sin(angle)
    return math.cos(way), math.sin(way)


class Smear:
    """The allpasses, cut off where little is left: a matrix product, not a recursion."""

    def __init__(self) -> None:
        taps = np.zeros(SMEAR)
        taps[0] = 1.0
        for delay, g in ALLPASSES:
            passed = np.zeros_like(taps)
            for i in range(len(taps)):
                back = (taps[i - delay], passed[i - delay]) if i >= delay else (0.0, 0.0)
                passed[i] = -g * taps[i] + back[0] + g * back[1]
            taps = passed
        self.taps = taps
        lag = np.arange(SMEAR)[None, :] - np.arange(SMEAR)[:, None]     # (in, out)
        self._now = np.where(lag >= 0, taps[lag % SMEAR], 0.0).astype(np.float32)
        self._before = np.where(lag < 0, taps[lag % SMEAR], 0.0).astype(np.float32)
        self._held = np.zeros(SMEAR, np.float32)

    def __call__(self, block: np.ndarray) -> np.ndarray:
        """(frames,) → the same."""
        whole = np.concatenate([self._held, block])
        self._held = whole[-SMEAR:].copy()
        rows = whole.reshape(-1, SMEAR)
        out = rows[1:] @ self._now
        out += rows[:-1] @ self._before
        return out.ravel()

    def clear(self) -> None:
        self._held[:] = 0.0


class Reflections:
    """Velvet noise (Karjalainen & Järveläinen 2007): one of ± 1 in each cell, and cells that grow,
    so that they come the less densely the later. All channels have them at the same times, every
    other one with the other sign in the second."""

    def __init__(self, channels: int, random: np.random.Generator):
        edges = WITHIN * MUSIC_RATE * (np.arange(AROUND + 1) / AROUND) ** 1.3
        self.delays = (edges[:-1] + random.random(AROUND) * np.diff(edges)).astype(int)
        first = np.where(random.random(AROUND) < 0.5, -1.0, 1.0) / AROUND**0.5
        turned = np.where(np.arange(AROUND) % 2, -1.0, 1.0)
        self.signs = np.stack([first, first * turned][:channels])
        # of those alike in both channels, and of the unlike: the first sample, and what it does
        before = int(WITHIN * MUSIC_RATE)
        echoes = [(before - delay, np.add if sign > 0.0 else np.subtract)
                  for delay, sign in zip(self.delays.tolist(), first.tolist(), strict=True)]
        self._echoes = echoes[0::2], echoes[1::2]
        self._held = np.zeros(int(WITHIN * MUSIC_RATE), np.float32)

    def __call__(self, block: np.ndarray) -> np.ndarray:
        """(frames,) → (channels, frames)."""
        before, frames = len(self._held), len(block)
        whole = np.concatenate([self._held, block])
        self._held = whole[-before:].copy()
        parts = np.zeros((2, frames), np.float32)
        for part, echoes in zip(parts, self._echoes, strict=True):
            for start, take in echoes:
                take(part, whole[start:start + frames], part)
        parts *= np.float32(AROUND**-0.5)
        alike, unlike = parts
        if len(self.signs) == 1:
            return (alike + unlike)[None]
        return np.stack([alike + unlike, alike - unlike])

    def clear(self) -> None:
        self._held[:] = 0.0


class Reverb:
    """The room alone, without what goes in. `level`: amplitude of what comes back, re what goes in;
    `seconds`: RT60 of the lows; `damping`: the loop's low-pass, a FIR of weights (1 − d, d): highs
    fade sooner, as in air."""

    def __init__(self, channels: int = 2, level: float = 1.0, seconds: float = 5.5,
                 damping: float = 0.25):
        random = np.random.default_rng(47)
        self._smear, self._reflections = Smear(), Reflections(channels, random)
        hadamard = np.ones((1, 1))
        while len(hadamard) < LINES:
            hadamard = np.block([[hadamard, hadamard], [hadamard, -hadamard]])
        decay = 10.0 ** (-3.0 * np.array(LENGTHS) / (seconds * MUSIC_RATE))
        self._feedback = (hadamard / math.sqrt(LINES))[random.permutation(LINES)] * decay
        self._into = hadamard[[3, 5][:channels]].T
        self._taps = hadamard[[1, 6, 2, 4][:2 * channels]]
        self._channels, self._damping, self._early = channels, damping, np.float32(level * EARLY)
        found = np.mean(np.abs(self._lines_at(PROBES)) ** 2)
        self._taps *= level * math.sqrt((1.0 - EARLY**2) / channels / found)
        self._matrix = np.zeros((LINES + len(self._taps), LINES + channels), np.float32)
        self._matrix[:LINES, :LINES] = self._feedback * (1.0 - damping)
        self._matrix[:LINES, LINES:] = self._into
        self._matrix[LINES:, :LINES] = self._taps * (1.0 - damping)
        self._ratio = np.float32(damping / (1.0 - damping))
        self._lines = np.zeros((LINES, max(LENGTHS) + ROOM + LONGEST), np.float32)
        self._at, self._angle = 1, 0.0
        self.quiet = True

    def __call__(self, block: np.ndarray) -> np.ndarray:
        """(channels, frames) in, `LONGEST` at most → the same of reverberation. What goes in is the
        channels' mean."""
        sent = block[0] if self._channels == 1 else block.mean(axis=0)
        out = self._reflections(self._smear(sent))
        late = self._late(out)
        out *= self._early
        out += late
        self.quiet = not block.any() and float(np.abs(out).max()) < SILENCE
        return out

    def clear(self) -> None:
        self._smear.clear()
        self._reflections.clear()
        self._lines[:] = 0.0
        self.quiet = True

    def gain(self, frequencies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) and (n,): power of a tone in the middle and its room together, re the tone alone, on
        average over the channels: of a tone that lasts, and of one that soon fades."""
        fed = self._reflected_at(frequencies)           # (n, channels)
        near = 1.0 + self._early * fed
        # (n, channels); of both ways the first has nearly all
        lines = (self._lines_at(frequencies) @ fed[..., None])[..., 0]
        whole = near + lines[:, :self._channels]
        late = (float(self._early) / EARLY) ** 2 * (1.0 - EARLY**2)
        return np.mean(np.abs(whole) ** 2, axis=1), np.mean(np.abs(near) ** 2, axis=1) + late

    def _late(self, block: np.ndarray) -> np.ndarray:
        lines, at, frames = self._lines, self._at, block.shape[1]
        work = np.empty((LINES + self._channels, frames), np.float32)
        read = work[:LINES]
        np.multiply(lines[:, at - 1:at + frames - 1], self._ratio, out=read)
        read += lines[:, at:at + frames]
        work[LINES:] = block
        mixed = self._matrix @ work
        for line, length, fresh in zip(lines, LENGTHS, mixed, strict=False):
            line[at + length:at + length + frames] = fresh
        self._at = at + frames
        if self._at > ROOM:
            back = self._at - 1
            lines[:, :max(LENGTHS) + 1] = lines[:, back:back + max(LENGTHS) + 1]
            self._at = 1
        return self._turned(mixed[LINES:])

    def _turned(self, both: np.ndarray) -> np.ndarray:
        """(2 channels, frames): the lines added up in two ways, → (channels, frames)."""
        frames, now = both.shape[1], self._angle
        self._angle = then = (now + 2.0 * math.pi * TURN * frames / MUSIC_RATE) % (2.0 * math.pi)
        (a, b), (c, d) = shares(now), shares(then)
        up = _UP[:frames]
        out, other = both[:self._channels], both[self._channels:]
        out *= a + (c - a) / frames * up
        other *= b + (d - b) / frames * up
        out += other
        return out

    def _reflected_at(self, frequencies: np.ndarray) -> np.ndarray:
        """(n, channels) complex: what the lines are fed of a tone."""
        w = 2.0 * np.pi * np.asarray(frequencies)[:, None] / MUSIC_RATE
        smeared = np.exp(-1j * w * np.arange(SMEAR)) @ self._smear.taps
        return np.stack([
            smeared * (np.exp(-1j * w * self._reflections.delays) @ signs)
            for signs in self._reflections.signs
        ], axis=1)

    def _lines_at(self, frequencies: np.ndarray) -> np.ndarray:
        """(n, ways of adding up, channels) complex: gain of the lines from what they are fed."""
        w = 2.0 * np.pi * np.asarray(frequencies)[:, None] / MUSIC_RATE
        delayed = np.exp(-1j * w * LENGTHS) * (
            1.0 - self._damping + self._damping * np.exp(-1j * w)
        )
        inside = np.linalg.solve(
            np.eye(LINES) - self._feedback * delayed[:, None], self._into[None].astype(complex)
        )
        return (self._taps * delayed[:, None]) @ inside
