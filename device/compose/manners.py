"""How each style plays: what sets a chorale from a lullaby before any note is chosen, for every
composer alike. What it sings is the opinion's affair."""

from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class Manner:
    """Leans in nats, shares 0..1."""
    slots: tuple[float, ...]        # over the slots of a tick
    durations: tuple[float, ...]    # over DURATIONS
    step: float                     # a semitone beyond a whole tone, more than elsewhere
    cell: float                     # a tick of a new phrase takes up the rhythm of one before
    sequence: float                 # and then its steps, too, higher or lower
    ornament: float                 # a phrase that returns is ornamented


# Chorales go in even quarters by step; the piano sings long lines over rests; folk tunes dance in
# short notes and leap; the lute breaks its line and rings on; a lullaby rocks, long and short.
MANNERS = {
    "chorale": Manner((1.3, -6.4, 1.3, -6.4), (-5.6, -0.8, 3.5, 0.0, -4.8), -0.4, 0.9, 0.15, 0.0),
    "piano": Manner((0.3, -0.5, 0.1, -0.3), (-2.0, -0.8, 0.0, 1.4, 1.0), 0.0, 0.7, 0.3, 0.2),
    "folk": Manner((0.5, 1.3, 1.0, 1.3), (1.0, 2.9, 0.5, -2.4, -4.8), 0.16, 0.8, 0.5, 0.35),
    "lute": Manner((0.3, 2.4, -0.3, 2.4), (2.9, 1.0, -1.3, 0.5, 1.0), 0.32, 0.65, 0.5, 0.45),
    "lullaby": Manner((2.4, -4.0, -3.2, 2.9), (-2.4, -0.8, 1.9, 1.9, -2.4), -0.16, 0.95, 0.3, 0.1),
}
PLAIN = MANNERS["piano"]


def between(now: Manner, goal: Manner, share: float) -> Manner:
    """A share 0..1 of the way from one to the other: manners morph."""
    return Manner(*(mixed(a, b, share) for a, b in zip(astuple(now), astuple(goal), strict=True)))


def mixed(a, b, share):  # type: ignore[no-untyped-def]
    if isinstance(a, tuple):
        return tuple(mixed(x, y, share) for x, y in zip(a, b, strict=True))
    return a + share * (b - a)
