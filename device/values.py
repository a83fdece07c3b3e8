"""Every value that crosses a room, with its units. All are frozen.

Times are monotonic seconds (`Clock.now`), shared by both processes of one boot, unless a field says
otherwise. A missing reading is None or a gap, never a plausible number.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, NamedTuple

from device.textures import SURFACES as SURFACES
from device.textures import TEXTURES as TEXTURES

if TYPE_CHECKING:       # the hub does without
    import numpy as np

TICK = 0.25             # s: the night's loop; the ADXL355's FIFO overflows after 0.51 s at 62.5 Hz
EPOCH = 30.0            # s: AASM scoring epoch
SCALES = ("ionian", "dorian", "phrygian", "lydian", "mixolydian", "aeolian", "pentatonic")
STYLES = ("chorale", "piano", "folk", "lute")
VOICES = ("pad", "bell", "piano", "drone", "swell")
SPEAKERS = ("mono", "pair", "headphones")    # one driver, a pair, or by the bed
# What the sound process can be told: from, to. Levels are dBA at the pillow.
SOUND_BOUNDS = MappingProxyType({
    "calibration": (50.0, 120.0),       # at 0 dBFS RMS
    "settle": (20.0, 50.0),
    "cap": (25.0, 60.0),
    "ceiling": (25.0, 60.0),
    "leq": (15.0, 60.0),
    "monitor": (0.0, 40.0),             # dB
    "highpass": (20.0, 300.0),          # Hz, or 0: the speaker's own
})
VERBS = ("raise", "lower", "forbid", "require")
LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Between:
    """Bounds of a number, both of them allowed: what is read from elsewhere must lie inside."""
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class OneOf:
    """The names that a text may be."""
    names: tuple[str, ...]


Share = Annotated[float, Between(0.0, 1.0)]
Minute = Annotated[int, Between(0, 24 * 60 - 1)]        # after midnight
Feeling = Annotated[float, Between(-1.0, 1.0)]
Rested = Annotated[int, Between(-1, 1)]                 # a morning: +1 good, −1 poor
Count = Annotated[int, Between(-1000, 1000)]            # nobody's night has more of anything
Latency = Annotated[float, Between(0.0, 24 * 60.0)]     # min


# ---- sensing: chip → Readings → Vitals → Epoch ---------------------------------------------------

@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """A run of evenly spaced readings from one chip. (The word *sample* is kept for audio.)"""
    # (n, channels), oldest first, n may be 0: counts (PPG: red, IR) or m/s² (x, y, z)
    values: "np.ndarray"
    start: float                # s: when values[0] was taken, by the chip's clock fitted to ours
    rate: float                 # Hz, measured
    lost: int = 0               # readings known to be lost just before values[0]


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """What the chips gave since the last tick."""
    time: float                             # s: when they were drained
    ppg: Signal | None = None               # None: no such chip, or it failed this tick
    motion: Signal | None = None
    trouble: tuple[str, ...] = ()           # what failed, in words; a gap for whatever is None


class Measured(NamedTuple):
    """A number and how far to trust it."""
    value: float
    quality: float              # 0..1


@dataclass(frozen=True, slots=True)
class Vitals:
    """The body, once a second; causal: nothing after `time` is in it."""
    time: float                             # s
    heart_rate: Measured | None = None      # /min
    rmssd: Measured | None = None           # ms, over the last 5 min
    breathing: Measured | None = None       # /min
    movement: float | None = None           # m/s² RMS over the last second, gravity removed
    # activity counts of the last second (te Lindert & Van Someren 2013)
    activity: float | None = None
    present: bool | None = None             # a finger or body on the sensor; None: can't tell
    turned: bool = False                    # posture changed in the last second
    beats: tuple[float, ...] = ()           # s: beats confirmed since the last Vitals
    # the rhythm leaps from beat to beat, more than breathing or a missed beat explains; the heart
    # rate is then one of beats over time
    uneven: bool = False


@dataclass(frozen=True, slots=True)
class Epoch:
    """30 s of the body, as the stager reads them."""
    index: int                              # 0 at the first whole epoch since power on
    start: float                            # s
    activity: float | None                  # activity counts of the epoch
    movement: float | None                  # m/s² RMS
    heart_rate: float | None                # /min, quality-weighted mean
    heart_sd: float | None                  # /min, SD of the second-by-second heart rate
    rmssd: float | None                     # ms
    breathing: float | None                 # /min
    # 0..1: share of seconds with a trusted heart rate of an even rhythm, which is what the stager
    # knows how to read
    heart_quality: float
    motion_quality: float                   # 0..1: share of seconds with motion
    present: bool | None
    uneven: bool = False                    # the heart's rhythm, in most seconds that have one


class Stage(StrEnum):
    WAKE = "wake"
    LIGHT = "light"             # N1 + N2
    DEEP = "deep"               # N3 (and N4 of R&K scoring)
    REM = "rem"


STAGES = tuple(Stage)


@dataclass(frozen=True, slots=True)
class Staging:
    """The judgement of one epoch. `p_asleep` None is an answer: "unknown"."""
    epoch: int
    time: float                             # s: the epoch's end
    p_asleep: float | None                  # 0..1
    stage: Stage | None
    probabilities: tuple[float, float, float, float] | None     # in the order of STAGES
    asleep: bool = False  # the onset detector's word: has fallen asleep and not woken since
    aroused: bool = False                   # the arousal detector's word, for this epoch
    p_slept: float | None = None            # 0..1: has slept since lights out, if a model knows


class Mode(StrEnum):
    """What the device is doing; session/modes.py leads from one to the next."""
    IDLE = "idle"               # waiting for a press; plays silence
    SETTLING = "settling"       # sound on, the sleeper is awake
    DRIFTING = "drifting"       # sleep is likely: the sound is on its way out
    ASLEEP = "asleep"           # silent, or soft if the owner wants it
    MASKING = "masking"         # an arousal is answered: softly, until sleep is believed again
    PAUSED = "paused"           # stopped by hand; the night goes on being watched
    WAKING = "waking"           # the alarm's dawn of sound
    MORNING = "morning"         # up: asks how the night was
    FAULT = "fault"             # no sensor or one that lies: a timer programme with the same fades


# ---- choosing: Context → Choice ------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class Recipe:
    """Where to go, not how. Silence is a recipe too: `music` 0 and every texture 0."""
    scale: Annotated[str, OneOf(SCALES)] = "dorian"     # a mode of music, not the device's Mode
    style: str = "piano"                # one of STYLES, or a point named in the composer's card
    pulse: Annotated[float, Between(40, 80)] = 56.0         # /min; a tick of music is two pulses
    density: Annotated[float, Between(0, 0.8)] = 0.35       # onsets/s
    register: Annotated[float, Between(45, 67)] = 57.0      # mean MIDI pitch
    brightness: Share = 0.35
    tension: Share = 0.2
    textures: Mapping[Annotated[str, OneOf(TEXTURES)], Share] = field(
        default_factory=lambda: MappingProxyType({"rain": 0.4})
    )
    surface: Annotated[str, OneOf(SURFACES)] = "leaves"     # that the rain falls on
    music: Share = 0.8
    level: Annotated[float, Between(-40, 0)] = 0.0          # dB re the settling level
    name: str = ""                      # of the programme it came from, if any

    def plain(self) -> dict:
        """JSON-able, for the diary."""
        return {**asdict(replace(self, textures={})), "textures": dict(self.textures)}

    @classmethod
    def of(cls, plain: Mapping) -> "Recipe":
        """What `plain` wrote. Raises KeyError or TypeError."""
        return cls(**{**plain, "textures": MappingProxyType(plain["textures"])})


SILENCE = Recipe(density=0.0, textures=MappingProxyType({}), music=0.0, level=-40.0, name="silence")


TASTE = 1       # version of `Taste`


@dataclass(frozen=True, slots=True)
class Taste:
    """What somebody's own music is like, within what may be played here; None isn't known. Features
    alone: no tune is in it, and no name of a file."""
    version: int = TASTE
    sleeper: str = ""                       # whose it is
    made: Annotated[float, Between(0, 1e11)] = 0.0      # s since 1970
    heard: Count = 0                        # pieces that said something
    sure: Share = 0.0                       # how well they were heard, and how far they agree
    music: Share = 1.0                      # share of the pieces that aren't rain, sea or noise
    pulse: Annotated[float, Between(40, 80)] | None = None      # /min
    density: Annotated[float, Between(0, 0.8)] | None = None    # onsets/s, as calm as it gets here
    register: Annotated[float, Between(45, 67)] | None = None   # mean MIDI pitch
    brightness: Share | None = None
    minor: Share | None = None              # share of the pieces
    style: Annotated[str, OneOf(("", *STYLES))] = ""            # the nearest
    textures: Mapping[Annotated[str, OneOf(TEXTURES)], Share] = field(
        default_factory=lambda: MappingProxyType({})
    )                                       # share of the pieces


@dataclass(frozen=True, slots=True)
class Context:
    """What the recommender may know when it chooses; None is missing, never zero."""
    probabilities: tuple[float, float, float, float] | None = None      # of STAGES
    heart_rate: float | None = None         # ratio to the sleeper's own baseline
    rmssd: float | None = None              # ratio to the sleeper's own baseline
    movement: float | None = None           # m/s² RMS, last epoch
    breathing: float | None = None          # /min
    since_lights_out: float = 0.0           # min
    hour: float | None = None               # 0..24 local; None when the clock is unknown
    last_sol: float | None = None           # min, mean of the last nights
    last_wakings: float | None = None       # per night, mean of the last nights
    valence: float | None = None            # −1..1, from an answer or a note
    arousal: float | None = None            # −1..1


class Contribution(NamedTuple):
    """One term of a score: exact, in the score's own unit."""
    name: str
    amount: float


