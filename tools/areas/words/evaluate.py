"""Words: mood against people's judgements, wishes against annotated notes, and what one note costs.

`--data DIR` may hold `emobank*.csv[.gz]` (columns id, split, V, A, D, text) and notes as `*.jsonl`;
without notes the repository's own are used (tests/words). Rows of split `test` count, or else
`dev`. A note is one JSON object a line:

    {"text": "like last night but no bells", "language": "en", "split": "test", "negated": true,
     "wishes": ["like:last night", "forbid:bell"]}

`language` is "en", "zh" or "other" (another language, gibberish, emoji): there "I don't know" is
right. `wishes` are slots: `raise|lower|forbid|require` `:` a field (pulse, density, register,
brightness, tension, level), a texture (rain, ocean, wind, stream, fire, pink, brown), a voice (pad,
bell, piano, drone), "music", "silence" or the name of a programme, and then perhaps `:little` or
`:much`; or `like:last night`, `keep:always`, `undo`, `rested:good`,
`rested:poor`. `negated` marks notes whose wishes are put as denials: an answer with the opposite of
a slot is an error. `fresh` marks notes that were written last of all and after which nothing was
changed: `fresh_…` are theirs alone.

`unseen/` beside this module holds notes that were never learned from, each file judged under its
name: `notes_registers.jsonl` (texting, polite, grumpy, stories), in whose view thresholds were once
chosen; `notes_later.jsonl`, whose notes nobody mended by, but whose sums were looked at again and
again; `notes_latest.jsonl`, written last, `group` its writers. Home utterances are
`home_utterances*.csv[.gz]`; only the half that was never learned from counts.

The peer tfidf is fitted on split `train` of --train or --data; learned on made-up sentences and the
notes of split dev.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from areas.words import peers
from areas.words.measures import Answer, home, unknown, wishes
from device.values import Understood
from device.words import Words
from device.words.text import clean, tokens
from kit.figures import Goal, Result
from kit.setup import PYTHONPATH, ROOT
from training.words.data import emobank
from training.words.home import utterances

OWN = ROOT / "tests" / "words"
DEGREES = {0.5: "little", 2.0: "much"}
LONG = 48               # notes of notes_natural_dev that come before the plain ones
GOALS = (
    Goal("valence_r", ">=", 0.68),
    Goal("arousal_r", ">=", 0.50),
    Goal("slot_f1", ">=", 0.85),
    Goal("notes_natural_dev.slot_f1", ">=", 0.85),
    Goal("notes_natural_dev.plain.slot_f1", ">=", 0.97),
    Goal("notes_natural_dev.inversions", "<=", 0),
    Goal("notes_natural_dev.invented", "<=", 0.04),
    Goal("notes_natural_dev.silent_misses", "<=", 0.06),
    Goal("notes_natural_dev.asked_back", "<=", 0.20),
    Goal("inversions", "<=", 0),
    Goal("negation_errors", "<=", 0),
    Goal("invented", "<=", 0.04),
    Goal("silent_misses", "<=", 0.06),
    Goal("asked_back", "<=", 0.20),
    Goal("always_false", "<=", 0),
    *(
        Goal(f"{name}.{key}", op, goal)
        for name in ("registers", "later", "latest")
        for key, op, goal in (
            ("slot_f1", ">=", 0.80), ("inversions", "<=", 1), ("invented", "<=", 0.06),
            ("silent_misses", "<=", 0.10), ("asked_back", "<=", 0.25),
        )
    ),
    Goal("distraction_wishes", "<=", 0.01),
    Goal("volume_right", ">=", 0.90),
    Goal("volume_inverted", "<=", 0),
    Goal("unknown_recall", ">=", 0.95),
    Goal("known_refused", "<=", 0.01),
    Goal("ms_per_note", "<=", 10),
    Goal("rss_mb", "<=", 8),
)
MEASURE = """
import numpy, tomllib
from device.process_memory import give_memory_back
from device.recommend.network import Network
from kit.memory import resident
give_memory_back()
Network()                                   # what the night has loaded anyway
before = resident()
from device.words import Words
words = Words()
for text in ("long day, a bit anxious", "warm rain, no bells please", "不要钟声，雨声大一点"):
    words.understand(text)
