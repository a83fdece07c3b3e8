import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device import programmes
from device.errors import ModelMismatch
from device.recommend import Recommender, SafeDefault
from device.recommend.candidates import CANDIDATES, DEFAULT, FACTORS, NAMES, QUIET, changes
from device.recommend.decision import embed
from device.recommend.features import CONTEXT
from device.recommend.network import Network
from device.recommend.reasons import SUBSETS, blends, contributions
from device.values import SILENCE, Context, Outcome

GOOD = Outcome(sol=5.0, wakings=1, signal_quality=0.9)
POOR = Outcome(sol=60.0, wakings=5, signal_quality=0.9)


@pytest.fixture(scope="module")
def shipped() -> Recommender:
    return Recommender.load()


def new() -> Recommender:
    return Recommender.load()


def test_a_receipt_replays_the_choice_exactly_after_a_trip_through_json():
    device = new()
    for night in range(5):
        choice = device.choose(Context(heart_rate=1.1, hour=23.0), seed=night)
        receipt = json.loads(json.dumps(choice.receipt))
        device.learn(receipt, GOOD)
        assert new().replay(receipt) == choice


def test_a_choice_after_likes_and_skips_replays_exactly_too():
    device = new()
    for night in range(4):
        liked = replace(GOOD, liked=1 - 2 * (night % 2), turned_down=night % 2)
        device.learn(device.choose(Context(hour=23.0), seed=night).receipt, liked)
    choice = device.choose(Context(hour=23.0), seed=9)
    assert new().replay(json.loads(json.dumps(choice.receipt))) == choice


def test_a_choice_that_was_drawn_more_boldly_than_today_replays_exactly_too():
    bold = Recommender(Network(), boldness=0.5, patience=1.0)
    bold.learn(bold.choose(Context(), seed=0).receipt, GOOD)
    choices = [bold.choose(Context(hour=23.0), seed=seed) for seed in range(8)]
    assert len({choice.candidate for choice in choices}) > 1 > choices[0].propensity
    device = new()
    assert [device.replay(json.loads(json.dumps(each.receipt))) for each in choices] == choices


def test_wakings_tell_of_a_sound_and_less_so_if_they_are_as_many_without_it():
    def believed(quiet: int, sound: int) -> float:
        device = new()
        for night in range(16):
            place, wakings = ((QUIET, quiet), (DEFAULT, sound))[night % 2]
            receipt = {**device.choose(Context(), seed=night).receipt, "candidate": NAMES[place]}
            device.learn(receipt, Outcome(sol=20.0, wakings=wakings, signal_quality=0.9))
        return float(device.expect()[0][DEFAULT])
    calm, woken, restless = believed(1, 1), believed(1, 3), believed(3, 3)
    assert woken < calm - 2
    assert woken < restless - 1


def test_likes_lose_their_say_where_nights_speak_against_them():
    def believed(sol: dict[int, float]) -> float:
        device = new()
        for night in range(60):
            place = DEFAULT if night % 2 else QUIET
            receipt = {**device.choose(Context(), seed=night).receipt, "candidate": NAMES[place]}
            liked = int(place == DEFAULT and night % 4 == 1)
            device.learn(receipt, Outcome(sol=sol[place], wakings=1, liked=liked,
                                          signal_quality=0.9))
        now = device._head.posterior()
        return float(now.weights[device._prior.hears > 0].sum())
    assert believed({DEFAULT: 40.0, QUIET: 20.0}) < 0.5 < believed({DEFAULT: 20.0, QUIET: 40.0})


def test_a_receipt_of_another_network_is_refused(shipped):
    receipt = {**shipped.choose(Context(), seed=1).receipt, "network": "0" * 64}
    with pytest.raises(ModelMismatch):
        shipped.replay(receipt)


def test_a_receipt_of_another_version_is_refused_but_its_night_still_teaches(shipped):
    device = new()
    receipt = {**device.choose(Context(), seed=1).receipt, "version": 1}
    with pytest.raises(ModelMismatch, match="version 1 of the learner"):
        shipped.replay(receipt)
    assert device.learn(receipt, GOOD) is not None


def test_a_state_survives_power_loss_and_goes_on_the_same():
    device = new()
    for night in range(6):
        device.learn(device.choose(Context(movement=0.1), seed=night).receipt,
                     GOOD if night % 2 else POOR)
    again = Recommender.load(json.loads(json.dumps(device.state())))
    assert again.choose(Context(), seed=99) == device.choose(Context(), seed=99)


def test_nights_of_another_firmware_and_of_the_safe_default_are_kept_but_teach_nothing():
    device = new()
    device.learn(device.choose(Context(), seed=1).receipt, GOOD)
    state = device.state()
    state["nights"].append({**state["nights"][0], "candidate": "a programme long gone"})
    again = Recommender.load(state)
    np.testing.assert_array_equal(again.expect()[0], device.expect()[0])
    assert len(again.state()["nights"]) == 2
    assert again.learn(SafeDefault().choose(Context(), seed=1).receipt, GOOD) is None


