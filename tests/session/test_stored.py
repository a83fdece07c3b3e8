import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device.session.restart import Choices, Saved
from device.session.settings import Settings
from device.session.sleeper import Sleeper
from device.session.state import Population
from device.session.tonight import Said
from device.stored import DERIVED, Unreadable, load, plain, read
from device.values import Between, OneOf, Wish


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Pair(NamedTuple):
    name: str
    share: Annotated[float, Between(0.0, 1.0)] = 1.0


@dataclass(frozen=True, slots=True)
class Whole:
    """It needs both."""
    a: int
    b: int


@dataclass(frozen=True, slots=True)
class Inner:
    size: float = 1.5


@dataclass(frozen=True, slots=True)
class Box:
    flag: bool = False
    count: int = 3
    share: Annotated[float, Between(0.0, 1.0)] = 0.5
    text: str = "x"
    word: Annotated[str, OneOf(("a", "b"))] = "a"
    colour: Colour = Colour.RED
    maybe: float | None = 2.0
    either: int | str = 0
    inner: Inner = Inner()
    whole: Whole | None = None
    many: tuple[int, ...] = (7,)
    two: tuple[int, float] = (1, 2.0)
    pairs: tuple[Pair, ...] = ()
    named: Mapping[str, float] = field(default_factory=dict)
    anything: Mapping[str, object] = field(default_factory=dict)
    free: Any = None
    derived: int = field(default=9, metadata=DERIVED)


FULL = Box(
    True, 4, 0.25, "y", "b", Colour.BLUE, None, "z", Inner(3.0), Whole(1, 2), (1, 2), (5, 6.0),
    (Pair("p", 0.5), Pair("q")), {"n": 1.0}, {"deep": [1, {"er": None}]}, [1],
)


def test_what_was_stored_is_loaded():
    stored = json.loads(json.dumps(plain(FULL)))
    assert "derived" not in stored and stored["colour"] == "blue"
    assert load(Box, stored) == (FULL, ())
    assert load(Box, json.loads(json.dumps(plain(Box())))) == (Box(), ())


def test_mapping_proxies_and_numbers_for_names_are_plain():
    assert plain({"a": MappingProxyType({3: (1, Colour.RED)})}) == {"a": {"3": [1, "red"]}}
    assert plain(Box) is Box


@pytest.mark.parametrize("stored", [None, 3, "x", [], True])
def test_what_is_no_such_value_at_all_is_one_trouble(stored):
    assert load(Box, stored) == (Box(), ("Box is no Box",))


def test_a_missing_key_is_its_default_and_one_too_many_is_let_go_without_a_word():
    assert load(Box, {}) == (Box(), ())
    assert load(Box, {"count": 5, "of a later version": [1]}) == (Box(count=5), ())
    assert load(Box, {"derived": 1}) == (Box(), ())


@pytest.mark.parametrize(("name", "wrong", "says"), [
    ("flag", 1, "flag = 1 is no bool"),
    ("flag", None, "flag = None is no bool"),
    ("count", True, "count = True is no int"),
    ("count", 2.0, "count = 2.0 is no int"),
    ("count", 2**53 + 1, "count is too large a number"),
    ("count", -(2**53) - 1, "count is too large a number"),
    ("share", 1.01, "share = 1.01 is outside 0..1"),
    ("share", -0.01, "share = -0.01 is outside 0..1"),
    ("share", 10**400, "share is too large a number"),
    ("share", 2**53 + 1, "share is too large a number"),
    ("share", math.nan, "share is not a number"),
    ("share", math.inf, "share is not a number"),
    ("share", False, "share = False is no float"),
    ("text", 3, "text = 3 is no str"),
    ("word", "c", "word = 'c' isn't among a, b"),
    ("colour", "green", "colour = 'green' is no Colour"),
    ("colour", {}, "colour = {} is no Colour"),
    ("maybe", "2", "maybe = '2' is no float"),
    ("either", 2.5, "either = 2.5 is no int"),
    ("inner", [], "inner is no Inner"),
    ("whole", {"a": 1}, "whole.b is missing"),
    ("whole", {"a": 1, "b": "2"}, "whole.b = '2' is no int"),
    ("many", {"0": 1}, "many is no list"),
    ("many", "12", "many is no list"),
    ("two", [1], "two has 1 items, not 2"),
    ("two", [1, 2.0, 3], "two has 3 items, not 2"),
    ("two", [1, "2"], "two[1] = '2' is no float"),
    ("pairs", 3, "pairs is no list"),
    ("named", [1], "named is no mapping"),
])
def test_what_has_the_wrong_type_or_lies_out_of_bounds_is_at_its_default_and_named(
    name, wrong, says
):
    assert load(Box, {"count": 4, name: wrong})[1] == (says,)
    read, _ = load(Box, {"share": 0.75, name: wrong})
    assert getattr(read, name) == getattr(Box(), name)
    assert name == "share" or read.share == 0.75


