"""What `tools/doctor` finds: who answers on the bus, how they are, what to do about each thing that
is wrong."""

import argparse
import contextlib
import json
import os
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path

# Before numpy: its BLAS would start a thread per core for the smallest product.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from device import stored
from device.clock import Clock
from device.config import Config
from device.errors import SensorError
from device.hardware.bus import Bus
from device.hardware.fifo import Feed
from device.hardware.parts import PARTS, named, of_role
from device.hardware.sensors import Sensors
from device.sleep.empty_bed import FILE, UNKNOWN, EmptyBed
from device.sleep.vitals import VitalSigns
from device.values import Signal, Vitals
from kit import surroundings
from kit.raw import chosen, counted, wired

CONFIG = Path("/etc/nocturne.toml")
KNOWN = {0x52: "XM125 radar (not used)"} | {
    address: " or ".join((part.name, *part.also))
    for part in PARTS
    for address in part.driver.addresses
}
SLOW = 0.06                 # share by which a chip's rate may be off before it is worth a word
CROWD = 40                  # answers at more addresses than that come from no chip
FINGER = 50_000  # counts: less infrared than this comes from no finger (facts of public drivers)
SATURATED = 260_000         # counts of 18 bit
NOISY = 3                   # times the data sheet's noise that are worth a word
GRAVITY = (9.3, 10.3)       # m/s²
IN_BED = 900.0              # s after which a simulated body lies still
GOOD = 0.5                  # quality from which a heart rate is trusted
LEARN = "with the bed empty, run `tools/calibrate --empty-bed`"


@dataclass(frozen=True)
class Finding:
    """One thing that isn't as it should be."""
    about: str
    finding: str
    remedy: str


SILENT = Finding(
    "bus", "nobody answers at any address",
    "SDA goes to pin 3, SCL to pin 5 (swapped, a chip is as silent as none), its supply to pin 1 "
    "(3.3 V) and ground to pin 9; a board with a CS pin wants that high")


HELD = Finding(
    "bus", "every address answers, so that none of them does",
    "SDA lies at ground: a short, or the sensor's SDA on a ground pin; it goes to pin 3, SCL to "
    "pin 5, ground to pin 9")


@dataclass(frozen=True)
class Chip:
    """How one chip is."""
    chip: str
    address: str
    role: str
    identity: str
    rate: float | None                  # Hz, measured
    nominal: float                      # Hz
    lost: int
    uncertain: int                      # by how many that may be off
    restarts: int
    errors: int                         # ticks in which it failed
    mean: tuple[float, ...] = ()        # counts or m/s², by channel
    noise: tuple[float, ...] = ()       # RMS from one reading to the next, over √2: counts or m/s²
    celsius: float | None = None


@dataclass(frozen=True)
class Diagnosis:
    bus: str
    answers: dict[str, str]             # address → what is known to live there
    chips: list[Chip]
    signals: dict[str, object]          # the body as it is judged now
    findings: list[Finding] = field(default_factory=list)


def diagnose(options: argparse.Namespace) -> int:
    """Prints what was found; 1 where no chip was. Raises NocturneError."""
    simulated = options.simulated or options.recording is not None
    name = "simulated chips" if simulated else f"/dev/i2c-{options.bus}"
    config = Config.load(CONFIG) if CONFIG.exists() and not simulated else Config()
    empty, unread = UNKNOWN, ()
    if not simulated:
        empty, unread = stored.load_file(EmptyBed, Path(config.diary.path).with_name(FILE))
    try:
        smbus, clock, tick, _ = wired(options, 1.0)
        if options.simulated:
            clock.sleep(IN_BED)
        diagnosis = examine(name, smbus, clock, tick, options.seconds, chosen(options),
                            not simulated, empty)
    except SensorError as trouble:
        diagnosis = Diagnosis(name, {}, [], {}, [Finding("bus", *str(trouble).split("; ", 1))])
    diagnosis.findings.extend(Finding("bed", trouble, LEARN) for trouble in unread)
    if not simulated:
        diagnosis.findings.extend(Finding(*trouble) for trouble in surroundings.troubles(config))
    print(json.dumps(asdict(diagnosis), indent=1) if options.json else told(diagnosis))
    return 0 if diagnosis.chips else 1


