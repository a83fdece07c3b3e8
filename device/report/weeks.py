"""Many nights together: how regular they are, where they are going, what is one's own normal. Pure,
from the diary's rows."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from statistics import NormalDist

from device.report import told
from device.report.told import Night, Row
from device.report.wall import Wall
from device.values import EPOCH, Estimate

DAY = 86_400.0              # s
MINUTES = 1440              # of a day
LEAST_DAYS = 7              # that a regularity is told of (Phillips et al. 2017 ask for a week)
LEAST_NIGHTS = 5            # that a normal is told of
LEAST_TREND = 10            # nights
SURE = 0.9                  # of a trend's interval
NORMAL = (0.1, 0.9)         # shares of one's nights that lie below and above one's normal
TRENDS = ("sol", "tst", "waso", "heart")
HALF_DAY = 12.0             # h


@dataclass(frozen=True, slots=True)
class Slept:
    """One night of many. Times are s since 1970."""
    number: int
    start: float                            # lights out
    end: float
    zone: tzinfo | None
    asleep: tuple[tuple[float, float], ...]  # when, live
    unknown: tuple[tuple[float, float], ...]
    values: Mapping[str, Estimate]          # of TRENDS, as far as they are known: min, or /min

    @property
    def bed(self) -> datetime:
        return datetime.fromtimestamp(self.start, self.zone).astimezone(self.zone)

    @property
    def evening(self) -> datetime:
        """The day that it is named by."""
        return Wall(self.start, self.zone).evening() or self.bed

    @property
    def up(self) -> datetime:
        return datetime.fromtimestamp(self.end, self.zone).astimezone(self.zone)


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of one thing that may be played: minutes of falling asleep that it saves
    against silence, with an 80 % interval."""
    name: str
    minutes: float
    low: float
    high: float
    nights: int


@dataclass(frozen=True, slots=True)
class Learned:
    beliefs: Sequence[Belief] = ()
    trial: str = ""                         # what a trial of one says so far


@dataclass(frozen=True, slots=True)
class Trend:
    """A change each week, with its 90 % interval."""
    week: float
    low: float
    high: float


def slept(row: Row, epochs: Sequence[Row], zone: tzinfo | None) -> Slept | None:
    """None: a nap, or a night whose time nobody knew, or that isn't over."""
    night, wall = Night.of(row), Wall.of(row, zone)
    if wall.began is None or not night.sums or night.nap or not epochs:
        return None

    def when(each: Row) -> float:
        return float(wall.began or 0.0) + each["time"] - row["lights_out"]
    return Slept(
        row["id"], wall.began, when(epochs[-1]), zone,
        tuple(runs((when(each), each["stage"] not in (None, "wake")) for each in epochs)),
        tuple(runs((when(each), each["stage"] is None) for each in epochs)),
        values(night, epochs),
    )


def runs(marks: Iterator[tuple[float, bool]]) -> Iterator[tuple[float, float]]:
    """(start, end) of what is true, by epochs that end at each mark's time."""
    begin = end = None
    for time, true in marks:
        if true and begin is None:
            begin = time - EPOCH
        if not true and begin is not None and end is not None:
            yield begin, end
            begin = None
        end = time
    if begin is not None and end is not None:
        yield begin, end


def values(night: Night, epochs: Sequence[Row]) -> dict[str, Estimate]:
    found = {}
    for name in ("sol", "tst", "waso"):
        known = night.estimate(name)
        value = night.sums.get(name)
        if night.told and value is not None and (name != "sol" or night.onset):
            found[name] = known or Estimate(value, value, value)
    rates = told.rates_asleep(epochs)
    if len(rates) >= told.ENOUGH:
        mean = sum(rates) / len(rates)
        found["heart"] = Estimate(mean, mean, mean)
    return found


# ---- regularity ----------------------------------------------------------------------------------

