"""What a finger on one button means: pure, with time handed in."""

from typing import NamedTuple

from device.values import Edge, Press

# s: contacts settle within 10 ms; edges this soon after another are looked at again later
BOUNCE = 0.02
AGAIN = 0.4             # s after a short press in which another one counts as its second
HOLD = 0.8              # s
LONG = 3.0              # s


class Pressed(NamedTuple):
    press: Press
    time: float         # s


class Presses:
    """Edges in, presses out."""

    def __init__(self) -> None:
        self.level = False          # the contact as the last edge left it
        self.down = False           # the finger, bounces removed
        self.changed = float("-inf")    # s: when `down` last changed
        self.held = False           # this press has already been told as HOLD
        self.long = False           # and as LONG
        self.released = float("-inf")   # s: the last short press
        self.count = 0              # short presses in a row

    def edge(self, edge: Edge) -> list[Pressed]:
        """An edge from the button. The first one counts at once; those of its bounce don't."""
        told = self.settle(edge.time)
        self.level = edge.pressed
        return told + self.settle(edge.time)

    def poll(self, now: float) -> list[Pressed]:
        """Call every tick or more often: holding is told at its threshold, without waiting for the
        release."""
        told = self.settle(now)
        if self.down and not self.held and now - self.changed >= HOLD:
            self.held = True
            self.count = 0
            told.append(Pressed(Press.HOLD, self.changed + HOLD))
        if self.down and not self.long and now - self.changed >= LONG:
            self.long = True
            told.append(Pressed(Press.LONG, self.changed + LONG))
        return told

    @property
    def due(self) -> float | None:
        """When `poll` should be called next (s), to tell a hold in time or to see the end of a
        bounce."""
        if self.level != self.down:
            return self.changed + BOUNCE
        if not self.down or self.long:
            return None
        return self.changed + (LONG if self.held else HOLD)

    def settle(self, now: float) -> list[Pressed]:
        """Believe the contact, unless it bounces."""
        if self.level == self.down or now - self.changed < BOUNCE:
            return []
        began, self.changed = self.changed, now
        self.down = self.level
        if self.down:
            self.held = self.long = False
            if now - self.released > AGAIN:
                self.count = 0
            return []
        if self.held:
            return []
        if now - began >= HOLD:
            self.count = 0
            return [Pressed(Press.HOLD, began + HOLD)]
        self.released = now
        self.count = min(self.count + 1, 3)
        return [Pressed((Press.SHORT, Press.SECOND, Press.THIRD)[self.count - 1], now)]
