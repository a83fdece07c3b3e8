"""What a listener could tell: styles, the composer's hand from people's, a tune of one's own, how
far back the network hears, and the hours of a night."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import permutations

import numpy as np

from areas.composer import measures, sequences, trials
from areas.composer.sequences import Line
from device.compose import Composer
from device.compose import tokens as tk
from device.compose.motifs import Theme, to_pitch
from device.compose.rnn import RNN
from device.compose.transcription import Heard
from device.values import Note, Phrase, Recipe

Make = Callable[[int], Composer]
WINDOW = 16             # ticks that the judge hears at a time
FOLDS = 5
NEAR = 4                # ticks that the short-sighted network hears
STYLE_TOKENS = 300      # of a piece, for the divergence of styles
TUNES, TUNE_TIME = 8, 1200.0    # tunes of one's own, and s of music for each
SAME = 1                # semitones: a mode may bend a step so much
PARTS = 12              # of an hour: their spread is the error of its mean
ARC = {                 # what the night is to do from its beginning to its end
    "onsets": -1, "pitch": -1, "brightness": -1, "chord_s": 1, "light_voices": -1, "flatwards": 1,
}


# ---- a judge -------------------------------------------------------------------------------------

def hand(line: Line) -> list[float]:
    """What the judge hears of a window: rhythm, steps, their order and their repetition; free of
    key, tempo and loudness."""
    steps = np.diff(line.pitches)
    gaps = line.gaps[:-1]
    places = np.bincount(line.slots % tk.SLOTS, minlength=tk.SLOTS) / max(len(line.slots), 1)
    sizes = np.histogram(steps, (-99, -7, -4, -2, 0, 1, 3, 5, 8, 99))[0] / max(len(steps), 1)
    lengths = np.histogram(gaps, (1, 2, 3, 5, 9, 17, 999))[0] / max(len(gaps), 1)
    turns = np.sign(steps[:-1]) * np.sign(steps[1:]) if len(steps) > 1 else np.zeros(1)
    onsets = line.onsets
    same = (onsets[1:] == onsets[:-1]).all(1).mean()
    again = [(onsets[lag:] == onsets[:-lag]).all(1).mean() for lag in (2, 4, 8)]
    return [*places, *sizes, *lengths, (turns < 0).mean(), (turns > 0).mean(),
            float(np.ptp(line.pitches)), line.stable.mean(), line.stable[line.slots % 2 == 0].sum()
            / max((line.slots % 2 == 0).sum(), 1), sequences.similarity(line).mean(), same, *again]


def parts(heard: Heard) -> list[Line]:
    """Windows of WINDOW ticks with at least six notes."""
    found = [Line.of(replace(heard, ticks=heard.ticks[start:start + WINDOW]))
             for start in range(0, min(len(heard.ticks), sequences.MOST) - WINDOW + 1, WINDOW)]
    return [line for line in found if len(line.slots) >= 6]


def judged(ones: Sequence[Heard], others: Sequence[Heard], seed: int = 1) -> float:
    """AUC of a forest that tells windows of the ones from windows of the others, on pieces it
    didn't learn from."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import roc_auc_score
    rows, labels, pieces = [], [], []
    for label, some in ((1, ones), (0, others)):
        for number, heard in enumerate(some):
            for line in parts(heard):
                rows.append(hand(line))
                labels.append(label)
                pieces.append(number % FOLDS)
    x, y, fold = np.nan_to_num(np.array(rows)), np.array(labels), np.array(pieces)
    said = np.zeros(len(y))
    for held in range(FOLDS):
        judge = RandomForestClassifier(300, min_samples_leaf=2, class_weight="balanced",
                                       random_state=seed, n_jobs=1)
        judge.fit(x[fold != held], y[fold != held])
        said[fold == held] = judge.predict_proba(x[fold == held])[:, 1]
    return float(roc_auc_score(y, said))


def style_accuracy(make: Make, seeds: int, minutes: float = 5.0) -> float:
    """Share of pieces whose style a forest tells that learnt from other pieces: the same recipes in
    every style, half of the seeds to learn from."""
    from sklearn.ensemble import RandomForestClassifier
    rows, labels, numbers = [], [], []
    for number, recipe in enumerate(trials.calm_recipes(seeds, 11)):
        for style in tk.STYLES:
            phrases = trials.play(make(5000 + number), replace(recipe, style=style), minutes * 60)
            rows.append(hand(Line.of(sequences.composed(phrases))))
            labels.append(style)
            numbers.append(number)
    x, y, learnt = np.nan_to_num(np.array(rows)), np.array(labels), np.array(numbers) % 2 == 0
    forest = RandomForestClassifier(300, random_state=1, n_jobs=1).fit(x[learnt], y[learnt])
    return float((forest.predict(x[~learnt]) == y[~learnt]).mean())


