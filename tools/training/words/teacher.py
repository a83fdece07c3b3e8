"""The teacher of the words' mood model: all-MiniLM-L6-v2 (Apache-2.0), fine-tuned on people's
judgements.

Only a desk sees it: its word pieces start the device's table, and its judgements of more sentences
teach the table.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

LONGEST = 64        # word pieces; EmoBank's sentences have 20 on average
STEP = 32           # sentences
RATE = 1e-4


class Teacher(nn.Module):
    """A sentence → (valence, arousal, VADER's sentiment), each in SDs of its own source."""

    def __init__(self, folder: Path):
        super().__init__()
        from transformers import AutoTokenizer, BertModel
        self.cut = AutoTokenizer.from_pretrained(folder)
        self.body = BertModel.from_pretrained(folder, attn_implementation="sdpa")
        self.head = nn.Linear(self.body.config.hidden_size, 3)
        for part in (self.body.embeddings, *self.body.encoder.layer[:2]):
            part.requires_grad_(False)

    def embed(self, texts: Sequence[str]) -> torch.Tensor:
        """(n, 384): the mean over word pieces, as the encoder was trained to give."""
        pieces = self.cut(list(texts), padding=True, truncation=True, max_length=LONGEST,
                          return_tensors="pt")
        states = self.body(**pieces).last_hidden_state
        mask = pieces["attention_mask"][..., None].float()
        return (states * mask).sum(1) / mask.sum(1)

    @torch.no_grad()
    def words(self, words: Sequence[str]) -> np.ndarray:
        """(n, 384): what each word is before any context, the mean of its pieces."""
        rows = self.body.embeddings.word_embeddings.weight.numpy()
        ids = self.cut(list(words), add_special_tokens=False)["input_ids"]
        return np.stack([rows[some or [self.cut.unk_token_id]].mean(0) for some in ids])

    def forward(self, texts: Sequence[str]) -> torch.Tensor:
        return self.head(self.embed(texts))


def fine_tune(teacher: Teacher, texts: Sequence[str], targets: np.ndarray, seed: int,
              epochs: int = 3, say=print) -> None:
    """`targets` (n, 3), NaN where nobody judged."""
    chance = np.random.default_rng(seed)
    torch.manual_seed(seed)
    body = [p for p in teacher.body.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(
        [{"params": body, "lr": RATE}, {"params": teacher.head.parameters(), "lr": 2e-3}],
        weight_decay=0.01)
    steps = epochs * (len(texts) // STEP)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda i: min((i + 1) / (0.06 * steps), 1.0) * max(1 - i / steps, 0.0))
    lengths = np.array([len(text) for text in texts])
    teacher.train()
    for epoch in range(epochs):
        # alike in length, so that little is padding
        order = np.argsort(lengths + chance.normal(0, 8, len(texts)))
        batches = order[:len(order) // STEP * STEP].reshape(-1, STEP)
        total = 0.0
        for batch in chance.permutation(batches):
            wanted = torch.tensor(targets[batch], dtype=torch.float32)
            known = torch.isfinite(wanted)
            error = (teacher([texts[i] for i in batch]) - torch.nan_to_num(wanted))[known]
            loss = (error ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(body, 1.0)
            optimiser.step()
            schedule.step()
            total += float(loss)
        say(f"teacher: epoch {epoch + 1}, loss {total / len(batches):.3f}")
    teacher.eval()


@torch.no_grad()
def judge(teacher: Teacher, texts: Sequence[str], step: int = 64) -> np.ndarray:
    """(n, 3) judgements."""
    order = np.argsort([len(text) for text in texts])
    out = np.zeros((len(texts), 3), np.float32)
    for i in range(0, len(order), step):
        some = order[i:i + step]
        out[some] = teacher([texts[j] for j in some]).numpy()
    return out
