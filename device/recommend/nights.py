"""A night as the learner keeps it: JSON in and out; one with a field out of bounds is refused."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from device.values import STAGES, Context, Outcome, Worth

DAY = 24 * 60.0         # min: no onset latency is longer
MANY = 1000             # wakings, likes or steps of the volume: nobody's night has more
LONGEST_NAME = 200      # characters


@dataclass(frozen=True, slots=True)
class Night:
    """What was played, in which context, and how it went."""
    candidate: str          # its name; perhaps of another firmware
    context: Context
    outcome: Outcome
    propensity: float       # probability with which it was drawn, 0..1
    trial: bool

    def plain(self, worth: Worth | None) -> dict[str, Any]:
        """JSON-able, with what it taught, min; None: nothing. `sooner` is its sleep alone."""
        return {"candidate": self.candidate, "context": pack_context(self.context),
                "outcome": asdict(self.outcome),
                "reward": worth.reward if worth else None,
                "sooner": worth.sooner if worth else None,
                "propensity": self.propensity, "trial": self.trial}

    @classmethod
    def lived(cls, receipt: Mapping[str, Any], outcome: Outcome) -> "Night":
        return cls(receipt["candidate"], unpack_context(receipt["context"]), outcome,
                   receipt["propensity"], receipt["trial"])

    @classmethod
    def of(cls, plain: object) -> "Night":
        """What `plain` wrote, by this version or another: keys it doesn't know are passed over, and
        what may be missing is. Raises ValueError, which says what can't be read."""
        night = mapping(plain, "it")
        candidate, trial = night.get("candidate"), night.get("trial", False)
        if not isinstance(candidate, str) or len(candidate) > LONGEST_NAME:
            raise ValueError("candidate can't be read")
        if not isinstance(trial, bool):
            raise ValueError("trial can't be read")
        propensity = real(night, "propensity", 0.0, 1.0)
        if propensity is None:
            raise ValueError("propensity can't be read")
        return cls(candidate, stored_context(mapping(night.get("context"), "context")),
                   stored_outcome(mapping(night.get("outcome"), "outcome")), propensity, trial)


def stored_context(plain: Mapping[str, Any]) -> Context:
    """Raises ValueError."""
    stages = plain.get("probabilities")
    if stages is not None:
        if not isinstance(stages, list | tuple) or len(stages) != len(STAGES):
            raise ValueError("probabilities can't be read")
        shares = dict(zip(STAGES, stages, strict=True))
        stages = [real(shares, stage, 0.0, 1.0) for stage in STAGES]
    numbers = {field.name: real(plain, field.name) for field in fields(Context)
               if field.name in plain and field.name != "probabilities"}
    known = stages is not None and None not in stages
    return unpack_context({**numbers, "probabilities": stages if known else None})


def stored_outcome(plain: Mapping[str, Any]) -> Outcome:
    """Raises ValueError."""
    return Outcome(sol=real(plain, "sol", 0.0, DAY), wakings=whole(plain, "wakings", 0, MANY),
                   liked=whole(plain, "liked", -MANY, MANY) or 0,
                   turned_down=whole(plain, "turned_down", 0, MANY) or 0,
                   rested=whole(plain, "rested", -1, 1),
                   signal_quality=real(plain, "signal_quality", 0.0, 1.0) or 0.0)


def mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} can't be read")
    return value


def real(values: Mapping[str, Any], name: str, low: float = -1e9,
         high: float = 1e9) -> float | None:
    """None: missing. NaN and infinities are, as they are wherever a night is packed."""
    value = values.get(name)
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if type(value) not in (int, float) or not low <= value <= high:
        raise ValueError(f"{name} can't be read")
    return float(value)


def whole(values: Mapping[str, Any], name: str, low: int, high: int) -> int | None:
    """None: missing."""
    value = values.get(name)
    if value is None:
        return None
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{name} can't be read")
    return value


def pack_context(context: Context) -> dict[str, Any]:
    """JSON-able; NaN and infinities, which JSON lacks, become None as the features treat them."""
    numbers = {field.name: finite(getattr(context, field.name))
               for field in fields(Context) if field.name != "probabilities"}
    stages = [finite(share) for share in context.probabilities or ()]
    return {"probabilities": stages if stages and None not in stages else None, **numbers}


def finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def unpack_context(values: Mapping[str, Any]) -> Context:
    """What another version wrote beside it is passed over."""
    known = {field.name: values[field.name] for field in fields(Context) if field.name in values}
    stages = known.get("probabilities")
    return Context(**{**known, "probabilities": None if stages is None else tuple(stages)})