def examine(name: str, smbus, clock: Clock, tick: float, seconds: float, config: dict[str, str],
            board: bool, empty: EmptyBed = UNKNOWN) -> Diagnosis:
    """Listen for `seconds`. Raises SensorError if the bus itself is stuck."""
    findings = list(others(board))
    answers = scan(smbus)
    if not answers:
        findings.append(SILENT)
    elif len(answers) > CROWD:
        findings.append(HELD)
    sensors = Sensors.find(Bus(smbus), clock, config)
    findings += [Finding("bus", *note.split("; ", 1)) for note in sensors.notes]
    signs, vitals = VitalSigns(empty), []
    heard: dict[str, list[Signal]] = {role: [] for role in sensors.feeds}
    errors = dict.fromkeys(sensors.feeds, 0)
    start = due = clock.now()
    while sensors.feeds and due < start + seconds:
        due = max(due + tick, clock.now())
        clock.sleep(due - clock.now())
        readings = sensors.drain(due)
        vitals += signs.add(readings)
        for role in heard:
            signal = getattr(readings, role)
            errors[role] += signal is None
            if signal is not None and len(signal.values):
                heard[role].append(signal)
    chips = [look(feed, heard[role], errors[role], clock) for role, feed in sensors.feeds.items()]
    for chip in chips:
        findings += doubts(chip)
    signals = summary(vitals)
    if chips:
        findings += [*judged(chips, signals), *machines(signs)]
    return Diagnosis(name, answers, chips, signals, findings)


def scan(smbus) -> dict[str, str]:
    """Who acknowledges a read of one byte, as `i2cdetect -r` asks."""
    found = {}
    for address in range(0x08, 0x78):
        with contextlib.suppress(OSError):
            Bus(smbus).smbus.read_byte(address)
            found[f"0x{address:02x}"] = KNOWN.get(address, "unknown")
    return found


def others(board: bool):
    """Who else may be reading the chips."""
    if not board:
        return
    with contextlib.suppress(OSError):
        state = subprocess.run(["systemctl", "is-active", "nocturne.service"], capture_output=True,
                               text=True)
        if state.stdout.strip() == "active":
            yield Finding(
                "nocturne.service",
                "it is running and drains the same chips: figures below are of what is left",
                "sudo systemctl stop nocturne, and run this again",
            )


def look(feed: Feed, signals: list[Signal], errors: int, clock: Clock) -> Chip:
    chip = feed.chip
    celsius, identity = None, "doesn't answer"
    with contextlib.suppress(SensorError):
        identity = chip.identify()
        celsius = chip.temperature(clock.sleep)
    mean = noise = ()
    if signals:
        values = np.concatenate([signal.values for signal in signals]).astype(float)
        mean = tuple(np.round(values.mean(0), 3).tolist())
        # Second differences leave out breathing and pulse; the median leaves out movements.
        curve = np.abs(np.diff(values, 2, axis=0)) / 6 ** 0.5
        noise = tuple(np.round(np.median(curve, axis=0) / 0.6745, 6).tolist()) if len(curve) else ()
    return Chip(chip.name, f"0x{chip.address:02x}", chip.role, identity,
                round(feed.timebase.rate, 3) if signals else None, chip.rate, feed.lost,
                feed.timebase.uncertain, feed.restarts, errors, mean, noise,
                None if celsius is None else round(celsius, 2))


def doubts(chip: Chip):
    """What is wrong with one chip."""
    where = f"{chip.chip} at {chip.address}"
    if chip.rate is None:
        yield Finding(where, "gave no readings",
                      "take its power off for a moment; check its wiring")
        return
    if abs(chip.rate / chip.nominal - 1) > SLOW:
        yield Finding(where, f"runs at {chip.rate:.1f} Hz instead of {chip.nominal:g}",
                      "nothing to do: its own time is used; a part this far off may be a copy")
    if chip.lost:
        yield Finding(where, f"{counted(chip.lost, chip.uncertain)} readings were lost",
                      "is the machine busy, or another program on the bus?")
    if chip.restarts:
        yield Finding(where, f"forgot its settings {chip.restarts} times",
                      "its supply dips: shorter wires, and a 10 µF capacitor beside the chip")
    if chip.errors:
        yield Finding(
            where,
            f"failed in {chip.errors} ticks",
            "shorter wires, 2.2 kΩ pull-ups, or a slower bus: dtparam=i2c_arm_baudrate=100000",
        )
    if chip.role == "motion":
        gravity = float(np.linalg.norm(chip.mean))
        if not GRAVITY[0] <= gravity <= GRAVITY[1]:
            yield Finding(
                where,
                f"feels {gravity:.2f} m/s² instead of gravity's 9.81",
                "lay it still; if it stays so, the part is damaged",
            )
        expected = noise_of(chip.chip, chip.rate)
        if max(chip.noise) > NOISY * expected:
            yield Finding(
                where,
                f"noise of {max(chip.noise) * 1000:.2f} mm/s², "
                f"{max(chip.noise) / expected:.0f} times the data sheet's",
                f"does somebody move? Try again in quiet. Does a fan shake it? Then, {LEARN}",
            )
    elif chip.mean[1] < FINGER:
        yield Finding(where, f"infrared {chip.mean[1]:.0f} counts: nothing on the sensor",
                      "put a finger or the clip on it, or cover it from daylight")
    elif max(chip.mean) > SATURATED:
        yield Finding(where, "saturated: more light than it can count",
                      "keep daylight out; loosen the clip")


