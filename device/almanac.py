"""Times of day: the alarm, the timer and the quiet hours. The only part of the night that looks at the wall clock."""

from datetime import datetime, timedelta

EARLIEST = 1_735_689_600        # s since 1970, 2025-01-01: a clock before that was never set
MINUTES = 24 * 60
JUMP = 3600.0                   # s: a clock that jumps over the alarm by more than this doesn't ring it


def minute_of(text: str) -> int | None:
    """Minutes after midnight of "22:30"; None for ""."""
    return int(text[:2]) * 60 + int(text[3:]) if text else None


class Almanac:
    def __init__(self, alarm: str = "", quiet: tuple[str, str] = ("", ""), zone=None):
        """`zone`: tzinfo, None for the machine's own."""
        self.minute = minute_of(alarm)
        self._quiet = (minute_of(quiet[0]), minute_of(quiet[1]))
        self._zone = zone
        self._rung: tuple[int, int] | None = None           # day and minute that have rung already
        self._seen: float | None = None                     # s since 1970, at the last call of `due`
        self.timer = 0.0                                    # min, as asked from afar; 0 is off
        self._ends: float | None = None                     # s, monotonic

    def local(self, wall: float) -> datetime | None:
        """None when the clock was never set."""
        return datetime.fromtimestamp(wall, self._zone) if wall >= EARLIEST else None

    def due(self, wall: float) -> bool:
        """Whether the alarm's minute was reached since the last call; once a day, however the clock is moved."""
        seen, self._seen = self._seen, wall
        now = self.local(wall)
        if now is None or self.minute is None or seen is None:
            return False
        late = 60 * ((now.hour * 60 + now.minute - self.minute) % MINUTES) + now.second
        day = (now - timedelta(seconds=late)).toordinal()
        if not late < min(wall - seen, JUMP) or self._rung == (day, self.minute):
            return False
        self._rung = day, self.minute
        return True

    def quiet(self, wall: float) -> bool:
        """Whether the light should be dark."""
        now, (start, end) = self.local(wall), self._quiet
        if now is None or start is None or end is None:
            return False
        minute = now.hour * 60 + now.minute
        return (minute - start) % MINUTES < (end - start) % MINUTES

    def set_alarm(self, minute: int | None) -> None:
        self.minute, self._rung = minute, None

    def set_timer(self, now: float, minutes: float) -> None:
        """Sound for `minutes` from `now` (s, monotonic) on; 0 is no timer."""
        self.timer = minutes
        self._ends = now + 60 * minutes if minutes else None

    def timed_out(self, now: float) -> bool:
        """True once, when the timer has run out."""
        if self._ends is None or now < self._ends:
            return False
        self.set_timer(now, 0.0)
        return True