@dataclass(frozen=True, slots=True)
class Reason:
    sentence: str                               # for a person
    contributions: tuple[Contribution, ...]     # the few that decided, largest first


class Wish(NamedTuple):
    """One thing that was asked for in words; a bound inside the vetted set, never a way around it.
    """
    verb: Annotated[str, OneOf(VERBS)]
    name: str  # a field of Recipe, a texture, a voice, "music", "silence" or a programme
    degree: Annotated[float, Between(0.0, 4.0)] = 1.0       # 0.5 a little, 2 much


class Doubt(NamedTuple):
    """Something that was named, and the two verbs of which one was likely meant, likelier first."""
    name: str
    first: str
    second: str


class Day(StrEnum):
    """Which days an alarm is said to be of."""
    ANY = ""                    # none was named
    NEXT = "next"               # the next one alone
    TODAY = "today"
    TONIGHT = "tonight"
    TOMORROW = "tomorrow"
    OVERMORROW = "overmorrow"   # the day after tomorrow
    WEEKDAY = "weekday"         # the next Saturday
    WEEKLY = "weekly"           # every Saturday
    DAILY = "daily"             # every day
    UNCLEAR = "unclear"         # some, but not one that is known here


class Days(NamedTuple):
    which: Day = Day.ANY
    weekdays: tuple[int, ...] = ()          # of WEEKDAY and WEEKLY; 0 is Monday