# ---- the network's opinion -----------------------------------------------------------------------

def told(rnn: RNN, heard: Heard, style: np.ndarray, most: int) -> tuple[np.ndarray, list[int]]:
    """(tokens, VOCABULARY) log probabilities of what follows, and what did, of a piece's first
    tokens; nothing else is asked."""
    rnn.push(tk.BOS)
    rnn.condition(np.zeros(len(tk.CONDITIONS), np.float32), style)
    said, tokens, last = [], [], tk.BOS
    for token in [token for tick in heard.ticks for token in tick.tokens()][:most]:
        row = np.full(tk.VOCABULARY, -np.inf)
        follow = tk.following(last)
        logits = rnn.logits()[follow].astype(float)
        row[follow] = logits - logits.max() - np.log(np.exp(logits - logits.max()).sum())
        said.append(row)
        tokens.append(token)
        rnn.push(token)
        last = token
    return np.array(said), tokens


def styled(pieces: Sequence[tuple[str, Heard]]) -> dict[str, float]:
    """`style_kl`: nats a token between two styles, the mean over all pairs; `style_gain`: nats a
    tick by which a piece's own style is better than none, the mean over the styles. `pieces`: style
    and ticks."""
    rnn = RNN.load(echoes=True)
    start = rnn.snapshot()
    none = np.zeros(tk.STYLE_SIZE, np.float32)
    diverged, gains = [], {}
    for style, heard in pieces:
        said = {}
        for name in (*tk.STYLES, ""):
            rnn.restore(start)
            said[name], tokens = told(rnn, heard, rnn.styles.get(name, none), STYLE_TOKENS)
        chosen = np.arange(len(tokens)), tokens
        ticks = sum(tk.END <= token < tk.RHYTHM for token in tokens)
        if style and ticks:
            gain = (said[style][chosen] - said[""][chosen]).sum() / ticks
            gains.setdefault(style, []).append(gain)
        with np.errstate(invalid="ignore"):
            pairs = [np.nansum(np.exp(said[a]) * (said[a] - said[b]), 1).mean()
                     for a, b in permutations(tk.STYLES, 2)]
        diverged.append(np.mean(pairs))
    return {"style_kl": float(np.mean(diverged)),
            "style_gain": float(np.mean([np.mean(some) for some in gains.values()]))}


# ---- a tune of one's own -------------------------------------------------------------------------

def likeness(theme: Theme, notes: Sequence[tuple[int, int]], begins: int) -> float:
    """How much of a theme is in notes (slot, MIDI pitch) from `begins` on, at its own pace or half
    of it: the share of both that agree in place and, but for where they lie, in pitch to SAME."""
    line = {slot: to_pitch(step, 0, theme.scale) for slot, step, _ in theme.notes}
    best = 0.0
    for slower in (1, 2):
        end = begins + theme.ticks * tk.SLOTS * slower
        there = {slot - begins: pitch for slot, pitch in notes if begins <= slot < end}
        wanted = {slot * slower: pitch for slot, pitch in line.items()}
        if slower == 2:                 # half of it is sung when it is slower
            wanted = {slot: pitch for slot, pitch in wanted.items()
                      if slot < theme.ticks * tk.SLOTS}
            there = {slot: pitch for slot, pitch in there.items()
                     if slot < theme.ticks * tk.SLOTS}
        apart = [there[slot] - pitch for slot, pitch in wanted.items() if slot in there]
        if apart:
            middle = np.median(apart)
            alike = sum(abs(each - middle) <= SAME for each in apart)
            best = max(best, 2 * alike / (len(wanted) + len(there)))
    return best


