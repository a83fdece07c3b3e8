"""What the night asks of its parts, with parts of a few lines."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from device import asking
from device.errors import Refused
from device.parts import Hooks, Mind, Parts
from device.programmes import PROGRAMMES
from device.session.modes import Mode
from device.session.settings import Rules
from device.session.state import Population, State
from device.session.things import (
    Adopt,
    Choose,
    Learn,
    Note,
    Remember,
    Report,
    Row,
    Save,
    Shape,
)
from device.session.tonight import Played, Said
from device.values import SILENCE, Prior, Sums, Understood, Wish, Worth
from tests.session.around import (
    RAIN,
    TIDE,
    at,
    choice,
    epoch,
    outcome,
    owned,
    played,
    silence,
    staging,
)
from tests.session.around import state as night

NO_BELLS = Wish("forbid", "bell")
PRIOR = Prior(4, "quiet_v1", (0.7, 0.3), (0.02, 0.02), 250)
UNREADABLE = "too much"


def state(mode=Mode.SETTLING, **tonight):
    """Of a sleeper who is known."""
    return night(mode, **tonight).with_sleeper(sols=(10.0,))


class Recommender:
    """Gives the first of its choices that wasn't refused, and keeps what it was asked."""

    def __init__(self, *choices, rewards=(), trouble=None):
        self.choices, self.trouble = choices or (choice(3), choice(8, TIDE)), trouble
        self.asked: list = []
        self.nights = [{"candidate": "slow tide", "reward": reward, "sooner": reward}
                       for reward in rewards]
        self.adopted: list = []

    def choose(self, context, **asked):
        self.asked.append((context, asked))
        return next(each for each in self.choices if each.candidate not in asked["refused"])

    def learn(self, receipts, outcome):
        self.learned = receipts, outcome
        return Worth(8.5, 2.5)

    def state(self):
        return {"weights": self.learned}

    def lean(self, taste):
        self.taste = taste

    def adopt(self, prior):
        self.adopted.append(prior)
        if self.trouble:
            raise Refused(self.trouble)
        return 1.5

    def leans_to_silence(self):
        assert sum(each["reward"] is not None for each in self.nights) >= 28, "too early to tell"
        return True


class Words:
    """Understands nothing but one note, and forbids by naming it."""

    def understand(self, text):
        return Understood("en", (NO_BELLS,)) if text == "no bells" else Understood()

    def answered(self, heard, standing=None):
        return UNREADABLE if heard is None else f"{len(heard.wishes)} wishes, {standing.counts}"

    def confirmed(self, text, pending, choices=()):
        keep = {"every night": True, "only tonight": False}.get(text) if pending else None
        return None if keep is None else (keep, f"{len(pending)} wishes, {text}")

    def listed(self, wishes, language):
        return f"{language}:{','.join(wish.name for wish in wishes)}"

    def narrowing(self, wishes):
        return {"forbid": [wish.name for wish in wishes]}

    def within(self, recipe, wishes, mood):
        return replace(recipe, brightness=0.1) if wishes or mood else recipe


class Composer:
    def learn_taste(self, kept, rng, liked=0):
        return {"kept": kept, "liked": liked, "drawn": int(rng.integers(100))}


@dataclass
class Repeats:
    trouble: OSError | None = None
    saved: list[Path] = field(default_factory=list)

    def save(self, folder):
        if self.trouble:
            raise self.trouble
        self.saved.append(folder)


class Feedback:
    def __init__(self, trouble=None):
        self.trouble, self.told = trouble, []

    def resume(self):
        self.told.append("resumed")

    def share(self, question, value, wall):
        if self.trouble:
            raise Refused(self.trouble)
        self.told.append((question, value, wall))


def mind(recommender=None, composer=None) -> Mind:
    return Mind(recommender or Recommender(), composer or Composer(), Words())


def parts(of: Mind | None = None, hooks=None, **more) -> Parts:
    return Parts(clock=None, inbox=None, body=more.get("body"), mind=of or mind(),
                 world=SimpleNamespace(feedback=more.get("feedback")),
                 diary=SimpleNamespace(path=Path("data/diary.sqlite")), hooks=hooks or Hooks())


def chosen(recommender, before, moment="bedtime"):
    rng = np.random.default_rng(5)
    return asking.choose(mind(recommender), before, rng, moment, at())


# ---- the choice ----------------------------------------------------------------------------------

@pytest.mark.parametrize("moment", ["bedtime", "night", "arousal"])
def test_the_recommender_is_told_all_that_it_may_know(moment):
    recommender = Recommender()
    before = owned(state(refused=(1, 2), said=Said((NO_BELLS,), valence=0.5)), Rules(trial=True))
    after, _ = chosen(recommender, before, moment)
    [(context, asked)] = recommender.asked
    assert (context.hour, context.valence, context.last_sol) == (22.5, 0.5, 10.0)
    seed = int(np.random.default_rng(5).integers(2**31))
    assert asked == {"moment": moment, "seed": seed, "wishes": {"forbid": ["bell"]},
                     "refused": (1, 2), "trial": True, "playing": "", "teaches": False}
    assert after.tonight.choice.reason.sentence == "it has proved best; as you said: en:bell"
    assert after.tonight.recipe == replace(RAIN, brightness=0.1)