@dataclass(frozen=True, slots=True)
class Understood:
    """A short note as the device takes it."""
    language: str = ""                      # "en", "zh"; "" is unknown: nothing else is set then
    wishes: tuple[Wish, ...] = ()
    like_last: bool = False                 # "like last night"
    always: bool = False                    # not for tonight alone
    undo: bool = False
    rested: int | None = None               # a morning's word: +1 slept well, −1 badly
    valence: float | None = None            # −1..1
    arousal: float | None = None            # −1..1
    mood: str = ""                          # "tense", "weary" or neither
    unsure: tuple[str, ...] = ()            # things that were named, but not what is wished of them
    confidence: tuple[float, ...] = ()      # 0..1, of each of `wishes`
    doubts: tuple[Doubt, ...] = ()          # of each of `unsure` that has two likely meanings
    # Two short notes to tap where something is asked back; either is understood like a typed one.
    choices: tuple[str, ...] = ()
    alarm: int | None = None                # minutes after midnight: "wake me at half past six"
    timer: int | None = None                # minutes: "stop after twenty minutes"
    nap: int | None = None                  # minutes until the alarm: "wake me in twenty minutes"
    cancels: tuple[str, ...] = ()           # "alarm", "timer"
    clock: bool = False                     # one of them is spoken of, but not what is asked of it
    stop: bool = False                      # what sounds now should stop, and nothing else is said
    beyond: tuple[str, ...] = ()            # what was asked for and isn't this device's: "lights"
    distress: str = ""                      # "sad", "crisis" or neither
    days: Days = Days()                     # of the alarm that is set or cancelled


