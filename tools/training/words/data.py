"""What the words' mood is trained on: EmoBank's judgements, and the sentences that VADER was
validated with.

EmoBank (Buechel & Hahn 2017, CC BY-SA 4.0): `emobank*.csv[.gz]` with columns id, split, V, A, D,
text. VADER's ground truth (Hutto & Gilbert 2014, MIT): `hutto_ICWSM_2014.tar.gz`, in the source
archive of vaderSentiment 0.5 on PyPI.
"""

import csv
import gzip
import io
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

LONGEST_EXCERPT = 11        # words
VADER = "hutto_ICWSM_2014.tar.gz"


def emobank(data: Path) -> dict[str, tuple[list[str], np.ndarray]]:
    """split → (texts, (n, 2) valence and arousal 1..5)."""
    rows: dict[str, list] = {}
    for path in sorted({*data.rglob("emobank*.csv"), *data.rglob("emobank*.csv.gz")}):
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                rows.setdefault(row["split"], []).append(
                    (row["text"], float(row["V"]), float(row["A"]))
                )
    return {split: ([text for text, _, _ in part], np.array([[v, a] for _, v, a in part]))
            for split, part in rows.items()}


def excerpts(texts: Sequence[str], many: int, chance: np.random.Generator) -> Iterator[str]:
    """Runs of words out of each text, which only the teacher judges: what a few words add (n-gram
    sampling, Tang et al. 2019, arXiv:1903.12136)."""
    for text in texts:
        words = text.split()
        for _ in range(many):
            size = int(chance.integers(1, min(LONGEST_EXCERPT, max(len(words) - 1, 1)) + 1))
            start = int(chance.integers(max(len(words) - size, 0) + 1))
            yield " ".join(words[start:start + size])


def lexicon(archive: Path) -> Iterator[tuple[str, float]]:
    """(word, mean sentiment −4..4 of ten people): VADER's lexicon, emoticons and phrases aside."""
    with tarfile.open(archive) as tar:
        member = next(
            member for member in tar if member.name.endswith("vader_sentiment_lexicon.txt")
        )
        for line in io.TextIOWrapper(tar.extractfile(member), "utf-8", "replace"):
            word, mean, *_ = line.split("\t")
            if word.isalpha():
                yield word, float(mean)


def vader(archive: Path) -> Iterator[tuple[str, float]]:
    """(sentence, mean sentiment −4..4 of twenty people): tweets, reviews and editorials."""
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.name.endswith("_GroundTruth.txt"):
                for line in io.TextIOWrapper(tar.extractfile(member), "utf-8", "replace"):
                    parts = line.rstrip("\n").split("\t")
                    if len(parts) == 3:
                        yield parts[2], float(parts[1])
