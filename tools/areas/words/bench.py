"""What a note costs: CPU time beside the peers' in the same run, memory, size, and instructions of
the board's kind of processor where qemu-user is there.

    tools/bench words [--data DIR] [--json]

The notes are those of --data, or else the repository's own. Instructions are counted by qemu-user
in the arm64 root that `kit/qemu.py` makes, over notes of a dozen words.
"""

import subprocess
import tempfile
from argparse import Namespace
from pathlib import Path

from areas.words import evaluate, peers
from device.words import Words
from kit import qemu
from kit.figures import Goal, Result
from kit.setup import ROOT

GOALS = (
    Goal("ms_per_note", "<=", 10),
    Goal("models_mb", "<=", 5),
    Goal("rss_mb", "<=", 8),
)
MODELS = ("words.npz", "words_table.npz", "reader.npz")
FEW, MANY = 4, 24  # notes
NOTES = qemu.BEFORE + """
from device.words import Words
notes = (
    "hey, it's late, could you do the rain again and please no bells",
    "the waves were too loud last night, a bit slower too if you can",
    "不要钟声，雨声大一点，再慢一点",
)
words = Words()
for i in range(int(sys.argv[1])):
    words.understand(notes[i % 3])
"""


def bench(data: Path | None, options: Namespace) -> Result:
    rows = evaluate.counting((evaluate.notes(data) if data else []) or evaluate.notes(evaluate.OWN))
    texts = [row["text"] for row in rows]
    words = Words()
    own = evaluate.milliseconds(words.understand, texts)
    learned = [row for row in evaluate.notes(evaluate.OWN) if row["split"] == "dev"]
    rivals = peers.rivals(words, learned)
    others = {name: evaluate.milliseconds(rival, texts) for name, rival in rivals.items()}
    models = sum((ROOT / "models" / name).stat().st_size for name in MODELS)
    figures = {
        "ms_per_note": own,
        "models_mb": models / 1e6,
        "rss_mb": evaluate.memory(),
        **{f"ratio_to_{name}": own / spent for name, spent in others.items()},
        **counted(),
    }
    told = {name: {"ms_per_note": spent} for name, spent in others.items()}
    said = f"CPU time of {len(texts)} notes, the best of three rounds"
    return Result("words", said, figures, told, GOALS)


def counted() -> dict[str, float]:
    """`instructions_per_note`, or nothing where qemu-user or its root is missing."""
    if qemu.missing():
        return {}
    try:
        root = qemu.prepare()
    except subprocess.CalledProcessError:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        counter = qemu.plugin(Path(folder))
        few, many = (qemu.count(counter, root, NOTES, [str(times)]) for times in (FEW, MANY))
    return {"instructions_per_note": (many - few) / (MANY - FEW)}