words.understand("rain " * 2_000_000)
print(resident() - before)
"""


def evaluate(data: Path | None, train: Path | None, options) -> Result:
    words, said, figures = Words(), [], {}
    others: dict[str, dict[str, float]] = {"vader": {}, "tfidf": {}}
    judged = emobank(data) if data else {}
    fitted = emobank(train).get("train") if train else judged.get("train")
    split = next((name for name in ("test", "dev") if name in judged), None)
    if split:
        texts, gold = judged[split]
        mood = np.array([feeling(words, text) for text in texts])
        figures |= {"valence_r": r(mood[:, 0], gold[:, 0]), "arousal_r": r(mood[:, 1], gold[:, 1])}
        others["vader"]["valence_r"] = r(peers.vader(texts), gold[:, 0])
        if fitted:
            ridge = peers.tfidf(*fitted, texts)
            others["tfidf"] |= {
                "valence_r": r(ridge[:, 0], gold[:, 0]),
                "arousal_r": r(ridge[:, 1], gold[:, 1]),
            }
        said.append(f"EmoBank {split}: {len(texts)} sentences")
    found = notes(data) if data else []
    rows = counting(found or notes(OWN))
    whose = "" if found else ", the repository's own, which the reader was trained on"
    said.append(f"{len(rows)} notes of split {rows[0].get('split', 'none')}{whose}")
    heard = {row["text"]: words.understand(row["text"]) for row in rows}
    ours = {text: answer(one) for text, one in heard.items()}
    figures |= wishes(rows, [ours[row["text"]] for row in rows])
    for name, some in grouped(rows).items():
        more = wishes(some, [ours[row["text"]] for row in some])
        figures |= {f"{name}.{key}": value for key, value in more.items()}
    figures |= unknown(rows, [not heard[row["text"]].language for row in rows])
    figures["calibration_error"] = calibration(rows, [heard[row["text"]] for row in rows])
    rivals = peers.rivals(words, [row for row in notes(OWN) if row["split"] == "dev"])
    for name, rival in rivals.items():
        others.setdefault(name, {}).update(wishes(rows, [rival(row["text"]) for row in rows]))
    for path in sorted((Path(__file__).parent / "unseen").glob("notes_*.jsonl")):
        some, short = notes(path), path.stem.removeprefix("notes_")
        readers = {"": lambda text: answer(words.understand(text)), **rivals}
        for name, reader in readers.items():
            more = wishes(some, [reader(row["text"]) for row in some])
            (others[name] if name else figures).update(
                {f"{short}.{key}": value for key, value in more.items()}
            )
    spoken = [each for each in utterances(data) if each.judges] if data else []
    if spoken:
        figures |= home(spoken, lambda text: answer(words.understand(text)))
        for name, rival in rivals.items():
            others[name] |= home(spoken, rival)
        said.append(f"{len(spoken)} home utterances of the half that judges")
    figures |= {
        "ms_per_note": milliseconds(words.understand, [row["text"] for row in rows]),
        "rss_mb": memory(),
    }
    return Result("words", "; ".join(said), figures, others, GOALS)


def answer(heard: Understood) -> Answer:
    return Answer(frozenset(slots(heard)), bool(heard.unsure))


def grouped(rows: Sequence[dict]) -> dict[str, list[dict]]:
    """By file; of notes_natural_dev also the long and the plain, and those marked `fresh`."""
    out: dict[str, list[dict]] = {}
    for row in rows:
        out.setdefault(row["file"], []).append(row)
        if row.get("fresh"):
            out.setdefault("fresh", []).append(row)
        if "group" in row:
            out.setdefault(f"{row['file']}.{row['group']}", []).append(row)
    natural = out.get("notes_natural_dev", [])
    if len(natural) > LONG:
        out["notes_natural_dev.long"] = natural[:LONG]
        out["notes_natural_dev.plain"] = natural[LONG:]
    return out


def calibration(rows: Sequence[dict], heard: Sequence[Understood]) -> float:
    """How far the confidence of wishes is from how often they are right: the mean over ten bins."""
    sure, right = [], []
    for row, one in zip(rows, heard, strict=True):
        gold = {":".join(slot.split(":")[:2]) for slot in row.get("wishes", ())}
        for wish, confidence in zip(one.wishes, one.confidence, strict=True):
            sure.append(confidence)
            right.append(f"{wish.verb}:{wish.name}" in gold)
    if not sure:
        return float("nan")
    p, hit = np.array(sure), np.array(right)
    bins = np.minimum((10 * p).astype(int), 9)
    return float(sum(abs(p[bins == b].mean() - hit[bins == b].mean()) * (bins == b).mean()
                     for b in set(bins)))


def feeling(words: Words, text: str) -> tuple[float, float]:
    """The network's word, even for what the device would hardly take for a note in English; by the
    lexicon without."""
    if words.mood:
        return words.mood(tokens(clean(text)))
    heard = words.understand(text)
    return heard.valence or 0.0, heard.arousal or 0.0


def notes(where: Path) -> list[dict]:
    """Of a file, or of all in a folder."""
    paths = [where] if where.is_file() else sorted(where.rglob("*.jsonl"))
    return [json.loads(line) | {"file": path.stem} for path in paths
            for line in path.read_text("utf-8").splitlines() if line.strip()]


def counting(rows: Sequence[dict]) -> list[dict]:
    """Those of split test, or else dev, or else all."""
    return next(some for split in ("test", "dev", None)
                if (some := [row for row in rows if split in (row.get("split"), None)]))


def slots(heard: Understood) -> dict[str, str]:
    """slot → degree in words."""
    out = {f"{wish.verb}:{wish.name}": DEGREES.get(wish.degree, "") for wish in heard.wishes}
    flags = {"like:last night": heard.like_last, "keep:always": heard.always, "undo": heard.undo,
             "rested:good": heard.rested == 1, "rested:poor": heard.rested == -1}
    return out | {name: "" for name, is_so in flags.items() if is_so}


def r(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def milliseconds(read: Callable[[str], object], texts: Sequence[str]) -> float:
    """CPU time of one note, the best of three rounds."""
    rounds = []
    for _ in range(3):
        began = time.process_time()
        for text in texts:
            read(text)
        rounds.append(1e3 * (time.process_time() - began) / len(texts))
    return min(rounds)


def memory() -> float:
    """MB that the room adds to a process with the other networks in it."""
    done = subprocess.run([sys.executable, "-c", MEASURE], cwd=ROOT, capture_output=True, text=True,
                          check=True, env={**os.environ, "PYTHONPATH": PYTHONPATH})
    return float(done.stdout)