class Counts(StrEnum):
    """For what a note counts."""
    TONIGHT = "tonight"     # at once
    LATER = "later"         # no night has begun: for the one to come
    OVER = "over"           # it is morning: of the night that was
    NOWHERE = "nowhere"     # no device heard it


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand as a note is answered, so that no answer says what isn't so."""
    counts: Counts = Counts.TONIGHT
    muted: bool = False             # by hand
    last: bool = True               # last night's sound is known
    chosen: bool = False            # somebody slept already: no other programme is begun tonight
    keeps: bool = True              # wishes for every night are kept: not a guest's
    asks: bool = False              # whether what was wished is for every night waits for a word
    stops: str = ""                 # what "stop" ends: the "sound", the "alarm", or ""
    silence: str = ""               # why nothing sounds now: "paused", "asleep", or ""
    alarm: int | None = None        # minutes after midnight: that of a nap, if the time is known
    # days whose alarm was set or cancelled, 0 is Monday: of every week, or the one to come
    on: tuple[int, ...] = ()
    weekly: bool = False
    unset: str = ""     # why it wasn't: "unclear", "taken", "past", "zoneless", "timeless", or ""
    undoes: str = "last"            # what "undo" takes back: the "last" note, "all" of them, or ""
    # h after lights out at which the alarm rings, while the time isn't known
    elapsed: float | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A decision that can be replayed: same inputs and seed, same recipe."""
    recipe: Recipe
    reason: Reason
    seed: int
    propensity: float               # probability with which this candidate was drawn
    candidate: int                  # its place among the candidates
    receipt: Mapping[str, object]   # all that the choice depended on, JSON-able


@dataclass(frozen=True, slots=True)
class Worth:
    """What a night taught the recommender."""
    reward: float               # min: sleep and what was said of it, weighed
    sooner: float | None        # min: of it sleep alone; None: nobody was seen falling asleep


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a night went, for learning. Parts are stored apart; None is missing."""
    sol: Latency | None = None          # sleep onset latency
    wakings: Count | None = None
    liked: Count = 0                    # likes minus skips of the recipe
    turned_down: Count = 0              # times the volume was lowered
    rested: Rested | None = None        # the morning's answer
    signal_quality: Share = 0.0         # 0..1: share of epochs that could be judged


# ---- composing and sounding: Phrase, Scene → socket → sound --------------------------------------

class Note(NamedTuple):
    start: float                # s after the phrase's start
    pitch: int                  # MIDI
    duration: float             # s
    velocity: float             # 0..1
    voice: str                  # one of VOICES


@dataclass(frozen=True, slots=True)
class Phrase:
    """One tick of music or more: notes over a length of time."""
    length: float                           # s
    notes: tuple[Note, ...]
    start: float | None = None              # s; None until the night places it
    section: str = ""                       # of the form, for the diary


@dataclass(frozen=True, slots=True)
class Scene:
    """Where the soundscape should go. The sound process bounds it again: nothing here can exceed
    the caps."""
    textures: Mapping[str, float]           # layer → linear gain 0..1
    music: float                            # 0..1
    brightness: float                       # 0..1
    level: float  # dB re the settling level: −80 is silence; above 0 only while waking
    glide: float                            # s to get there
    waking: bool = False  # the alarm: may rise above the settling level, up to the user's ceiling
    breath: float = 0.0                     # /min: swells at the pace of a breath; 0 is none
    distance: float = 0.0                   # 0..1: of the textures; far ones are dark and even
    intensity: float = 1.0                  # 0..1: how many drops, bubbles or crackles there are
    surface: str = "leaves"                 # one of SURFACES: that the rain falls on


@dataclass(frozen=True, slots=True)
class Volume:
    """The sleeper's own knob."""
    volume: float               # 0..1: −40..0 dB
    muted: bool = False         # after the ring: heard within 100 ms


@dataclass(frozen=True, slots=True)
class Asleep:
    """Somebody may be asleep, until a hand or the morning says otherwise. Restarts don't."""
    maybe: bool


@dataclass(frozen=True, slots=True)
class Panic:
    """Everything off in 50–100 ms; a new Scene starts over with a fade-in."""


@dataclass(frozen=True, slots=True)
class Advance:
    """Lock-step only: render up to `time` and answer with a Heartbeat. `heard` False skips ahead
    without rendering."""
    time: float                 # s
    heard: bool = True


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The sound process's word, twice a second, or the answer to Advance."""
    time: float                 # s
    frame: int                  # frames played since the process started
    level: float  # dBA at the pillow over the last second (estimated from the calibration)
    peak: float                 # dBFS since the last heartbeat
    dose: float  # dBA·h equivalents: pressure-squared hours re 0 dBA since the process started
    underruns: int = 0
    refused: int = 0            # messages that were malformed or out of bounds
    device: str = ""            # what it plays on; "" when nothing


