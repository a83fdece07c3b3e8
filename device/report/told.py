"""What the morning says of a night: facts from the diary's rows, and the sentences that they make
true. Pure."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from device.sentences import Said, label, say
from device.values import EPOCH, Estimate, Mode

Row = Mapping[str, Any]     # of a table of the diary

AUDIBLE = 20.0              # dBA at the pillow
LEAST = 20.0                # min in bed below which nothing is said of it, either
HALF = 0.5                  # share judged below which nothing is said of sleep
MOST = 0.9                  # share judged from which an absence may be said
UNLIKELY = 0.1              # chance of a long waking at which there was none
MISSING = 0.05              # share of epochs that may lack a level
ONSET = 3                   # epochs of sleep in a row: somebody has fallen asleep
NAMED = 3                   # long wakings that are told by their times
ESTIMATED = ("sol", "tst", "waso", "light", "deep", "rem")
ENOUGH = 20         # epochs whose mean is told
FIVE_MINUTES = round(300 / EPOCH)       # epochs
ANSWERED = f"{Mode.ASLEEP} → {Mode.MASKING}: aroused"      # as the night notes it
BEFORE_UP = (Mode.WAKING, Mode.MORNING)
# digits and unit
UNITS = {"heart": (".0f", "unit.rate"), "lowest": (".0f", "unit.rate"),
         "rmssd": (".0f", "unit.ms"), "breathing": (".1f", "unit.rate")}


@dataclass(frozen=True, slots=True)
class Night:
    """A night's sums as the diary keeps them; {} while it isn't over. What older firmware didn't
    keep isn't known."""
    sums: Mapping[str, Any]

    @classmethod
    def of(cls, row: Row) -> "Night":
        return cls(json.loads(row["sums"]) if row["sums"] else {})

    @property
    def judged(self) -> float:
        """Share of the night, 0..1."""
        known = self.sums.get("judged")
        if known is None:
            known = 1 - self.sums["unknown"] / self.sums["tib"] if self.sums.get("tib") else 0.0
        return float(known)

    @property
    def told(self) -> bool:
        """Whether its sleep may be told at all."""
        return bool(self.sums) and self.judged >= HALF and self.sums["sol"] is not None

    @property
    def onset(self) -> bool:
        return self.told and bool(self.sums.get("onset", self.judged >= MOST))

    @property
    def nap(self) -> bool:
        return bool(self.sums.get("nap"))

    @property
    def calibrated(self) -> bool:
        return bool(self.sums.get("calibrated"))

    @property
    def awake(self) -> Sequence[tuple[float, float]]:
        """Long wakings that the night believed in: s after lights out, min."""
        return self.sums.get("awake") or ()

    @property
    def chance(self) -> float | None:
        """Of a long waking; None isn't known."""
        return (self.sums.get("estimates") or {}).get("long_waking")

    @property
    def unlikely(self) -> bool:
        """No long waking: neither seen, nor counted, nor likely."""
        counted = self.awake or self.sums["long_wakings"]
        chance = self.chance
        return not counted and self.judged >= MOST and chance is not None and chance <= UNLIKELY

    def estimate(self, name: str) -> Estimate | None:
        """A sum, min, with its interval; None where that isn't known."""
        known = (self.sums.get("estimates") or {}).get(name)
        return Estimate(**known) if known else None


# ---- the first lines -----------------------------------------------------------------------------

def first_lines(row: Row, epochs: Sequence[Row], clock: Callable[[float], str],
                events: Sequence[Row] = ()) -> list[Said]:
    """What is said of a night before anything else. `clock(hours)`: a time of day."""
    night = Night.of(row)
    heard = sound(epochs) if night.sums and epochs else Said("")
    answered = [(event["time"] - row["lights_out"]) / 3600 for event in events
                if event["kind"] == "mode" and event["detail"] == ANSWERED]
    lines = [sleep(night), wakings(night, clock), heard,
             because(heard, [clock(hours) for hours in answered])]
    return [line for line in lines if line]


