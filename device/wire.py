"""What the night and the sound process say to each other: JSON lines over a Unix socket, versioned
and bounded.

One line is one frozen value of `device.values`: `{"v": 1, "kind": "volume", "volume": 0.5, "muted":
false}`. Everything that comes in is bounded here, on the receiving side, whoever sent it: the sound
process trusts nobody.
"""

import json
import math
from collections.abc import Callable
from types import MappingProxyType
from typing import Any, NoReturn

from device.errors import Refused
from device.values import (
    SURFACES,
    TEXTURES,
    VOICES,
    Advance,
    Asleep,
    Heartbeat,
    Note,
    Panic,
    Phrase,
    Scene,
    Volume,
)

VERSION = 1
LONGEST_LINE = 65_536       # bytes; a phrase of 256 notes takes about 25 000
MOST_NOTES = 256
LONGEST_PHRASE = 600.0      # s
LONGEST_GLIDE = 3600.0      # s
LATEST = 1e9                # s: thirty years after power on
LOUDEST_WAKING = 20.0       # dB re the settling level
BREATHS = (3.0, 20.0)       # /min, if there are any

Message = Scene | Phrase | Volume | Asleep | Panic | Advance | Heartbeat


def encode(message: Message) -> bytes:
    """One line, newline included. Raises Refused if our own message is out of bounds."""
    kind = type(message)
    if not isinstance(message, Message):
        raise Refused(f"can't send a {kind.__name__}")
    fields = {"v": VERSION, "kind": kind.__name__.lower(), **_written(message)}
    try:
        line = json.dumps(fields, allow_nan=False, separators=(",", ":")).encode() + b"\n"
    except (ValueError, TypeError) as trouble:
        raise Refused(f"{kind.__name__}: {trouble}") from trouble
    if len(line) > LONGEST_LINE:
        raise Refused(f"{kind.__name__}: {len(line)} bytes, more than {LONGEST_LINE}")
    return line


def decode(line: bytes) -> Message:
    """The value in one line. Raises Refused, saying which field, for anything malformed, unknown or
    out of bounds."""
    if len(line) > LONGEST_LINE:
        raise Refused(f"line of {len(line)} bytes, more than {LONGEST_LINE}")
    try:
        fields = json.loads(line, parse_constant=_no_constants, object_pairs_hook=_no_doubles)
    except (ValueError, RecursionError) as trouble:
        raise Refused(f"not JSON: {str(trouble)[:80]}") from trouble
    if not isinstance(fields, dict):
        raise Refused("not an object")
    version, kind = fields.pop("v", None), fields.pop("kind", None)
    if version != VERSION or isinstance(version, bool):
        raise Refused(
            f"version {str(version)[:20]}; this is version {VERSION}: update both services together"
        )
    if not isinstance(kind, str) or kind not in _READERS:
        raise Refused(f"unknown kind {str(kind)[:40]!r}")
    wanted, read = _READERS[kind]
    if fields.keys() != wanted:
        odd = sorted(fields.keys() ^ wanted)[:4]
        raise Refused(f"{kind}: missing or unknown {[str(key)[:40] for key in odd]}")
    return read(fields)


# ---- writing -------------------------------------------------------------------------------------

def _written(message: Message) -> dict[str, Any]:
    fields = {name: getattr(message, name) for name in message.__dataclass_fields__}
    if isinstance(message, Scene):
        fields["textures"] = dict(message.textures)
    if isinstance(message, Phrase):
        fields["notes"] = [list(note) for note in message.notes]
    return fields


# ---- reading -------------------------------------------------------------------------------------

def _no_constants(token: str) -> NoReturn:
    raise ValueError(f"{token} is not a number")


def _no_doubles(pairs: list[tuple]) -> dict:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a key twice")
    return fields


