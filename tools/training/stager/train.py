"""Train the stager on nights like data/sleep_accel; write models/stager.weights.json and its card,
the same each time.

The card's figures come from `tools/evaluate staging` and `tools/plot nights`: give their JSON to
`tools/figures`. Nothing is random here but the trees' choice of inputs, which is seeded.
"""

import argparse
import hashlib
import json
import os
from pathlib import Path

from kit.setup import ROOT, ensure

# another number of threads adds in another order
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


SUMMARY = (
    "Sleep stage of each 30 s epoch from activity counts and heart-rate variability, causal: "
    "multinomial logistic regression with two bends per input, and 150 boosted trees of depth "
    "three that have half a say in awake or asleep. Plain numpy: it takes 80 kB, and a runtime "
    "would be slower to call. `compared` holds what else was tried."
)
SHORT = (
    "Out of reach on lagged rows: specificity at 93 % sensitivity, Brier skill and onset, which a "
    "constant time declares with less error at the same early share. The first two are reached "
    "with the board's own inputs, onset nearly. Tried on the rows without gain: a GRU, alone and "
    "averaged in; forward HMMs with and without a state before the first sleep; more and other "
    "trees; more lags; a second model upon the first one's past. A model of onset alone did better "
    "on the rows and worse with the board's inputs. What is missing is the last minutes: even "
    "counts known exactly from two epochs back did not suffice."
)
DIFFERENCES = [
    "Activity: the training rows are smoothed over ± 285 s. The counts under them are recovered "
    "(whole multiples of 3.07, see tools/training/stager/data.py), so the board's own counts need "
    "no delay. The watch is worn and its z axis points out of the wrist; a sensor under the "
    "mattress feels less. Effect of half or twice the counts: `board.altered`.",
    "Heart: the rows' window and filter are centred, and scaled by the whole night's 90th "
    "percentile. The board's window ends now, its filter is cut where the future would be, and "
    "its scale is the night's so far. On 16 real nights (night_rr_bcgsleep, the first of each "
    "person) the logarithms of both correlate by .97 (lowest .94); the ratio of a night's medians "
    "lies between .75 and 1.35: heart_r, heart_ratio of tools/plot nights. Effect of such a "
    "ratio: `board.altered`.",
    "At the ten epochs' lag that the board's weights are trained with, the rows' heart column "
    "still has 142 s of its filter in the future. The figures under `figures` use rows fifteen "
    "epochs late, which have not; the whole-night scale is in both.",
]


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="tools/train stager", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a folder like data/sleep_accel")
    parser.add_argument("--out", type=Path, default=ROOT / "models")
    options = parser.parse_args(argv)
    ensure(["evaluate"])
    from device.sleep import features
    from device.values import STAGES
    from training.stager import fit as stager_fit
    from training.stager.data import load

    nights = load(options.data)
    stages = [night.stage for night in nights]
    numbers = {"changes": stager_fit.changes(stages).round(5).tolist()}
    for way in ("board", "motion", "rows"):
        numbers[way] = stager_fit.fit([stager_fit.inputs_of(night, way) for night in nights],
                                      stages).numbers()
    model = (json.dumps(numbers, separators=(",", ":")) + "\n").encode()
    (options.out / "stager.weights.json").write_bytes(model)
    card = {
        "name": "stager",
        "file": "stager.weights.json",
        "sha256": hashlib.sha256(model).hexdigest(),
        "summary": SUMMARY,
        "inputs": list(features.INPUTS),
        "outputs": [stage.value for stage in STAGES],
        "weights": {
            "board": "heart and movement, as the board measures them",
            "motion": "movement alone",
            "rows": "the same inputs from rows of the training table ten and fifteen epochs late",
        },
        "sources": [
            {
                "name": "Motion and heart rate from a wrist-worn wearable and labeled sleep from "
                "polysomnography 1.0.0, PhysioNet, doi 10.13026/hmhs-py35; by bzhai/Ubi-SleepNet",
                "licence": "ODC-By 1.0",
                "credit": "Walch, Huang, Forger, Goldstein 2019, doi 10.1093/sleep/zsz180; "
                "Goldberger et al. 2000, PhysioNet",
            }
        ],
        "training": {
            "command": "tools/train stager --data DIR",
            "seed": stager_fit.GROWTH["seed"],
            "nights": [night.name for night in nights],
        },
        "differences": DIFFERENCES,
        "short": SHORT,
        "figures": {},
    }
    (options.out / "stager.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n")
