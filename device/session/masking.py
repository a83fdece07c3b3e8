"""Whether an arousal is answered, how softly, and until when. Sound into sleep needs a reason.

Evidence is in log odds of being awake. An arousal is answered where being awake weighs more than
sound heard asleep would cost: above the bar. Each answer of a night raises the bar for those after
it, and what masking has been worth to this sleeper moves it, within bounds.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from device.session import fade
from device.session.fade import floor, level, silent
from device.session.modes import SOUNDING, Event, Mode
from device.session.settings import Rules
from device.session.sleeper import Sleeper
from device.session.tonight import Tonight
from device.values import Epoch, Scene, Staging

# Shares of the last two minutes in the evidence, newest first: a stir that is over after half a
# minute counts for little.
NEWEST = (0.4, 0.2, 0.2, 0.2)
BEFORE = 12             # epochs that sleep before it is judged by
USUAL = -3.0            # log odds of wake in settled sleep
LEAN = 0.33             # share of what lies above that which is taken off: the restless stir more
SUREST = 1e-3           # no probability counts as nearer to 0 or 1
# Log odds that are answered, by the owner's choice: what each costs and gives is printed by
# `tools/evaluate night`. From −1 to −0.25 as many of the 22 labelled nights' wakings are answered,
# with 0.8 to 0.2 false maskings a night.
BARS = {"rare": 0.5, "usual": -0.5, "generous": -1.5}
DEARER = 0.5            # log odds that each answer adds to the bar,
FORGOTTEN = 240.0       # epochs until a third of that is left
TRIES = 3               # unanswered ones, after which the night stays silent
REST = 5.0              # min of silence between two
MASK = -12.0            # dB re the settling level: 28 dBA, and softer if sleep came softer
HOLD = 120.0            # s in which an answer is heard before it follows the belief down
CALM = (0.5, 0.9)       # P(asleep) between which it follows it
FALL = 5.0              # dB an epoch: at most 2 dB in any 10 s of its glide
SOON = 180.0            # s: sleep that is believed sooner would have come by itself
KEPT = 12               # answers by which masking is judged
NEVER = 6               # of them without one that helped: silence


# ---- whether -------------------------------------------------------------------------------------

def worth_it(tonight: Tonight, sleeper: Sleeper, rules: Rules, now: float) -> bool:
    """Whether to answer what the newest epoch tells, out of silence. `now`: s, monotonic."""
    if rules.masking <= 0 or rules.answer not in BARS or rules.keep_playing:
        return False
    if tonight.came_at + rules.noise <= floor(rules):       # sleep came in silence
        return False
    if tonight.unanswered >= TRIES or given_up(sleeper) and rules.answer != "generous":
        return False
    rested = not tonight.dearer or now - tonight.since >= 60 * REST
    return rested and evidence(tonight.stagings) >= bar(tonight, sleeper, rules)


def evidence(stagings: Sequence[Staging]) -> float:
    """Log odds of lying awake, of the newest epoch and those before it; −inf where it is unknown.
    """
    odds = [log_odds(staging.p_asleep) for staging in stagings[-BEFORE:]]
    if not odds or odds[-1] is None:
        return -math.inf
    new, old = odds[-len(NEWEST):][::-1], [o for o in odds[:-len(NEWEST)] if o is not None]
    known = [(share, o) for share, o in zip(NEWEST, new, strict=False) if o is not None]
    now = sum(share * o for share, o in known) / sum(share for share, _ in known)
    before = sum(old) / len(old) if old else USUAL
    return now - LEAN * (before - USUAL)


def log_odds(p_asleep: float | None) -> float | None:
    """Of wake."""
    if p_asleep is None:
        return None
    awake = min(max(1 - p_asleep, SUREST), 1 - SUREST)
    return math.log(awake / (1 - awake))


def bar(tonight: Tonight, sleeper: Sleeper, rules: Rules) -> float:
    """Log odds from which an arousal is answered."""
    return BARS[rules.answer] + tonight.dearer - math.log(2 * worth(sleeper))


def worth(sleeper: Sleeper) -> float:
    """Share of answers after which sleep came back, 1/8..7/8, and a half until something is known:
    two of four, before any."""
    helped = sleeper.masked[-KEPT:]
    return (sum(helped) + 2) / (len(helped) + 4)


def given_up(sleeper: Sleeper) -> bool:
    return len(sleeper.masked) >= NEVER and not any(sleeper.masked[-KEPT:])


# ---- how softly, and until when ------------------------------------------------------------------

def start(tonight: Tonight, rules: Rules) -> float:
    """The fade's depth where an answer begins: never above the level at which the sleeper fell
    asleep, but for what a noisy room needs."""
    softest = min(MASK, tonight.came_at - level(tonight.recipe, 0.0, rules))
    return min(max((softest + rules.noise) / floor(rules), 0.0), 1.0)


def scene(tonight: Tonight, rules: Rules, epoch: Epoch | None) -> Scene:
    """As `fade.scene`, and no answer louder than that, whatever is chosen or asked for meanwhile;
    from afar while somebody may be asleep, whatever was asked for."""
    wanted = fade.scene(tonight.mode, tonight.recipe, tonight.depth, rules, epoch)
    if tonight.asleep and tonight.mode in SOUNDING:
        wanted = replace(wanted, distance=1.0, intensity=1.0 - fade.FEWER)
    if tonight.mode is not Mode.MASKING:
        return wanted
    most = max(tonight.came_at + rules.noise, fade.SILENT)
    return replace(wanted, level=min(wanted.level, most))


def follow(tonight: Tonight, staging: Staging, rules: Rules) -> float:
    """Depth after one more epoch of masking: as deep as sleep is believed, to silence once it is or
    time is up."""
    first, in_mode = start(tonight, rules), staging.time - tonight.since
    low, high = CALM
    if staging.asleep or in_mode >= 60 * rules.masking:
        goal = 1.0
    elif staging.p_asleep is None or in_mode < HOLD:
        goal = tonight.depth
    else:
        share = (staging.p_asleep - low) / (high - low)
        goal = first + (1 - first) * min(max(share, 0.0), 1.0)
    return min(goal, tonight.depth - FALL / floor(rules), 1.0)


def over(tonight: Tonight, staging: Staging, rules: Rules) -> bool:
    """Silent, and either sleep is believed or time is up."""
    up = staging.time - tonight.since >= 60 * rules.masking
    return tonight.depth >= 1.0 and (staging.asleep or up)


# ---- what it was worth ---------------------------------------------------------------------------

def begun(tonight: Tonight, rules: Rules) -> Tonight:
    return replace(tonight, depth=start(tonight, rules), dearer=tonight.dearer + DEARER)


def ended(tonight: Tonight, answer: Tonight, event: Event, now: float) -> Tonight:
    """An `answer` is over: without sleep it was in vain. Sleep that came at once says nothing of
    it, nor does a hand that ends it at once, the alarm, nor an answer that was silence."""
    if event in (Event.ALARM, Event.UP) or tonight.played is not None and silent(tonight.recipe):
        return tonight
    cut_short = event in (Event.PRESS, Event.STOP) and now - answer.since < SOON
    if cut_short or answer.found is not None and answer.found - answer.since < SOON:
        return tonight
    if answer.found is not None:
        return replace(tonight, masked=(*tonight.masked, True))
    return replace(tonight, unanswered=tonight.unanswered + 1, masked=(*tonight.masked, False))


def forgetting(dearer: float) -> float:
    """What the night's answers add to the bar, an epoch later."""
    return dearer * math.exp(-1 / FORGOTTEN) if dearer > 1e-3 else 0.0

