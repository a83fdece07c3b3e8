"""The mood model that the board gets: a table of word vectors and a small network over each word
and its neighbours.

It starts from the teacher's vectors of word pieces and learns the teacher's judgements together
with people's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from device.words.mood import SLOTS, pieces, word_hash
from device.words.text import clean, tokens

SIZE = 64           # of a word's vector
HIDDEN = 160
PIECES = 4096       # buckets of letter runs, for words that the table lacks
TRUST = 0.2         # of a person's judgement beside the teacher's, where both are known
BATCH = 64
DROP = 0.3
LOST = 0.1          # share of words that training reads by their letters alone


@dataclass(frozen=True, eq=False)
class Vocabulary:
    words: tuple[str, ...]          # by hash, ascending
    hashes: np.ndarray              # (n,) uint32

    @classmethod
    def of(cls, words: set[str]) -> "Vocabulary":
        by_hash = {word_hash(word): word for word in sorted(words, reverse=True)}
        order = sorted(by_hash)
        return cls(tuple(by_hash[h] for h in order), np.array(order, np.uint32))


def words_of(text: str) -> list[str]:
    return tokens(clean(text))[:SLOTS]


class Student(nn.Module):
    """Places (b, SLOTS) in the table, 0 is nothing → (b, 3): valence, arousal, VADER's sentiment,
    in SDs."""

    def __init__(self, vectors: np.ndarray):
        super().__init__()
        self.table = nn.Embedding.from_pretrained(torch.tensor(vectors), freeze=False,
                                                  padding_idx=0, sparse=True)
        self.hidden = nn.Linear(3 * SIZE, HIDDEN)
        self.say = nn.Linear(HIDDEN, 4)
        self.drop = nn.Dropout(DROP)

    def forward(self, places: torch.Tensor) -> torch.Tensor:
        x = self.table(places).clamp(-1, 1)
        blank = torch.zeros_like(x[:, :1])
        window = torch.cat([torch.cat([blank, x[:, :-1]], 1), x, torch.cat([x[:, 1:], blank], 1)],
                           2)
        said = self.say(self.drop(torch.relu(self.hidden(self.drop(window)))))
        weight = torch.softmax(said[..., 3].masked_fill(places == 0, -1e4), 1)
        return (weight[..., None] * said[..., :3]).sum(1)


def start(vectors: np.ndarray) -> np.ndarray:
    """(1 + n, SIZE) float32: the teacher's vectors (n, 384) by their main components; the first is
    nothing."""
    centred = vectors - vectors.mean(0)
    _, _, axes = np.linalg.svd(centred[::max(len(centred) // 8000, 1)], full_matrices=False)
    small = centred @ axes[:SIZE].T
    small /= 4 * small.std()
    return np.concatenate([np.zeros((1, SIZE)), small]).astype(np.float32)


def places(vocabulary: Vocabulary, texts: Sequence[str]) -> np.ndarray:
    """(n, SLOTS): 1 + the word's place in the vocabulary; a word that it lacks is 0."""
    index = {word: i + 1 for i, word in enumerate(vocabulary.words)}
    out = np.zeros((len(texts), SLOTS), np.int64)
    for row, text in zip(out, texts, strict=True):
        found = [index.get(word, 0) for word in words_of(text)]
        row[:len(found)] = found
    return out


def learn(student: Student, rows: np.ndarray, gold: np.ndarray, soft: np.ndarray, seed: int,
          epochs: int = 7, check=None) -> None:
    """`rows` (n, SLOTS), `gold` (n, 3) with NaN where nobody judged, `soft` (n, 3) the teacher's.
    """
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    rows, gold, soft = (
        torch.tensor(rows),
        torch.tensor(gold, dtype=torch.float32),
        torch.tensor(soft),
    )
    known = torch.isfinite(gold)
    wanted = torch.where(known, TRUST * torch.nan_to_num(gold) + (1 - TRUST) * soft, soft)
    optimisers = (
        torch.optim.SparseAdam(student.table.parameters(), lr=2e-3),
        torch.optim.Adam([*student.hidden.parameters(), *student.say.parameters()], lr=1e-3),
    )
    steps = epochs * (len(rows) // BATCH)
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(one, lambda i: max(1 - i / steps, 0.02))
        for one in optimisers
    ]
    lengths = (rows > 0).sum(1).numpy()
    for epoch in range(epochs):
        student.train()
        # alike in length: less is empty
        order = np.argsort(lengths + chance.normal(0, 3, len(rows)))
        for batch in chance.permutation(order[:len(rows) // BATCH * BATCH].reshape(-1, BATCH)):
            length = int((rows[batch] > 0).sum(1).max().clamp(min=1))
            seen = rows[batch][:, :SLOTS if length > SLOTS - 2 else length + 2]
            seen = torch.where(torch.rand(seen.shape) < LOST, 0, seen)
            weight = torch.tensor([1.0, 1.0, 0.3])
            loss = (weight * (student(seen) - wanted[batch]) ** 2).mean()
            for optimiser in optimisers:
                optimiser.zero_grad()
            loss.backward()
            for one in (*optimisers, *schedules):
                one.step()
        if check:
            student.eval()
            check(epoch, student)
    student.eval()


def spell(vocabulary: Vocabulary, vectors: np.ndarray, seed: int, epochs: int = 6) -> np.ndarray:
    """(PIECES, SIZE): what letter runs must mean so that their mean is the word's vector, for
    `vectors` (n, SIZE)."""
    torch.manual_seed(seed)
    runs = [torch.tensor(pieces(word, PIECES)) for word in vocabulary.words]
    bag = nn.EmbeddingBag(PIECES, SIZE, mode="mean")
    nn.init.zeros_(bag.weight)
    optimiser = torch.optim.Adam(bag.parameters(), lr=0.01)
    wanted, chance = torch.tensor(vectors), np.random.default_rng(seed)
    for _ in range(epochs):
        for batch in np.array_split(chance.permutation(len(runs)), len(runs) // 256):
            flat = torch.cat([runs[i] for i in batch])
            starts = torch.tensor(np.cumsum([0, *(len(runs[i]) for i in batch[:-1])]))
            loss = ((bag(flat, starts) - wanted[batch]) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return bag.weight.detach().numpy().clip(-1, 1)
