"""One TOML file → one frozen Config. Unknown keys are errors with a suggestion; parts receive
values, not this."""

import contextlib
import dataclasses
import difflib
import ipaddress
import re
import tomllib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from device.errors import ConfigError
from device.safekeeping import file_whole
from device.sentences import languages
from device.values import SOUND_BOUNDS, SPEAKERS

T = TypeVar("T")
KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text in quotes"}


def setting(default: T, doc: str, low: float | None = None, high: float | None = None,
            among: tuple[str, ...] | None = None, like: str | None = None,
            none: float | None = None) -> T:
    """A documented key. Numbers are bounded by `low` and `high`, but for the one that means `none`;
    text by `among` or what it must be `like`: a name in LIKE."""
    bounds = {"low": low, "high": high, "among": among, "like": like, "none": none}
    return field(default=default, metadata={"doc": doc, **bounds})


LONGEST, LONGEST_LINE = 65_536, 1000    # characters: a dotted key takes the square of its length
LARGEST = 10**15
WHOLE = "# whole: "         # and a check: the first line of a kept config
TIME = r"([01]?\d|2[0-3]):[0-5]\d"
# What text may have to look like: the pattern, and how a person is told.
LIKE = {
    "time": (rf"|{TIME}", 'a time of day like "07:00"'),
    "weekday": (rf"|off|{TIME}", 'a time of day like "07:00", or "off"'),
    "name": (r"[\w -]{1,40}", "1 to 40 letters, digits, spaces, - or _"),
    "bed": (r"(?!(hub|prior)$)[A-Za-z0-9_-]{1,32}",
            "1 to 32 letters, digits, - or _, without accents"),
    "key": (r"|[0-9a-f]{64}", "64 hex digits"),
    "page": (r"|https?://[^\s/@]+(/[^\s@]*)?", 'an address like "https://hub.local:8480"'),
}


@dataclass(frozen=True, slots=True)
class Sensors:
    bus: int = setting(1, "number of the I2C bus: 1 is /dev/i2c-1, pins 3 and 5", 0, 32)
    ppg: str = setting("auto", "heart sensor: auto finds what answers; or MAX30102, none")
    motion: str = setting("auto", "motion sensor: auto finds what answers; or its name, none")


@dataclass(frozen=True, slots=True)
class Panel:
    button: int = setting(17, "GPIO (BCM number) of the button, to ground", 0, 27)
    led: int = setting(18, "GPIO (BCM number) of the LED, through a resistor", 0, 27)
    lock: bool = setting(False, "child lock: the button can mute and nothing else")


@dataclass(frozen=True, slots=True)
class Sound:
    device: str = setting("", "sound card, by a part of its name; empty is the system's default")
    calibration: float = setting(
        0.0, "dBA at the pillow at 0 dBFS RMS, from `tools/calibrate`; 0: not measured, so 85 "
             "is assumed and the alarm stays under 45 too", *SOUND_BOUNDS["calibration"], none=0.0)
    settle: float = setting(40.0, "dBA at the pillow while settling", *SOUND_BOUNDS["settle"])
    cap: float = setting(45.0, "dBA at the pillow that the night never exceeds",
                         *SOUND_BOUNDS["cap"])
    ceiling: float = setting(50.0, "dBA at the pillow that the alarm never exceeds",
                             *SOUND_BOUNDS["ceiling"])
    leq: float = setting(
        30.0, "dBA at the pillow that any eight hours have on average, the alarm aside",
        *SOUND_BOUNDS["leq"])
    monitor: float = setting(0.0, "dB added for desks and files; no calibration holds with it",
                             *SOUND_BOUNDS["monitor"])
    speaker: str = setting(
        "mono", "what plays: one small driver, a pair of larger ones, or headphones by the bed",
        among=SPEAKERS)
    highpass: float = setting(0.0, "Hz: below it a speaker only strains; 0: the speaker's own",
                             *SOUND_BOUNDS["highpass"], none=0.0)
    volume: float = setting(1.0, "the sleeper's knob at start: 0..1 is -40..0 dB", 0, 1)


