"""The composer's network and its training: a GRU language model over ticks, told the recipe, the
place in the phrase, what it answers and a style.

What it answers reaches the scores directly, too: a gate for each thing that may be said again says
how likely it is. The style is a learnt point for each kind of music, withheld now and then; any
music is placed among the points by a classifier beside. A variational latent was tried first: the
decoder did without it (KL .0003 nats a token between two styles).
"""

import math
import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from device.compose import tokens as tk
from device.compose.contexts import FIELDS, Memory
from device.compose.transcription import BLOCK, Heard, condition_rows

EMBED, HIDDEN, ENCODER = 20, 96, 48
LENGTH, EXCERPT = 128, 96           # tokens of a training sequence, and of what the encoder hears
CONDITIONS = len(tk.CONDITIONS)
FOLLOW = torch.from_numpy(tk.follow_mask())
CHORD, PITCH, TOKEN = (FIELDS.index(name) for name in ("chord", "pitch", "token"))
# where these heads begin; see `relative`
MOVES, OVER = tk.VOCABULARY, tk.VOCABULARY + 4 * tk.REACH + 1
SAID = [FIELDS.index(name) for name in ("short echo", "long echo", "answer", "moved")]
ECHOES, ANSWERS = SAID[:2], SAID[2:]
GATES = OVER + 12
HEADS = GATES + len(SAID)
# of a token in training
STYLE_WEIGHTS = {"chorale": 0.6, "folk": 0.3, "lute": 2.5, "piano": 1.5, "lullaby": 3.0, "": 1.5}
SLOW_WEIGHTS = {1: 2.5, 2: 1.2, 4: 0.6}
CALM_WEIGHT = 2.0
NO_STYLE, NO_ANSWER = 0.25, 0.35    # shares of the sequences from which they are withheld
NAMING = 0.1                        # weight of the classifier's loss
STRONGER = 1.7                      # × of the style points, once they are learnt


@dataclass(frozen=True)
class Sequence:
    tokens: np.ndarray              # (n,) with BOS in front
    fields: np.ndarray              # (n, len(FIELDS)) what is known after each token
    rows: np.ndarray  # (n,) index into `conditions` of the tick being written after each token
    starts: np.ndarray              # (ticks,) where each tick's tokens begin, the first at 1
    conditions: np.ndarray          # (ticks, CONDITIONS)
    style: str
    weight: float


def sequence(heard: Heard, style: str, weight: float = 1.0) -> Sequence:
    tokens, rows, starts = [tk.BOS], [], []
    for index, tick in enumerate(heard.ticks):
        starts.append(len(tokens))
        spelled = tick.tokens()
        tokens += spelled
        rows += [index] * len(spelled)
    rows.append(len(heard.ticks) - 1)
    memory, fields = Memory(), []
    for token in tokens:
        memory.push(token)
        fields.append(memory.fields())
    return Sequence(np.array(tokens), np.array(fields, np.uint8), np.array(rows), np.array(starts),
                    condition_rows(heard), style, weight)


def weighted(music: list[tuple]) -> list[Sequence]:
    """The training sequences of a corpus, each with how often its tokens are to be seen."""
    return [sequence(heard, source.style, STYLE_WEIGHTS[source.style] * SLOW_WEIGHTS[slow]
                     * (CALM_WEIGHT if source.calm else 1))
            for source, slow, heard in music if source.part == "train"]


