"""The network that reads wishes: each word of a note → what is wished of it, from the words around.

Embeddings of the word's kind, of the word, and its distilled vector; four dilated convolutions with
skips, so that a word sees fifteen to either side; the note's maximum beside it; six logits.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from device.words.features import FLAGS, KINDS
from training.words.examples import IGNORED, Example
from training.words.notes import LABELS

KIND, WORD, VECTOR, WIDE = 24, 32, 32, 112
DILATIONS = (1, 2, 4, 8)
BATCH = 64
STRANGE = 0.08  # share of words that training hides, so that unknown ones do no harm
NAMELESS = 0.5  # share of names of things that are read by their kind alone, of qualities half
NAMED = ("field", "thing silence", "thing sound", *FLAGS)  # whose few names matter


HIDDEN = np.array(
    [
        NAMELESS
        if kind.startswith("thing") and kind not in NAMED
        else NAMELESS / 2
        if kind.startswith(("quality", "compared"))
        else STRANGE
        for kind in KINDS
    ]
)


class Tagger(nn.Module):
    def __init__(self, words: Sequence[str], vector: int):
        super().__init__()
        self.places = {word: i + 1 for i, word in enumerate(words)}
        self.kind = nn.Embedding(len(KINDS), KIND)
        self.word = nn.Embedding(1 + len(words), WORD, padding_idx=0)
        nn.init.normal_(self.word.weight, 0, 0.1)
        self.vector = nn.Linear(vector, VECTOR)
        self.enter = nn.Linear(KIND + WORD + VECTOR, WIDE)
        self.around = nn.ModuleList(
            nn.Conv1d(WIDE, WIDE, 3, padding=step, dilation=step) for step in DILATIONS
        )
        self.whole = nn.Linear(WIDE, WIDE)
        self.own = nn.Linear(WIDE, WIDE)
        self.say = nn.Linear(WIDE, len(LABELS))
        self.drop = nn.Dropout(0.15)

    def forward(
        self, kinds: torch.Tensor, words: torch.Tensor, vectors: torch.Tensor
    ) -> torch.Tensor:
        """(b, n), (b, n), (b, n, size) → (b, n, labels); kind 0 is nothing."""
        there = (kinds > 0)[..., None].float()
        x = torch.cat([self.kind(kinds), self.word(words), self.vector(vectors)], 2)
        x = torch.relu(self.enter(self.drop(x))) * there
        for around in self.around:
            x = (x + torch.relu(around(self.drop(x).transpose(1, 2)).transpose(1, 2))) * there
        whole = self.whole(x.masked_fill(there == 0, -1e4).max(1).values)
        return self.say(self.drop(torch.relu(self.own(x) + whole[:, None])))


def batched(tagger: Tagger, some: Sequence[Example], chance: np.random.Generator | None = None):
    """Padded arrays of examples; with chance, words are hidden."""
    most = max(len(each.kinds) for each in some)
    kinds = np.zeros((len(some), most), np.int64)
    words = np.zeros((len(some), most), np.int64)
    vectors = np.zeros((len(some), most, some[0].vectors.shape[1]), np.float32)
    labels = np.full((len(some), most), IGNORED)
    for row, each in enumerate(some):
        n = len(each.kinds)
        kinds[row, :n], vectors[row, :n], labels[row, :n] = each.kinds, each.vectors, each.labels
        words[row, :n] = [tagger.places.get(word, 0) for word in each.words]
    if chance:
        hidden = chance.random(words.shape) < HIDDEN[kinds]
        words[hidden] = 0
        vectors[hidden & ((labels != IGNORED) | (chance.random(words.shape) < 0.5))] = 0
    return tuple(map(torch.tensor, (kinds, words, vectors, labels)))


def learn(
    tagger: Tagger, examples: Sequence[Example], seed: int, epochs: int = 3, say=print
) -> None:
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(tagger.parameters(), lr=2e-3, weight_decay=0.01)
    steps = epochs * (len(examples) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda i: min((i + 1) / 100, 1.0) * max(1 - i / steps, 0.02)
    )
    lengths = np.array([len(each.kinds) for each in examples])
    tagger.train()
    for epoch in range(epochs):
        order = np.argsort(lengths + chance.normal(0, 2, len(examples)))
        total = 0.0
        batches = order[: len(order) // BATCH * BATCH].reshape(-1, BATCH)
        for batch in chance.permutation(batches):
            some = [examples[i] for i in batch]
            kinds, words, vectors, labels = batched(tagger, some, chance)
            weight = torch.tensor([each.weight for each in some])[:, None].expand(labels.shape)
            judged = labels != IGNORED
            loss = nn.functional.cross_entropy(
                tagger(kinds, words, vectors)[judged],
                labels[judged],
                reduction="none",
                label_smoothing=0.02,
            )
            loss = (loss * weight[judged]).sum() / weight[judged].sum()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(tagger.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        say(f"tagger: epoch {epoch + 1}, loss {total / len(batches):.4f}", flush=True)
    tagger.eval()


def counts(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """int8 rows and the step of each: (out, in) → (out, in) int8, (out,) float32."""
    flat = weights.reshape(len(weights), -1)
    steps = np.maximum(np.abs(flat).max(1), 1e-9) / 127
    return np.round(flat / steps[:, None]).astype(np.int8), steps.astype(np.float32)


def arrays(tagger: Tagger, words: Sequence[str]) -> dict[str, np.ndarray]:
    """What `device/words/reader.py` loads."""
    from device.words.mood import word_hash

    out = {"hashes": np.array([word_hash(word) for word in words], np.uint32)}
    layers = {"kind": tagger.kind.weight, "word": tagger.word.weight}
    for name in ("vector", "enter", "whole", "own", "say"):
        layers[name] = getattr(tagger, name).weight
        out[f"{name}_bias"] = getattr(tagger, name).bias.detach().numpy()
    for i, around in enumerate(tagger.around):
        layers[f"around{i}"] = around.weight.permute(0, 2, 1)  # (out, 3, in)
        out[f"around{i}_bias"] = around.bias.detach().numpy()
    for name, weights in layers.items():
        out[name], out[f"{name}_step"] = counts(weights.detach().numpy())
    return out
