"""Whatever happens in whatever order, a restart included: nothing raises, no setting is lost, and
nothing rises faster than a sleeper is due, unless a hand at the bed asked for it."""

import contextlib
import math
import re
from dataclasses import replace
from datetime import timedelta

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from device.hardware.button import Presses
from device.night import RING
from device.programmes import NAMES
from device.session import fade, masking
from device.session.controls import KNOB
from device.session.modes import NEXT, Event, Mode
from device.session.settings import Knobs, Owner, Rules
from device.values import (
    EPOCH,
    Command,
    Edge,
    Phrase,
    Prior,
    Readings,
    Recipe,
    Scene,
    Staging,
    Stop,
    Understood,
    Volume,
    Wish,
)
from tests.session.around import BEAT, EVENING, choice, epoch, silence
from tests.session.pretend import Pages, Pretence

SHARES = st.floats(0, 1) | st.sampled_from([0.0, 0.3, 1.0])
MINUTES = st.none() | st.integers(0, 1439)
COMMANDS = st.one_of(
    st.tuples(st.sampled_from(["sound", "privacy", "sharing"]), st.booleans()),
    st.tuples(st.sampled_from(["volume", "volume", "volume_cap", "light"]), SHARES),
    st.tuples(st.sampled_from(["stop", "identify", "firmware"]), st.none()),
    st.tuples(st.just("timer"), st.sampled_from([0.0, 1.0, 30.0])),
    st.tuples(st.just("programme"), st.sampled_from(NAMES)),
    st.tuples(st.sampled_from(["alarm", "quiet_from", "quiet_to"]), MINUTES),
    st.tuples(st.just("message"), st.text(max_size=5)),
    st.tuples(st.just("say"), st.none() | st.text(max_size=5)),
)
WISHES = st.lists(st.sampled_from([
    Wish("forbid", "bell"), Wish("require", "silence"), Wish("require", "slow tide"),
    Wish("raise", "rain"), Wish("lower", "level", 2.0)]), max_size=2)
NOTES = st.builds(
    Understood, st.sampled_from(["", "en", "zh"]), WISHES.map(tuple), st.booleans(), st.booleans(),
    st.booleans(), st.sampled_from([None, 1, -1]), mood=st.sampled_from(["", "tense"]))
BODIES = {      # P(asleep), asleep, aroused, present
    "awake": (0.1, False, False, True), "drowsy": (0.7, False, False, True),
    "asleep": (0.95, True, False, True), "stirs": (0.4, True, True, True),
    "unseen": (None, False, False, None), "away": (None, False, False, False),
}
CHOICES = st.sampled_from([
    choice(1), choice(2, Recipe(textures={"wind": 1.0}, level=-20.0)), choice(4, Recipe(music=1.0)),
    silence()])
RULES = st.builds(
    Rules, fade=st.sampled_from([1.0, 15.0]), timer=st.sampled_from([1.0, 45.0]),
    masking=st.sampled_from([0.0, 1.0, 6.0]), keep_playing=st.booleans(), trial=st.booleans(),
    softer=st.sampled_from([0.0, 6.0]))
KEPT = ("known:sleeper", "learner:sleeper", "taste:sleeper", "choices")