def regularity(nights: Sequence[Slept]) -> float | None:
    """The Sleep Regularity Index, −100 to 100 (Phillips et al. 2017, Scientific Reports 7, 3216):
    how much likelier than not one is in the same state, asleep or awake, at two times a day apart.
    Out of bed one is taken to be awake; minutes that nobody could judge, and days without a night,
    are left out. None: of less than a week."""
    days: dict[int, list[bool | None]] = {}
    for night in nights:
        day, _ = place(night.start, night)
        states = days.setdefault(day, [False] * MINUTES)
        for spans, state in ((night.asleep, True), (night.unknown, None)):
            for begin, end in spans:
                for minute in range(math.ceil(begin / 60), math.ceil(end / 60)):
                    _, at = place(60.0 * minute, night)
                    states[at] = state
    pairs = [(days[day], days[day + 1]) for day in days if day + 1 in days]
    if len(pairs) < LEAST_DAYS - 1:
        return None
    same = [one == other for before, after in pairs
            for one, other in zip(before, after, strict=True)
            if one is not None and other is not None]
    return -100 + 200 * sum(same) / len(same) if same else None


def place(time: float, night: Slept) -> tuple[int, int]:
    """The day from noon to noon, and its minute. By the sun's day, not by the clock's: a leap of
    summer time is no 24 hours."""
    standard = datetime.fromtimestamp(time, night.zone).astimezone(night.zone)
    offset = (standard.utcoffset() or timedelta()) - (standard.dst() or timedelta())
    day, seconds = divmod(time + offset.total_seconds() - DAY / 2, DAY)
    return int(day), int(seconds // 60)


def usual(times: Sequence[datetime]) -> tuple[float, float] | None:
    """Mean and SD, h of the day as the clock shows it; a mean beyond midnight is below 12."""
    if len(times) < LEAST_NIGHTS:
        return None
    hours = [after_noon(time) for time in times]
    mean = sum(hours) / len(hours)
    spread = math.sqrt(sum((hour - mean) ** 2 for hour in hours) / (len(hours) - 1))
    return (mean + HALF_DAY) % 24, spread


def after_noon(time: datetime) -> float:
    return (time.hour + time.minute / 60 - HALF_DAY) % 24


# ---- trends --------------------------------------------------------------------------------------

def series(nights: Sequence[Slept], name: str) -> list[tuple[float, Estimate]]:
    """(days since the first night, value)."""
    return [((night.start - nights[0].start) / DAY, night.values[name])
            for night in nights if name in night.values]


def normal(found: Sequence[tuple[float, Estimate]]) -> tuple[float, float] | None:
    """Between which eight nights of ten lie."""
    if len(found) < LEAST_NIGHTS:
        return None
    ordered = sorted(each.value for _, each in found)
    return quantile(ordered, NORMAL[0]), quantile(ordered, NORMAL[1])


def quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def trend(found: Sequence[tuple[float, Estimate]]) -> Trend | None:
    """Least squares. None: of too few nights."""
    if len(found) < LEAST_TREND:
        return None
    days, values = [day for day, _ in found], [each.value for _, each in found]
    count, mean, middle = len(found), sum(values) / len(found), sum(days) / len(found)
    across = sum((day - middle) ** 2 for day in days)
    slope = sum((day - middle) * (value - mean)
                for day, value in zip(days, values, strict=True)) / across
    left = sum((value - mean - slope * (day - middle)) ** 2
               for day, value in zip(days, values, strict=True))
    reach = student(SURE, count - 2) * math.sqrt(left / (count - 2) / across)
    return Trend(7 * slope, 7 * (slope - reach), 7 * (slope + reach))


def student(sure: float, free: int) -> float:
    """The two-sided quantile of Student's t, by Cornish and Fisher's expansion: within 1 % from
    four degrees of freedom on."""
    z = NormalDist().inv_cdf(0.5 + sure / 2)
    return (z + (z**3 + z) / (4 * free) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * free**2)
            + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * free**3))

