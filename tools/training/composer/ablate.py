"""What each part of the composer's network buys: short equal trainings with one part left out,
held-out nats per tick.

    tools/train composer ablate --data DIR [--steps 250] [--cache FILE]
"""

import argparse
import dataclasses
import json
import time

import numpy as np
import torch
from torch import nn

from device.compose import tokens as tk
from training.composer import net
from training.composer.data import corpus


class Attention(net.Net):
    """The desk comparison: a small causal transformer in place of the two GRUs, of about the same
    size."""

    def __init__(self):
        super().__init__()
        width, hidden = self.first.input_size, net.HIDDEN
        self.first = self.second = None
        self.narrow = nn.Linear(width, hidden)
        self.place = nn.Embedding(net.LENGTH, hidden)
        layer = nn.TransformerEncoderLayer(hidden, 4, 2 * hidden, dropout=0.15, batch_first=True,
                                           norm_first=True)
        self.layers = nn.TransformerEncoder(layer, 2)

    def forward(self, fields, asked, style):
        length = fields.shape[1]
        whole = torch.cat([asked, style[:, None].expand(-1, length, -1)], -1)
        # beyond what training saw, the last place
        places = torch.arange(length).clamp(max=net.LENGTH - 1)
        x = self.narrow(self.drop(self.given(fields, whole))) + self.place(places)
        reach = torch.arange(length)
        blind = (reach[None] > reach[:, None]) | (reach[:, None] - reach[None] >= net.LENGTH)
        x = self.layers(x, mask=blind)
        return self.scores(self.drop(x), fields).masked_fill(
            ~net.FOLLOW[fields[..., net.TOKEN]], -1e9
        )


class NoStyle(net.Net):
    def forward(self, fields, asked, style):
        return super().forward(fields, asked, torch.zeros_like(style))


class NoAnswer(net.Net):
    """Neither echoes nor the phrase that is answered."""

    def forward(self, fields, asked, style):
        fields = fields.clone()
        fields[..., net.SAID] = tk.BOS
        return super().forward(fields, asked, style)


class NoLooksBack(net.Net):
    """The last token and the state alone."""

    def given(self, fields, asked):
        return super().given(
            torch.where(torch.arange(len(net.FIELDS)) == net.TOKEN, fields, tk.BOS), asked
        )

    def scores(self, x, fields):
        return self.heads(x)[..., :tk.VOCABULARY]


def main(options: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    music = corpus(options.data, options.cache)
    everything = net.weighted(music)
    mutopia = [piece for piece in everything if piece.style in ("piano", "lute")]
    held, test = (
        [
            net.sequence(heard, source.style)
            for source, slow, heard in music
            if source.part == part and source.calm and slow == 1
        ]
        for part in ("valid", "test")
    )
    for name, kind, pieces in (
        ("full", net.Net, everything),
        ("no chorales or folk", net.Net, mutopia),
        ("no style", NoStyle, everything),
        ("no answers or echoes", NoAnswer, everything),
        ("no looks back", NoLooksBack, everything),
        ("attention instead of GRU", Attention, everything),
    ):
        if options.only and name not in options.only:
            continue
        began = time.process_time()
        model = net.train(pieces, held, options.steps, options.seed, kind, say=lambda *_: None)
        spent = time.process_time() - began
        deaf = [
            dataclasses.replace(p,
                                fields=np.where(np.arange(len(net.FIELDS)) < net.SAID[0],
                                                p.fields, tk.BOS))
            for p in test
        ]
        print(
            json.dumps(
                {
                    "name": name,
                    "steps": options.steps,
                    "tick_nll": round(net.tick_nll(model, test), 3),
                    "without_echoes": round(net.tick_nll(model, deaf), 3),
                    "without_conditions": round(net.tick_nll(model, test, False), 3),
                    "cpu_min": round(spent / 60, 1),
                    "parameters": sum(p.numel() for p in model.parameters()),
                }
            ),
            flush=True,
        )
