"""Measures the composers: obedience, calm, a night without repeats, likeness to people's music, and
a public benchmark.

`--data` is a folder like data/music: MIDI files anywhere under it, and
`jsb/jsb-chorales-quarter.json`; what is absent is null. Held out are three eighths of the calm
pieces, by the hash of their works' names; training never saw those. People's music is heard slowed
by halves until its melody has no more notes a tick than a lullaby may have, as ours has. With
`--train` the Markov peer is fitted there; the network is always the shipped one (it trains for half
an hour: tools/train composer).
"""

import contextlib
import sys
import time
from argparse import Namespace
from pathlib import Path

import numpy as np

from areas.composer import jsb, listening, measures, sequences, trials
from device.compose import MarkovComposer, RNNComposer, RulesComposer, lullaby, markov
from device.compose import tokens as tk
from device.compose.markov import Markov, Table
from device.compose.rnn import RNN
from device.compose.rules import Rules
from device.compose.transcription import BLOCK, Heard, condition_rows, hear, quarters_per_tick
from device.errors import Refused
from device.values import Note
from kit.figures import Goal, Result
from training.composer.data import Source, midi_pieces, sounded, sources
from training.composer.data import heard as heard_slowly

FEWEST = 3          # held-out pieces; with fewer, all calm ones are measured
JUDGED = 300.0      # s of a piece that is compared with people's
STYLED = 40         # held-out pieces that the styles are told of
NAMES = ("rnn", "rules", "markov")


