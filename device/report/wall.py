"""A night's times as its sleeper would have read them off a clock."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

SHORT = 1 / 4          # h
NOON = 12
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 240)     # min between two marks of an axis


@dataclass(frozen=True, slots=True)
class Wall:
    """`began`: lights out, s since 1970; None where nobody knew the time. `zone` None: the
    machine's own."""
    began: float | None
    zone: tzinfo | None = None

    @classmethod
    def of(cls, night: Mapping[str, Any], zone: tzinfo | None = None) -> "Wall":
        return cls(night["began"] or None, zone)

    def at(self, hour: float) -> datetime | None:
        """With its offset from UTC."""
        if self.began is None:
            return None
        return datetime.fromtimestamp(self.began + 3600 * hour, self.zone).astimezone(self.zone)

    def clock(self, hour: float) -> str:
        local = self.at(hour)
        if local is not None:
            return f"{local:%H:%M}"
        minutes = round(60 * hour)
        return f"{minutes // 60}:{minutes % 60:02}"

    def evening(self) -> datetime | None:
        """The day that the night is named by: whoever goes to bed at one does so late the day
        before."""
        local = self.at(0.0)
        return local - timedelta(days=1) if local is not None and local.hour < NOON else local

    def ticks(self, first: float, last: float, most: int) -> list[tuple[float, str]]:
        """At most so many round times between two hours since lights out, and their words."""
        step = next((step for step in STEPS if 60 * (last - first) / step <= most - 1), STEPS[-1])
        begin = self.at(first)
        if begin is None:
            past = 60 * first % step
        else:
            midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0)
            past = (begin - midnight) / timedelta(minutes=1) % step
        marks = (first + ((step - past) % step + n * step) / 60 for n in range(most + 1))
        return [(mark, self.clock(mark)) for mark in marks if mark <= last]

    def hours(self, first: float, last: float) -> Iterator[tuple[float, float]]:
        """The pieces between full hours; one that would be very short is of its neighbour's."""
        full = [mark for mark, _ in self.ticks(first, last, 1 + math.ceil(last - first) + 1)]
        edges = [first, *(mark for mark in full if first + SHORT < mark < last - SHORT), last]
        yield from zip(edges, edges[1:], strict=False)
