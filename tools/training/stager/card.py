"""The cards of the stager and of the second opinion; `put` is what `tools/figures stager FIGURES
[NIGHTS]` writes into the former."""

import json
from collections.abc import Sequence
from pathlib import Path

from training.stager import fit as stager_fit

COMMAND = "tools/evaluate staging --data DIR --compare --instructions --json"
SUMMARY = {
    "stager": "Sleep stage of each 30 s epoch from activity counts and heart rate, causal: "
    "multinomial logistic regression with two bends per input, and 150 boosted trees of wake, "
    "which a heart above its own low of tonight can never lead towards sleep. The night's first "
    "sleep has a logistic regression of its own, without a clock. Plain numpy.",
    "second_opinion": "The night's stages judged again in the morning from both sides: the same "
    "kind of model upon the live inputs, those of the night read backwards, and means about each "
    "epoch. Needs activity and heart rate of each epoch, which the diary keeps. For the report, "
    "never for control.",
}
OUTPUTS = ["wake", "light", "deep", "rem"]
SOURCES = [{
    "name": "Motion and heart rate from a wrist-worn wearable and labeled sleep from "
    "polysomnography 1.0.0, PhysioNet, doi 10.13026/hmhs-py35; as measured, by "
    "Crone1/Sleep-Prediction",
    "licence": "ODC-By 1.0",
    "credit": "Walch, Huang, Forger, Goldstein 2019, doi 10.1093/sleep/zsz180; Goldberger et al. "
    "2000, PhysioNet",
}]
EXTRAPOLATED = [
    "Sensor: a watch on the wrist taught it; a clip or a mattress feels the heart here. Epochs' "
    "mean heart rates are alike. Their spread within an epoch is not (the watch smooths), so it "
    "enters only beside its own mean of tonight.",
    "Movement: counts of a wrist. A sensor under the mattress feels less of a hand and more of a "
    "partner: see `sensitivity` for half and twice the counts, none, and a partner's added.",
    "People: 22 of 19 to 55 years without sleep disorders, in a laboratory, 9 % awake. Who is "
    "unlike them in heart rate, or in how far it goes from one epoch to the next, is answered with "
    "more doubt (device/sleep/doubt.py): so are most of those with apnoea whom `chain` holds.",
    "Movement unknown: weights `heart`, whose trees see only what rises with wake, and the first "
    "ten minutes. Wakes of less than 5 min don't teach them, and they begin from 15 % awake. For "
    "the watch they are worse than free ones; they are so for other people's sake. These choices "
    "were made with `chain`'s recordings in view, though none of them is trained on, so its "
    "figures may be a little kind. What is judged from the heart alone is doubted more.",
    "Breathing: no training night has it. Less regular breathing than tonight's usual multiplies "
    "the odds of wake by at most 1.5, and never speaks for sleep. RMSSD isn't used.",
    "Lights out is taken to be the first scored epoch.",
]
WEIGHTS = {
    "stager": {"whole": "heart and movement", "motion": "movement alone",
               "heart": "the heart alone, on nights whose movement nobody measures",
               "onset": "P(has slept tonight)",
               "likeness": "distance from the training nights"},
    "second_opinion": {"whole": "heart and movement", "motion": "movement alone",
                       "new, between": "see SecondOpinion.draw"},
}
MORE = ("best_peer", "paired", "paired_second_over_live", "quick", "intervals", "onsets_min",
        "reliability", "sensitivity", "compared", "chain", "events")
SECOND = ("second", "reliability_second", "sums_intervals_80_min", "paired_second_over_live")


def new(name: str, sha256: str, inputs: list[str], nights: list[str]) -> dict:
    return {
        "name": name,
        "file": f"{name}.weights.json",
        "sha256": sha256,
        "summary": SUMMARY[name],
        "inputs": inputs,
        "outputs": OUTPUTS,
        "weights": WEIGHTS[name],
        "sources": SOURCES,
        "training": {"command": "tools/train stager --data DIR", "seed": stager_fit.GROWTH["seed"],
                     "nights": nights},
        "extrapolated": EXTRAPOLATED,
        "figures": {},
    }


def put(card: dict, told: dict, nights: Sequence[Path] = ()) -> None:
    """`card` is the stager's or the second opinion's; `told` what evaluate printed."""
    second = card["name"] == "second_opinion"
    subjects = told["by_subject"]["second" if second else "nocturne"]
    values = told["second"] if second else told["figures"]
    pooled = {} if second else told["intervals"]["cautious"]
    card["figures"] = {
        key: {"value": value, "by_subject": subjects.get(key), "interval": pooled.get(key),
              "command": COMMAND}
        for key, value in values.items() if not (second and key.startswith(("onset", "arousal")))
    }
    card["measured_on"] = told["data"].split("; ", 1)[1]
    for key in SECOND if second else MORE:
        if key in told:
            card[key] = told[key]
    for path in nights:
        card["nights"] = {"command": "tools/plot nights --data data/ppg --json",
                          "nights": json.loads(path.read_text())}