def test_bounds_themselves_are_inside():
    for share in (0, 1, 0.0, 1.0):
        read, troubles = load(Box, {"share": share})
        assert read.share == share and type(read.share) is float and troubles == ()
    largest = load(Box, {"count": 2**53, "named": {"a": 2**53, "b": -(2**53)}})
    assert largest == (Box(count=2**53, named={"a": 2.0**53, "b": -(2.0**53)}), ())


def test_a_field_within_a_field_is_named_by_its_way_and_takes_only_itself():
    read, troubles = load(Box, {"inner": {"size": "large"}, "text": "t"})
    assert read == Box(text="t") and troubles == ("inner.size = 'large' is no float",)


def test_of_a_list_of_any_length_only_what_cannot_be_read_is_left_out():
    read, troubles = load(Box, {"many": [1, "2", 3, None]})
    assert read.many == (1, 3)
    assert troubles == ("many[1] = '2' is no int", "many[3] = None is no int")


def test_of_a_mapping_only_what_cannot_be_read_is_left_out():
    read, troubles = load(Box, {"named": {"a": 1, "b": "2", "c" * 60: None}})
    assert read.named == {"a": 1.0}
    assert troubles == ("named.b = '2' is no float", f"named.{'c' * 40} = None is no float")


def test_a_pair_may_lack_what_has_a_default_and_nothing_else():
    stored = [["p", 0.5], ["q"], [], ["r", 0.5, 1], ["s", 2.0], "t", {"name": "u"}]
    read, troubles = load(Box, {"pairs": stored})
    assert read.pairs == (Pair("p", 0.5), Pair("q"))
    assert troubles == (
        "pairs[2] is no whole Pair", "pairs[3] is no Pair", "pairs[4].share = 2.0 is outside 0..1",
        "pairs[5] is no Pair", "pairs[6] is no Pair",
    )


def test_either_of_two_is_read_as_what_it_is():
    assert load(Box, {"either": "text"})[0].either == "text"
    assert load(Box, {"either": 4})[0].either == 4
    assert load(Box, {"maybe": None})[0].maybe is None


@dataclass(frozen=True)
class Nest:
    inside: "Nest | None" = None
    n: int = 0


def test_what_lies_deeper_than_anything_of_ours_is_not_looked_at():
    deep: dict = {}
    for _ in range(300):
        deep = {"inside": deep, "n": 1}
    read, troubles = load(Nest, deep)
    depth = 0
    while read.inside is not None:
        read, depth = read.inside, depth + 1
    assert depth == 21 and all(each.endswith("too deep") for each in troubles)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=5), inside,
                                                                  max_size=4),
    max_leaves=12,
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from([*Box.__dataclass_fields__]), JSON))
def test_whatever_is_stored_loading_never_raises_and_what_it_answers_can_be_stored(stored):
    read, _ = load(Box, stored)
    assert load(Box, plain(read)) == (read, ()) or "free" in stored or "anything" in stored


@pytest.mark.parametrize("kind", [Settings, Sleeper, Population, Saved, Choices])
def test_what_outlives_the_process_has_a_default_for_everything(kind):
    assert load(kind, {}) == (kind(), ())
    assert load(kind, json.loads(json.dumps(plain(kind())))) == (kind(), ())


def test_how_deep_is_counted_alike_for_lists_tuples_and_mappings():
    kinds: list = [int, int, int]
    deepest, stored = [0, 0, 0], [1, 1, 1]
    for n in range(1, 25):
        kinds = [tuple[kinds[0], ...], tuple[kinds[1]], Mapping[str, kinds[2]]]
        stored = [[stored[0]], [stored[1]], {"a": stored[2]}]
        for k, kind in enumerate(kinds):
            troubles: list[str] = []
            try:
                read(kind, stored[k], "it", troubles, 0)
                deepest[k] = n if not troubles else deepest[k]
            except Unreadable:
                pass
    assert deepest == [20, 20, 20]


def test_what_was_said_before_there_were_questions_loads_and_a_torn_question_is_let_go():
    earlier = {"tonight": [["forbid", "bell", 1.0]], "mood": "weary", "language": "en"}
    assert load(Said, earlier) == (Said((Wish("forbid", "bell"),), mood="weary"), ())
    torn = {**earlier, "choices": ["no rain", 7], "pending": [["forbid", "bell"], ["sing", "x"]]}
    said, troubles = load(Said, torn)
    assert said.choices == ("no rain",) and said.pending == (Wish("forbid", "bell"),)
    assert len(troubles) == 2
