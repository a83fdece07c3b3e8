"""Learning together: randomised answers out, a signed prior in that this bed's own nights must not
speak against.

One switch for both, off by default. Who leaves it off is left alone: nothing is told, and the
shipped prior stays.
"""

from dataclasses import replace

from device.session.state import At, Decision, Population, State
from device.session.things import Adopt, Do, Note, Tell, Withdraw
from device.values import Prior

TAUGHT = 28         # nights that taught something before a bed says which kind it seems to have
ALONE = "feedback isn't shared"


def join(state: State, sharing: bool) -> Decision:
    """The switch. Withdrawing purges what waits and goes back to the shipped prior."""
    things: list[Do] = [] if sharing else [Withdraw()]
    return state.with_settings(sharing=sharing), [*things, Adopt()]


def on_prior(state: State, prior: Prior) -> Decision:
    """A newer prior of the pinned hub."""
    return replace(state, population=Population(prior.version, prior)), [Adopt(), Tell()]


def gated(state: State, factor: float) -> Decision:
    """The gate's word: how many times as likely own nights are with the prior. A change of mind is
    noted with its reason."""
    sharing, before = state.settings.sharing, state.population
    used = sharing and factor >= 1
    if used is before.used:
        return state, []
    state = replace(state, population=replace(before, used=used))
    why = f"own nights are {factor:.2f} times as likely with them" if sharing else ALONE
    return state, [Note("learned", f"{sentence(state.population)}: {why}")]


def refused(state: State, trouble: str) -> Decision:
    """The gate can't judge it."""
    population = replace(state.population, prior=None, used=None)
    return replace(state, population=population), [Note("fallback", trouble)]


def sentence(population: Population) -> str:
    if population.prior is None:
        return "nothing is learned from others"
    return (
        f"{population.prior.reports} anonymous reports of other beds "
        f"(version {population.prior.version}) are "
        f"{'taken into account' if population.used else 'not used'}"
    )


def may_share(state: State, at: At) -> bool:
    """By consent, outside privacy, and where the date is known."""
    return state.settings.sharing and not state.settings.privacy and at.local is not None


def answers(state: State, taught: int, quiet: bool) -> dict[str, int]:
    """How the mornings were (−1, 0, +1), 0 poor to 4 good; and, after TAUGHT nights that `taught`
    something, whether this sleeper seems to be of those who are best off in silence (`quiet`)."""
    mornings, told = state.sleeper.mornings, {}
    if mornings:
        told["comfort_v1"] = round(2 + 2 * sum(mornings) / len(mornings))
    if taught >= TAUGHT:
        told["quiet_v1"] = int(quiet)
    return told
