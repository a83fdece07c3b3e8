"""What was learned is read back as far as it can be; nothing that is torn stops the device."""

import copy
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.recommend import Recommender, SafeDefault
from device.recommend.nights import Night, pack_context, unpack_context
from device.recommend.recommender import NAMED
from device.values import Context, Outcome

RICH = Context(probabilities=(0.7, 0.1, 0.1, 0.1), heart_rate=1.1, rmssd=0.9, movement=0.02,
               breathing=14.0, hour=23.0, last_sol=20.0, last_wakings=2.0, valence=0.1,
               arousal=-0.2)
TORN = (None, True, -1, 0.5, 10**400, -10**400, 1e308, float("nan"), float("inf"), -float("inf"),
        "", "x" * 1000, "1", [], [1, [2]], {}, {"a": {}}, [None] * 4, ["a"] * 4)


def learned(nights: int = 3) -> dict:
    device = Recommender.load(sleeper="ada")
    for night in range(nights):
        outcome = Outcome(sol=10.0 + night, wakings=night, liked=night - 1, turned_down=1, rested=1,
                          signal_quality=0.9)
        device.learn(device.choose(RICH, seed=night).receipt, outcome)
    device.choose(RICH, seed=99)
    return json.loads(json.dumps(device.state()))


STATE = learned()
NIGHT = STATE["nights"][0]


def places(tree: object, path: tuple = ()) -> list[tuple]:
    """The path of everything inside."""
    inside = (tree.items() if isinstance(tree, dict) else
              enumerate(tree) if isinstance(tree, list) else ())
    found = [path] if path else []
    for key, value in inside:
        found += places(value, (*path, key))
    return found


def mutated(tree: object, path: tuple, how: str, value: object) -> object:
    """A copy with one thing replaced, removed or added beside."""
    tree = copy.deepcopy(tree)
    parent = tree
    for key in path[:-1]:
        parent = parent[key]
    if how == "replace":
        parent[path[-1]] = value
    elif how == "remove":
        del parent[path[-1]]
    elif isinstance(parent, dict):
        parent["unheard of"] = value
    else:
        parent.append(value)
    return tree


def usable(device: Recommender) -> bool:
    """It chooses, and what it believes is a number; and so after a restart."""
    device.choose(Context(), seed=1)
    again = Recommender.load(json.loads(json.dumps(device.state())), sleeper="ada")
    same = again.choose(Context(), seed=2) == device.choose(Context(), seed=2)
    return same and not again.troubles and bool(np.isfinite(device.expect()).all())


def test_a_whole_state_has_no_troubles_and_comes_back_the_same():
    device = Recommender.load(STATE, sleeper="ada")
    assert device.troubles == ()
    assert device.state() == STATE


@given(st.sampled_from(places(STATE)), st.sampled_from(("replace", "remove", "add")),
       st.sampled_from(TORN))
@settings(max_examples=150, deadline=None)
def test_one_torn_thing_never_stops_it_and_costs_at_most_its_own_night(path, how, value):
    device = Recommender.load(mutated(STATE, path, how, value), sleeper="ada")
    assert usable(device)
    if path[0] == "nights" and len(path) > 1:
        assert len(device.nights) >= 2


@given(st.recursive(st.sampled_from(TORN), lambda inner: st.lists(inner, max_size=4)
                    | st.dictionaries(st.sampled_from(("version", "sleeper", "nights", "tonight")),
                                      inner, max_size=4)))
@settings(max_examples=80, deadline=None)
def test_nonsense_is_nobodys_state(state):
    device = Recommender.load(state, sleeper="ada")
    assert usable(device)
    assert device.nights == ()
    assert device.troubles or state is None


@pytest.mark.parametrize("field", ["candidate", "context", "outcome", "propensity"])
@pytest.mark.parametrize("how", ["replace", "remove"])
def test_a_night_without_what_it_needs_is_left_out_by_name(field, how):
    state = mutated(STATE, ("nights", 1, field), how, [])
    device = Recommender.load(state, sleeper="ada")
    assert len(device.nights) == 2
    assert device.troubles == (f"night 2 is left out: {field} can't be read",)


@pytest.mark.parametrize(("field", "value"), [
    ("sol", -1.0), ("sol", 1e9), ("wakings", -10**9), ("wakings", 2.5), ("wakings", True),
    ("liked", 10**30), ("turned_down", -10**30), ("rested", 7), ("signal_quality", 2.0)])
def test_an_outcome_that_nobody_had_is_left_out(field, value):
    device = Recommender.load(mutated(STATE, ("nights", 0, "outcome", field), "replace", value),
                              sleeper="ada")
    assert device.troubles == (f"night 1 is left out: {field} can't be read",)


def test_what_a_night_may_lack_is_missing_and_what_is_not_known_is_passed_over():
    night = copy.deepcopy(NIGHT)
    del night["outcome"]["rested"], night["context"]["arousal"], night["trial"]
    night["outcome"]["dreams"] = night["context"]["moon"] = night["later"] = {"new": 1}
    read = Night.of(night)
    assert read.outcome.rested is None and read.context.arousal is None and read.trial is False
    assert read.plain(None).keys() == NIGHT.keys()


def test_nan_and_infinities_are_missing_not_numbers():
    night = copy.deepcopy(NIGHT)
    night["context"]["heart_rate"] = night["outcome"]["sol"] = float("nan")
    night["outcome"]["signal_quality"] = float("inf")
    read = Night.of(night)
    assert read.context.heart_rate is None and read.outcome.sol is None
    assert read.outcome.signal_quality == 0.0


def test_another_sleepers_state_is_not_used():
    device = Recommender.load(STATE, sleeper="bob")
    assert device.nights == ()
    assert device.troubles == ("another sleeper's state isn't used",)
    assert device.state() == Recommender.load(sleeper="bob").state()


def test_what_version_1_learned_is_lived_again_by_what_is_known_now():
    old = Recommender.load({**STATE, "version": 1}, sleeper="ada")
    assert old.troubles == ()
    assert old.state() == STATE
    now = Recommender.load(STATE, sleeper="ada")
    np.testing.assert_array_equal(old.expect()[0], now.expect()[0])


@pytest.mark.parametrize("version", [0, 4, "1", None])
def test_an_older_or_newer_state_is_used_as_far_as_it_can_be_read(version):
    device = Recommender.load({**STATE, "version": version}, sleeper="ada")
    assert len(device.nights) == 3
    assert device.troubles == ("what another version learned is used as far as it can be read",)


def test_many_torn_nights_are_counted_not_listed():
    device = Recommender.load({**STATE, "nights": [*STATE["nights"], *[{}] * 50]}, sleeper="ada")
    assert len(device.nights) == 3
    assert len(device.troubles) == NAMED + 1
    assert device.troubles[-1] == f"{50 - NAMED} more nights are left out"


def test_a_reset_forgets_the_troubles_too():
    device = Recommender.load("torn", sleeper="ada")
    assert device.troubles == ("what was learned is torn",)
    device.reset()
    assert device.troubles == ()


def test_a_context_is_the_same_after_a_trip_through_json():
    assert unpack_context(json.loads(json.dumps(pack_context(RICH)))) == RICH
    assert unpack_context({**pack_context(RICH), "moon": 1}) == RICH


@pytest.mark.parametrize("state", TORN)
def test_the_safe_default_keeps_any_state_untouched_and_chooses(state):
    device = SafeDefault(state, sleeper="ada")
    assert device.choose(Context(), seed=1).propensity == 1.0
    assert device.state() == (state if isinstance(state, dict) else None)
    assert SafeDefault(STATE, sleeper="ada").state() == STATE