def sleep(night: Night) -> Said:
    sums, tib = night.sums, night.sums.get("tib", 0.0)
    facts = {
        "over": bool(sums),
        "long": tib >= LEAST,
        "judged": bool(sums) and night.judged > 0,
        "half": bool(sums) and night.judged >= HALF,
        "slept": bool(sums) and sums["sol"] is not None,
        "onset": night.onset,
        "intervals": all(night.estimate(name) for name in ("sol", "tst", "waso")),
    }
    words = {name: ranged(night, name) for name in ("sol", "tst", "waso")}
    judged = share(night.judged * tib) if sums else ""
    line = say("sleep", facts, tib=minutes(tib), judged=judged, **words)
    nap = say("nap", {"nap": night.nap})
    return Said(nap + line, line.id, line.fills)


def wakings(night: Night, clock: Callable[[float], str]) -> Said:
    seen, counted = night.awake, night.sums.get("long_wakings", 0)
    facts = {"told": night.told, "seen": bool(seen), "likely": counted > 0,
             "unlikely": night.told and night.unlikely}
    when = [say("waking", clock=clock(start / 3600), minutes=minutes(length))
            for start, length in seen]
    rest = len(when) - NAMED
    if rest > 0:
        when[NAMED:] = [say("more", {"one": rest == 1}, count=rest)]
    number = say("long", {"one": counted == 1}, count=counted)
    return say("wakings", facts, wakings=listed(when), count=number)


def sound(epochs: Sequence[Row]) -> Said:
    """How often and how long sound came back, from what was heard at each epoch's end."""
    night = [row for row in epochs if row["mode"] not in BEFORE_UP]
    unknown = sum(row["level"] is None for row in night)
    loud = [level is not None and level >= AUDIBLE for level in carried(night)]
    onset = fell_asleep(night)
    later = loud[onset:] if onset is not None else []
    faded = later.index(False) if False in later else None
    runs = [len(list(run)) for heard, run in groupby(later[faded or 0:]) if heard]
    back = runs if faded is not None else []
    facts = {
        "known": bool(night) and unknown <= MISSING * len(night),
        "heard": any(loud),
        "slept": onset is not None,
        "faded": faded is not None,
        "back": bool(back),
    }
    times = say("times", {"one": len(back) == 1, "two": len(back) == 2}, count=len(back))
    heard = sum(back) if facts["slept"] else sum(loud)
    return say("sound", facts, unknown=of_epochs(unknown), minutes=of_epochs(heard), times=times)


def because(heard: Said, answered: Sequence[str]) -> Said:
    """Why sound came back. `answered`: the times of day at which the night believed so."""
    times = [say("moment", clock=clock) for clock in answered[:NAMED]]
    if rest := len(answered) - len(times):
        times.append(say("more", {"one": rest == 1}, count=rest))
    facts = {"back": heard.id == "sound.back", "aroused": bool(answered)}
    return say("because", facts, when=listed(times))


def carried(night: Sequence[Row]) -> list[float | None]:
    """dBA of each epoch; one that isn't known is taken for what was heard before it."""
    levels: list[float | None] = []
    for row in night:
        levels.append(row["level"] if row["level"] is not None or not levels else levels[-1])
    return levels


def fell_asleep(epochs: Sequence[Row]) -> int | None:
    """The place of the first of ONSET epochs of sleep, by the live judgement."""
    asleep = [row["stage"] not in (None, "wake") for row in epochs]
    runs = (n for n in range(len(asleep)) if asleep[n:n + ONSET] == [True] * ONSET)
    return next(runs, None)


# ---- further down --------------------------------------------------------------------------------

def body(epochs: Sequence[Row]) -> dict[str, str]:
    """Heart and breathing while asleep, for a table; – is what too few epochs tell of."""
    known = zip(UNITS.items(), body_numbers(epochs).values(), strict=True)
    return {name: "–" if value == "" else label(unit, value=format(value, digits))
            for (name, (digits, unit)), value in known}


def body_numbers(epochs: Sequence[Row]) -> dict[str, float | str]:
    """The same as numbers, "" where too few epochs tell."""
    begin = fell_asleep(epochs)
    lowest = None if begin is None else lowest_of([row["heart_rate"] for row in epochs[begin:]])
    return {
        "heart_rate_mean_per_min": mean_of(rates_asleep(epochs)),
        "heart_rate_lowest_per_min": "" if lowest is None else round(lowest, 2),
        "rmssd_mean_ms": mean_of(rates_asleep(epochs, "rmssd")),
        "breathing_mean_per_min": mean_of(rates_asleep(epochs, "breathing")),
    }


