"""The hands at the device: the button, the light and the volume."""

from typing import NamedTuple

from device.errors import NocturneError
from device.hardware.button import Edge, Press, Presses
from device.hardware.led import Light, brightness
from device.home.commands import Command
from device.home.population_prior import Prior
from device.session import fade
from device.session.modes import NIGHT, SOUNDING, Event, Mode
from device.session.resume import KEY, resume, snapshot
from device.values import Heartbeat, Volume

THANKS = 2.0                # s that the light answers a press
KNOB = 40.0                 # dB: the whole way of the volume
MUTED = "muted"             # in the diary's memory: a mute outlives whatever ends the night or its process


class Stop(NamedTuple):
    """SIGTERM or the end of the terminal: leave; the night is finished, or left for another process to resume."""
    finish: bool = True


class Bedside:
    """Turns presses into events of the night; holds what hands have set."""

    def __init__(self, night, volume: float, quiet, lock: bool = False):
        """`quiet(wall)`: whether the light should be dark.  `lock`: the button mutes and unmutes, and nothing else."""
        self.lock = lock
        self.night, self.volume, self.quiet = night, volume, quiet
        self.sent = volume                      # what the sound process was told: on its way up to `volume`
        self.muted = bool(night.diary.recall(MUTED))
        self.stopped = self.unfinished = self.snoozed = False
        self.turned_down = 0                    # tonight
        self.liked = 0                          # likes minus skips, tonight
        self.presses = Presses()
        self.thanked = float("-inf")            # s: the light answers a press until THANKS after it
        self.beat: Heartbeat | None = None
        self.refused: tuple[int, ...] = ()      # candidates turned away tonight
        self.passed_over = None                 # the choice that the last second press turned away

    def begin(self) -> None:
        if resume(self.night):
            self.tell_volume()
            self.night.shape()
        self.night.remote.tell()

    def tell_volume(self) -> None:
        """As a night begins or goes on. Not before: what still sounds of a night that couldn't be resumed stays as loud
        or as mute as it was, until it has faded."""
        self.sent = self.volume
        self.night.sound.send(Volume(self.sent, self.muted))

    def patience(self, left: float) -> float:
        """How long the loop may wait before a finger must be looked at again, s."""
        due = self.presses.due
        return left if due is None else max(min(left, due - self.night.clock.now()), 1e-3)

    # ---- the button --------------------------------------------------------------------------------------------------

    def hear(self, message) -> None:
        """Whatever came into the inbox."""
        if isinstance(message, Edge):
            for press in self.presses.edge(message):
                self.press(press.press)
        elif isinstance(message, Command):
            self.night.remote.command(message)
        elif isinstance(message, Prior):
            self.night.remote.others.hear(message)
        elif isinstance(message, Stop):
            self.stopped, self.unfinished = True, not message.finish

    def poll(self, now: float) -> None:
        for press in self.presses.poll(now):
            self.press(press.press)

    def press(self, press: Press) -> None:
        """A short press acts at once; a second and third take it back and say what was meant."""
        night = self.night
        night.note("press", press)
        self.thanked = night.clock.now()
        self.night.home.event("button", {"event_type": {Press.SHORT: "single", Press.SECOND: "double",
                                                        Press.HOLD: "hold"}.get(press, "triple")})
        if self.muted:
            self.mute(False)
        elif press is Press.HOLD:
            self.mute(True)
        elif self.lock:
            return
        elif night.mode is Mode.MORNING and (press is not Press.SHORT or night.keeper.rested is None):
            self.answer(press)
        elif self.waking:
            self.rouse(press)
        elif press is Press.SHORT:
            night.go(Event.OVER)                    # a morning that was answered
            soft = night.mode is Mode.ASLEEP and night.rules.keep_playing
            night.go(Event.HUSH if soft else Event.PRESS, by_hand=True)
        elif night.choice is not None and night.mode in NIGHT:
            night.go(Event.START, by_hand=True)         # the first press may have stopped the sound
            self.skip() if press is Press.SECOND else self.like()
        night.keeper.put_aside()
        night.remote.tell()

    @property
    def waking(self) -> bool:
        """The alarm sounds, or is snoozed."""
        return self.night.mode is Mode.WAKING or self.snoozed and self.night.mode is Mode.PAUSED

    def rouse(self, press: Press) -> None:
        """At the alarm: a press snoozes, and snoozes anew; a second one means up."""
        night = self.night
        if press is not Press.SHORT:
            night.go(Event.UP, by_hand=True)
        elif night.mode is Mode.WAKING:
            self.snoozed = True
            night.go(Event.PRESS, by_hand=True)
        else:
            night.since = night.clock.now()

    def answer(self, press: Press) -> None:
        """Up: one press was a good night, two a poor one: the second word holds. A third says nothing."""
        if press is Press.SHORT or press is Press.SECOND and self.night.keeper.rested is not None:
            self.night.keeper.answer(+1 if press is Press.SHORT else -1)

    def skip(self) -> None:
        """Not this one: something else now, and a word for the learner."""
        night = self.night
        self.passed_over = night.choice, night.recipe
        self.refused += (night.choice.candidate,)
        self.liked -= 1
        night.keeper.feedback("skip", -1)
        night.choose("night" if night.keeper.slept else "bedtime", self.refused)     # nothing new after sleep onset
        night.shape(by_hand=True)

    def like(self) -> None:
        """The third press takes the second back: this one after all, and liked."""
        night = self.night
        if self.passed_over:
            night.choice, night.recipe = self.passed_over
            self.refused, self.passed_over = self.refused[:-1], None
            night.keeper.taken_back()
            self.liked += 1
        self.liked += 1
        night.keeper.feedback("like", +1)
        night.keeper.favour(night.recipe)
        night.shape(by_hand=True)

    def mute(self, muted: bool) -> None:
        """Heard within the sound process's 100 ms; only the button undoes it."""
        self.muted = muted
        self.night.sound.send(Volume(self.sent, muted))
        self.night.diary.remember(MUTED, muted)

    def turn(self, volume: float) -> None:
        """From afar. Who sleeps is not startled: then it rises at a sleeper's pace, `creep` by `creep`."""
        self.volume = volume
        self.sent = min(self.sent, volume) if self.night.keeper.slept else volume
        self.night.sound.send(Volume(self.sent, self.muted))

    def creep(self) -> None:
        if self.sent < self.volume:
            self.sent = min(self.sent + fade.RISE / KNOB * self.night.tick, self.volume)
            self.night.sound.send(Volume(self.sent, self.muted))

    # ---- the light ---------------------------------------------------------------------------------------------------

    def brightness(self, now: float) -> float:
        quiet = self.quiet(self.night.clock.wall())
        if now - self.thanked < THANKS:
            return brightness(Light.THANKS, now, quiet)
        if self.muted:
            return brightness(Light.MUTED, now, quiet)
        if self.night.trouble or self.beat is None or self.night.diary.trouble:
            return brightness(Light.TROUBLE, now, quiet)
        if self.night.mode in SOUNDING:
            return brightness(Light.BREATHING, now, quiet)
        waits = Light.TROUBLE if self.night.remote.missing else Light.STEADY       # said beforehand, not all night
        return self.night.remote.light or brightness(waits if self.night.mode is Mode.IDLE else Light.OFF, now, quiet)

    def pulse(self, beat: Heartbeat | None) -> None:
        """The sound process's word; that it is gone is noted once."""
        if (beat is None) != (self.beat is None):
            self.night.note("sound", f"process {self.night.sound.state}" if beat is None
                            else f"plays on {beat.device or 'nothing'}")
            self.night.wanted = self.night.course = None    # one that comes back begins in silence
        self.beat = beat
        if self.night.wanted is None and beat is not None:
            self.night.shape()
        self.creep()

    def identify(self) -> None:
        """Somebody looks for this device: the light answers for ten seconds."""
        self.thanked = self.night.clock.now() + 8.0

    def end(self) -> None:
        """Leaving: what there is of a night is finished and kept."""
        try:
            if self.unfinished:
                self.night.diary.remember(KEY, snapshot(self.night))
            else:
                self.night.keeper.finish()
            self.night.diary.flush()
        except NocturneError as trouble:
            self.night.note("fault", str(trouble))
        if not self.unfinished:
            self.night.sound.send(fade.of(self.night.recipe, fade.SILENT, fade.HURRY))