def goals() -> tuple[Goal, ...]:
    calm = tuple(Goal(f"calm.{key}", op, goal) for key, (op, goal) in measures.CALM_GOALS.items())
    return (
        Goal("jsb_nll", "<=", 4.95),
        Goal("jsb_int8_loss", "<=", 0.01),
        *(Goal(f"rho_{name}", ">=", 0.9) for name in trials.ASKED),
        Goal("mode_acc", ">=", 0.9),
        Goal("step_response_s", "<=", 90),
        Goal("step_response_s", ">=", 30),
        Goal("step_overshoot", "<=", 0.05),
        Goal("distinct16", ">=", 0.98),
        Goal("longest_repeat", "<=", 16),
        Goal("drift", "<=", 0.15),
        Goal("tick_nll_gain", ">=", 0.3),
        Goal("ms_per_tick", "<=", 1.0),
        Goal("distance", "<=", 0.6),
        Goal("nearer_than_rules", ">", 0),
        Goal("nearer_than_markov", ">", 0),
        Goal("motif_lift", ">=", 0.15),
        Goal("recurrence", ">=", 0.15),
        Goal("zip_ratio", "<=", 0.92),
        Goal("density_ac8", ">=", 0.08),
        Goal("ends_stable", ">=", 0.7),
        Goal("cadences", ">=", 0.8),
        Goal("style_acc", ">=", 0.7),
        Goal("style_kl", ">=", 0.05),
        Goal("style_gain", ">", 0),
        Goal("auc_people", "<=", 0.8),
        Goal("shared_run_over", "<=", 0),
        Goal("motif_returns", ">=", 0.7),
        Goal("motif_literal", ">=", 0.5),
        Goal("context_gain", ">=", 0.6),
        Goal("night_arc", ">=", 4),
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
    if ours.get("tick_nll"):
        ours["context_gain"] = near_nll(opinions["rnn"], held) - ours["tick_nll"]
    people = listened(data, held) if data else {"held": [], "learnt": [], "kinds": [], "tunes": []}
    rows = {"people": sequences.table(people["held"])}
    for name in NAMES:
        began = time.process_time()
        calm, pieces[name], spread = trials.calm(makers[name], options.seeds)
        figures[name] |= {f"calm.{key}": value for key, value in calm.items()}
        rows[name], form = formed(makers[name], options.seeds, people)
        figures[name] |= form
        if name == "rnn":
            more["calm_spread"] = {key: [min(row[key] for row in spread),
                                         max(row[key] for row in spread)] for key in calm}
        if name == "rnn" or not options.only_ours:
            figures[name] |= trials.obedience(makers[name], recipes, options.minutes)
            figures[name] |= trials.step_response(makers[name], options.seeds)
            figures[name] |= trials.night(makers[name], options.hours)
            figures[name]["style_acc"] = listening.style_accuracy(makers[name],
                                                                  max(options.seeds, 2))
            figures[name] |= listening.hours(makers[name], max(round(options.hours), 2))
            if people["tunes"]:
                figures[name] |= listening.motif_returns(makers[name], people["tunes"])
        print(
            f"{name}: " + ", ".join(f"{key} {value:.3g}" for key, value in figures[name].items()),
            file=sys.stderr,
            flush=True,
        )
        spent[name] = round(time.process_time() - began, 1)
    if len(rows["people"]) >= FEWEST:
        figures["people"] |= dict(zip(sequences.MEASURES, np.nanmean(rows["people"], 0).tolist(),
                                     strict=True))
        for name in NAMES:
            figures[name]["distance"] = sequences.distance(rows[name], rows["people"])
        for peer in ("rules", "markov"):
            low, high = sequences.farther(rows["rnn"], rows[peer], rows["people"])
            ours[f"nearer_than_{peer}"] = low
            more[f"nearer_than_{peer}_95"] = [low, high]
        more["z"] = {name: dict(zip(sequences.MEASURES, sequences.scores(
            rows[name], rows["people"]).round(2).tolist(), strict=True)) for name in NAMES}
        ours |= listening.styled(people["kinds"]) if people["kinds"] else {}
    if held:
        sounding = [sounded(source.piece) for source in held]
        calm_people = [measures.calm(notes, max(note.start + note.duration for note in notes))
                       for notes in sounding]
        figures["people"] |= {f"calm.{key}": float(np.nanmean([row[key] for row in calm_people]))
                              for key in calm_people[0]}
        excerpts = trials.matrix([row for notes in sounding for row in trials.excerpts(notes)])
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
        "definitions": "tools/areas/composer/measures.py, sequences.py, listening.py; "
        "brightness is judged from the score, not from sound",
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
    """The calm pieces of the held-out works; all calm ones if those are fewer than FEWEST."""
    calm = [source for source in midi_pieces(data) if source.calm and source.piece.quarters > 8]
    held = [source for source in calm if source.part == "test"]
    return held if len(held) >= FEWEST else calm


def slowed(source: Source) -> Heard:
    """A piece at half its pace, or a quarter, until its melody is as calm as a lullaby must be."""
    for _, heard in heard_slowly(source):
        if not lullaby.busy(heard):
            break
    return heard


def listened(data: Path, held: list[Source]) -> dict[str, list]:
    """People's music as the measures hear it: `held` out and calm, the melodies that training
    `learnt`, held-out pieces of each of the `kinds`, and `tunes` of one's own out of them."""
    every = [source for source in sources(data) if source.piece.quarters > 8]
    slow = [slowed(source) for source in held]
    learnt = [slowed(source) for source in every if source.calm and source.part == "train"]
    kinds = []
    for style in tk.STYLES:
        some = [source for source in every if source.style == style and source.part == "test"]
        kinds += [(style, heard(source)) for source in some[:STYLED // len(tk.STYLES)]]
    tunes = []
    for music in slow:
        with contextlib.suppress(Refused):
            tunes.append(lullaby.theme(music))
    tunes = [tune for tune in tunes if len(tune.notes) >= lullaby.ENOUGH][:listening.TUNES]
    return {"held": slow, "kinds": kinds, "tunes": tunes,
            "learnt": [sequences.Line.of(music) for music in learnt]}


def formed(make, seeds: int, people: dict[str, list]
           ) -> tuple[np.ndarray, dict[str, float]]:
    """The sequence measures, (pieces, measures), of five-minute pieces by a composer, their means,
    and what else is told of them."""
    played = [trials.play(make(3000 + number), recipe, JUDGED)
              for number, recipe in enumerate(trials.calm_recipes(seeds, 7))]
    composed = [sequences.composed(phrases) for phrases in played]
    table = sequences.table(composed)
    if len(table):
        out = dict(zip(sequences.MEASURES, np.nanmean(table, 0).tolist(), strict=True))
    else:
        out = {}
    ends = [listening.cadences(phrases) for phrases in played]
    out["cadences"] = float(np.nanmean(ends)) if np.isfinite(ends).any() else np.nan
    if len(people["held"]) >= listening.FOLDS and people["learnt"]:
        out["auc_people"] = listening.judged(people["held"], composed)
        bound = np.percentile([listening.shared(sequences.Line.of(music), people["learnt"])
                               for music in people["held"]], 95)
        ours = max(listening.shared(sequences.Line.of(music), people["learnt"])
                   for music in composed)
        out |= {"shared_run": float(ours), "shared_run_over": float(ours - bound)}
    return table, out


def heard(source: Source) -> Heard:
    return hear(source.piece, quarters_per_tick(source.piece.qpm))


def tick_nll(opinion, held: list[Source]) -> tuple[float, dict[str, float]]:
    """Nats per tick, each piece from a fresh start; conditions only of the blocks before, no style.
    """
    start, total, ticks, per_piece = opinion.snapshot(), 0.0, 0, {}
    for source in held:
        opinion.restore(start)
        music = heard(source)
        rows = causal_rows(music)
        opinion.push(tk.BOS)
        cost = 0.0
        for row, tick in zip(rows, music.ticks, strict=True):
            opinion.condition(row, np.zeros(tk.STYLE_SIZE, np.float32))
            cost += tick_cost(opinion, tick.tokens())
        total, ticks = total + cost, ticks + len(music.ticks)
        per_piece[source.name] = round(cost / len(music.ticks), 3)
    return total / ticks, per_piece


def near_nll(opinion, held: list[Source]) -> float:
    """Nats per tick of an opinion that hears no farther back than listening.NEAR ticks: each tick
    from a fresh start so long before it; nothing is asked."""
    start, total, ticks = opinion.snapshot(), 0.0, 0
    for source in held:
        music = heard(source)
        rows = causal_rows(music)
        for place in range(len(music.ticks)):
            opinion.restore(start)
            opinion.push(tk.BOS)
            for back in range(max(place - listening.NEAR, 0), place + 1):
                opinion.condition(rows[back], np.zeros(tk.STYLE_SIZE, np.float32))
                cost = tick_cost(opinion, music.ticks[back].tokens())
            total += cost
        ticks += len(music.ticks)
    return total / ticks


def causal_rows(music: Heard) -> np.ndarray:
    """(ticks, conditions): each block asks for what the one before was; the first for nothing."""
    rows = condition_rows(music)
    out = np.zeros_like(rows)
    out[BLOCK:] = rows[:-BLOCK]
    turn = slice(tk.CONDITIONS.index("phrase_sin"), tk.CONDITIONS.index("phrase_cos") + 1)
    out[BLOCK:, turn] = rows[BLOCK:, turn]
    return out


def tick_cost(opinion, tokens: list[int]) -> float:
    """Nats of a tick's tokens, after what the opinion has heard; it hears them, too."""
    cost, last = 0.0, tk.END
    for token in tokens:
        follow = tk.following(last)
        logits = opinion.logits()[follow].astype(float)
        top = logits.max()
        cost -= logits[token - follow.start] - top - np.log(np.exp(logits - top).sum())
        opinion.push(token)
        last = token
    return cost


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