@dataclass(frozen=True, slots=True)
class Night:
    sleeper: str = setting("sleeper", 'whose nights are learned from; "guest" learns nothing',
                           like="name")
    programme: str = setting("auto", "auto, favourite (what was liked last) or a programme's name")
    onset: str = setting("cautious", "when sleep is believed", among=("quick", "cautious"))
    fade: float = setting(10.0, "minutes of the fade once asleep is likely", 2, 60)
    timer: float = setting(45.0, "minutes of sound when no sensor can tell", 5, 720)
    masking: float = setting(
        6.0, "minutes that sound masks an arousal at most; 0 is never", 0, 10)
    answer: str = setting("usual", "how readily an arousal is masked",
                          among=("off", "rare", "usual", "generous"))
    noise: float = setting(
        0.0, "dB that masking may be louder than sleep came with: for a noisy room", 0, 9)
    trial: bool = setting(
        False, "a trial of one: a coin decides each night between silence and what has proved best")
    withdraw: bool = setting(
        False, "need less over weeks: 1 dB softer and 5 % shorter with every seven nights")
    keep_playing: bool = setting(False, "go on softly while asleep, instead of silence")
    language: str = setting(
        "en", "what answers, report and names in Home Assistant are written in", among=languages())
    keep_notes: bool = setting(
        False, "keep the text of notes in the diary; otherwise it is read and let go")
    composer: str = setting("rnn", "who composes", among=("rnn", "markov", "rules"))
    motif: str = setting(
        "/boot/firmware/seed.mid",
        "a lullaby of one's own: a MIDI file whose opening the music develops, if it is there")
    taste: str = setting(
        "/boot/firmware/taste.json",
        "what one's own music is like, as `nocturne taste` measured it, if it is there")


@dataclass(frozen=True, slots=True)
class Learning:
    sol: float = setting(1.0, "what a minute of sleep onset latency weighs", 0, 10)
    wakings: float = setting(1.5, "minutes that a waking weighs", 0, 60)
    liked: float = setting(6.0, "minutes that a like or a skip weighs", 0, 60)
    turned_down: float = setting(4.0, "minutes that turning the volume down weighs", 0, 60)
    rested: float = setting(2.0, "minutes that the morning's answer weighs", 0, 60)


@dataclass(frozen=True, slots=True)
class Clock:
    zone: str = setting(
        "", "time zone, as \"Europe/Berlin\"; empty: the machine's own, or as Home Assistant tells "
            "it; without one no time of day is kept", like="zone")


@dataclass(frozen=True, slots=True)
class Alarm:
    time: str = setting("", "time of day, as \"07:00\"; empty is no alarm", like="time")
    monday: str = setting("", "a weekday's own, or \"off\"; empty: as every day", like="weekday")
    tuesday: str = setting("", "likewise", like="weekday")
    wednesday: str = setting("", "likewise", like="weekday")
    thursday: str = setting("", "likewise", like="weekday")
    friday: str = setting("", "likewise", like="weekday")
    saturday: str = setting("", "likewise", like="weekday")
    sunday: str = setting("", "likewise", like="weekday")
    smart: float = setting(0.0, "minutes before it in which light sleep may be ended", 0, 60)
    elapsed: float = setting(
        8.0, "hours after lights out at which it rings while the time isn't known", 1, 16)


@dataclass(frozen=True, slots=True)
class Quiet:
    start: str = setting("", "the LED is dark from this time of day on; empty is never",
                         like="time")
    end: str = setting("", "until this one", like="time")


@dataclass(frozen=True, slots=True)
class Home:
    host: str = setting(
        "", "the hub's MQTT broker, by name or address, or auto: looked for; empty is no hub",
        like="host")
    port: int = setting(1883, "1883, or 8883 with TLS", 1, 65535)
    username: str = setting("", "empty means the bed's id")
    password: str = setting("", "of that user; this file should be readable by nocturne only")
    ca: str = setting("", "file of the one CA to trust; empty is no TLS")
    plain: bool = setting(
        False, "without TLS: tell a hub on another machine all in the clear, the password too")
    bed: str = setting("bedside", "id of this bed, in topics", like="bed")
    hub_key: str = setting(
        "", "the hub's public key in hex, as `nocturne hub` prints; empty adopts no prior",
        like="key")
    cap: int = setting(100, "% of volume: nobody can set the volume cap above it from afar", 0, 100)
    care: bool = setting(True, "tell state and the night's summary to the caregiver")
    detail: bool = setting(
        False, "tell heart, breathing and stages to Home Assistant, too; no caregiver sees them")
    name: str = setting("", "what people call the device; empty: Nocturne and the bed's id")
    area: str = setting("", "the room that Home Assistant is to propose for it")
    page: str = setting("", "the hub's page, as \"https://hub.local:8480\"", like="page")