def rates_asleep(epochs: Sequence[Row], name: str = "heart_rate") -> list[float]:
    """What is known of it in the epochs of sleep after falling asleep."""
    begin = fell_asleep(epochs)
    return [row[name] for row in epochs[begin:]
            if row["stage"] not in (None, "wake") and row[name] is not None
            ] if begin is not None else []


def mean_of(values: Sequence[float]) -> float | str:
    return round(sum(values) / len(values), 2) if len(values) >= ENOUGH else ""


def lowest_of(rates: Sequence[float | None]) -> float | None:
    """The lowest mean of five minutes in which every epoch told a rate; one beat that was missed
    is no low."""
    runs = (rates[n:n + FIVE_MINUTES] for n in range(len(rates) - FIVE_MINUTES + 1))
    whole = [[rate for rate in run if rate is not None] for run in runs]
    return min((sum(run) / len(run) for run in whole if len(run) == FIVE_MINUTES), default=None)


def dose(night: Night, epochs: Sequence[Row], leq: Callable[[float, float], float]) -> Said:
    """Sound's dose at the pillow. `leq(dose, hours)`: dBA."""
    doses = [row["dose"] for row in epochs if row["dose"] is not None]
    hours = len(epochs) * EPOCH / 3600
    # Counted since the sound process began: one that had to start anew counts from 0.
    heard = sum(after - before if after >= before else after for before, after in pairwise(doses))
    facts = {"known": len(doses) > 1, "heard": heard > 0, "calibrated": night.calibrated}
    most = max([row["level"] or 0.0 for row in epochs], default=0.0)
    return say("dose", facts, leq=leq(heard, hours) if heard > 0 else 0.0, hours=hours, most=most)


def taught(events: Sequence[Row]) -> Said:
    notes = dict.fromkeys(row["detail"] for row in events if row["kind"] == "learned")
    told = label("list.apart").join(notes)
    return say("taught", {"noted": bool(notes)}, notes=told[:1].upper() + told[1:])


def gaps(epochs: Sequence[Row]) -> Said:
    missing = sum(row["stage"] is None for row in epochs)
    return say("gaps", {"none": not missing, "one": missing == 1}, gaps=missing, all=len(epochs))


# ---- numbers in words ----------------------------------------------------------------------------

def cell(night: Night, name: str) -> str:
    """A sum for a table; – is what can't be told."""
    sums = night.sums
    if name == "tib" and sums:
        return minutes(sums["tib"])
    if not night.told or name == "sol" and not night.onset:
        return "–"
    if name == "efficiency":
        return f"{100 * sums[name]:.0f} %"
    if name == "long_wakings":
        number = max(len(night.awake), sums[name])
        return str(number) if number or night.unlikely else "–"
    return ranged(night, name)


def ranged(night: Night, name: str) -> str:
    """Minutes with their interval, if that is known."""
    known = night.estimate(name)
    if known is None:
        value = night.sums.get(name)
        return "–" if value is None else minutes(value)
    value = minutes(known.value)
    if known.high < 60:
        return label("unit.within", value=value, low=known.low, high=known.high)
    return label("unit.between", value=value, low=minutes(known.low), high=minutes(known.high))


def minutes(value: float) -> str:
    whole = round(value)
    if whole < 60:
        return label("unit.min", value=whole)
    return label("unit.hours", hours=whole // 60, minutes=whole % 60)


def share(value: float) -> str:
    """Of something that isn't none."""
    return minutes(value) if value >= 0.5 else label("unit.under")


def of_epochs(number: int) -> str:
    return minutes(number * EPOCH / 60) if number != 1 else label("unit.s", value=30)


def listed(parts: Sequence[str]) -> str:
    """"a, b and c"."""
    if len(parts) < 2:
        return "".join(parts)
    return say("and", first=label("list.comma").join(parts[:-1]), last=parts[-1])
