"""The whole device: read this first. Every tick the body is read; every epoch it is judged, and the
sound follows.

    readings → vitals → epoch → staging → mode → scene and phrases → sound process

Parts of `session/` decide: they take the state and a message, and answer another state and what is
to be done. Here is the one place that does it.
"""

import logging
import sqlite3
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from device import asking
from device.errors import NocturneError
from device.memory import TASTE, Memory
from device.parts import Parts
from device.session import (
    commands,
    controls,
    fade,
    learning,
    masking,
    population,
    restart,
    rows,
    schedule,
    telling,
    things,
    turns,
    watching,
    wishes,
)
from device.session.modes import Mode
from device.session.settings import Owner
from device.session.state import At, Decision
from device.values import Command, Edge, Epoch, Lack, Prior, Scene, Staging, Stop

AHEAD = 6.0             # s: the music is written this far ahead of what is heard
RING = 2.0              # s: nearer than this it would come too late; the ring is 1.5 s long
GRAVE = {"fault": logging.ERROR, "fallback": logging.WARNING}    # notes that the journal hears, too
log = logging.getLogger("nocturne")
log.addHandler(logging.NullHandler())       # who runs the night says where it goes: __main__.py


class Night:
    """Its parts arrive built; see `assembly/`."""

    def __init__(self, parts: Parts, owner: Owner):
        self.parts, self.clock, self.diary = parts, parts.clock, parts.diary
        self.memory = Memory(parts.diary, owner)
        self.rng = np.random.default_rng(owner.seed)
        self.state, troubles = self.memory.load(parts.clock.now())
        self.wanted: Scene | None = None
        self.course: fade.Course | None = None  # as it was sent: what is wanted, at a bearable pace
        self.written = 0.0                      # s: music is written up to here
        self.stop: Stop | None = None
        self.diary.private = self.state.settings.privacy
        for trouble in troubles:
            self.note("fallback", trouble)
        self.do(things.Adopt())

    @property
    def mode(self) -> Mode:
        return self.state.tonight.mode

    @property
    def at(self) -> At:
        return schedule.moment(self.clock.now(), self.clock.wall(), self.clock.synced(), self.state)

    # ---- the loop --------------------------------------------------------------------------------

    def run(self, until: float | None = None) -> None:
        """A press or a command is answered at once, between ticks."""
        self.resume()
        self.do(things.Tell())
        tick, due = self.state.owner.tick, self.clock.now()
        while self.stop is None and (until is None or due < until):
            due = max(due + tick, self.clock.now())
            while (left := due - self.clock.now()) > 1e-9 and self.stop is None:
                for message in self.clock.wait(self.parts.inbox, self.patience(left)):
                    self.hear(message)
                self.poll_button()
            self.on_tick(due)
        self.leave(self.stop or Stop())

    def patience(self, left: float) -> float:
        """How long the loop may wait before a finger must be looked at again, s."""
        due = self.parts.world.button.due
        return left if due is None else max(min(left, due - self.clock.now()), 1e-3)

    def poll_button(self) -> None:
        for pressed in self.parts.world.button.poll(self.clock.now()):
            self.take(controls.on_press(self.state, pressed.press, self.at))

    def hear(self, message: object) -> None:
        """Whatever came into the inbox."""
        match message:
            case Edge():
                for pressed in self.parts.world.button.edge(message):
                    self.take(controls.on_press(self.state, pressed.press, self.at))
            case Command():
                self.take(commands.on_command(self.state, message, self.at))
                self.stop = commands.leaving(message) or self.stop
            case Prior():
                self.take(population.on_prior(self.state, message))
            case Lack():
                self.take(controls.lacking(self.state, message))
            case Stop():
                self.stop = message
        self.diary.commit()

    def on_tick(self, now: float) -> None:
        body, world = self.parts.body, self.parts.world
        readings = body.sensors.drain(now)
        self.take(controls.on_trouble(self.state, readings.trouble, self.diary.trouble))
        self.take(schedule.on_tick(self.state, self.at))
        for vitals in body.signs.add(readings):
            for epoch in body.epochs.add(vitals):
                self.on_epoch(epoch)
        self.write_music(now)
        self.show_light(now)
        self.take(controls.on_heartbeat(self.state, world.sound.heartbeat(), world.sound.state))
        self.take(controls.raise_volume(self.state, self.state.owner.tick))
        self.parts.hooks.alive()

    def on_epoch(self, epoch: Epoch) -> None:
        staging = self.parts.body.stager.judge(epoch, self.state.tonight.lights_out)
        self.take(watching.on_epoch(self.state, epoch, staging, self.at))
        self.parts.hooks.watch(self, epoch, staging)

    def show_light(self, now: float) -> None:
        at = self.at
        light = controls.light(self.state, now, telling.missing(self.state, at))
        self.parts.world.panel.show(light, now, schedule.quiet(self.state, at))

    # ---- the one place that acts -----------------------------------------------------------------

    def take(self, decision: Decision) -> None:
        """What a part decided: the state, then the deeds in order."""
        before, (self.state, deeds) = self.state, decision
        if self.state is not before:
            self.diary.private = self.state.settings.privacy
            self.memory.keep(self.state)
        for deed in deeds:
            self.do(deed)

    def do(self, thing: things.Do) -> None:
        parts, state, at = self.parts, self.state, self.at
        match thing:
            case things.Go(event, by_hand):
                self.take(turns.on_event(state, event, at, by_hand))
            case things.Choose(moment):
                self.take(asking.choose(parts.mind, state, self.rng, moment, at))
            case things.Reshape():
                self.take(asking.reshape(parts.mind, state))
            case things.Read(text, reply):
                self.take(asking.read(parts.mind, state, text, at))
                self.do(things.Answer(wishes.told(self.state), reply))
            case things.Review():
                self.take(asking.review(parts, state, at))
            case things.Learn():
                self.take(asking.learn(parts, state, thing))
            case things.LearnTaste(liked):
                self.take(asking.taste(parts.mind, state, self.memory.own(TASTE), self.rng, liked))
            case things.Adopt():
                self.take(asking.adopt(parts.mind, state))
            case things.Share():
                self.take(asking.share(parts, state, at))
            case things.Finish():
                self.finish()
            case things.Close():
                self.take((restart.closed(state), []))
            case things.NightOver():
                self.take(asking.keep_repeats(parts, state))
                self.memory.forget_tonight(self.state)
                parts.mind.words.rest()
            case things.Save():
                self.memory.save_tonight(state, parts.body.stager.snapshot(), at)
            case things.Remember(name, value):
                self.memory.keep_own(name, value)
            case things.Note(kind, detail):
                self.note(kind, detail)
            case things.Row(table, fields):
                self.diary.add(table, **fields)
            case things.KeepEpoch(epoch, staging):
                self.keep_epoch(epoch, staging)
            case things.Shift(night, seconds):
                self.diary.shift(night, seconds)
            case things.Renumber(index):
                parts.body.epochs.restart(self.clock.now(), index)
            case things.ForgetStages():
                parts.body.stager.reset()
            case things.Shape(by_hand):
                self.shape(by_hand)
            case things.Restart():
                self.wanted = self.course = None
            case _:
                self.tell(thing)

    def tell(self, thing: things.Do) -> None:
        """What goes out of the house's core: to the sound process, the hub, who waits."""
        world, hooks = self.parts.world, self.parts.hooks
        match thing:
            case things.Send(message):
                world.sound.send(message)
            case things.Tell():
                world.home.tell(telling.facts(self.state, hooks.versions(), self.at))
            case things.Publish(fields):
                world.home.tell(fields)
            case things.Happened(name, payload):
                world.home.event(name, payload)
            case things.Answer(text, reply) if reply is not None:
                reply(text)
            case things.Withdraw() if world.feedback is not None:
                world.feedback.withdraw()
            case things.Install():
                hooks.install()
            case things.Report() if self.state.tonight.bedtime:
                hooks.woken(self)

    # ---- the sound and the music -----------------------------------------------------------------

    def shape(self, by_hand: bool = False) -> None:
        """Tell the sound process where to go, if that changed; only a hand makes it rise fast."""
        state, tonight = self.state, self.state.tonight
        wanted = masking.scene(tonight, state.owner.rules, state.status.epoch)
        if wanted != self.wanted:
            self.wanted = wanted
            self.course = fade.course(self.course, wanted, self.clock.now(), by_hand)
            self.parts.world.sound.send(self.course.scene)

    def write_music(self, now: float) -> None:
        """Keep the music written AHEAD; silence needs none."""
        if self.course is None or self.course.scene.level <= fade.SILENT:
            return
        tonight, mind, standing = self.state.tonight, self.parts.mind, wishes.standing(self.state)
        recipe, breath = fade.steered(tonight.recipe, tonight.mode), self.course.scene.breath
        self.written = max(self.written, now + RING)
        while self.written < now + AHEAD:
            phrase = mind.composer.compose(recipe, tonight.p_asleep, breath, tonight.liked)
            phrase = replace(mind.words.played(phrase, standing), start=self.written)
            if phrase.notes:
                self.parts.world.sound.send(phrase)
                self.diary.add("phrases", night=tonight.number, start=phrase.start,
                               length=phrase.length, notes=phrase.notes)
            self.written += phrase.length

    # ---- the diary -------------------------------------------------------------------------------

    def note(self, kind: str, detail: str) -> None:
        """In the diary; what is grave also reaches the journal."""
        row = {"night": self.state.tonight.number, "time": self.clock.now()}
        self.diary.add("events", **row, kind=kind, detail=detail)
        if kind in GRAVE:
            log.log(GRAVE[kind], "%s: %s", kind, detail)

    def lack(self, trouble: str) -> None:
        """A part is replaced by its fallback: diary, journal and hub hear of it."""
        self.take(controls.lacking(self.state, Lack(trouble)))

    def keep_epoch(self, epoch: Epoch, staging: Staging) -> None:
        if self.mode is not Mode.IDLE:
            target = self.course.scene.level if self.course else None
            self.do(rows.epoch(self.state, epoch, staging, target))
            self.state = watching.on_kept(self.state, epoch, staging)
        self.diary.commit()

    # ---- coming and going ------------------------------------------------------------------------

    def resume(self) -> None:
        """Go on with a night that a restart broke, if there is one."""
        try:
            saved, choices, kept, troubles = self.memory.tonight()
            for unread in troubles:
                self.note("fallback", unread)
            if not restart.worth_it(saved):
                self.take(restart.said_before(self.state, saved))
                return
            decision = restart.resumed(self.state, saved, choices, kept, self.at)
        except (KeyError, TypeError, ValueError, IndexError, sqlite3.Error) as trouble:
            self.note("fallback", f"the night before the restart can't be resumed: {trouble!r}")
            return
        self.restore_stages(saved.stager)
        self.take(decision)

    def restore_stages(self, snapshot: Mapping[str, object]) -> None:
        """A stager that can't go on from there begins anew; the night goes on."""
        stager = self.parts.body.stager
        try:
            stager.restore(snapshot)
        except (KeyError, TypeError, ValueError, IndexError) as trouble:
            stager.reset()
            if snapshot:        # else it was said already
                self.note("fallback", f"the stages before the restart can't be read: {trouble!r}")

    def finish(self) -> None:
        """Whatever there is of a night becomes one that is over."""
        if learning.unfinished(self.state):
            self.do(things.Review())
        elif self.state.tonight.outcome is None and self.mode is not Mode.IDLE:
            self.do(things.NightOver())         # it was too short for an epoch
        self.take(learning.lesson(self.state, self.at))

    def leave(self, stop: Stop) -> None:
        """What there is of a night is finished and kept, or left for another process."""
        try:
            if stop.finish:
                self.finish()
            else:
                self.do(things.Save())
            self.memory.flush()
        except NocturneError as trouble:
            self.note("fault", str(trouble))
        if stop.finish:
            recipe = self.state.tonight.recipe
            self.parts.world.sound.send(fade.scene_at(recipe, fade.SILENT, fade.HURRY))
