"""Train the stager and the second opinion on nights like data/sleep_accel_raw; write
models/stager.weights.json, models/second_opinion.weights.json and their cards, the same each time.

The cards' figures come from `tools/evaluate staging`: give its JSON to `tools/figures`. Nothing is
random here but the trees' choice of inputs and nights' epochs, which is seeded. The nights are kept
in .cache/nights, where `tools/evaluate staging` finds them to fit the peers on.
"""

import argparse
import hashlib
import json
import os
import shutil

from kit.setup import ROOT

# another number of threads adds in another order
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def main(options: argparse.Namespace) -> None:
    from device.sleep import features, second_opinion
    from training.stager import card, data, second
    from training.stager import fit as stager_fit

    nights = data.load(options.data)
    stages, names = [night.stage for night in nights], [night.name for night in nights]
    models = {
        "stager": (stager_fit.fit([stager_fit.inputs_of(night) for night in nights], stages),
                   features.INPUTS),
        "second_opinion": (second.fit([second.inputs_of(night) for night in nights], stages),
                           second_opinion.INPUTS),
    }
    for name, (numbers, inputs) in models.items():
        model = (json.dumps(numbers, separators=(",", ":")) + "\n").encode()
        (options.out / f"{name}.weights.json").write_bytes(model)
        facts = card.new(name, hashlib.sha256(model).hexdigest(), list(inputs), names)
        (options.out / f"{name}.json").write_text(
            json.dumps(facts, indent=1, ensure_ascii=False) + "\n")
    kept = ROOT / ".cache" / "nights"
    kept.mkdir(parents=True, exist_ok=True)
    for path in data.files(options.data, "sleep_accel_raw", "hr_bpm"):
        if path.parent != kept:
            shutil.copyfile(path, kept / path.name)


if __name__ == "__main__":
    main()
