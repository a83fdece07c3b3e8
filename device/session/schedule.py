"""Times of day: the alarm, the timer and the quiet hours. The only part of the night that looks at
the wall clock."""

from datetime import datetime, timedelta

from device.session.modes import Event

EARLIEST = 1_735_689_600        # s since 1970, 2025-01-01: a clock before that was never set
MINUTES = 24 * 60
ELAPSED = 0                     # stands for the day when there is none
DAY = 60 * MINUTES              # s
NAPS = (9, 19)                  # h: what begins between them is a nap
JUMP = 3600.0  # s: a clock that jumps over the alarm by more than this doesn't ring it


def minute_of(text: str) -> int | None:
    """Minutes after midnight of "22:30"; None for ""."""
    return int(text[:2]) * 60 + int(text[3:]) if text else None


def by_day(local: datetime | None) -> bool:
    """Whether what begins now is a nap; where the time isn't known it is a night."""
    return local is not None and NAPS[0] <= local.hour < NAPS[1]


class Almanac:
    def __init__(
        self,
        alarm: str = "",
        quiet: tuple[str, str] = ("", ""),
        smart: float = 0.0,
        elapsed: float = 8.0,
        zone=None,
    ):
        """`smart`: min before the alarm in which light sleep may be ended.  `elapsed`: h after
        lights out at which an alarm rings while the clock is unknown.  `zone`: tzinfo, None for the
        machine's own."""
        self.smart, self.elapsed = smart, elapsed
        self.minute = minute_of(alarm)
        # minutes after midnight, or None
        self.quiet_hours = [minute_of(quiet[0]), minute_of(quiet[1])]
        self._zone = zone
        self._rung: tuple[int, int] | None = None           # day and minute that have rung already
        self._seen: datetime | None = None                  # local time at the last call of `due`
        self.timer = 0.0                                    # min, as asked from afar; 0 is off
        self._ends: float | None = None                     # s, monotonic

    def local(self, wall: float) -> datetime | None:
        """None when the clock was never set."""
        return datetime.fromtimestamp(wall, self._zone) if wall >= EARLIEST else None

    def calls(self, wall: float, now: float, minutes: float, light: bool) -> list[Event]:
        """What time itself asks for at this tick; see `due` and `timed_out`."""
        return [event for event, comes in ((Event.ALARM, self.due(wall, minutes, light)),
                                           (Event.STOP, self.timed_out(now))) if comes]

    def due(self, wall: float, minutes: float = 0.0, light: bool = False) -> bool:
        """Whether it is time to wake; once a day, however the clock is moved.

        minutes: since lights out, which count while the clock is unknown.  light: the sleeper
        sleeps lightly now, so that any time in the smart window will do; its end is the deadline.
        """
        if self.minute is None:
            return False
        # Told by the clock on the wall: an hour that summer time leaves out is a jump over the
        # alarm like any other.
        now = datetime.fromtimestamp(wall, self._zone).replace(tzinfo=None)
        seen, self._seen = self._seen, now
        if wall < EARLIEST:
            late, mark = minutes >= 60 * self.elapsed, (ELAPSED, self.minute)
            rings, self._rung = late and self._rung != mark, mark if late else None
            return rings
        since = (3600 * now.hour + 60 * now.minute + now.second - 60 * self.minute) % DAY  # s
        past, coming = (
            ((now + timedelta(seconds=by)).toordinal(), self.minute) for by in (-since, DAY - since)
        )
        if (
            seen is not None
            and since < min((now - seen).total_seconds(), JUMP)
            and self._rung != past
        ):
            self._rung = past
            return True
        if light and DAY - since <= 60 * self.smart and self._rung != coming:
            self._rung = coming
            return True
        return False

    def missed(self, wall: float) -> None:
        """Nobody looked at the clock since `wall`: an alarm that came meanwhile rings now."""
        self._seen = datetime.fromtimestamp(wall, self._zone).replace(tzinfo=None)

    def warning(self, wall: float) -> str:
        """What is to be said beforehand where an alarm is set, but the time isn't known; or ""."""
        return "" if self.minute is None or self.local(wall) is not None else \
            f"the time isn't known: the alarm will ring {self.elapsed:g} h after lights out"

    def quiet(self, wall: float) -> bool:
        """Whether the light should be dark."""
        now, (start, end) = self.local(wall), self.quiet_hours
        if now is None or start is None or end is None:
            return False
        minute = now.hour * 60 + now.minute
        return (minute - start) % MINUTES < (end - start) % MINUTES

    def set_quiet(self, end: int, minute: int | None) -> None:
        """`end` 0 is where the quiet hours begin, 1 where they end; None is no quiet hours."""
        self.quiet_hours[end] = minute

    def set_alarm(self, minute: int | None) -> None:
        self.minute, self._rung, self._seen = minute, None, None

    def set_timer(self, now: float, minutes: float, left: float | None = None) -> None:
        """Sound for `minutes` from `now` (s, monotonic) on, or for what is `left` of them; 0 is no
        timer."""
        self.timer = minutes
        self._ends = now + 60 * (minutes if left is None else left) if minutes else None

    def timer_left(self, now: float) -> float:
        """Minutes."""
        return 0.0 if self._ends is None else (self._ends - now) / 60

    def timed_out(self, now: float) -> bool:
        """True once, when the timer has run out."""
        if self._ends is None or now < self._ends:
            return False
        self.set_timer(now, 0.0)
        return True
