"""What the recommender may know when it is asked, and what becomes of its answer."""

from dataclasses import replace

from device.programmes import FAVOURITE, PROGRAMMES
from device.session import fade, rows, wishes
from device.session.state import At, Decision, State
from device.session.things import Save
from device.session.tonight import Played
from device.values import Choice, Context, Recipe


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


def must_sound(state: State, moment: str, choice: Choice) -> bool:
    """Silence would be no answer: nothing is known of this sleeper yet, or sound was asked for."""
    wanted = not state.sleeper.sols or wishes.sounding(state)
    silent = fade.silent(choice.recipe)
    return moment == "bedtime" and silent and wanted and not state.owner.rules.trial


def named(state: State, moment: str) -> Recipe | None:
    """What somebody chose by name or in words, if anything; an arousal is answered by what has
    proved best."""
    if moment == "arousal":
        return None
    said = wishes.named(state)
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
    if moment == "bedtime" and not by_name:
        receipts = (*receipts, choice.receipt)
    played = Played(choice, recipe, receipts)
    sentence = f"you asked for {recipe.name}" if by_name else choice.reason.sentence
    state = state.with_tonight(played=played)
    return state, [rows.decision(state, played, moment, sentence, at), Save()]


def explained(choice: Choice, state: State, listed: str) -> Choice:
    """The reason names what was said. `listed`: the wishes in words."""
    mood = state.tonight.said.mood
    said = [listed] if listed else []
    said += ["you sounded " + mood] if mood else []
    if not said:
        return choice
    sentence = f"{choice.reason.sentence}; as you said: {'; '.join(said)}"
    return replace(choice, reason=replace(choice.reason, sentence=sentence))


def reshaped(state: State, recipe: Recipe) -> State:
    """The same choice, but another recipe is made of it."""
    played = state.tonight.played
    return state if played is None else state.with_tonight(played=replace(played, recipe=recipe))
