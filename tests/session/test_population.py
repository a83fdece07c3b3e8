from dataclasses import replace

import pytest

from device.session import population
from device.session.state import Population, State
from device.session.things import Adopt, Note, Tell, Withdraw
from device.values import Prior
from tests.session.around import at

PRIOR = Prior(4, "quiet_v1", (0.7, 0.3), (0.02, 0.02), 250)
SHARES = State().with_settings(sharing=True)


def heard(state, used=None, version=4):
    return replace(state, population=Population(version, PRIOR, used))


def test_who_joins_takes_the_others_into_account_and_who_leaves_purges_what_waits():
    assert population.join(State(), True) == (SHARES, [Adopt()])
    assert population.join(SHARES, False) == (State(), [Withdraw(), Adopt()])


def test_a_newer_prior_is_judged_anew():
    before = replace(SHARES, population=Population(3, None, True))
    assert population.on_prior(before, PRIOR) == (heard(SHARES), [Adopt(), Tell()])


@pytest.mark.parametrize(("factor", "used"), [(0.99, False), (1.0, True), (7.125, True)])
def test_a_prior_that_own_nights_do_not_speak_against_is_used(factor, used):
    after, things = population.gated(heard(SHARES), factor)
    assert after == heard(SHARES, used)
    word = "taken into account" if used else "not used"
    assert things == [Note("learned", "250 anonymous reports of other beds (version 4) are "
                           f"{word}: own nights are {factor:.2f} times as likely with them")]


def test_only_a_change_of_mind_is_noted():
    for used, factor in ((True, 2.0), (False, 0.5)):
        assert population.gated(heard(SHARES, used), factor) == (heard(SHARES, used), [])
    assert population.gated(heard(SHARES, True), 0.5)[0] == heard(SHARES, False)


def test_who_does_not_share_is_left_alone_however_likely():
    after, things = population.gated(heard(State(), True), 5.0)
    assert after == heard(State(), False)
    assert things == [Note("learned", "250 anonymous reports of other beds (version 4) are not "
                           "used: feedback isn't shared")]


def test_what_the_gate_cannot_judge_is_forgotten_but_for_its_version():
    after, things = population.refused(heard(SHARES, True), "it asks another question")
    assert after == replace(SHARES, population=Population(4))
    assert things == [Note("fallback", "it asks another question")]


def test_what_is_learned_from_others_in_a_sentence():
    assert population.sentence(Population(4)) == "nothing is learned from others"
    told = "250 anonymous reports of other beds (version 4) are "
    assert population.sentence(Population(4, PRIOR, True)) == told + "taken into account"
    assert population.sentence(Population(4, PRIOR, False)) == told + "not used"
    assert population.sentence(Population(4, PRIOR)) == told + "not used"


def test_only_by_consent_outside_privacy_and_at_a_known_date_anything_is_told():
    assert population.may_share(SHARES, at())
    assert not population.may_share(State(), at())
    assert not population.may_share(SHARES.with_settings(privacy=True), at())
    assert not population.may_share(SHARES, at(local=None))


@pytest.mark.parametrize(("mornings", "comfort"), [
    ((1, 1), 4), ((-1,), 0), ((1, -1), 2), ((1, 1, -1), 3), ((1, -1, -1), 1),
])
def test_how_the_mornings_were_is_told_in_five_steps(mornings, comfort):
    lived = SHARES.with_sleeper(mornings=mornings)
    assert population.answers(lived, 0, False) == {"comfort_v1": comfort}


def test_which_kind_of_sleeper_it_seems_is_told_after_28_nights_that_taught_something():
    assert population.answers(SHARES, 27, True) == {}
    assert population.answers(SHARES, 28, True) == {"quiet_v1": 1}
    assert population.answers(SHARES.with_sleeper(mornings=(1,)), 29, False) == {
        "comfort_v1": 4, "quiet_v1": 0}
