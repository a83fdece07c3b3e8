"""What the night asks of its parts: each question goes to one of them, and its answer becomes a
decision. Nothing of the night is changed here."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from device.errors import Refused
from device.memory import LEARNER, TASTE
from device.parts import Mind, Parts
from device.session import choosing, learning, population, wishes
from device.session.state import At, Decision, State
from device.session.things import Adopt, Do, Learn, Note, Remember
from device.values import SILENCE, Choice, Recipe

# ---- the choice ----------------------------------------------------------------------------------

def choose(mind: Mind, state: State, rng: np.random.Generator, moment: str, at: At) -> Decision:
    """What to play; a programme that somebody named goes first."""
    choice = ask(mind, state, rng, moment, at)
    if choosing.must_sound(state, moment, choice):
        choice = ask(mind, state, rng, moment, at, choice.candidate)
    named = choosing.named(state, moment)
    recipe = wished(mind, state, named or choice.recipe)
    if named is not None:
        choice = choosing.asked_for(choice, state, recipe)
    standing = wishes.standing(state)
    listed = mind.words.listed(standing, state.tonight.said.language) if standing else ""
    choice = choosing.explained(choice, state, recipe, listed)
    return choosing.chosen(state, choice, recipe, moment, at, by_name=named is not None)


def ask(
    mind: Mind, state: State, rng: np.random.Generator, moment: str, at: At, *silent: int
) -> Choice:
    """`silent`: a candidate that would be no answer."""
    return mind.recommender.choose(
        choosing.context(state, at), moment=moment, seed=int(rng.integers(2**31)),
        wishes=mind.words.narrowing(wishes.standing(state)),
        refused=(*state.tonight.refused, *silent), trial=state.owner.rules.trial,
        playing=state.tonight.sound, teaches=choosing.teaches(state, at),
    )


def wished(mind: Mind, state: State, recipe: Recipe) -> Recipe:
    """The recipe as it was asked for in words."""
    if recipe == SILENCE:
        return recipe
    return mind.words.within(recipe, wishes.standing(state), state.tonight.said.mood)


def reshape(mind: Mind, state: State) -> Decision:
    """What plays, as it was asked for in words."""
    return choosing.reshaped(state, wished(mind, state, state.tonight.recipe)), []


# ---- words ---------------------------------------------------------------------------------------

def read(mind: Mind, state: State, text: str | None, at: At) -> Decision:
    """A note; None is too much to be one."""
    words, said = mind.words, state.tonight.said
    if text is None:
        return state.with_status(answer=words.answered(None)), []
    kept: list[Do] = [Note("said", text)] if state.owner.keep_notes else []
    confirmed = words.confirmed(text, said.pending, said.choices)
    if confirmed is not None:
        keep, answer = confirmed
        after, things = wishes.on_confirm(state, keep)
        return after.with_status(answer=answer), [*kept, *things]
    heard = words.understand(text)
    after, things = wishes.on_note(state, heard, at)
    answer = words.answered(heard, wishes.stands(state, after, heard, at))
    return after.with_status(answer=answer), [*kept, *things]


# ---- the morning ---------------------------------------------------------------------------------

def review(parts: Parts, state: State, at: At) -> Decision:
    """The night's sums, if anything was judged at all."""
    stagings = state.tonight.stagings
    if not stagings:
        return state, []
    sums = parts.body.opinion.review(state.tonight.epochs, stagings)
    return learning.morning(state, sums, at)


def learn(parts: Parts, state: State, lesson: Learn) -> Decision:
    recommender, effect = parts.mind.recommender, parts.hooks.effect
    before = recommender.nights
    try:
        worth = recommender.learn(lesson.receipts, lesson.outcome)
    except (KeyError, TypeError, ValueError, ArithmeticError) as trouble:
        why = f"what was chosen tonight can't be read, so it taught nothing: {trouble!r}"
        return state, [Note("fallback", why)]
    things: list[Do] = [Remember(LEARNER, recommender.state()),
                        *learning.learned(state, lesson, worth, before)]
    if effect is not None:
        things.append(Note("learned", effect(recommender.nights).sentence))
    return state, [*things, Adopt()]


def taste(
    mind: Mind, state: State, kept: Mapping | None, rng: np.random.Generator, liked: int
) -> Decision:
    """Likes and skips move the composer's taste; the next night sets out from there."""
    learned = mind.composer.learn_taste(kept, rng, liked)
    return state, [Remember(TASTE, learned)] if liked else []


def taught(mind: Mind) -> int:
    """Nights that taught something."""
    return sum(lived["reward"] is not None for lived in mind.recommender.nights)


def adopt(mind: Mind, state: State) -> Decision:
    """What one's own music is like; and what other beds told, through the recommender's gate, as
    the nights stand now."""
    mind.recommender.lean(state.sleeper.taste)
    prior = state.population.prior
    if prior is None:
        return state, []
    try:
        factor = mind.recommender.adopt(prior if state.settings.sharing else None)
    except Refused as trouble:
        return population.refused(state, str(trouble))
    return population.gated(state, factor, taught(mind))


def share(parts: Parts, state: State, at: At) -> Decision:
    """Once in 28 days, randomised by `home`."""
    feedback, recommender = parts.world.feedback, parts.mind.recommender
    if feedback is None or not population.may_share(state, at):
        return state, []
    nights = taught(parts.mind)
    quiet = nights >= population.TAUGHT and recommender.leans_to_silence()
    things: list[Do] = []
    answers = population.answers(state, nights, quiet)
    deeds: list[Callable[[], object]] = [feedback.resume]
    deeds += [partial(feedback.share, question, answer, at.wall)
              for question, answer in answers.items()]
    for deed in deeds:
        try:
            deed()
        except Refused as trouble:
            things.append(Note("feedback", str(trouble)))
    return state, things


def keep_repeats(parts: Parts, state: State) -> Decision:
    """What was played, so that it doesn't return; not in privacy."""
    if state.settings.privacy:
        return state, []
    try:
        parts.mind.composer.repeats.save(parts.diary.path.with_name("repeats"))
    except OSError as trouble:
        why = f"the repeat filter can't be kept, so music may return one day: {trouble}"
        return state, [Note("fallback", why)]
    return state, []
