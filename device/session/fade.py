"""How the sound follows the body: from where the night stands to where the soundscape should go.

Depth is the fade's place: 0 is the settling level, 1 is silence. It moves towards P(asleep) at
bounded speed, down over `fade` minutes and back up over `RETURN`, so that whatever the stager says
nothing ever jumps.
"""

import math
from dataclasses import dataclass, replace

from device.programmes import DEFAULT
from device.session.modes import Mode
from device.session.settings import Rules
from device.values import EPOCH, Epoch, Recipe, Scene

SILENT = -80.0          # dB
FADED = -30.0           # dB re the settling level: where a fade ends before silence; 10 dBA
SOFT = -12.0            # dB: keep_playing's level while asleep, 28 dBA
RETURN = 5.0            # min: coming back from silence to the settling level
HURRY = 8.0             # s: a press asked for quiet
EASE = 180.0            # s: nobody is there who waits for it: a timer ran out
ANSWER = 4.0            # s: a press asked for sound
AUDIBLE = -20.0         # dB re the settling level: 20 dBA
RISE = 0.5              # dB/s: the fastest rise that nobody asked for
DAWN = 180.0            # s: the alarm's rise
MAYBE = 0.15            # depth from which somebody may be asleep: P(asleep) of 0.3 leads there
FEWER = 0.75            # of the single drops: gone by then
BREATHS = (6.0, 12.0)           # /min: between which swells lead the breath
SLOWER = 0.85                   # × the sleeper's own breath


def withdrawn(rules: Rules, nights: int) -> Rules:
    """The sound needs less week by week, down to 12 dB softer and half as long."""
    weeks = nights // 7
    share = max(1 - 0.05 * weeks, 0.5)
    return replace(
        rules,
        softer=min(1.0 * weeks, 12.0),
        fade=max(rules.fade * share, 5.0),
        timer=rules.timer * share,
    )


def deepen(
    depth: float, mode: Mode, p_asleep: float | None, asleep: bool, minutes: float, rules: Rules
) -> float:
    """Depth after one more epoch; masking has its own. `minutes` since lights out count only when
    nothing can be judged."""
    if mode is Mode.FAULT:
        goal = 1.0 if minutes >= rules.timer else 0.0
    elif mode in (Mode.SETTLING, Mode.DRIFTING) and asleep:
        goal = 1.0
    elif mode in (Mode.SETTLING, Mode.DRIFTING) and p_asleep is not None:
        # Half way down is as far as a guess leads; only believed sleep leads to silence.
        goal = 0.5 * p_asleep
    else:
        return depth
    down, up = EPOCH / 60 / rules.fade, EPOCH / 60 / RETURN
    return min(max(goal, depth - up), depth + down, 1.0)


def floor(rules: Rules) -> float:
    """dB re the recipe's level where the fade ends."""
    return SOFT if rules.keep_playing else FADED


def level(recipe: Recipe, depth: float, rules: Rules) -> float:
    """dB re the settling level, that far down the fade."""
    down = recipe.level - rules.softer + floor(rules) * depth
    return SILENT if silent(recipe) else max(down, SILENT)


def scene(
    mode: Mode, recipe: Recipe, depth: float, rules: Rules, epoch: Epoch | None = None
) -> Scene:
    """Where the sound should be at the end of this epoch. `epoch`: the body in the last one."""
    away = receded(mode, depth)
    return replace(
        _scene(mode, recipe, depth, rules, epoch), distance=away, intensity=1.0 - FEWER * away
    )


def receded(mode: Mode, depth: float) -> float:
    """0..1: how far the textures have gone. All the way while somebody may be asleep, and where
    nothing tells."""
    if mode is Mode.SETTLING:
        return min(depth / MAYBE, 1.0)
    return 0.0 if mode in (Mode.WAKING, Mode.IDLE, Mode.MORNING) else 1.0