def relative() -> torch.Tensor:
    """(2 × VOCABULARY, VOCABULARY) int32: which head adds to each token's score, after each chord
    and each pitch.

    Melody pitches are scored by their place over the chord's root and by their distance from the
    pitch before, too. All other tokens get the same one, which changes nothing: they never stand
    for choice beside pitches.
    """
    table = torch.full((2, tk.VOCABULARY, tk.VOCABULARY), OVER, dtype=torch.int32)
    pitches = torch.arange(2 * tk.REACH + 1)
    for token in range(tk.VOCABULARY):
        root = (token - tk.CHORD) // 4 if tk.CHORD <= token < tk.END else 0
        table[0, token, tk.PITCH:] = OVER + (pitches - tk.REACH - root) % 12
        if token >= tk.PITCH:
            table[1, token, tk.PITCH:] = MOVES + 2 * tk.REACH + pitches - (token - tk.PITCH)
    return table.flatten(0, 1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(len(FIELDS) * tk.VOCABULARY, EMBED)
        self.asked = nn.Linear(CONDITIONS + tk.STYLE_SIZE, len(FIELDS) * EMBED)
        self.first = nn.GRU(len(FIELDS) * EMBED, HIDDEN, batch_first=True)
        self.second = nn.GRU(HIDDEN, HIDDEN, batch_first=True)
        self.heads = nn.Linear(HIDDEN, HEADS)
        self.points = nn.Embedding(len(tk.STYLES), tk.STYLE_SIZE)
        self.words = nn.Embedding(tk.VOCABULARY, EMBED)
        self.listen = nn.GRU(EMBED, ENCODER, batch_first=True)
        self.name = nn.Linear(ENCODER, len(tk.STYLES))
        self.drop = nn.Dropout(0.25)
        self.register_buffer("tables", torch.arange(len(FIELDS)) * tk.VOCABULARY, persistent=False)
        self.register_buffer("relative", relative(), persistent=False)

    def named(self, excerpt: torch.Tensor) -> torch.Tensor:
        """Excerpts (n, EXCERPT) → logits of their styles (n, styles)."""
        states, _ = self.listen(self.words(excerpt))
        return self.name(states.mean(1))

    def given(self, fields: torch.Tensor, asked: torch.Tensor) -> torch.Tensor:
        """(..., len(FIELDS)) and (..., CONDITIONS + STYLE_SIZE) → the recurrent input."""
        return self.embed(fields + self.tables).flatten(-2) + self.asked(asked)

    def scores(self, x: torch.Tensor, fields: torch.Tensor) -> torch.Tensor:
        """Hidden (..., hidden) and what is known (..., len(FIELDS)) → logits (..., VOCABULARY)."""
        whole = self.heads(x)
        more = [
            torch.gather(whole, -1, self.relative[fields[..., i] + self.tables[i]].long())
            for i in (CHORD, PITCH)
        ]
        said = nn.functional.one_hot(fields[..., SAID], tk.VOCABULARY).to(whole)
        again = (whole[..., GATES:].unsqueeze(-2) @ said).squeeze(-2)
        return whole[..., :tk.VOCABULARY] + more[0] + more[1] + again

    def forward(self, fields: torch.Tensor, asked: torch.Tensor,
                style: torch.Tensor) -> torch.Tensor:
        """Fields (n, t, len(FIELDS)), conditions (n, t, CONDITIONS), style (n, STYLE_SIZE) → logits
        (n, t, VOCABULARY)."""
        whole = torch.cat([asked, style[:, None].expand(-1, fields.shape[1], -1)], -1)
        x, _ = self.first(self.drop(self.given(fields, whole)))
        x, _ = self.second(self.drop(x))
        return self.scores(self.drop(x), fields).masked_fill(~FOLLOW[fields[..., TOKEN]], -1e9)


def excerpt(piece: Sequence, rng: np.random.Generator) -> np.ndarray:
    start = piece.starts[rng.integers(max(len(piece.starts) - 8, 1))]
    taken = piece.tokens[start:start + EXCERPT]
    return np.resize(taken, EXCERPT)


def batches(pieces: list[Sequence], size: int, rng: np.random.Generator, drop: float = 0.15,
            no_echo: float = 0.4):
    """For ever: tokens, fields, conditions, which are real, excerpts, their styles (−1: unknown),
    whether to tell them; some things are withheld."""
    sizes = np.array([len(piece.tokens) * piece.weight for piece in pieces])
    while True:
        rows = []
        for index in rng.choice(len(pieces), size, p=sizes / sizes.sum()):
            piece = pieces[index]
            last = max(1, np.searchsorted(piece.starts, len(piece.tokens) - LENGTH))
            start = int(rng.choice(piece.starts[:last])) - 1
            tokens = piece.tokens[start:start + LENGTH + 1].copy()
            real = len(tokens) - 1
            tokens = np.pad(tokens, (0, LENGTH - real))
            fields = np.pad(piece.fields[start : start + real].astype(int),
                            ((0, LENGTH - real), (0, 0)))
            fields[real:, FIELDS.index("pitch")] = tk.PITCH
            if rng.random() < no_echo:
                fields[:, ECHOES] = tk.BOS
            if rng.random() < NO_ANSWER:
                fields[:, ANSWERS] = tk.BOS
            asked = np.pad(piece.conditions[piece.rows[start : start + real]],
                           ((0, LENGTH - real), (0, 0)))
            if rng.random() < drop:
                asked = np.zeros_like(asked)
            rows.append(
                (
                    tokens,
                    fields,
                    asked,
                    np.arange(LENGTH) < real,
                    excerpt(piece, rng),
                    tk.STYLES.index(piece.style) if piece.style else -1,
                    rng.random() >= NO_STYLE,
                )
            )
        yield tuple(torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True))