def _number(name: str, value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(f"{name} is not a number")
    small = math.isfinite(value) if isinstance(value, float) else abs(value) < 2**62
    if not small or not low <= value <= high:
        raise Refused(f"{name} {value!s:.20} is outside {low:g}..{high:g}")
    return float(value)


def _integer(name: str, value: object, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Refused(f"{name} is not a whole number in {low}..{high}")
    return value


def _truth(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise Refused(f"{name} is neither true nor false")
    return value


def _text(name: str, value: object, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise Refused(f"{name} is not a text of at most {longest} characters")
    return value


def _scene(f: dict[str, Any]) -> Scene:
    waking = _truth("waking", f["waking"])
    return Scene(
        textures=_textures(f["textures"]),
        music=_number("music", f["music"], 0, 1),
        brightness=_number("brightness", f["brightness"], 0, 1),
        level=_number("level", f["level"], -80, LOUDEST_WAKING if waking else 0),
        glide=_number("glide", f["glide"], 0, LONGEST_GLIDE),
        waking=waking,
        breath=_breath(f["breath"]),
        distance=_number("distance", f["distance"], 0, 1),
        intensity=_number("intensity", f["intensity"], 0, 1),
        surface=_surface(f["surface"]),
    )


def _surface(name: object) -> str:
    if name not in SURFACES:
        raise Refused(f"surface {str(name)[:20]!r} is not among {SURFACES}")
    return str(name)


def _textures(gains: object) -> MappingProxyType[str, float]:
    if not isinstance(gains, dict) or not gains.keys() <= set(TEXTURES):
        raise Refused(f"textures are not among {TEXTURES}")
    return MappingProxyType(
        {name: _number(name, gains[name], 0, 1) for name in TEXTURES if name in gains})


def _breath(value: object) -> float:
    return _number("breath", value, BREATHS[0] if value else 0.0, BREATHS[1])


def _note(value: object) -> Note:
    if not isinstance(value, list) or len(value) != len(Note._fields):
        raise Refused("a note is not [start, pitch, duration, velocity, voice]")
    start, pitch, duration, velocity, voice = value
    if not isinstance(voice, str) or voice not in VOICES:
        raise Refused(f"voice {str(voice)[:20]!r} is not among {VOICES}")
    return Note(
        _number("note start", start, 0, LONGEST_PHRASE),
        _integer("pitch", pitch, 0, 127),
        _number("duration", duration, 0, LONGEST_PHRASE),
        _number("velocity", velocity, 0, 1),
        voice,
    )


def _phrase(f: dict[str, Any]) -> Phrase:
    if not isinstance(f["notes"], list) or len(f["notes"]) > MOST_NOTES:
        raise Refused(f"notes are not a list of at most {MOST_NOTES}")
    start = None if f["start"] is None else _number("start", f["start"], 0, LATEST)
    return Phrase(
        length=_number("length", f["length"], 0, LONGEST_PHRASE),
        notes=tuple(map(_note, f["notes"])),
        start=start,
        section=_text("section", f["section"], 40),
    )


def _heartbeat(f: dict[str, Any]) -> Heartbeat:
    return Heartbeat(
        time=_number("time", f["time"], 0, LATEST),
        frame=_integer("frame", f["frame"], 0, 2**53),
        level=_number("level", f["level"], -300, 200),
        peak=_number("peak", f["peak"], -300, 0.01),
        dose=_number("dose", f["dose"], 0, 1e15),
        underruns=_integer("underruns", f["underruns"], 0, 2**53),
        refused=_integer("refused", f["refused"], 0, 2**53),
        device=_text("device", f["device"], 200),
    )


def _volume(f: dict[str, Any]) -> Volume:
    return Volume(_number("volume", f["volume"], 0, 1), _truth("muted", f["muted"]))


def _asleep(f: dict[str, Any]) -> Asleep:
    return Asleep(_truth("maybe", f["maybe"]))


def _panic(f: dict[str, Any]) -> Panic:
    return Panic()


def _advance(f: dict[str, Any]) -> Advance:
    return Advance(_number("time", f["time"], 0, LATEST), _truth("heard", f["heard"]))


# kind → its fields and what reads them
_READERS: dict[str, tuple[set[str], Callable[[dict[str, Any]], Message]]] = {
    "scene": (set(Scene.__dataclass_fields__), _scene),
    "phrase": (set(Phrase.__dataclass_fields__), _phrase),
    "volume": (set(Volume.__dataclass_fields__), _volume),
    "asleep": (set(Asleep.__dataclass_fields__), _asleep),
    "panic": (set(), _panic),
    "advance": (set(Advance.__dataclass_fields__), _advance),
    "heartbeat": (set(Heartbeat.__dataclass_fields__), _heartbeat),
}
