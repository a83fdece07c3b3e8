"""Measures the composers: obedience, calm, a night without repeats, likeness to people's music, and
a public benchmark.

`--data` is a folder like data/music: MIDI files anywhere under it, and
`jsb/jsb-chorales-quarter.json`; what is absent is null. Held out is the fifth of the calm pieces
that the hash of their file names picks; training never saw those. With `--train` the Markov peer is
fitted there; the network is always the shipped one (it trains for the better part of an hour:
tools/train composer).
"""

import sys
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np

from areas.composer import jsb, measures, trials
from device.compose import MarkovComposer, RNNComposer, RulesComposer, markov
from device.compose import tokens as tk
from device.compose.markov import Markov, Table
from device.compose.rnn import RNN
from device.compose.rules import Rules
from device.compose.transcription import BLOCK, Heard, condition_rows, hear, quarters_per_tick
from device.values import Note
from kit.figures import Goal, Result
from training.composer.data import Source, midi_pieces

FEWEST = 3          # held-out pieces; with fewer, all calm ones are measured
NAMES = ("rnn", "rules", "markov")


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--seeds", type=int, default=20,
                        help="pieces for the calm measures and the step response")
    parser.add_argument("--recipes", type=int, default=210, help="recipes of the Latin hypercube")
    parser.add_argument("--minutes", type=float, default=5.0, help="of music for each recipe")
    parser.add_argument("--hours", type=float, default=8.0, help="of the night")
    parser.add_argument("--only-ours", action="store_true",
                        help="leave the peers out of the long trials")


def goals() -> tuple[Goal, ...]:
    calm = tuple(Goal(f"calm.{key}", op, goal) for key, (op, goal) in measures.CALM_GOALS.items())
    return (
        Goal("jsb_nll", "<=", 5.19),
        Goal("jsb_int8_loss", "<=", 0.01),
        *(Goal(f"rho_{name}", ">=", 0.9) for name in trials.ASKED),
        Goal("mode_acc", ">=", 0.9),
        Goal("step_response_s", "<=", 90),
        Goal("step_response_s", ">=", 30),
        Goal("step_overshoot", "<=", 0.05),
        Goal("distinct16", ">=", 0.98),
        Goal("longest_repeat", "<=", 16),
        Goal("drift", "<=", 0.15),
        Goal("tick_nll_gain", ">=", 0.2),
        Goal("overlap_over_rules", ">", 0),
        Goal("overlap_over_markov", ">", 0),
        Goal("ms_per_tick", "<=", 1.0),
        *calm,
    )


def evaluate(data: Path | None, train: Path | None, options: Namespace) -> Result:
    table = fitted(train) if train else None
    makers = {
        "rnn": RNNComposer.load,
        "rules": RulesComposer,
        "markov": MarkovComposer.load
        if table is None
        else lambda seed: MarkovComposer(Markov(table), seed),
    }
    figures: dict[str, dict[str, float]] = {name: {} for name in (*NAMES, "people")}
    more: dict[str, object] = {}
    held = held_out(data) if data else []
    ours = figures["rnn"]
    ours.update(benchmark(data))
    if held:
        opinions = {
            "rnn": RNN.load(echoes=True),
            "rules": Rules(),
            "markov": makers["markov"](0).opinion,
        }
        for name, opinion in opinions.items():
            figures[name]["tick_nll"], per_piece = tick_nll(opinion, held)
            if name == "rnn":
                more["tick_nll_pieces"] = per_piece
        ours["tick_nll_gain"] = 1 - ours["tick_nll"] / figures["markov"]["tick_nll"]
    pieces: dict[str, list[list[Note]]] = {}
    recipes = trials.hypercube(options.recipes, 3)
    spent = {}
    for name in NAMES:
        began = time.process_time()
        calm, pieces[name], rows = trials.calm(makers[name], options.seeds)
        figures[name] |= {f"calm.{key}": value for key, value in calm.items()}
        if name == "rnn":
            more["calm_spread"] = {
                key: [min(row[key] for row in rows), max(row[key] for row in rows)] for key in calm
            }
        if name == "rnn" or not options.only_ours:
            figures[name] |= trials.obedience(makers[name], recipes, options.minutes)
            figures[name] |= trials.step_response(makers[name], options.seeds)
            figures[name] |= trials.night(makers[name], options.hours)
        print(
            f"{name}: " + ", ".join(f"{key} {value:.3g}" for key, value in figures[name].items()),
            file=sys.stderr,
            flush=True,
        )
        spent[name] = round(time.process_time() - began, 1)
    if held:
        people = [sounded(source) for source in held]
        calm_people = [measures.calm(notes, max(note.start + note.duration for note in notes))
                       for notes in people]
        figures["people"] |= {f"calm.{key}": float(np.nanmean([row[key] for row in calm_people]))
                              for key in calm_people[0]}
        excerpts = trials.matrix([row for notes in people for row in trials.excerpts(notes)])
        areas, intervals = trials.overlaps(pieces, excerpts, draws=200)
        for name, area in areas.items():
            figures[name]["overlap"] = area
        for peer, (low, _) in intervals.items():
            ours[f"overlap_over_{peer}"] = low
        more["overlap_difference_95"] = intervals
    keys = list(dict.fromkeys([*required(), *ours]))
    more |= {
        "recipes": options.recipes,
        "seeds": options.seeds,
        "cpu_s": spent,
        "definitions": "tools/areas/composer/measures.py; brightness is judged from the score, "
        "not from sound",
    }
    note = (
        (f"{len(held)} held-out calm pieces" if held else "no MIDI given")
        + f", {options.recipes} recipes, "
        f"{options.seeds} seeds; shipped network" + (f", Markov fitted on {train}" if train else "")
    )
    peers = {
        name: {key: figures[name].get(key, np.nan) for key in keys}
        for name in ("rules", "markov", "people")
    }
    return Result("composer", note, {key: ours.get(key, np.nan) for key in keys}, peers, goals(),
                  more)


