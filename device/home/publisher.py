"""Which state to write now: only what changed, the last word of each field, and fewer than 200
writes a night, beside what is told by its own period (`detail`: each five minutes)."""

from collections.abc import Mapping

from device.home.fields import FIELDS

BURST = 80  # writes at once after a quiet time: a connection tells everything, some 25 writes
REFILL = 480.0          # s a write: 80 + 12 h / 480 s = 170 in a long night, whatever the rest does
ECHO = 6                # writes that an accepted command may have changed: a stop changes so many
GRANTS = 60             # echoes that commands may have earned and not used


class Teller:
    """Told values by field; a budget that only an accepted command can widen, by its echo."""

    def __init__(self) -> None:
        self._wanted: dict[str, str | bytes] = {}
        self._told: dict[str, tuple[str | bytes, float]] = {}
        self._purse = float(BURST)
        self._granted = 0
        self._counted: float | None = None
        self.writes = 0

    def want(self, fields: Mapping[str, str | bytes]) -> None:
        self._wanted.update(fields)

    def grant(self) -> None:
        """A command was accepted: its echo shall not wait."""
        self._granted = min(self._granted + ECHO, GRANTS)

    def forget(self) -> None:
        """Nobody may remember what was told: tell everything again."""
        self._told.clear()

    def due(self, now: float) -> list[tuple[str, str | bytes]]:
        """(field, payload) to write now; they count as told. What the budget leaves out waits,
        always as the newest."""
        passed = 0.0 if self._counted is None else now - self._counted
        self._purse, self._counted = min(self._purse + passed / REFILL, BURST), now
        out = []
        for field, payload in self._wanted.items():
            if not self._changed(field, payload, now):
                continue
            if FIELDS[field].detail and FIELDS[field].period:
                pass                    # its period is its budget
            elif self._granted and not FIELDS[field].period:
                self._granted -= 1
            elif self._purse >= 1:
                self._purse -= 1
            else:
                continue
            self._told[field] = payload, now
            out.append((field, payload))
        self.writes += len(out)
        return out

    def _changed(self, field: str, payload: str | bytes, now: float) -> bool:
        told = self._told.get(field)
        if told is None:
            return True
        if FIELDS[field].period:
            return now - told[1] >= FIELDS[field].period
        return told[0] != payload