def test_a_thousand_nights_are_bounded_and_power_loss_still_changes_nothing(monkeypatch):
    monkeypatch.setattr("device.recommend.recommender.KEPT", 12)
    device = new()
    for night in range(30):
        device.learn(device.choose(Context(), seed=night).receipt, GOOD)
    assert len(device.nights) <= 12
    np.testing.assert_array_equal(Recommender.load(device.state()).expect()[0], device.expect()[0])


def test_sleepers_are_kept_apart():
    ada = Recommender.load(sleeper="ada")
    receipt = ada.choose(Context(), seed=1).receipt
    with pytest.raises(ValueError, match="another sleeper"):
        Recommender.load(sleeper="bob").learn(receipt, GOOD)


def test_a_guest_teaches_nothing():
    guest = Recommender.load(guest=True)
    before = guest.state()
    assert guest.learn(guest.choose(Context(), seed=1).receipt, GOOD) is None
    assert guest.state()["nights"] == before["nights"]


def test_a_night_of_poor_signals_teaches_nothing():
    device = new()
    before = device.expect()[0]
    receipt = device.choose(Context(), seed=1).receipt
    assert device.learn(receipt, Outcome(sol=1.0, liked=1, signal_quality=0.3)) is None
    assert device.learn(receipt, Outcome(sol=1.0, signal_quality=float("nan"))) is None
    np.testing.assert_array_equal(device.expect()[0], before)


def test_good_nights_raise_what_was_heard_and_poor_ones_lower_it():
    for outcome, sign in ((GOOD, 1), (POOR, -1)):
        device = new()
        receipt = {**device.choose(Context(), seed=1).receipt, "candidate": NAMES[DEFAULT]}
        before, _ = device.expect()
        for _ in range(20):
            device.learn(receipt, outcome)
        after, _ = device.expect()
        assert sign * (after[DEFAULT] - before[DEFAULT]) > 1


def test_ordinary_nights_with_a_sound_and_without_make_it_surer_what_the_sound_does():
    device = new()
    for night in range(40):
        place = DEFAULT if night % 2 else QUIET
        receipt = {**device.choose(Context(), seed=night).receipt, "candidate": NAMES[place]}
        device.learn(receipt, Outcome(sol=20.0 + night % 5, wakings=2, signal_quality=0.9))
    assert device.expect()[1][DEFAULT] < new().expect()[1][DEFAULT]


def test_somebody_whom_every_sound_keeps_awake_gets_silence():
    device, generator = new(), np.random.default_rng(0)
    last = []
    for night in range(90):
        choice = device.choose(Context(last_sol=25.0), seed=night)
        quiet = choice.candidate == QUIET
        sol = max(1.0, generator.normal(20 if quiet else 35, 8))
        device.learn(choice.receipt, Outcome(sol=sol, wakings=1 if quiet else 3, signal_quality=0.9,
                                             liked=0 if quiet else -int(generator.random() < 0.5)))
        last.append(choice.candidate)
    assert last[-30:].count(QUIET) >= 20


def test_a_refused_sound_is_not_offered_again_that_night():
    device = new()
    first = device.choose(Context(), seed=1)
    for seed in range(30):
        assert (
            device.choose(Context(), seed=seed, refused=[first.candidate]).candidate
            != first.candidate
        )


def test_wishes_narrow_the_choice_and_silence_remains():
    device = new()
    for seed in range(30):
        dry = device.choose(Context(), seed=seed, wishes={"forbid": ["rain", "fire"]})
        assert not {"rain", "fire"} & set(dry.recipe.textures)
        ocean = device.choose(Context(), seed=seed, wishes={"require": ["ocean"]})
        assert "ocean" in ocean.recipe.textures or ocean.recipe == SILENCE
    assert device.choose(Context(), seed=1, wishes={"forbid": list(NAMES)}).recipe == SILENCE


def test_contributions_sum_to_the_difference_exactly(shipped):
    for place in range(1, len(CANDIDATES)):
        rows, _ = embed(shipped._network, np.zeros(len(CONTEXT)), blends(place, DEFAULT))
        values = rows @ shipped._head.posterior().mean
        parts = contributions(values)
        assert sum(part.amount for part in parts) == pytest.approx(values[-1] - values[0])
        same = {factor for factor in FACTORS if factor not in changes(place, DEFAULT)}
        if CANDIDATES[place].levels["music"] == "yes" and NAMES[place] not in programmes.PROGRAMMES:
            assert all(part.amount == pytest.approx(0) for part in parts if part.name in same)


