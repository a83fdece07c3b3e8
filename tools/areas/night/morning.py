"""Whether the morning's figures are true: bias of the value, and how often the 90 % interval holds
what polysomnography sums up to."""

from collections.abc import Sequence

import numpy as np

from areas.night.nights import Judged
from device.sleep.estimates import estimates
from device.sleep.hypnogram import sums
from device.values import STAGES, Estimate, Estimates, Staging

UNITS = {"sol": "_min", "tst": "_min", "waso": "_min", "wakings": "", "long_wakings": "",
         "light": "_min", "deep": "_min", "rem": "_min"}


def figures(nights: Sequence[Judged]) -> tuple[dict[str, float], dict]:
    """`…_bias`, `…_held` and `…_width` (mean) of each estimate; and each night's."""
    told = {night.name: (truth(night.stage), estimates(night.morning)) for night in nights}
    judged = [(true, said) for true, said in told.values() if said is not None]
    out: dict[str, float] = {}
    for name, unit in UNITS.items():
        pairs = [(true[name], getattr(said, name)) for true, said in judged]
        out[f"{name}_bias{unit}"] = mean([said.value - true for true, said in pairs])
        out[f"{name}_held"] = mean([holds(said, true) for true, said in pairs])
        out[f"{name}_width{unit}"] = mean([said.high - said.low for _, said in pairs])
    out["waso_bias_min_abs"] = abs(out["waso_bias_min"])
    out["long_waking_brier"] = mean(
        [(said.long_waking - (true["long_wakings"] > 0)) ** 2 for true, said in judged])
    return out, {name: row(true, said) for name, (true, said) in told.items()}


def truth(stage: np.ndarray) -> dict[str, float]:
    """Of places in STAGES (n,), negative where nobody scored."""
    total = sums([Staging(n, 0.0, None, STAGES[place] if place >= 0 else None, None)
                  for n, place in enumerate(stage)])
    values = {name: getattr(total, name) for name in UNITS}
    return {**values, "sol": total.tib if total.sol is None else total.sol}


def holds(said: Estimate, true: float) -> bool:
    return said.low <= true <= said.high


def mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else np.nan


def row(true: dict[str, float], said: Estimates | None) -> dict:
    """Of each figure: truth, value, low, high."""
    if said is None:
        return {}
    each = {name: getattr(said, name) for name in UNITS}
    return {name: [true[name], one.value, one.low, one.high] for name, one in each.items()}
