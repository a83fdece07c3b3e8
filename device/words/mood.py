"""How a note sounds: int8 word vectors and an int8 network over the words in order, or a lexicon.

Valence and arousal are in thirds of the standard deviation of EmoBank's sentences, so that ±1 is
far out.
"""

import io
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from device.errors import ModelMismatch
from device.inference import model_card
from device.words.feeling import INPUTS, Feeling
from device.words.language import BUCKETS
from device.words.lexicon import FELT
from device.words.text import HAN

HARD = 0.2              # of valence below, and of arousal above 0
SLOTS = 48              # words of a note that are read
LONGEST_FEELING = max(len(phrase.split()) for phrase in FELT)
DENIALS = frozenset(("not", "no", "less", "never", "isn't", "don't"))
PIECES = (3, 4, 5)      # letters: what a word that the table lacks is made of


def called(feelings: Sequence[tuple[float, float]]) -> str:
    """What an evening may be helped with, by the (valence, arousal) of its feelings: "tense", else
    "weary", else ""."""
    hard = [arousal for valence, arousal in feelings if valence < -HARD]
    return (
        "tense"
        if any(arousal > HARD for arousal in hard)
        else "weary"
        if any(a < 0 for a in hard)
        else ""
    )


def word_hash(word: str) -> int:
    return zlib.crc32(word.encode())


def pieces(word: str, buckets: int) -> list[int]:
    """Buckets of a word's runs of letters."""
    edged = f"<{word}>"
    return [
        word_hash(edged[i : i + n]) % buckets
        for n in PIECES
        for i in range(max(len(edged) - n, 0) + 1)
    ]


class Mood:
    """The shipped table and network, `models/words.npz` and `models/words_table.npz`."""

    def __init__(self, folder: Path = model_card.MODELS):
        """Raises ModelMismatch."""
        content, card = model_card.read("words", INPUTS, folder)
        table, beside = model_card.read("words_table", (), folder)
        if beside.facts.get("network") != card.sha256:
            raise ModelMismatch(
                f"{folder}/words_table.npz belongs to another network; install Nocturne again"
            )
        self.sha256 = beside.sha256          # of the word vectors
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                self._feeling = Feeling({name: arrays[name] for name in arrays.files})
            with np.load(io.BytesIO(table), allow_pickle=False) as arrays:
                self._hashes, self._rows, self._pieces = (
                    arrays["hashes"],
                    arrays["rows"],
                    arrays["pieces"],
                )
                self.english, self.english_scale = arrays["english"], float(arrays["english_scale"])
            if self.english.shape != (BUCKETS,) or self._rows.shape != (
                len(self._hashes),
                self._pieces.shape[1],
            ):
                raise ValueError("arrays don't fit together")
            self.size = self._rows.shape[1]
            self(["rain"])
        except (KeyError, ValueError, OSError) as trouble:
            raise ModelMismatch(
                f"{folder}/words_table.npz: {trouble}; install Nocturne again"
            ) from trouble

    def knows(self, word: str) -> bool:
        """Whether the table has the word itself."""
        place = min(int(np.searchsorted(self._hashes, np.uint32(word_hash(word)))),
                    len(self._hashes) - 1)
        return bool(self._hashes[place] == word_hash(word))

    def vectors(self, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """(n, size), −1..1, and (n,) whether it says anything: a mark or number that the table
        lacks doesn't."""
        hashes = np.array([word_hash(word) for word in words], np.uint32)
        places = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        known = self._hashes[places] == hashes
        out = np.where(known[:, None], self._rows[places], 0).astype(float)
        for i in np.flatnonzero(~known).tolist():
            if words[i].isalpha() and words[i].isascii():
                out[i] = self._pieces[pieces(words[i], len(self._pieces))].mean(0)
                known[i] = True
        return out / 127, known

    def __call__(self, words: Sequence[str]) -> tuple[float, float]:
        """(valence, arousal), each −1..1."""
        some, known = self.vectors(words[:SLOTS])
        if not known.any():
            return 0.0, 0.0
        valence, arousal = self._feeling(np.where(known[:, None], some, 0))
        return float(np.clip(valence / 3, -1, 1)), float(np.clip(arousal / 3, -1, 1))


def felt(tokens: Sequence[str]) -> list[tuple[float, float]]:
    """(valence, arousal) of each feeling that is named and not denied."""
    found, place = [], 0
    while place < len(tokens):
        length = 1
        if HAN.fullmatch(tokens[place]):
            found += [value for phrase, value in FELT.items() if phrase in tokens[place]]
        else:
            said = (" ".join(tokens[place:place + n]) for n in range(LONGEST_FEELING, 0, -1))
            if phrase := next((phrase for phrase in said if phrase in FELT), None):
                length = len(phrase.split())
                if not DENIALS & set(tokens[max(place - 2, 0):place]):
                    found.append(FELT[phrase])
        place += length
    return found


def denied(tokens: Sequence[str]) -> bool:
    """Whether a feeling is named: with none that `felt` finds, it is denied, "not anxious"."""
    return any(token in FELT for token in tokens)
