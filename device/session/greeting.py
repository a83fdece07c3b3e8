"""What works, told without words: part after part by light and by a soft note. At the first start,
and when the button is held for three seconds in idle."""

from collections.abc import Collection

from device.sentences import say
from device.session.modes import Mode
from device.session.state import At, Decision, State
from device.session.things import Do, Note, Restart, Save, Send, Shape, Tell
from device.values import Greeting, Phrase, Scene, Volume
from device.values import Note as Tone

# In the order of their turns; the guide has the table.
PARTS = ("sensor", "speaker", "button", "Wi-Fi", "hub")
MISSING = "no "         # before the name of one that was looked for and isn't there
BEFORE, TURN = 2.0, 3.0         # s: until the first; of each
GLOW, BLINK, GAP = 1.4, 0.2, 0.5            # s: found; missing, twice
BRIGHT = 0.12                   # of full brightness
RISING = (60, 64, 67, 69, 72)   # MIDI, a pentatonic scale: a part that is there
LOW = 48                        # one that isn't, twice
SOFT, LEVEL = 0.35, -12.0       # velocity; dB re the settling level


def begun(state: State, found: Collection[str], at: At, quiet: bool) -> Decision:
    """`found`: names of PARTS, with MISSING before those that aren't there; of others nothing is
    expected. Only while nobody is in a night; without sound in `quiet` hours or muted."""
    if state.tonight.mode is not Mode.IDLE:
        return state, []
    there = tuple(True if part in found else False if MISSING + part in found else None
                  for part in PARTS)
    greeting = Greeting(at.now + BEFORE, there)
    state = state.with_status(greeting=greeting)
    things: list[Do] = [Note("found", say("inventory", found=listed(there, True),
                                          missing=listed(there, False)))]
    if not quiet and not state.settings.muted:
        things += [Send(Scene({}, 1.0, 0.4, LEVEL, 1.0)), Send(melody(greeting))]
    return state, things


def listed(there: tuple[bool | None, ...], which: bool) -> str:
    names = [part for part, found in zip(PARTS, there, strict=True) if found is which]
    return ", ".join(names) or "nothing"


def melody(greeting: Greeting) -> Phrase:
    notes: list[Tone] = []
    for turn, found in enumerate(greeting.found):
        start = TURN * turn
        if found:
            notes.append(Tone(start, RISING[turn], GLOW, SOFT, "piano"))
        elif found is False:
            notes += [Tone(start, LOW, BLINK, SOFT, "piano"),
                      Tone(start + GAP, LOW, BLINK, SOFT, "piano")]
    return Phrase(TURN * len(PARTS), tuple(notes), start=greeting.start)


def brightness(greeting: Greeting, now: float) -> float:
    """0..1 at `now` s: a long glow for a part that is there, two blinks for one that isn't."""
    turn, into = divmod(now - greeting.start, TURN)
    if not 0 <= turn < len(greeting.found) or greeting.found[int(turn)] is None:
        return 0.0
    if greeting.found[int(turn)]:
        return BRIGHT if into < GLOW else 0.0
    return BRIGHT if into < BLINK or GAP <= into < GAP + BLINK else 0.0


def over(state: State, at: At) -> bool:
    greeting = state.status.greeting
    return greeting is not None and at.now >= greeting.start + TURN * len(greeting.found)


def ended(state: State) -> Decision:
    """The sound goes where the night wants it."""
    return state.with_status(greeting=None), [Restart(), Shape()]


def asked(state: State, at: At) -> Decision:
    """The button was held for long: what holding it did a moment before is taken back."""
    if state.tonight.mode is not Mode.IDLE or state.owner.lock:
        return state, []
    state = state.with_settings(muted=False).with_status(asked=at.now)
    return state, [Send(Volume(state.status.sent, False)), Save(), Tell()]
