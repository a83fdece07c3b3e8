"""Is it English? A logistic regression over hashed letter n-grams, against languages made up from
their trigrams.

English is EmoBank's sentences; the others are sampled from the n-gram profiles of langdetect
(Apache-2.0), which knows how often each run of one to three letters stands in a language's
Wikipedia; gibberish is what fingers make of a keyboard.
"""

import json
import re
from collections.abc import Sequence
from importlib.resources import files

import numpy as np

from device.words.language import BUCKETS, ngrams

OTHERS = (
    "af",
    "ca",
    "cs",
    "cy",
    "da",
    "de",
    "es",
    "et",
    "fi",
    "fr",
    "hr",
    "hu",
    "id",
    "it",
    "lt",
    "lv",
    "nl",
    "no",
    "pl",
    "pt",
    "ro",
    "sk",
    "sl",
    "so",
    "sq",
    "sv",
    "sw",
    "tl",
    "tr",
    "vi",
)
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def profile(language: str) -> dict[str, int]:
    return json.loads((files("langdetect") / "profiles" / language).read_text("utf-8"))["freq"]


def invented(language: str, count: int, chance: np.random.Generator) -> list[str]:
    """Sentences of a language as its trigrams would write them."""
    follow: dict[str, tuple[list[str], np.ndarray]] = {}
    for gram, many in profile(language).items():
        if len(gram) == 3 and gram.lower() == gram:
            follow.setdefault(gram[:2], ([], []))[0].append(gram[2])
            follow[gram[:2]][1].append(many)
    odds = {pair: (letters, np.array(many) / sum(many)) for pair, (letters, many) in follow.items()}
    starts = [pair for pair in odds if pair[0] == " "]
    weights = np.array([sum(follow[pair][1]) for pair in starts], float)
    out = []
    for _ in range(count):
        words = []
        for _ in range(chance.integers(1, 9)):
            word = starts[chance.choice(len(starts), p=weights / weights.sum())]
            while (
                len(word) < 14 and word[-2:] in odds and not (len(word) > 1 and word.endswith(" "))
            ):
                letters, p = odds[word[-2:]]
                word += letters[chance.choice(len(letters), p=p)]
            words.append(word.strip())
        out.append(" ".join(words))
    return out


def gibberish(count: int, chance: np.random.Generator) -> list[str]:
    """Keyboards leant on, letters drawn from a bag, and one letter held down."""
    out = []
    for _ in range(count):
        words = []
        for _ in range(chance.integers(1, 6)):
            size, kind = int(chance.integers(3, 10)), chance.integers(4)
            if kind == 0:
                row = ROWS[chance.integers(3)]
                start = chance.integers(len(row))
                words.append((row[start:] + row)[:size])
            elif kind == 1:
                words.append("".join(chance.choice(list(ROWS[chance.integers(3)]), size)))
            elif kind == 2:
                words.append("".join(chance.choice(list("".join(ROWS)), size)))
            else:
                words.append(str(chance.choice(list("".join(ROWS)))) * size)
        out.append(" ".join(words))
    return out


def fragments(texts: Sequence[str], chance: np.random.Generator) -> list[str]:
    """Runs of one to eight words, as short as notes are."""
    out = []
    for text in texts:
        words = re.findall(r"[a-z']+", text.lower())
        if words:
            start, size = int(chance.integers(len(words))), int(chance.integers(1, 9))
            out.append(" ".join(words[start:start + size]))
    return out


def rows(texts: Sequence[str]) -> np.ndarray:
    out = np.zeros((len(texts), BUCKETS), np.float32)
    for row, text in zip(out, texts, strict=True):
        places = ngrams(text)
        np.add.at(row, places, 1 / max(len(places), 1))
    return out


def fit(english: Sequence[str], seed: int) -> tuple[np.ndarray, float]:
    """(weights (BUCKETS,) int8, scale): `scale` times their sum over a text's n-grams, by their
    number, is a logit."""
    import torch
    chance = np.random.default_rng(seed)
    yes = fragments(english, chance)
    no = [
        text
        for language in OTHERS
        for text in invented(language, len(yes) // (2 * len(OTHERS)), chance)
    ]
    no += gibberish(len(yes) // 4, chance)
    x, y = torch.tensor(rows([*yes, *no])), torch.tensor([1.0] * len(yes) + [0.0] * len(no))
    torch.manual_seed(seed)
    w = torch.zeros(BUCKETS, requires_grad=True)
    optimiser = torch.optim.LBFGS([w], max_iter=150)

    def step() -> torch.Tensor:
        optimiser.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(x @ w, y) + 1e-6 * (w**2).sum()
        loss.backward()
        return loss
    optimiser.step(step)
    weights = w.detach().numpy()
    scale = float(np.abs(weights).max()) / 127
    return np.round(weights / scale).astype(np.int8), scale