def test_a_factor_that_acts_alone_gets_all_of_its_effect_and_a_pair_shares():
    acts = np.array([3.0 * ("pulse" in s) + 2.0 * ("tone" in s and "music" in s) for s in SUBSETS])
    assert dict(contributions(acts)) == pytest.approx(
        {"pulse": 3, "tone": 1, "music": 1, "texture": 0}
    )


def test_after_onset_nothing_new_is_ever_played():
    device = new()
    evening = device.choose(Context(), seed=4)
    name = NAMES[evening.candidate]
    for moment, known in (("night", {evening.candidate}), ("arousal", {evening.candidate, QUIET})):
        later = {device.choose(Context(), moment=moment, seed=seed, playing=name).candidate
                 for seed in range(20)}
        assert later <= known
    device.learn(evening.receipt, GOOD)
    assert device.choose(Context(), moment="arousal", seed=1).candidate in (device.best, QUIET)
    assert new().choose(Context(), moment="night", seed=1).candidate == QUIET


def test_what_somebody_chose_by_name_is_what_goes_on_in_the_night():
    tide = NAMES.index("slow tide")
    for device in (new(), SafeDefault()):
        device.choose(Context(), seed=4)
        night, arousal = (device.choose(Context(), moment=moment, seed=1, playing="slow tide")
                          for moment in ("night", "arousal"))
        assert night.candidate == tide and arousal.candidate in (tide, QUIET)


def test_an_alarm_wakes_by_what_has_proved_best_and_never_by_silence():
    assert new().choose(Context(), moment="alarm", seed=1).recipe == programmes.DEFAULT
    device = new()
    for _ in range(5):
        device.learn({**device.choose(Context(), seed=1).receipt, "candidate": "slow tide"}, GOOD)
    assert device.choose(Context(), moment="alarm", seed=1).recipe.name == "slow tide"
    quiet = new()
    receipt = quiet.choose(Context(), seed=1).receipt
    for name, outcome in (("silence", GOOD), (NAMES[DEFAULT], POOR)) * 8:
        quiet.learn({**receipt, "candidate": name}, outcome)
    assert quiet.best == QUIET
    assert quiet.choose(Context(), moment="alarm", seed=1).recipe == programmes.DEFAULT


def test_likes_and_skips_are_kept_apart_from_sleep():
    liked, plain = new(), new()
    worth = {}
    for device, outcome in ((liked, replace(GOOD, liked=2)), (plain, GOOD)):
        worth[device] = device.learn(device.choose(Context(), seed=1).receipt, outcome)
    assert worth[liked].sooner == worth[plain].sooner == liked.nights[0]["sooner"]
    assert worth[liked].reward - worth[plain].reward == pytest.approx(12.0)


def test_a_night_without_sleep_is_worth_what_was_said_of_it_and_nothing_else():
    device = new()
    sleepless = Outcome(wakings=0, liked=1, signal_quality=0.9)
    worth = device.learn(device.choose(Context(), seed=1).receipt, sleepless)
    assert worth.sooner is None and worth.reward == pytest.approx(6.0)
    unsaid = replace(sleepless, liked=0)
    assert device.learn(device.choose(Context(), seed=1).receipt, unsaid) is None


@settings(max_examples=40, deadline=None)
@given(
    st.builds(
        Context,
        probabilities=st.none() | st.tuples(*[st.floats()] * 4),
        heart_rate=st.none() | st.floats(),
        rmssd=st.none() | st.floats(),
        movement=st.none() | st.floats(),
        breathing=st.none() | st.floats(),
        since_lights_out=st.floats(),
        hour=st.none() | st.floats(),
        last_sol=st.none() | st.floats(),
        last_wakings=st.none() | st.floats(),
        valence=st.none() | st.floats(),
        arousal=st.none() | st.floats(),
    )
)
def test_any_context_gets_a_vetted_choice_one_factor_away_at_most(shipped, context):
    choice = shipped.choose(context, seed=1)
    assert choice.recipe == CANDIDATES[choice.candidate].recipe
    # it has heard nothing yet
    assert choice.candidate == QUIET or len(changes(choice.candidate, DEFAULT)) <= 1
    assert shipped.replay(json.loads(json.dumps(choice.receipt, allow_nan=False))) == choice


def test_a_model_that_differs_from_its_card_is_refused_and_the_safe_default_plays(tmp_path):
    from device.inference import model_card

    for name in (
        "recommender.tflite",
        "recommender.json",
        "recommender_prior.npz",
        "recommender_prior.json",
    ):
        (tmp_path / name).write_bytes((model_card.MODELS / name).read_bytes())
    (tmp_path / "recommender.tflite").write_bytes(b"torn")
    with pytest.raises(ModelMismatch, match="sha256"):
        Recommender.load(folder=tmp_path)
    fallback = SafeDefault()
    first = fallback.choose(Context(), seed=1)
    assert first.recipe == programmes.DEFAULT
    assert fallback.choose(Context(), seed=1, refused=[first.candidate]).recipe != first.recipe