def test_a_choice_is_kept_as_it_was_made():
    after, things = chosen(Recommender(), state())
    assert after == state(played=Played(choice(3), RAIN, ({"candidate": 3},)),
                          sound="rain on a roof")
    assert things[0].fields["moment"] == "bedtime" and things[1:] == [Save()]
    assert things[0].fields["sentence"] == "it has proved best"


def test_on_the_first_night_silence_is_asked_about_once_more():
    recommender = Recommender(silence(9), choice(3))
    stranger = state(refused=(1,)).with_sleeper(sols=())
    after, _ = chosen(recommender, stranger)
    assert after.tonight.choice == choice(3) and after.tonight.receipts == ({"candidate": 3},)
    assert [asked["refused"] for _, asked in recommender.asked] == [(1,), (1, 9)]
    assert len({asked["seed"] for _, asked in recommender.asked}) == 2
    after, _ = chosen(Recommender(silence(9), choice(3)), state())
    assert after.tonight.recipe == SILENCE


def test_a_programme_goes_first_and_teaches_nothing():
    after, things = chosen(Recommender(), state().with_settings(programme="slow tide"))
    asked = choice(3, sentence="slow tide: it was asked for by name")
    asked = replace(asked, reason=replace(asked.reason, contributions=()))
    assert after.tonight.played == Played(asked, PROGRAMMES["slow tide"], ())
    assert things[0].fields["sentence"] == asked.reason.sentence
    after, _ = chosen(Recommender(), state().with_settings(programme="slow tide"), "arousal")
    assert after.tonight.recipe == RAIN


def test_silence_is_left_as_it_is_whatever_was_said():
    spoken = state(said=Said((NO_BELLS,)))
    assert asking.wished(mind(), spoken, SILENCE) == SILENCE
    assert asking.wished(mind(), spoken, TIDE) == replace(TIDE, brightness=0.1)
    assert asking.wished(mind(), state(said=Said(mood="tense")), TIDE).brightness == 0.1
    assert asking.wished(mind(), state(), TIDE) == TIDE


def test_what_plays_is_shaped_to_what_was_said():
    before = state(played=played(3, TIDE), said=Said((NO_BELLS,)))
    after, things = asking.reshape(mind(), before)
    assert things == [] and after.tonight.played == replace(
        before.tonight.played, recipe=replace(TIDE, brightness=0.1))


# ---- words ---------------------------------------------------------------------------------------

def test_a_note_is_understood_answered_and_let_go():
    after, things = asking.read(mind(), state(played=played()), "no bells", at())
    assert after.tonight.said.tonight == (NO_BELLS,)
    assert after.status.answer == "1 wishes, tonight"
    assert things == [Choose("bedtime"), Shape()]
    after, _ = asking.read(mind(), state(Mode.MORNING), "no bells", at())
    assert after.status.answer == "1 wishes, over"


def test_what_waits_for_a_word_is_settled_before_anything_is_understood():
    waits = state(said=Said((NO_BELLS,), pending=(NO_BELLS,)))
    kept, things = asking.read(mind(), waits, "every night", at())
    assert kept.sleeper.always == (NO_BELLS,) and things == [Save()]
    assert kept.status.answer == "1 wishes, every night"
    dropped, _ = asking.read(mind(), waits, "only tonight", at())
    assert dropped.sleeper.always == () and dropped.tonight.said == Said((NO_BELLS,))
    other, _ = asking.read(mind(), state(), "every night", at())
    assert other.sleeper.always == () and other.status.answer == "0 wishes, tonight"


def test_its_text_is_kept_only_if_the_owner_wants_it():
    keeps = owned(state(), keep_notes=True)
    assert asking.read(mind(), keeps, "well", at())[1] == [Note("said", "well")]
    assert asking.read(mind(), state(), "well", at())[1] == []


def test_what_is_too_much_to_be_a_note_is_not_kept():
    keeps = owned(state(), keep_notes=True)
    assert asking.read(mind(), keeps, None, at()) == (keeps.with_status(answer=UNREADABLE), [])


# ---- the morning ---------------------------------------------------------------------------------

def test_a_night_is_reviewed_if_anything_was_judged():
    sums = Sums(480, 400, 14.0, 440, 40, 10, 0.83, 9, 2, 5, 200, 100, 100)
    seen = (epoch(),), (staging(0.7),)
    body = SimpleNamespace(opinion=SimpleNamespace(
        review=lambda epochs, stagings: sums if (epochs, stagings) == seen else None))
    before = state(Mode.MORNING, epochs=seen[0], stagings=seen[1])
    after, things = asking.review(parts(body=body), before, at())
    assert after.tonight.outcome.sol == 14.0 and Report() in things
    assert isinstance(things[0], Row)
    nothing = state(Mode.MORNING)
    assert asking.review(parts(body=body), nothing, at()) == (nothing, [])