def required() -> tuple[str, ...]:
    return (
        "jsb_nll",
        "jsb_nll_float",
        "rho_density",
        "rho_register",
        "rho_pulse",
        "rho_brightness",
        "mode_acc",
        "step_response_s",
        "distinct16",
        "longest_repeat",
        "overlap",
        "tick_nll",
        "ms_per_tick",
        "step_overshoot",
        "drift",
    )


# ---- people's music ------------------------------------------------------------------------------

def held_out(data: Path) -> list[Source]:
    """The fifth of the calm pieces that file names pick; all calm ones if that leaves fewer than
    FEWEST."""
    calm = [source for source in midi_pieces(data) if source.calm and source.piece.quarters > 8]
    fifth = [source for source in calm if source.part == "test"]
    return fifth if len(fifth) >= FEWEST else calm


def heard(source: Source) -> Heard:
    return hear(source.piece, quarters_per_tick(source.piece.qpm))


def sounded(source: Source) -> list[Note]:
    """Its notes in seconds; people's instruments are all called piano."""
    beat = 60 / source.piece.qpm
    return [Note(start * beat, pitch, duration * beat, velocity, "piano")
            for start, duration, pitch, velocity in source.piece.notes]


def tick_nll(opinion, held: list[Source]) -> tuple[float, dict[str, float]]:
    """Nats per tick, each piece from a fresh start; conditions only of the blocks before, no style.
    """
    start, total, ticks, per_piece = opinion.snapshot(), 0.0, 0, {}
    for source in held:
        opinion.restore(start)
        music = heard(source)
        rows = condition_rows(music)
        opinion.push(tk.BOS)
        cost = 0.0
        for place, tick in enumerate(music.ticks):
            row = np.zeros_like(rows[0]) if place < BLOCK else rows[place - BLOCK].copy()
            if place >= BLOCK:
                turn = slice(tk.CONDITIONS.index("phrase_sin"),
                             tk.CONDITIONS.index("phrase_cos") + 1)
                row[turn] = rows[place][turn]
            opinion.condition(row, np.zeros(tk.STYLE_SIZE, np.float32))
            last = tk.END
            for token in tick.tokens():
                follow = tk.following(last)
                logits = opinion.logits()[follow].astype(float)
                cost -= (
                    logits[token - follow.start]
                    - logits.max()
                    - np.log(np.exp(logits - logits.max()).sum())
                )
                opinion.push(token)
                last = token
        total, ticks = total + cost, ticks + len(music.ticks)
        per_piece[source.name] = round(cost / len(music.ticks), 3)
    return total / ticks, per_piece


def fitted(folder: Path) -> Table:
    """The Markov peer from the calm and other pieces of a folder, but for held-out ones."""
    pieces = [
        heard(source)
        for source in midi_pieces(folder)
        if source.part == "train" and source.piece.quarters > 4
    ]
    if not pieces:
        raise FileNotFoundError(f"{folder}: no MIDI files to fit the Markov chain on")
    return Table(
        **markov.count(
            [
                [tk.BOS, *(token for tick in music.ticks for token in tick.tokens())]
                for music in pieces
            ]
        )
    )


def benchmark(data: Path | None) -> dict[str, float]:
    """JSB chorales, test part: int8 in onnxruntime, and the float weights in numpy."""
    paths = sorted(data.rglob("jsb-chorales-quarter.json")) if data else []
    if not paths:
        return {}
    frames = jsb.frames(paths[0])
    small, exact = (jsb.nll(frames, *model()) for model in (jsb.quantized, jsb.exact))
    return {"jsb_nll": small, "jsb_nll_float": exact, "jsb_int8_loss": small - exact}