@dataclass(frozen=True, slots=True)
class Diary:
    path: str = setting("/var/lib/nocturne/diary.sqlite", "where the nights are remembered")
    retention: int = setting(400, "nights kept; older ones are forgotten", 1, 10_000)


@dataclass(frozen=True, slots=True)
class Config:
    sensors: Sensors = Sensors()
    panel: Panel = Panel()
    sound: Sound = Sound()
    night: Night = Night()
    learning: Learning = Learning()
    clock: Clock = Clock()
    alarm: Alarm = Alarm()
    quiet: Quiet = Quiet()
    home: Home = Home()
    diary: Diary = Diary()

    @classmethod
    def load(cls, path: Path | str) -> "Config":
        """Raises ConfigError, which names the file, the key and what would be right."""
        try:
            # A mark that Windows' editors put first is no part of the text.
            return cls.parse(Path(path).read_text(encoding="utf-8-sig"))
        except OSError as trouble:
            raise ConfigError(
                f"{path}: can't be read ({trouble.strerror}); `nocturne config` prints one"
            ) from trouble
        except UnicodeDecodeError as trouble:
            raise ConfigError(
                f"{path}: isn't text in UTF-8; `nocturne config` prints a good one"
            ) from trouble
        except ConfigError as trouble:
            raise ConfigError(f"{path}: {trouble}") from None

    @classmethod
    def trusted(
        cls, path: Path | str, kept: Path, fits: Callable[["Config"], object] = bool
    ) -> tuple["Config", str]:
        """Never raises: the config at `path`; or the last good one, `kept`; or the built-in one.
        And why. `fits` raises ConfigError for what a part would refuse."""
        try:
            config = cls.load(path)
            fits(config)
            return config, ""
        except ConfigError as trouble:
            try:
                config = cls.load_kept(kept)
                fits(config)
                return config, f"going on with the last good config: {trouble}"
            except ConfigError as torn:
                lost = f"; the last good one is torn, too: {torn}" if kept.exists() else ""
                return cls(), f"going on with the built-in config: {trouble}{lost}"

    @staticmethod
    def keep(path: Path | str, kept: Path) -> None:
        """The config at `path` has proved good: a copy for when it is torn, whole or not at all."""
        with contextlib.suppress(OSError, UnicodeDecodeError):      # the disk may be full
            text = Path(path).read_text(encoding="utf-8-sig")
            text = f"{WHOLE}{check(text)}\n{text}"
            if kept.exists() and kept.read_text(encoding="utf-8", errors="replace") == text:
                return
            file_whole(kept, text)

    @classmethod
    def load_kept(cls, kept: Path) -> "Config":
        """What `keep` wrote, or firmware that put no check above it. Raises ConfigError."""
        config = cls.load(kept)
        first, _, text = kept.read_text(encoding="utf-8").partition("\n")
        if first.startswith(WHOLE) and first != WHOLE + check(text):
            raise ConfigError(f"{kept}: isn't what was written")
        return config

    @classmethod
    def parse(cls, text: str) -> "Config":
        if len(text) > LONGEST or max(map(len, text.splitlines()), default=0) > LONGEST_LINE:
            raise ConfigError(
                f"longer than {LONGEST} characters, or a line longer than {LONGEST_LINE}"
            )
        try:
            return read(cls, tomllib.loads(text), "")
        except RecursionError:
            raise ConfigError("isn't TOML for us: too many brackets inside each other") from None
        # also numbers with more digits than Python reads
        except ValueError as trouble:
            raise ConfigError(f"isn't TOML: {trouble}") from trouble