def test_what_a_night_was_worth_is_learned_noted_and_put_to_the_gate():
    lesson = Learn(({"candidate": 3},), outcome())
    of = mind(Recommender(rewards=(1.0,)))
    after, things = asking.learn(parts(of), state(), lesson)
    learned = [Remember("learner", {"weights": (lesson.receipts, lesson.outcome)}),
               Note("learned", "asleep 2 min sooner than expected")]
    assert after == state() and things == [*learned, Adopt()]
    trial = Hooks(effect=lambda nights: SimpleNamespace(sentence=f"{len(nights)} nights so far"))
    _, things = asking.learn(parts(of, trial), state(), lesson)
    assert things == [*learned, Note("learned", "1 nights so far"), Adopt()]


def test_a_receipt_that_cannot_be_reckoned_with_teaches_nothing():
    """A number of four hundred digits is JSON, and no float."""
    def overflows(receipts, outcome):
        raise OverflowError("int too large to convert to float")
    of = mind(Recommender())
    of.recommender.learn = overflows
    _, things = asking.learn(parts(of), state(), Learn(({"candidate": 3},), outcome()))
    assert [thing.kind for thing in things] == ["fallback"]


def test_a_taste_is_kept_where_something_was_liked_or_skipped():
    def learned(liked):
        return asking.taste(mind(), state(), {"old": 1}, np.random.default_rng(5), liked)
    drawn = int(np.random.default_rng(5).integers(100))
    for liked in (2, -1):
        taste = {"kept": {"old": 1}, "liked": liked, "drawn": drawn}
        assert learned(liked) == (state(), [Remember("taste", taste)])
    assert learned(0) == (state(), [])


# ---- learning together ---------------------------------------------------------------------------

def with_prior(sharing=True) -> State:
    return replace(state().with_settings(sharing=sharing), population=Population(4, PRIOR))


def test_the_others_prior_goes_through_the_gate_of_who_shares():
    recommender = Recommender(rewards=(1.0,))
    after, things = asking.adopt(mind(recommender), with_prior())
    assert after.population.used is True and recommender.adopted == [PRIOR]
    assert "1.50 times" in things[0].detail
    after, _ = asking.adopt(mind(recommender), with_prior(sharing=False))
    assert after.population.used is False and recommender.adopted == [PRIOR, None]


def test_without_a_prior_the_gate_is_not_asked():
    recommender = Recommender()
    assert asking.adopt(mind(recommender), state()) == (state(), [])
    assert recommender.adopted == []


def test_a_prior_that_the_gate_refuses_is_noted_and_dropped():
    after, things = asking.adopt(mind(Recommender(trouble="another question")), with_prior())
    assert after.population == Population(4)
    assert things == [Note("fallback", "another question")]


SHARES = state().with_settings(sharing=True).with_sleeper(mornings=(1, 1))


def shared(before=SHARES, rewards=(1.0,) * 28, trouble=None, moment=None):
    feedback = Feedback(trouble)
    of = parts(mind(Recommender(rewards=rewards)), feedback=feedback)
    after, things = asking.share(of, before, moment or at())
    assert after == before
    return feedback.told, things


def test_two_answers_are_shared_by_consent():
    wall = at().wall
    comfort, quiet = ("comfort_v1", 4, wall), ("quiet_v1", 1, wall)
    assert shared() == (["resumed", comfort, quiet], [])
    assert shared(rewards=(*(1.0,) * 27, None, None)) == (["resumed", comfort], [])
    assert shared(rewards=(*(0.0,) * 28, None)) == (["resumed", comfort, quiet], [])


def test_without_consent_or_a_date_nothing_is_even_asked():
    assert shared(state()) == ([], [])
    assert shared(SHARES.with_settings(privacy=True)) == ([], [])
    assert shared(moment=at(local=None)) == ([], [])
    assert asking.share(parts(), SHARES, at()) == (SHARES, [])


def test_an_answer_that_may_not_be_shared_yet_is_noted():
    assert shared(trouble="too soon") == (["resumed"], [Note("feedback", "too soon")] * 2)


# ---- what was played -----------------------------------------------------------------------------

def keeping(before, repeats):
    composer = Composer()
    composer.repeats = repeats
    return asking.keep_repeats(parts(mind(composer=composer)), before)


def test_what_was_played_is_kept_beside_the_diary_but_not_in_privacy():
    repeats = Repeats()
    assert keeping(state(), repeats) == (state(), [])
    assert repeats.saved == [Path("data/repeats")]
    private = state().with_settings(privacy=True)
    assert keeping(private, repeats) == (private, []) and len(repeats.saved) == 1


def test_that_it_cannot_be_kept_is_said():
    after, [note] = keeping(state(), Repeats(OSError("read-only")))
    assert after == state() and note == Note(
        "fallback", "the repeat filter can't be kept, so music may return one day: read-only")