def _scene(
    mode: Mode, recipe: Recipe, depth: float, rules: Rules, epoch: Epoch | None
) -> Scene:
    if mode is Mode.WAKING:
        return scene_at(audible(recipe), 6.0, DAWN, waking=True)
    if mode is Mode.PAUSED:
        return scene_at(recipe, SILENT, EASE)
    if mode is Mode.ASLEEP and rules.keep_playing:
        return scene_at(recipe, level(recipe, 1.0, rules), EPOCH)
    if mode in (Mode.SETTLING, Mode.DRIFTING, Mode.MASKING, Mode.FAULT):
        gone = depth >= 1.0 and not rules.keep_playing
        down = SILENT if gone else level(recipe, depth, rules)
        swelling = recipe.music and mode is not Mode.MASKING
        swells = breath(epoch.breathing if epoch else None) if swelling else 0.0
        return replace(scene_at(recipe, down, EPOCH), breath=swells)
    return scene_at(recipe, SILENT, EPOCH)


def breath(breathing: float | None) -> float:
    """/min, of the swells: a little slower than the sleeper breathes, in half breaths so that it
    seldom changes."""
    low, high = BREATHS
    return low if breathing is None else min(max(round(2 * SLOWER * breathing) / 2, low), high)


def scene_at(recipe: Recipe, level: float, glide: float, waking: bool = False) -> Scene:
    return Scene(
        recipe.textures,
        recipe.music,
        recipe.brightness,
        SILENT if silent(recipe) else max(level, SILENT),
        glide,
        waking,
        surface=recipe.surface,
    )


@dataclass(frozen=True, slots=True)
class Course:
    """A scene on its way. The sound process glides evenly in √amplitude (`sound/glide.py`)."""
    low: float              # dB re the settling level, where it set out
    scene: Scene
    began: float            # s

    def at(self, now: float) -> float:
        """dB re the settling level."""
        share = min((now - self.began) / self.scene.glide, 1.0) if self.scene.glide else 1.0
        low, high = root(self.low), root(self.scene.level)
        return max(40 * math.log10(max(low + (high - low) * share, 1e-4)), SILENT)


def course(before: Course | None, wanted: Scene, now: float, by_hand: bool = False) -> Course:
    """From where `before` has got to."""
    low = before.at(now) if before else SILENT
    return Course(low, prompt(wanted) if by_hand else gentle(low, wanted), now)


def root(level: float) -> float:
    """√amplitude of a level in dB."""
    return 0.0 if level <= SILENT else 10 ** (level / 40)


def gentle(low: float, scene: Scene) -> Scene:
    """The same goal, but a rise from `low` dB takes the time that a sleeper is due."""
    # steepest in dB where it begins, or where it becomes audible
    start = max(root(low), root(AUDIBLE))
    # dB/s, were it to take 1 s
    steepest = 40 / math.log(10) * (root(scene.level) - root(low)) / start
    return replace(scene, glide=max(scene.glide, steepest / RISE))


def prompt(scene: Scene) -> Scene:
    """A hand asked for it, and waits."""
    return replace(scene, glide=min(scene.glide, ANSWER if scene.level > SILENT else HURRY))


def audible(recipe: Recipe) -> Recipe:
    """For the alarm: it is heard after a night of silence, too."""
    return DEFAULT if silent(recipe) else recipe


def silent(recipe: Recipe) -> bool:
    return recipe.music == 0 and not any(recipe.textures.values())


def steered(recipe: Recipe, mode: Mode) -> Recipe:
    """What the composer should aim at: masking needs no melody, dawn some more of it."""
    if mode is Mode.MASKING:
        return replace(recipe, density=min(recipe.density, 0.15), music=recipe.music * 0.5)
    if mode is Mode.WAKING:
        recipe = audible(recipe)
        return replace(
            recipe,
            density=min(recipe.density + 0.2, 0.8),
            brightness=min(recipe.brightness + 0.2, 1.0),
            register=min(recipe.register + 5, 67.0),
            music=1.0,
            level=0.0,
        )
    return recipe