def check(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


def read(shape: type[T], table: Mapping[str, Any], prefix: str) -> T:
    """A section, or the whole Config, from its TOML table. Raises ConfigError."""
    known: dict[str, dataclasses.Field[Any]] = {item.name: item for item in sections(shape)}
    for key in table:
        if key not in known:
            raise ConfigError(f"unknown key {prefix}{key}{suggestion(key, prefix, known)}")
    values = {}
    for name, item in known.items():
        if name not in table:
            continue
        value, default = table[name], item.default
        if is_dataclass(default):
            if not isinstance(value, dict):
                raise ConfigError(f"{prefix}{name} is a section: write [{name}]")
            values[name] = read(type(default), value, f"{prefix}{name}.")
        else:
            values[name] = checked(f"{prefix}{name}", value, default, item.metadata)
    return shape(**values)


def sections(shape: Any) -> tuple[dataclasses.Field[Any], ...]:
    """The fields of a dataclass, or of one of its values."""
    return fields(shape)


def suggestion(key: str, prefix: str, known: Mapping[str, dataclasses.Field[Any]]) -> str:
    inside = []
    if not prefix:
        inside = [f"{section}.{key}" for section, part in known.items()
                  if key in {item.name for item in sections(part.default)}]
    near = inside or [prefix + name for name in difflib.get_close_matches(key, known, 1)]
    return f" (did you mean {near[0]}?)" if near else f" (there are {', '.join(known)})"


def checked(path: str, value: Any, default: Any, metadata: Mapping[str, Any]) -> Any:
    """The value in the default's type, or ConfigError."""
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(min(max(value, -LARGEST), LARGEST))
    if type(value) is not type(default):
        raise ConfigError(f"{path} = {value!r}: must be {KINDS[type(default)]}")
    if isinstance(value, str) and not value.isprintable():
        raise ConfigError(f"{path} = {value!r}: must be text that can be printed")
    low, high, among, like, none = (
        metadata[key] for key in ("low", "high", "among", "like", "none")
    )
    if low is not None and value != none and not low <= value <= high:      # nor is it NaN
        raise ConfigError(f"{path} = {value}: must be {unless(metadata)}from {low:g} to "
                          f"{high:g}")
    if among and value not in among:
        near = difflib.get_close_matches(value, among, 1)
        raise ConfigError(f"{path} = {value!r}: must be {' or '.join(among)}"
                          + (f" (did you mean {near[0]}?)" if near else ""))
    if like == "zone":
        return zone_named(path, value)
    if like == "host":
        return host_named(path, value)
    if like is not None and not re.fullmatch(LIKE[like][0], value):
        raise ConfigError(f"{path} = {value!r}: must be {LIKE[like][1]}")
    return value


def zone_named(path: str, value: str) -> str:
    """A time zone of the tz database, or "". Raises ConfigError."""
    try:
        if value:
            ZoneInfo(value)
        return value
    except (ValueError, OSError, ZoneInfoNotFoundError):
        city = value.rpartition("/")[2].lower()
        names = {name.rpartition("/")[2].lower(): name for name in available_timezones()}
        near = difflib.get_close_matches(city, names, 1)
        example = names[near[0]] if near else "Europe/Berlin"
        why = f"there is no such time zone (did you mean {example}?)"
        raise ConfigError(f"{path} = {value!r}: {why}") from None


def host_named(path: str, value: str) -> str:
    """A name or an address alone, or "". Raises ConfigError, which doesn't repeat it: people paste
    addresses with a password in them."""
    try:
        if re.search(r":|^[\d.]+$", value):
            return str(ipaddress.ip_address(value))
    except ValueError:
        pass
    else:
        if re.fullmatch(r"[\w.-]{0,253}", value):
            return value
    raise ConfigError(f'{path}: must be a name or an address alone, as "hub.local" or '
                      '"192.168.1.2"; port, username and password have keys of their own')


def document(config: Config | None = None) -> str:
    """The TOML of a config, every key with its meaning: what `nocturne config` prints."""
    config = config or Config()
    lines = ["# Nocturne's config. Every key may be left out; these are the defaults.", ""]
    for section in fields(config):
        part = getattr(config, section.name)
        lines.append(f"[{section.name}]")
        for item in dataclasses.fields(part):
            value = getattr(part, item.name)
            text, may = item.metadata["doc"], bounds(item.metadata)
            text += f" ({may})" if may else ""
            lines.append(f"{item.name} = {toml(value)}".ljust(42) + f" # {text}")
        lines.append("")
    return "\n".join(lines)


def toml(value: bool | int | float | str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def unless(metadata: Mapping[str, Any]) -> str:
    """The value that means none, in words."""
    return "" if metadata["none"] is None else f"{metadata['none']:g}, or "


def bounds(metadata: Mapping[str, Any]) -> str:
    """What a setting may be, in words; "" when anything goes."""
    if metadata["low"] is not None:
        return f"{unless(metadata)}{metadata['low']:g} to {metadata['high']:g}"
    return " or ".join(metadata["among"] or ())


def sound_flags(config: Config) -> list[str]:
    """The sound process's command line."""
    sound = config.sound
    flags = []
    for name in ("calibration", "settle", "cap", "ceiling", "leq", "monitor", "highpass"):
        flags += [f"--{name}", f"{getattr(sound, name):g}"]
    flags += ["--speaker", sound.speaker]
    return flags + ([f"--device={sound.device}"] if sound.device else [])