def motif_returns(make: Make, themes: Sequence[Theme]) -> dict[str, float]:
    """Share of the returns of one's own tune that are more like it than 95 % of the windows of the
    same music are; and of the returns that are literal."""
    found, ways = [], []
    for number, theme in enumerate(themes):
        composer = make(7000 + number)
        composer.give_motif(theme)
        recipe = trials.calm_recipes(TUNES, 13)[number % TUNES]
        recipe = replace(recipe, scale=theme.scale, density=max(recipe.density, 0.4))
        phrases = trials.play(composer, recipe, TUNE_TIME)
        notes = [(place * tk.SLOTS + round(note.start / phrase.length * tk.SLOTS), note.pitch)
                 for place, phrase in enumerate(phrases) for note in struck(phrase)]
        labels = ["", *(phrase.section for phrase in phrases)]
        begins = [place for place, (before, now) in enumerate(zip(labels, labels[1:], strict=False))
                  if now != before and "own" in now]
        elsewhere = [place for place, phrase in enumerate(phrases) if "own" not in phrase.section]
        bound = np.percentile([likeness(theme, notes, place * tk.SLOTS) for place in elsewhere], 95)
        found += [likeness(theme, notes, place * tk.SLOTS) > bound for place in begins]
        ways += [labels[place + 1].endswith("literal") for place in begins]
    return {"motif_returns": float(np.mean(found)) if found else np.nan,
            "motif_literal": float(np.mean(ways)) if ways else np.nan}


def struck(phrase: Phrase) -> list[Note]:
    """The melody, without bells that double a chord."""
    held = {note.pitch for note in phrase.notes if note.voice == "pad"}
    return [note for note in phrase.notes if note.voice in ("piano", "bell")
            and not (note.voice == "bell" and not note.start and note.pitch in held)]


def cadences(phrases: Sequence[Phrase]) -> float:
    """Share of the sections whose last melody note is of the chord that sounds."""
    chord: set[int] = set()
    good, last, section = [], None, ""
    for phrase in phrases:
        chord = {note.pitch % 12 for note in phrase.notes if note.voice == "pad"} or chord
        now = phrase.section.split(" ")[0]
        if section and now != section and last is not None:
            good.append(last)
        section = now
        for note in struck(phrase):
            last = note.pitch % 12 in chord
    return float(np.mean(good)) if good else np.nan


def shared(line: Line, others: Sequence[Line]) -> int:
    """Notes of the longest run of a melody that one of the others has, too: the same steps at the
    same distances."""
    mine = list(zip(np.diff(line.pitches).tolist(), line.gaps[:-1].tolist(), strict=True))
    best = 0
    for other in others:
        theirs = list(zip(np.diff(other.pitches).tolist(), other.gaps[:-1].tolist(), strict=True))
        size = best + 1
        while size <= min(len(mine), len(theirs)):
            known = {tuple(theirs[i:i + size]) for i in range(len(theirs) - size + 1)}
            if not any(tuple(mine[i:i + size]) in known for i in range(len(mine) - size + 1)):
                break
            best, size = size, size + 1
    return best + 1 if best else 0


# ---- a night -------------------------------------------------------------------------------------

def hours(make: Make, count: int = 8, seed: int = 78) -> dict[str, float]:
    """`night_arc`: of the six in ARC, how many differ between the hours of a night of one recipe,
    by three times the error of an hour's mean or more, and go where the night is to go."""
    composer, recipe = make(seed), Recipe(density=0.4)
    values: dict[str, list[float]] = {name: [] for name in ARC}
    key, flat = composer.tonic, 0.0
    for _ in range(count * PARTS):
        phrases = trials.play(composer, recipe, 3600 / PARTS)
        notes = measures.laid_out(phrases)
        if composer.tonic != key:
            flat += 1 if (composer.tonic - key) % 12 == 5 else -1
            key = composer.tonic
        seconds = trials.span(phrases)
        light = [note.voice == "bell" for note in notes]
        for name, value in (
            ("onsets", measures.onset_rate(notes, seconds)),
            ("pitch", measures.mean_pitch(notes)), ("brightness", measures.brightness(notes)),
            ("chord_s", seconds / max(len(measures.chords(notes)), 1)),
            ("light_voices", float(np.mean(light))), ("flatwards", flat),
        ):
            values[name].append(value)
    out = {}
    for name, row in values.items():
        whole = np.array(row).reshape(count, PARTS)
        error = np.sqrt(whole.var(1, ddof=1).mean() / PARTS)
        trend = np.polyfit(np.arange(count), whole.mean(1), 1)[0]
        ratio = whole.mean(1).std(ddof=1) / max(error, 1e-9)
        out[f"arc.{name}"] = float(ratio * np.sign(trend) * ARC[name])
    return {"night_arc": float(sum(value >= 3 for value in out.values())), **out}
