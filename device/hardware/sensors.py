"""All the chips of one device: found on the bus, drained each tick, brought back when they fail."""

import errno
from collections.abc import Callable, Mapping, Sequence

from device.errors import ConfigError, SensorError, WrongChip
from device.hardware.bus import Bus
from device.hardware.fifo import Feed, Now
from device.hardware.parts import ROLES, named, of_role
from device.hardware.registers import Chip
from device.values import Readings

SEARCH = 10.0                               # s between searches for a chip that was never there


class Sensors:
    """Chips by role. `drain` never raises for a chip that is missing, failing, reset or unplugged.
    """

    def __init__(self, chips: Sequence[Chip], clock: Now):
        self.clock = clock
        self.feeds = {chip.role: Feed(chip, clock) for chip in chips}
        self.bus: Bus | None = None
        self.open: Callable[[], Bus] | None = None      # for one that wasn't there yet
        self.no_bus = ""                                # why it can't be opened
        self.wanted: dict[str, str] = {}
        self.next_search = 0.0
        self.notes: tuple[str, ...] = ()

    @classmethod
    def find(cls, bus: Bus, clock: Now, config: Mapping[str, str] | None = None) -> "Sensors":
        """Probe the bus. `config` may name a chip for `ppg` and `motion`, or "auto" (the default),
        or "none".

        A role without a chip stays empty, is searched for again now and then, and is told of in
        `notes`. A named chip that is absent is trouble at every tick until it answers. Raises
        ConfigError for an unknown name.
        """
        sensors = cls((), clock)
        sensors.bus = bus
        for role, name in wished(config).items():
            part = named(name)
            if part is None:
                sensors.wanted[role] = name
                continue
            found, _ = probe(bus, part.driver)
            sensors.feeds[role] = Feed(found or part.driver(bus), clock)
        sensors.search()
        return sensors

    @classmethod
    def waiting(cls, open_bus: Callable[[], Bus], clock: Now, config: Mapping[str, str]
                ) -> "Sensors":
        """The same, of a bus that may not be there yet: it is tried again now and then, and its
        absence is trouble until then. Raises ConfigError."""
        try:
            return cls.find(open_bus(), clock, config)
        except SensorError as trouble:
            sensors = cls((), clock)
            sensors.wanted = wished(config)
            sensors.open, sensors.no_bus = open_bus, str(trouble)
            sensors.next_search = clock.now() + SEARCH
            return sensors

    def reopen(self) -> None:
        """The bus, if it has come."""
        assert self.open is not None
        self.next_search = self.clock.now() + SEARCH
        try:
            found = Sensors.find(self.open(), self.clock, self.wanted)
        except SensorError as trouble:
            self.no_bus = str(trouble)
            return
        self.bus, self.feeds, self.notes = found.bus, found.feeds, found.notes
        self.wanted, self.no_bus, self.open = found.wanted, "", None

    def search(self) -> None:
        """Look for a chip for each role that has none."""
        if self.bus is None:
            return
        notes: list[str] = []
        for role in self.empty():
            chip, remarks = first_of(self.bus, role)
            notes += remarks
            if chip is not None:
                self.feeds[role] = Feed(chip, self.clock)
            else:
                notes.append(f"no {role} sensor answers; "
                             "check its wiring and power, or name it in the config")
        if self.mattress:
            # nothing needs to be worn
            notes = [note for note in notes if not note.startswith("no ppg")]
        self.notes = tuple(notes)
        self.next_search = self.clock.now() + SEARCH

    def empty(self) -> list[str]:
        """Roles that are to be filled by whatever answers, and aren't."""
        return [role for role, wanted in self.wanted.items()
                if wanted == "auto" and role not in self.feeds]

    @property
    def mattress(self) -> bool:
        """One lies under the mattress, which can tell whether somebody is in the bed."""
        feed = self.feeds.get("motion")
        part = named(feed.chip.name) if feed is not None else None
        return part is not None and part.mattress

    def drain(self, now: float) -> Readings:
        """Everything the chips have read since the last call."""
        if self.open is not None and now >= self.next_search:
            self.reopen()
        if self.no_bus:
            return Readings(now, None, None, (f"no sensors, so a timer programme: {self.no_bus}",))
        if self.bus is not None and now >= self.next_search and self.empty():
            self.search()
        signals = {role: feed.drain(now) for role, feed in self.feeds.items()}
        trouble = tuple(text for feed in self.feeds.values() for text in feed.trouble)
        return Readings(now, signals.get("ppg"), signals.get("motion"), trouble)

    @property
    def lost(self) -> dict[str, int]:
        """Readings lost since the start, by role."""
        return {role: feed.lost for role, feed in self.feeds.items()}

    @property
    def uncertain(self) -> dict[str, int]:
        """By how many readings `lost` may be off: a chip can reset too near a reading for any
        answer to tell."""
        return {role: feed.timebase.uncertain for role, feed in self.feeds.items()}

    @property
    def patience(self) -> float:
        """s: how long the FIFOs last, a fifth kept in reserve; drain at least this often."""
        return min(
            (0.8 * feed.chip.depth * feed.timebase.period for feed in self.feeds.values()),
            default=1.0,
        )


def wished(config: Mapping[str, str] | None) -> dict[str, str]:
    """The name of a chip, auto or none for each role. Raises ConfigError for an unknown name."""
    names = {role: (config or {}).get(role, "auto") for role in ROLES}
    for role, name in names.items():
        part = named(name)
        if name.lower() not in ("auto", "none") and (part is None or part.role != role):
            known = ", ".join(part.name for part in of_role(role))
            raise ConfigError(
                f"sensors.{role}: no chip called {name.lower()}; there are {known}, auto and none"
            )
    return {role: name if named(name) else name.lower() for role, name in names.items()}


def first_of(bus: Bus, role: str) -> tuple[Chip | None, list[str]]:
    """The best part of a role that answers, and remarks about strangers at its addresses."""
    remarks: list[str] = []
    for part in of_role(role):
        chip, more = probe(bus, part.driver)
        remarks += more
        if chip is not None:
            return chip, remarks
    return None, remarks


def probe(bus: Bus, driver: type[Chip]) -> tuple[Chip | None, list[str]]:
    """The part at one of its addresses, and remarks about strangers there. Asks three times: one
    answer in a hundred may be lost on a bad wire."""
    remarks: list[str] = []
    for address in driver.addresses:
        chip = driver(bus, address)
        for last in (False, False, True):
            try:
                chip.identify()
                return chip, remarks
            except WrongChip as stranger:
                remarks.append(str(stranger))
                break
            except SensorError as trouble:
                if last and getattr(trouble.__cause__, "errno", None) not in (
                    errno.EREMOTEIO,
                    errno.ENXIO,
                ):
                    remarks.append(str(trouble))
    return None, remarks