# ---- hands and others: what comes into the inbox -------------------------------------------------

class Press(StrEnum):
    SHORT = "short"     # acts at once, on release
    SECOND = "second"   # another, soon after
    THIRD = "third"
    HOLD = "hold"       # while the finger is still down
    LONG = "long"       # and still


class Greeting(NamedTuple):
    """What works, being told."""
    start: float                        # s
    found: tuple[bool | None, ...]      # part by part; None: nobody expects it


class Edge(NamedTuple):
    """The button's contact closed (pressed) or opened."""
    pressed: bool
    time: float         # s


@dataclass(frozen=True, slots=True)
class Command:
    """One bounded wish from afar. `reply` takes its answer, where somebody waits for it.

    `value` is a bool (sound, privacy, sharing), 0..1 (volume, volume_cap, light), minutes (timer; 0
    is off), minutes after midnight (alarm, quiet_from, quiet_to; None is off), text (programme,
    message, say, choose, zone), or None: so is a `say` that is too long or no text. A weekday's
    alarm and the next one's may be −1, off, or −2, as on every day.
    """
    kind: str
    value: bool | float | int | str | None = None
    id: str = ""
    reply: Callable[[str], object] | None = None
    zone: str = ""      # of the tz database: where it was asked; "" isn't told


QUESTION = "quiet_v1"       # whether silence is best: what beds are asked, and what a prior answers


@dataclass(frozen=True, slots=True)
class Prior:
    """For each answer of a question the share of beds that gave it, debiased, with its error."""
    version: Annotated[int, Between(0, 2**53)]  # grows; an older one is nobody's business any more
    question: str
    shares: tuple[Share, ...]                   # sum 1
    errors: tuple[Share, ...]  # standard errors before shares were made to sum to 1
    reports: int


class Lack(NamedTuple):
    """A part that is missing, or was."""
    trouble: str        # in words: what stands for it, and the remedy
    over: bool = False


class Stop(NamedTuple):
    """SIGTERM or the end of the terminal: leave.

    The night is finished, or left for another process to resume.
    """
    finish: bool = True


# ---- the morning ---------------------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 90 % interval."""
    value: float                # the mean of what may have been
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimates:
    """A night's sums with their intervals, in minutes unless named."""
    sol: Estimate
    tst: Estimate
    waso: Estimate
    wakings: Estimate           # number
    long_wakings: Estimate      # number: of 5 min and more
    light: Estimate
    deep: Estimate
    rem: Estimate
    slept: Share                # chance that there was sleep to speak of
    long_waking: Share          # chance of at least one waking of 5 min and more


@dataclass(frozen=True, slots=True)
class Sums:
    """A night in the AASM manual's terms, in minutes unless named.

    `None`: there was no sleep to speak of.
    """
    tib: float                  # time in bed: every epoch given
    tst: float                  # total sleep time
    sol: float | None           # sleep onset latency: to the first epoch of any sleep
    spt: float                  # sleep period: first to last epoch of sleep
    waso: float                 # wake after sleep onset, within the sleep period
    final_wake: float  # awake after the last epoch of sleep (AASM's WASO: waso + final_wake)
    efficiency: float | None    # share 0..1: tst over the time that could be judged
    wakings: int                # runs of wake within the sleep period
    long_wakings: int           # of them, of 5 min and more
    unknown: float              # epochs that could not be judged
    light: float
    deep: float
    rem: float
    estimates: Estimates | None = None      # None: nothing judged, or by a fallback without them


@dataclass(frozen=True, slots=True)
class Seen:
    """What may be said of a night in the morning, beside its sums."""
    judged: Share                               # of its epochs
    onset: bool                                 # whether falling asleep could be watched
    # wakings of 5 min and more that the night itself believed in: s after lights out, min
    awake: tuple[tuple[float, float], ...]
    nap: bool
    calibrated: bool                            # somebody measured how loud the speaker is


class Light(StrEnum):
    """What the LED shows; what each means is in sentences.toml."""
    OFF = "off"
    BREATHING = "breathing"     # winding down
    STEADY = "steady"           # waiting for a press
    MUTED = "muted"             # a short blink every four seconds
    TROUBLE = "trouble"         # two blinks every four seconds
    THANKS = "thanks"           # a press was felt