def train(pieces: list[Sequence], held: list[Sequence], steps: int, seed: int, kind: type = Net,
          size: int = 48, say=print) -> nn.Module:
    """The weights, averaged over the run, that predict `held` best. Deterministic on one CPU and
    torch version."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model, average = kind(), kind()
    average.load_state_dict(model.state_dict())
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.02)
    plan = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: (
            min(1, step / 60) * (0.5 + 0.5 * math.cos(math.pi * min(step / steps, 1))) + 2e-3
        ),
    )
    best, kept, began = math.inf, None, time.process_time()
    for step, batch in zip(range(1, steps + 1), batches(pieces, size, rng), strict=False):
        tokens, fields, asked, real, heard, kinds, styled = batch
        model.train()
        style = model.points(kinds.clamp(min=0)) * (styled & (kinds >= 0))[:, None]
        logits = model(fields, asked, style)
        each = nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(),
                                           reduction="none")
        loss = (each * real.flatten()).sum() / real.sum()
        naming = nn.functional.cross_entropy(model.named(heard), kinds, ignore_index=-1)
        cost = loss + NAMING * naming
        optimiser.zero_grad()
        cost.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        plan.step()
        with torch.no_grad():
            for old, new in zip(average.parameters(), model.parameters(), strict=True):
                old.lerp_(new, min(0.01, 1 / step))
        if step % 100 == 0 or step == steps:
            now = tick_nll(average, held)
            say(
                f"step {step} loss {loss.item():.4f}/token, held out {now:.3f}/tick, naming "
                f"{naming.item():.2f} nats ({time.process_time() - began:.0f} s)"
            )
            if now < best:
                best, kept = (
                    now,
                    {name: value.clone() for name, value in average.state_dict().items()},
                )
    average.load_state_dict(kept)
    return average.eval()


@torch.no_grad()
def tick_nll(model: Net, pieces: list[Sequence], asked: bool = True) -> float:
    """Nats per tick, no style given; conditions only of the blocks before, as a listener would know
    them."""
    model.eval()
    total, ticks = 0.0, 0
    for piece in pieces:
        rows = causal(piece.conditions)[piece.rows[:-1]]
        rows = rows if asked else np.zeros_like(rows)
        logits = model(torch.from_numpy(piece.fields[None, :-1].astype(int)),
                       torch.from_numpy(rows[None]), torch.zeros(1, tk.STYLE_SIZE))
        total += float(
            nn.functional.cross_entropy(logits[0], torch.from_numpy(piece.tokens[1:]),
                                        reduction="sum")
        )
        ticks += len(piece.starts)
    return total / ticks


def causal(rows: np.ndarray) -> np.ndarray:
    """Each block asks for what the block before it was; the first asks for nothing. Mode and place
    are kept."""
    out = np.zeros_like(rows)
    out[BLOCK:] = rows[:-BLOCK]
    place = slice(tk.CONDITIONS.index("phrase_sin"), tk.CONDITIONS.index("phrase_cos") + 1)
    out[BLOCK:, place] = rows[BLOCK:, place]
    return out


def style_points(model: Net) -> dict[str, list[float]]:
    """The named points, STRONGER times as far from none as they were learnt: there their own music
    is still likelier (style_gain), and styles are told apart."""
    return {name: [round(STRONGER * x, 4) for x in point]
            for name, point in zip(tk.STYLES, model.points.weight.tolist(), strict=True)}
