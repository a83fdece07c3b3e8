"""What a measure of one's own music does to the first nights, and to nothing else."""

import json
from types import MappingProxyType

import numpy as np
import pytest

from areas.taste import tasters
from device.recommend import Recommender, own_music
from device.recommend.candidates import CANDIDATES, NAMES
from device.session.own_music import scrubbed
from device.values import Context, Outcome, Taste

SEA = Taste(heard=12, sure=0.8, music=0.2, brightness=0.2,
            textures=MappingProxyType({"ocean": 0.8}))
SLOW = Taste(heard=12, sure=0.8, pulse=44.0, brightness=0.2, register=52.0, density=0.2, minor=1.0)
POOR = Outcome(sol=70.0, wakings=6, liked=-1, signal_quality=0.9)


def leaning(taste: Taste | None) -> Recommender:
    device = Recommender.load()
    device.lean(taste)
    return device


def expected(taste: Taste | None) -> dict[str, float]:
    return dict(zip(NAMES, leaning(taste).expect()[0], strict=True))


def test_who_listens_to_the_sea_is_expected_to_sleep_better_by_it_than_others():
    plain, near = expected(None), expected(SEA)
    assert near["ocean alone"] - near["brown alone"] > plain["ocean alone"] - plain["brown alone"]


def test_who_listens_to_slow_dark_music_is_expected_to_prefer_it_to_quick_music():
    plain, near = expected(None), expected(SLOW)
    slow, quick = "slow dark bare", "easy mellow bare"
    assert near[slow] - near[quick] > plain[slow] - plain[quick]


def test_without_a_taste_nothing_is_otherwise_and_forgetting_leads_back_there():
    device = leaning(SEA)
    device.lean(None)
    for other in (device, leaning(Taste())):
        np.testing.assert_array_equal(other.expect()[0], leaning(None).expect()[0])


def test_it_is_taken_for_as_much_as_sleepers_with_tastes_show():
    more, spread = tasters.beyond_people(range(1000, 1200))      # others than it was learned from
    assert pytest.approx(more, abs=0.25) == own_music.MORE       # three standard errors
    assert pytest.approx(spread, abs=0.25) == own_music.ERROR


def test_it_opens_no_way_around_the_vetted_steps():
    for seed in range(20):
        mine = leaning(SEA).choose(Context(), seed=seed).receipt
        assert mine["allowed"] == leaning(None).choose(Context(), seed=seed).receipt["allowed"]


def test_it_fades_as_nights_come():
    near, plain = leaning(SEA), leaning(None)
    apart = [abs(near.expect()[0] - plain.expect()[0]).max()]
    for night in range(14):
        choice = plain.choose(Context(), seed=night)
        for device in (near, plain):
            device.learn(choice.receipt, POOR)
        apart.append(abs(near.expect()[0] - plain.expect()[0]).max())
    assert apart[-1] < 0.1 * apart[0]


def test_its_choice_replays_from_the_receipt_alone():
    choice = leaning(SEA).choose(Context(), seed=4)
    assert Recommender.load().replay(json.loads(json.dumps(choice.receipt))) == choice


def test_others_never_hear_of_it():
    assert leaning(SEA).leans_to_silence() == leaning(None).leans_to_silence()
    assert leaning(SEA).state() == leaning(None).state()


def test_a_guest_has_none():
    device = Recommender.load(guest=True)
    device.lean(SEA)
    np.testing.assert_array_equal(device.expect()[0], leaning(None).expect()[0])


@pytest.mark.parametrize(("teaches", "said"), [
    (True, "bedtime.own-music-learns"), (False, "bedtime.own-music")])
def test_the_first_choice_says_so_where_it_is_like_it(teaches, said):
    choice = leaning(SLOW).choose(Context(), seed=1, teaches=teaches,
                                  wishes={"require": ["music"], "forbid": ["white"]})
    levels = set(CANDIDATES[choice.candidate].levels.values())
    sentence = choice.reason.sentence
    assert "dark" in levels, choice.recipe.name
    assert sentence.id == said
    # 94 to the minute is taken up as 47, and isn't slow.
    assert sentence.fills["own"] == "dark"


def test_a_choice_that_is_unlike_it_claims_nothing():
    device = leaning(SLOW)
    choice = device.choose(Context(), seed=1, wishes={"forbid": ["music"]})
    assert not choice.reason.sentence.id.startswith("bedtime.own-music")


def test_a_night_whose_receipt_says_nothing_of_it_any_more_teaches_the_same():
    whole, forgotten = leaning(SEA), leaning(SEA)
    receipt = dict(whole.choose(Context(), seed=4).receipt)
    whole.learn(receipt, POOR)
    forgotten.learn(scrubbed(receipt), POOR)
    assert set(receipt) - set(scrubbed(receipt)) == {"own", "gram", "pull"}
    assert forgotten.state() == whole.state() and whole.nights
