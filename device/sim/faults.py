"""What goes wrong with a bus, its chips and its host: planned beforehand, from a seed."""

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from device.clock import VirtualClock
from device.sim.chips import SimChip

DRAWS = 4096


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much shall go wrong."""
    transfers: float = 0.0      # 0..1: the share that fails by NACK, and by EIO, and by ETIMEDOUT
    resets: int = 0
    unplugged: int = 0
    stuck: int = 0              # times that the bus hangs
    stalls: int = 0             # times that a transfer takes long
    longest: float = 5.0        # s, of what lasts


@dataclass(frozen=True)
class Plan:
    """Shares of transfers that fail, and moments (s) at which things happen; chips by their
    address."""
    start: float = 0.0                                      # s: no transfer fails before
    nack: float = 0.0                                       # share: nobody acknowledges (121)
    eio: float = 0.0                                        # share: breaks off somewhere (5)
    timeout: float = 0.0                                    # share: never completes (110)
    resets: tuple[tuple[float, int], ...] = ()              # (when, address): a brown-out
    unplugged: tuple[tuple[float, float, int], ...] = ()    # (from, to, address)
    # (from, to): SDA held low, every transfer times out
    stuck: tuple[tuple[float, float], ...] = ()
    stalls: tuple[tuple[float, float], ...] = ()  # (when, how long): the host does nothing

    @classmethod
    def drawn(
        cls,
        rng: np.random.Generator,
        seconds: float,
        addresses: Sequence[int],
        wanted: "Wanted",
        start: float = 0.0,
    ) -> "Plan":
        """What is `wanted` over `seconds`, from `start` s on."""
        def moments(count: int) -> np.ndarray:
            return np.sort(rng.uniform(start, start + seconds, count))

        def chip() -> int:
            return int(rng.choice(addresses))

        def length() -> float:
            return float(rng.uniform(0.1, wanted.longest))

        return cls(
            start,
            wanted.transfers, wanted.transfers, wanted.transfers,
            tuple((float(at), chip()) for at in moments(wanted.resets)),
            tuple((float(at), float(at) + 2 * length(), chip())
                  for at in moments(wanted.unplugged)),
            tuple((float(at), float(at) + length()) for at in moments(wanted.stuck)),
            tuple((float(at), length()) for at in moments(wanted.stalls)),
        )


class FaultyBus:
    """The `faults` of a SimBus: carries out a plan. `struck` counts what it did, by errno."""

    def __init__(self, plan: Plan, chips: Sequence[SimChip], rng: np.random.Generator):
        self.plan, self.rng = plan, rng
        by_address = {chip.address: chip for chip in chips}
        events = [(at, by_address[address].reset) for at, address in plan.resets]
        for start, end, address in plan.unplugged:
            events += [(start, by_address[address].unplug), (end, by_address[address].plug)]
        self.events = sorted(events, key=lambda event: event[0], reverse=True)
        self.shares = np.cumsum([plan.nack, plan.eio, plan.timeout])
        self.draws: list[float] = []
        self.struck = {errno.EREMOTEIO: 0, errno.EIO: 0, errno.ETIMEDOUT: 0}

    def strike(self, chip: SimChip | None, now: float, length: int) -> tuple[int, int] | None:
        """None, or the errno and after how many of the transfer's bytes it breaks."""
        while self.events and self.events[-1][0] <= now:
            at, happen = self.events.pop()
            happen(at)
        for start, end in self.plan.stuck:
            if start <= now < end:
                return self.hit(errno.ETIMEDOUT, 0)
        if now < self.plan.start:
            return None
        if not self.draws:
            self.draws = self.rng.random(DRAWS).tolist()
        draw = self.draws.pop()
        if draw >= self.shares[2]:
            return None
        if draw < self.shares[0]:
            return self.hit(errno.EREMOTEIO, 0)
        broken_at = int(self.rng.integers(0, length + 1))
        return self.hit(errno.EIO if draw < self.shares[1] else errno.ETIMEDOUT, broken_at)

    def hit(self, number: int, survived: int) -> tuple[int, int]:
        self.struck[number] += 1
        return number, survived


class StallingClock(VirtualClock):
    """A host that stops for a while: a sleep that meets a stall ends after it."""

    def __init__(self, stalls: Sequence[tuple[float, float]], start: float = 0.0, **wall: Any):
        super().__init__(start, **wall)
        self.stalls = sorted(stalls, reverse=True)

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        while self.stalls and self.stalls[-1][0] <= self.now():
            at, length = self.stalls.pop()
            super().sleep(max(at + length - self.now(), 0.0))