def noise_of(name: str, rate: float) -> float:
    """m/s² RMS to be expected of one reading at `rate` Hz."""
    part = named(name)
    return part.density * (rate / 2) ** 0.5 + part.rounding


def hears_the_heart(chip: Chip) -> bool:
    return chip.role == "ppg" or named(chip.chip).mattress


def judged(chips: list[Chip], signals: dict[str, object]):
    """What is wrong with what they hear together."""
    accelerometers = ", ".join(part.name for part in of_role("motion"))
    if not any(chip.role == "motion" for chip in chips):
        yield Finding(
            "motion",
            "no accelerometer: sleep can't be judged",
            f"wire one: {accelerometers} (the first is recommended)",
        )
    elif not any(hears_the_heart(chip) for chip in chips):
        quiet = " or ".join(part.name for part in of_role("motion") if part.mattress)
        clip = " or ".join(part.name for part in of_role("ppg"))
        yield Finding(
            "heart",
            f"{' and '.join(chip.chip for chip in chips)} alone: too noisy for the heartbeat",
            f"wire {quiet} under the mattress, or a clip with {clip}",
        )
    if signals["heart_rate"] is None and signals["present"]:
        yield Finding(
            "heart",
            "somebody is there, but no heartbeat was trusted",
            "lie still for a minute; move the "
            "sensor under the chest, or the clip to another finger; if nobody is, something "
            f"sways the bed as slowly as a chest: {LEARN}",
        )


def machines(signs: VitalSigns):
    """A rhythm in a bed that nobody breathes or moves in."""
    rate = signs.bcg.felt.rate
    if signs.bcg.present is False and rate is not None:
        yield Finding("bed", f"it throbs {rate.value:.0f} times a minute with nobody in it",
                      f"a machine nearby, which isn't taken for a heart; {LEARN}: then it won't "
                      "drown one either")


def summary(vitals: list[Vitals]) -> dict[str, object]:
    """The body as judged in the last seconds."""
    hearts = [v.heart_rate for v in vitals[-10:] if v.heart_rate is not None]
    breaths = [v.breathing for v in vitals[-10:] if v.breathing is not None]
    moves = [v.movement for v in vitals if v.movement is not None]
    return {
        "heart_rate": round(hearts[-1].value, 1) if hearts else None,
        "heart_quality": round(hearts[-1].quality, 2) if hearts else 0.0,
        "heart_available": round(
            float(
                np.mean(
                    [
                        v.heart_rate is not None and v.heart_rate.quality >= GOOD
                        for v in vitals[-20:]
                    ]
                )
            ),
            2,
        )
        if vitals
        else 0.0,
        "breathing": round(breaths[-1].value, 1) if breaths else None,
        "movement": round(float(np.median(moves)), 5) if moves else None,
        "present": vitals[-1].present if vitals else None,
    }


def told(diagnosis: Diagnosis) -> str:
    """For a person."""
    lines = [diagnosis.bus]
    lines += [f"  {address}  {what}" for address, what in diagnosis.answers.items()] or [
        "  nobody answers"
    ]
    for chip in diagnosis.chips:
        unit = "counts" if chip.role == "ppg" else "m/s²"
        lines += [
            f"{chip.chip} at {chip.address} ({chip.role}): {chip.identity}",
            f"  rate   {'–' if chip.rate is None else f'{chip.rate:.3f}'} Hz "
            f"(asked {chip.nominal:g}); lost {counted(chip.lost, chip.uncertain)}, "
            f"restarts {chip.restarts}, failed ticks {chip.errors}"
            + (f"; {chip.celsius:.1f} °C" if chip.celsius is not None else ""),
            f"  mean   {'  '.join(f'{value:.6g}' for value in chip.mean)} {unit}",
            f"  noise  {'  '.join(f'{value:.3g}' for value in chip.noise)} {unit} RMS",
        ]
    if diagnosis.signals:
        signals = diagnosis.signals
        heart = "–" if signals["heart_rate"] is None else f"{signals['heart_rate']:.0f}/min"
        lines.append(
            f"now: heart {heart} (quality {signals['heart_quality']}, trusted in "
            f"{signals['heart_available']:.0%} of the last seconds), "
            f"breathing {signals['breathing'] or '–'}, "
            f"movement {signals['movement']} m/s², present {signals['present']}"
        )
    lines += [f"! {item.about}: {item.finding}\n    → {item.remedy}" for item in diagnosis.findings]
    return "\n".join(lines if diagnosis.findings else [*lines, "nothing to complain of"])