class Bed(RuleBasedStateMachine):
    """A night that lives on over restarts; the sound process may outlive it."""

    def __init__(self):
        super().__init__()
        self.pages, self.wall = Pages(), EVENING
        self.now, self.index, self.away = 100.0, 0, False
        self.course: fade.Course | None = None      # as the sound process goes; None: in silence
        self.knob = 1.0
        self.taught: list[int] = []                 # nights that the recommender learned from
        self.told: Mode | None = None               # a hand's or the hub's last word

    @initialize(rules=RULES, volume=SHARES, recipe=CHOICES, body=st.sampled_from(sorted(BODIES)))
    def a_night_begins(self, rules, volume, recipe, body):
        self.owner = Owner(rules=rules, knobs=Knobs(volume), ceiling=0.9, zone=EVENING.tzinfo)
        self.recipe = recipe
        self.start()
        self.expected = self.night.state.settings
        self.the_button_is_pressed(0.1, 1)
        self.epochs_pass(body, 60)

    def start(self):
        """A new process, as `Night.run` begins."""
        self.mine = Pretence(self.pages, self.owner, now=self.now)
        self.night, self.clock = self.mine.night, self.mine.clock
        self.clock.set_wall(self.wall.timestamp())
        self.mine.recommender.answer(choose=lambda *_, **__: self.recipe, learn=self.learn)
        self.night.parts = self.night.parts.having(button=Presses())
        self.sent, self.written = [], 0.0       # what the sound process is told, and when
        self.mine.sound.answer(send=lambda message: self.sent.append((self.clock.now(), message)))
        if self.away:
            self.mine.sound.answer(heartbeat=None)
        with self.judged():
            self.night.resume()

    def learn(self, receipts, outcome):
        self.taught.append(self.night.state.tonight.number)

    @contextlib.contextmanager
    def judged(self, hand=False):
        """What the sound process is told meanwhile; `hand`: somebody waits for it."""
        private, personal = self.pages.private, {key: self.pages.memory.get(key) for key in KEPT}
        rows = len(self.pages.rows)
        yield
        for now, message in self.sent:
            self.judge(message, now, hand)
        self.sent.clear()
        if private and self.pages.private:
            assert len(self.pages.rows) == rows
            assert all(self.pages.memory.get(key) in (None, was) for key, was in personal.items())

    def judge(self, message, now, hand):
        low = self.course.at(now) if self.course else fade.SILENT
        if isinstance(message, Scene) and not self.away:
            start = max(fade.root(low), fade.root(fade.AUDIBLE))
            steepest = 40 / math.log(10) * (fade.root(message.level) - fade.root(low)) / start
            assert hand or steepest / max(message.glide, 1e-3) <= fade.RISE + 1e-6
            self.course = fade.Course(low, message, now)
        elif isinstance(message, Volume):
            rise = KNOB * (message.volume - self.knob)
            assert hand or low == fade.SILENT or rise <= fade.RISE * self.owner.tick + 1e-6
            assert message.volume <= self.expected.cap <= self.owner.ceiling
            self.knob = message.volume
        elif isinstance(message, Phrase):
            assert message.start >= max(self.written, now + RING)
            self.written = message.start + message.length

    # ---- what happens ----------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.25, 1.0, 30.0, 600.0]))
    def time_passes(self, seconds):
        self.told = None
        self.clock.sleep(seconds)
        with self.judged():
            self.night.on_tick(self.clock.now())

    @rule(body=st.sampled_from(sorted(BODIES)), times=st.sampled_from([1, 4, 12, 60]))
    def epochs_pass(self, body, times):
        p, asleep, aroused, present = BODIES[body]
        self.told = None
        for _ in range(times):
            self.clock.sleep(EPOCH)
            self.index += 1
            now = self.clock.now()
            judged = Staging(self.index, now, p, None, None, asleep=asleep, aroused=aroused)
            self.mine.stager.answer(judge=lambda *_, judged=judged: judged)
            with self.judged():
                self.night.on_epoch(epoch(index=self.index, start=now, present=present))
                self.night.on_tick(now)

    @rule(down=st.sampled_from([0.1, 0.1, 1.0]), times=st.integers(1, 3))
    def the_button_is_pressed(self, down, times):
        for _ in range(times):
            for pressed, seconds in ((True, down), (False, 0.1)):
                muted = self.night.state.settings.muted
                with self.judged(hand=True):
                    self.night.hear(Edge(pressed, self.clock.now()))
                    self.clock.sleep(seconds)
                    self.night.poll_button()
                if self.night.state.settings.muted is not muted:
                    self.expected = replace(self.expected, muted=not muted)
        self.told = self.night.mode

    @rule(command=COMMANDS, note=NOTES)
    def somebody_asks(self, command, note):
        kind, value = command
        if kind == "volume_cap":
            value = min(value, self.owner.ceiling)
        self.mine.words.answer(understand=note)
        before = self.expected
        match kind:
            case "volume":
                self.expected = replace(before, volume=min(value, before.cap))
            case "volume_cap":
                self.expected = replace(before, cap=value, volume=min(before.volume, value))
            case "quiet_from":
                self.expected = replace(before, quiet=(value, before.quiet[1]))
            case "quiet_to":
                self.expected = replace(before, quiet=(before.quiet[0], value))
            case "programme" | "alarm" | "light" | "privacy" | "sharing":
                self.expected = replace(before, **{kind: value})
        with self.judged(hand=not self.night.state.tonight.slept):
            self.night.hear(Command(kind, value))
        if kind in ("sound", "stop"):
            self.told = self.night.mode

    @rule(version=st.integers(1, 9))
    def a_prior_comes(self, version):
        self.night.hear(Prior(version, "quiet_v1", (0.5, 0.5), (0.1, 0.1), 200))

    @rule()
    def the_sound_process_goes_or_comes(self):
        self.away, self.course = not self.away, None
        self.mine.sound.answer(heartbeat=None if self.away else BEAT)
        with self.judged():
            self.night.on_tick(self.clock.now())

    @rule(disk=st.sampled_from(["", "the disk is full"]), chips=st.sampled_from([(), ("dead",)]))
    def parts_fail(self, disk, chips):
        self.pages.trouble = disk
        self.mine.sensors.answer(drain=lambda now: Readings(now, trouble=chips))

    @rule(hours=st.sampled_from([-48.0, -1.0, -0.01, 0.01, 1.0, 12.0]))
    def the_clock_is_set(self, hours):
        self.clock.set_wall(self.clock.wall() + 3600 * hours)
        self.told = None

    @rule(recipe=CHOICES)
    def the_model_changes_its_mind(self, recipe):
        self.recipe = recipe

    @precondition(lambda self: self.night.mode is not Mode.IDLE)
    @rule(gone=st.sampled_from([3.0, 3.0, 10.0, 600.0, 7200.0]), boot=st.booleans(),
          slip=st.sampled_from([0.0, 0.0, 0.0, -600.0, -90_000.0, 90_000.0]),
          how=st.sampled_from(["killed", "killed", "stopped", "finished"]),
          asked=st.none() | COMMANDS, finger=st.booleans())
    def it_is_started_again(self, gone, boot, slip, how, asked, finger):
        """`boot`: the machine, and the sound process with it. `slip`: s that its clock is off.
        `asked`: a moment before, with a `finger` on the button meanwhile."""
        if asked is not None:
            self.somebody_asks(asked, Understood())
        if finger:
            with self.judged(hand=True):
                self.night.hear(Edge(True, self.clock.now()))
        if how != "killed":
            with self.judged():
                self.night.leave(Stop(finish=how == "finished"))
        (told, self.told), number = (self.told, None), self.night.state.tonight.number
        self.wall += timedelta(seconds=self.clock.wall() - self.wall.timestamp() + gone + slip)
        self.now = 12.0 if boot else self.clock.now() + gone
        self.course = None if boot else self.course
        self.keep_rows(number)
        self.start()
        if finger:
            with self.judged(hand=True):
                self.night.hear(Edge(False, self.clock.now()))
                self.night.poll_button()
        soon = gone <= 600 and slip <= 0 and slip > -3600 and how != "finished"
        if told is not None and soon and not self.expected.privacy:
            assert self.night.mode is told
        assert how != "finished" or self.night.mode is Mode.IDLE
        if self.night.mode is Mode.IDLE:
            self.the_button_is_pressed(0.1, 1)
        assert self.night.state.nights >= max(self.taught, default=0)

    def keep_rows(self, number):
        """What the diary's tables would tell of the night."""
        nights = self.pages.of("nights")
        self.pages.nights = max((row["id"] for row in nights), default=0)
        self.pages.told = {
            "lights_out": next((row["lights_out"] for row in nights if row["id"] == number), None),
            "epochs": [row for row in self.pages.of("epochs") if row["night"] == number],
            "decisions": [],
        }

    # ---- what must hold --------------------------------------------------------------------------

    @invariant()
    def no_setting_is_lost(self):
        assert self.night.state.settings == self.expected

    @invariant()
    def every_turn_is_one_of_the_tables(self):
        for turn in self.pages.notes("mode"):
            before, then, event = re.fullmatch("(.*) → (.*): (.*)", turn).groups()
            assert NEXT[Mode(before), Event(event)] is Mode(then)

    @invariant()
    def a_night_teaches_once(self):
        assert len(self.taught) == len(set(self.taught))

    @invariant()
    def the_sound_goes_where_the_state_says(self):
        state, tonight = self.night.state, self.night.state.tonight
        if self.night.wanted is not None:
            assert self.night.wanted == masking.scene(
                tonight, state.owner.rules, state.status.epoch)


TestWhatever = Bed.TestCase
# Without Phase.shrink, which takes minutes here; add it to understand a failure.
TestWhatever.settings = settings(
    max_examples=50, stateful_step_count=30, deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate])
