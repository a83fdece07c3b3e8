"""What the recommender may know when it is asked, and what becomes of its answer."""

from dataclasses import replace

from device.programmes import FAVOURITE, PROGRAMMES
from device.sentences import called, say
from device.session import fade, learning, rows, wishes
from device.session.state import At, Decision, State
from device.session.things import Save
from device.session.tonight import Played
from device.values import SILENCE, Choice, Context, Epoch, Reason, Recipe


def context(state: State, at: At) -> Context:
    """What may be known at this moment."""
    tonight, epoch, sleeper = state.tonight, state.status.epoch, state.sleeper
    stagings = tonight.stagings
    return Context(
        probabilities=stagings[-1].probabilities if stagings else None,
        heart_rate=ratio(state, "heart_rate", epoch.heart_rate if epoch else None),
        rmssd=ratio(state, "rmssd", epoch.rmssd if epoch else None),
        movement=epoch.movement if epoch else None,
        breathing=epoch.breathing if epoch else None,
        since_lights_out=tonight.minutes(at.now),
        hour=at.local.hour + at.local.minute / 60 if at.local else None,
        last_sol=mean(sleeper.sols),
        last_wakings=mean(sleeper.wakings),
        valence=tonight.said.valence,
        arousal=tonight.said.arousal,
    )


def ratio(state: State, name: str, value: float | None) -> float | None:
    """To the sleeper's own baseline."""
    usual = state.sleeper.baseline.get(name)
    return value / usual if value and usual else None


def mean(values: tuple[float, ...] | tuple[int, ...]) -> float | None:
    return sum(values) / len(values) if values else None


def teaches(state: State, at: At) -> bool:
    """Whether tonight can teach, as far as may be known now: what a reason may promise."""
    nobody = state.owner.guest or state.settings.privacy
    return not nobody and not learning.nap(state, at) and can_judge(state, state.status.epoch)


def can_judge(state: State, epoch: Epoch | None) -> bool:
    """Some chip answers, and its signals mean something to somebody."""
    answers = epoch is not None and max(epoch.heart_quality, epoch.motion_quality) > 0
    return state.owner.judges and answers


def must_sound(state: State, moment: str, choice: Choice) -> bool:
    """Silence would be no answer: nothing is known of this sleeper yet, but for a trial of that, or
    sound was asked for."""
    unknown = not state.sleeper.sols and not state.owner.rules.trial
    silent = fade.silent(choice.recipe)
    return moment == "bedtime" and silent and (unknown or wishes.sounding(state))


def named(state: State, moment: str) -> Recipe | None:
    """What somebody chose by name or in words, if anything; an arousal is answered by what has
    proved best, but for somebody who asked for silence."""
    said = wishes.named(state)
    if moment == "arousal":
        return said if said == SILENCE else None
    if said is not None:
        return said
    programme = state.settings.programme
    return favourite(state) if programme == FAVOURITE else PROGRAMMES.get(programme)


def favourite(state: State) -> Recipe | None:
    """The one liked last; "not this one" goes back to the one before."""
    liked = state.sleeper.favourites
    return liked[len(state.tonight.refused) % len(liked)] if liked else None


def chosen(
    state: State, choice: Choice, recipe: Recipe, moment: str, at: At, *, by_name: bool
) -> Decision:
    """A choice was made; one that a person made by name teaches nothing."""
    receipts = state.tonight.receipts
    if moment == "bedtime":
        receipts = () if by_name else (*receipts, choice.receipt)
    played = Played(choice, recipe, receipts)
    answered = moment == "arousal" and fade.silent(recipe)      # which leaves the night its sound
    sound = state.tonight.sound if answered else recipe.name
    state = state.with_tonight(played=played, sound=sound)
    return state, [rows.decision(state, played, moment, at), Save()]


def asked_for(choice: Choice, state: State, recipe: Recipe) -> Choice:
    """Somebody chose `recipe` by name: that is the reason, and no expectation decided."""
    wished = wishes.named(state, last=False) is not None
    last = not wished and state.tonight.said.like_last and state.sleeper.last is not None
    favourite = not wished and not last and state.settings.programme == FAVOURITE
    sentence = say("named", {"favourite": favourite, "last": last}, name=called(recipe.name))
    return replace(choice, reason=Reason(sentence, ()))


def explained(choice: Choice, state: State, recipe: Recipe, listed: str) -> Choice:
    """The reason names what was said. `listed`: the wishes in words, which silence can't follow."""
    mood = state.tonight.said.mood
    reason = choice.reason.sentence
    followed = bool(listed) and (recipe != SILENCE or wishes.named(state, last=False) == SILENCE)
    facts = {
        "wishes": followed,
        "emptied": fade.silent(recipe) and recipe != SILENCE,
        "tense": mood == "tense",
        "weary": mood == "weary",
    }
    sentence = say("spoken", facts, reason=reason, wishes=listed, name=called(recipe.name))
    if sentence.id == "spoken.plain":
        return choice
    return replace(choice, reason=replace(choice.reason, sentence=sentence))


def reshaped(state: State, recipe: Recipe) -> State:
    """The same choice, but another recipe is made of it."""
    played = state.tonight.played
    return state if played is None else state.with_tonight(played=replace(played, recipe=recipe))
