"""The whole device: read this first. Every tick the body is read; every epoch it is judged, and the sound follows.

    readings → vitals → epoch → staging → mode → scene and phrases → sound process
"""

from dataclasses import replace

import numpy as np

from device.session import fade
from device.session.commands import Remote
from device.session.controls import Bedside
from device.session.keeper import Keeper
from device.session.modes import NIGHT, Event, Mode, step
from device.values import SILENCE, TICK, Choice, Epoch, Recipe, Scene, Staging

AHEAD = 6.0             # s: the music is written this far ahead of what is heard


class Night:
    """Its parts arrive built; see `sim/parts.py` and `__main__.py`."""

    def __init__(self, clock, inbox, *, sensors, signs, epochs, stager, recommender, composer, sound, panel, home,
                 diary, almanac, rules: fade.Rules, seed: int = 0, sleeper: str = "sleeper", programme: str = "auto",
                 volume: float = 1.0, retention: int = 400, lock: bool = False, effect=None, tick: float = TICK,
                 feedback=None, cap: float = 1.0, words=None, watch=None, alive=None, woken=None):
        """`watch(night, epoch, staging)` is called each epoch, `alive()` each tick, `woken(night)` in the morning."""
        self.clock, self.inbox, self.sensors, self.signs, self.epochs = clock, inbox, sensors, signs, epochs
        self.stager, self.recommender, self.composer, self.sound = stager, recommender, composer, sound
        self.panel, self.home, self.diary, self.almanac, self.rules = panel, home, diary, almanac, rules
        self.programme, self.tick = programme, tick
        self.watch, self.alive, self.woken = watch, alive, woken
        self.seed, self.rng = seed, np.random.default_rng(seed)
        self.mode, self.since = Mode.IDLE, clock.now()
        self.number = 0                             # the diary's, of tonight
        self.lights_out: float | None = None
        self.choice: Choice | None = None
        self.recipe: Recipe = SILENCE
        self.wanted: Scene | None = None
        self.course: fade.Course | None = None    # as it was sent: what is wanted, at a bearable pace
        self.depth = 0.0
        self.stagings: list[Staging] = []           # of tonight
        self.epoch: Epoch | None = None
        self.blind, self.empty, self.written = 0, 0, 0.0    # epochs unjudged; epochs of nobody; s, music written up to
        self.trouble: tuple[str, ...] = ()
        self.bedside = Bedside(self, volume, almanac.quiet, lock)
        self.keeper = Keeper(self, sleeper, retention, effect)
        self.remote = Remote(self, feedback, cap, words)

    def run(self, until: float | None = None) -> None:
        """The loop; a press or a command is answered at once, between ticks."""
        self.bedside.begin()
        due = self.clock.now()
        while not self.bedside.stopped and (until is None or due < until):
            due = max(due + self.tick, self.clock.now())
            while (left := due - self.clock.now()) > 1e-9 and not self.bedside.stopped:
                for message in self.clock.wait(self.inbox, self.bedside.patience(left)):
                    self.bedside.hear(message)
                self.bedside.poll(self.clock.now())
            self.on_tick(due)
        self.bedside.end()

    def on_tick(self, now: float) -> None:
        readings = self.sensors.drain(now)
        if readings.trouble != self.trouble:
            self.trouble = readings.trouble
            self.note("sensors", "; ".join(readings.trouble) or "all answer again")
        for event in self.almanac.calls(self.clock.wall(), now, self.minutes, fade.light(self.stagings)):
            self.go(event)
        for vitals in self.signs.add(readings):
            for epoch in self.epochs.add(vitals):
                self.on_epoch(epoch)
        self.write_music(now)
        self.panel.show(self.bedside.brightness(now))
        self.bedside.pulse(self.sound.heartbeat())
        if self.alive:
            self.alive()

    def on_epoch(self, epoch: Epoch) -> None:
        staging = self.stager.judge(epoch, self.lights_out)
        self.epoch = epoch
        if self.mode is not Mode.IDLE:
            self.stagings.append(staging)
        self.blind = 0 if staging.p_asleep is not None or self.mode not in NIGHT else self.blind + 1
        self.empty = self.empty + 1 if epoch.present is False else 0
        self.depth = fade.deepen(self.depth, self.mode, staging.p_asleep, staging.asleep, self.minutes, self.rules)
        now = fade.Standing(staging, self.depth, (self.clock.now() - self.since) / 60, self.blind, self.empty,
                              self.bedside.snoozed and self.mode is Mode.PAUSED)
        for event in fade.told(self.mode, now, self.rules):
            self.go(event)
        self.shape()
        self.keeper.remember(epoch, staging)
        if self.watch:
            self.watch(self, epoch, staging)

    def go(self, event: Event, by_hand: bool = False) -> None:
        """Take an event to the table, and do what entering the new mode asks for."""
        then = step(self.mode, event)
        if then is self.mode:
            return
        before, self.mode, self.since = self.mode, then, self.clock.now()
        if before is Mode.IDLE:
            self.keeper.lights_out(self.seed)
            self.stager.reset()
            self.choose("night" if event is Event.ALARM else "bedtime")
        elif then is Mode.MASKING:
            self.choose("arousal")
        elif then is Mode.SETTLING and before in (Mode.PAUSED, Mode.ASLEEP):
            self.depth = 0.0
        elif before is Mode.MASKING and then is not Mode.MASKING:
            self.choose("night")
        self.note("mode", f"{before} → {then}: {event}")
        if then is Mode.MORNING:
            self.keeper.morning()
        elif then is Mode.IDLE:
            self.keeper.lesson()
        self.shape(by_hand)

    def choose(self, moment: str, refused: tuple[int, ...] = ()) -> None:
        """Ask the recommender; a programme that somebody named goes first."""
        said = self.remote.said
        def asked(*refused: int) -> Choice:
            return said.explained(self.recommender.choose(
                self.keeper.context(), moment=moment, seed=int(self.rng.integers(2**31)), wishes=said.bounds(),
                refused=refused, trial=self.rules.trial))
        self.choice = asked(*refused)
        if self.keeper.audible and moment == "bedtime" and fade.silent(self.choice.recipe) and not self.rules.trial:
            self.choice = asked(*refused, self.choice.candidate)
        named = None if moment == "arousal" else self.remote.named()
        self.recipe = said.shaped(named or self.choice.recipe)
        self.keeper.decided(moment, named is not None)

    def shape(self, by_hand: bool = False) -> None:
        """Tell the sound process where to go, if that changed; nothing but a hand makes it rise quickly."""
        wanted = fade.scene(self.mode, self.recipe, self.depth, self.rules, self.epoch)
        if wanted != self.wanted:
            self.wanted, self.course = wanted, fade.course(self.course, wanted, self.clock.now(), by_hand)
            self.sound.send(self.course.scene)

    def write_music(self, now: float) -> None:
        """Keep the music written AHEAD; silence needs none."""
        if self.course is None or self.course.scene.level <= fade.SILENT:
            return
        self.written = max(self.written, now + 2.0)         # the ring is 1.5 s long
        while self.written < now + AHEAD:
            p_asleep = self.stagings[-1].p_asleep if self.stagings else None
            phrase = self.composer.compose(fade.steered(self.recipe, self.mode), p_asleep)
            phrase = replace(self.remote.said.played(phrase), start=self.written)
            if phrase.notes:
                self.sound.send(phrase)
                self.diary.add("phrases", night=self.number, start=phrase.start, length=phrase.length,
                               notes=phrase.notes)
            self.written += phrase.length

    @property
    def minutes(self) -> float:             # since lights out
        return 0.0 if self.lights_out is None else (self.clock.now() - self.lights_out) / 60

    def note(self, kind: str, detail: str) -> None:
        self.diary.add("events", night=self.number, time=self.clock.now(), kind=kind, detail=detail)
