"""Values as JSON and back: one typed loader that forgives.

What another version wrote, a torn write or a hand changed still loads: a key missing is its
field's default, a key too many is let go, and whatever has the wrong type or lies out of bounds is
left at its default and named. Only a field without a default takes its whole value down with it.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from device.values import Between, OneOf

DERIVED = MappingProxyType({"derived": True})   # a field's metadata: kept elsewhere, never stored
DEEPEST = 20            # values inside values; what is deeper is nobody's of ours

T = TypeVar("T")


class Unreadable(Exception):
    """Can't be read as what it should be."""


def plain(value: object) -> Any:
    """JSON-able: dataclasses and mappings as objects, tuples as lists."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in kept(type(value))}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def load(kind: type[T], stored: object) -> tuple[T, tuple[str, ...]]:
    """The value that `plain` wrote, as far as it can be read, and the places that couldn't be.

    `kind` is a dataclass whose fields all have defaults. Never raises.
    """
    troubles: list[str] = []
    try:
        return cast(T, structured(kind, stored, "", troubles, 0)), tuple(troubles)
    except Unreadable as trouble:
        return kind(), (str(trouble),)


def load_file(kind: type[T], path: Path) -> tuple[T, tuple[str, ...]]:
    """The same of a file that `plain` went into as JSON; without one, the defaults. Never raises.
    """
    try:
        return load(kind, json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return kind(), ()
    except (OSError, ValueError, RecursionError) as trouble:
        return kind(), (f"{path} can't be read: {trouble}",)


@cache
def kept(kind: type) -> tuple[Field, ...]:
    return tuple(item for item in fields(kind) if not item.metadata.get("derived"))


@cache
def hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def read(kind: Any, value: object, place: str, troubles: list[str], depth: int) -> object:
    """`value` as `kind`. Raises Unreadable, naming the place."""
    if depth > DEEPEST:
        raise Unreadable(f"{place}: too deep")
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return bounded(read(inside[0], value, place, troubles, depth), inside[1], place)
    if origin in (Union, UnionType):
        return one_of(inside, value, place, troubles, depth)
    if origin is tuple:
        return listed(inside, value, place, troubles, depth + 1)
    if origin is Mapping:
        return mapped(inside, value, place, troubles, depth + 1)
    if kind is Mapping or kind is object or kind is Any:
        return value
    if is_dataclass(kind):
        return structured(cast(type, kind), value, place, troubles, depth + 1)
    if issubclass(kind, tuple):
        return named(kind, value, place, troubles, depth + 1)
    if issubclass(kind, Enum):
        return member(kind, value, place)
    return scalar(kind, value, place)


def structured(kind: type, value: object, place: str, troubles: list[str], depth: int) -> object:
    """A dataclass: each field by itself."""
    if not isinstance(value, Mapping):
        raise Unreadable(f"{place or kind.__name__} is no {kind.__name__}")
    found = {}
    for item in kept(kind):
        where = f"{place}.{item.name}" if place else item.name
        optional = item.default is not MISSING or item.default_factory is not MISSING
        if item.name not in value:
            if not optional:
                raise Unreadable(f"{where} is missing")
            continue
        try:
            found[item.name] = read(
                hints(kind)[item.name], value[item.name], where, troubles, depth
            )
        except Unreadable as trouble:
            if not optional:
                raise
            troubles.append(str(trouble))
    return kind(**found)


def named(kind: Any, value: object, place: str, troubles: list[str], depth: int) -> object:
    """A NamedTuple, as a list; fields with defaults may be missing at its end."""
    if not isinstance(value, list) or len(value) > len(kind._fields):
        raise Unreadable(f"{place} is no {kind.__name__}")
    if len(value) < len(kind._fields) - len(kind._field_defaults):
        raise Unreadable(f"{place} is no whole {kind.__name__}")
    names = kind._fields[:len(value)]
    return kind(*(
        read(hints(kind)[name], item, f"{place}.{name}", troubles, depth)
        for name, item in zip(names, value, strict=True)
    ))


def listed(
    inside: Sequence[Any], value: object, place: str, troubles: list[str], depth: int
) -> tuple:
    """A tuple. Of one that may have any length, items that can't be read are left out."""
    if not isinstance(value, list | tuple):
        raise Unreadable(f"{place} is no list")
    if len(inside) != 2 or inside[1] is not Ellipsis:
        if len(value) != len(inside):
            raise Unreadable(f"{place} has {len(value)} items, not {len(inside)}")
        return tuple(
            read(kind, item, f"{place}[{n}]", troubles, depth)
            for n, (kind, item) in enumerate(zip(inside, value, strict=True))
        )
    found = []
    for n, item in enumerate(value):
        try:
            found.append(read(inside[0], item, f"{place}[{n}]", troubles, depth))
        except Unreadable as trouble:
            troubles.append(str(trouble))
    return tuple(found)


def mapped(
    inside: Sequence[Any], value: object, place: str, troubles: list[str], depth: int
) -> Mapping:
    """A mapping by names; entries that can't be read are left out."""
    if not isinstance(value, Mapping):
        raise Unreadable(f"{place} is no mapping")
    found = {}
    for name, item in value.items():
        try:
            key = read(inside[0], name, f"{place}.{name!s:.40}", troubles, depth)
            found[key] = read(inside[1], item, f"{place}.{name!s:.40}", troubles, depth)
        except Unreadable as trouble:
            troubles.append(str(trouble))
    return MappingProxyType(found)


def one_of(
    kinds: Sequence[Any], value: object, place: str, troubles: list[str], depth: int
) -> object:
    """A union, most often with None."""
    if value is None and NoneType in kinds:
        return None
    reasons: list[Unreadable] = []
    for kind in kinds:
        if kind is NoneType:
            continue
        try:
            return read(kind, value, place, troubles, depth)
        except Unreadable as trouble:
            reasons.append(trouble)
    raise reasons[0]


def bounded(value: object, bound: object, place: str) -> object:
    if isinstance(bound, Between) and not bound.low <= cast(float, value) <= bound.high:
        raise Unreadable(f"{place} = {value} is outside {bound.low:g}..{bound.high:g}")
    if isinstance(bound, OneOf) and value not in bound.names:
        raise Unreadable(f"{place} = {value!r:.40} isn't among {', '.join(bound.names)}")
    return value


def member(kind: type[Enum], value: object, place: str) -> Enum:
    try:
        return kind(value)
    except ValueError:
        raise Unreadable(f"{place} = {value!r:.40} is no {kind.__name__}") from None


def scalar(kind: type, value: object, place: str) -> object:
    """bool, int, float or str, and nothing that only looks like it."""
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > 2**53:
            raise Unreadable(f"{place} is too large a number")
        value = float(value)
    if type(value) is not kind:
        raise Unreadable(f"{place} = {value!r:.40} is no {kind.__name__}")
    if isinstance(value, float) and not math.isfinite(value):
        raise Unreadable(f"{place} is not a number")
    if isinstance(value, int) and abs(value) > 2**53:
        raise Unreadable(f"{place} is too large a number")
    return value
