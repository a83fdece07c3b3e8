"""What the composers cost."""

from argparse import Namespace
from pathlib import Path

import numpy as np

from areas.composer import trials
from device.compose import MarkovComposer, RNNComposer, RulesComposer, rnn
from device.errors import ModelMismatch
from kit.figures import Goal, Result


def bench(data: Path | None, options: Namespace) -> Result:
    """What a tick costs, ours and the peers; what the model weighs."""
    makers = {"rnn": RNNComposer.load, "rules": RulesComposer, "markov": MarkovComposer.load}
    rows = {}
    for name, make in makers.items():
        try:
            rows[name] = {"ms_per_tick": trials.night(make, 1.0)["ms_per_tick"]}
        except ModelMismatch:
            rows[name] = {}
    model = rnn.model_card.MODELS / "composer.onnx"
    rows["rnn"]["model_kB"] = model.stat().st_size / 1e3 if model.exists() else np.nan
    return Result(
        "composer",
        "an hour of music each, processor time, the best of ten parts",
        rows["rnn"],
        {name: rows[name] for name in ("rules", "markov")},
        (Goal("ms_per_tick", "<=", 1.0), Goal("model_kB", "<=", 1000)),
    )
