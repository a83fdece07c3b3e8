"""Which state to write now: only what changed, the last word of each field, and fewer than 200 news
a night, beside details, each five minutes. After a connection all of it is told again: a broker may
have forgotten what it retained, and doesn't say so."""

from collections.abc import Mapping
from typing import NamedTuple

from device.home.fields import FIELDS

BURST = 80              # news at once after a quiet time: a first connection tells some 40 fields
REFILL = 640.0          # s a write: 80 + 12 h / 640 s + the diagnostics' 48 = 195 in a long night
ECHO = 6                # writes that an accepted command may have changed: a stop changes so many
GRANTS = 60             # echoes that commands may have earned and not used


class Told(NamedTuple):
    payload: str | bytes
    at: float               # s


class Teller:
    """Told values by field; a budget of news that only an accepted command can widen, by its
    echo."""

    def __init__(self) -> None:
        self._wanted: dict[str, str | bytes] = {}
        self._told: dict[str, Told] = {}
        self._lost: set[str] = set()    # told, but perhaps not remembered
        self._purse = float(BURST)
        self._granted = 0
        self._counted: float | None = None
        self.writes = 0

    def want(self, fields: Mapping[str, str | bytes]) -> None:
        self._wanted.update(fields)

    def grant(self) -> None:
        """A command was accepted: its echo shall not wait."""
        self._granted = min(self._granted + ECHO, GRANTS)

    def repeat(self) -> None:
        """Nobody may remember what was told: it is told again, which is no news and costs nothing.
        """
        self._lost = set(self._told)

    def forget(self) -> None:
        """What was told was taken back: it isn't told again, and what is wanted is news."""
        self._told.clear()
        self._lost.clear()

    def due(self, now: float) -> list[tuple[str, str | bytes]]:
        """(field, payload) to write now; they count as told. News that the budget leaves out waits,
        always as the newest; where the last word was lost, it stands in for it."""
        passed = 0.0 if self._counted is None else now - self._counted
        self._purse, self._counted = min(self._purse + passed / REFILL, BURST), now
        out = []
        for field, payload in self._wanted.items():
            told = self._told.get(field)
            if self._news(field, payload, told, now) and self._affords(field, payload, told, now):
                told = Told(payload, now)
            elif told is None or field not in self._lost:
                continue
            self._told[field] = told
            out.append((field, told.payload))
        self._lost.clear()
        self.writes += len(out)
        return out

    def _news(self, field: str, payload: str | bytes, told: Told | None, now: float) -> bool:
        if told is None:
            return True
        if FIELDS[field].period and field not in self._lost:
            return now - told.at >= FIELDS[field].period
        return payload != told.payload

    def _affords(self, field: str, payload: str | bytes, told: Told | None, now: float) -> bool:
        """Whether there is budget for it, which is spent then."""
        period = FIELDS[field].period
        if FIELDS[field].personal and payload == FIELDS[field].blank:
            return True             # what was private is taken back at once
        if period and (told is None or now - told.at >= period):
            return True             # its period is its budget
        if period and FIELDS[field].detail:
            return False            # they are many, and never urgent
        if self._granted and not period:
            self._granted -= 1
            return True
        if self._purse >= 1:
            self._purse -= 1
            return True
        return False
