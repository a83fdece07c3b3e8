"""What the hub asks and what it hears: commands are obeyed within the owner's bounds, and only what is gets told."""

from device.home.commands import Command
from device.programmes import FAVOURITE, NAMES, PROGRAMMES
from device.session import updates
from device.session.modes import NIGHT, SOUNDING, Event
from device.session.population import Others
from device.session.wishes import Said
from device.values import Recipe

STEP = 0.02                 # of volume: a change smaller than this is the hub's rounding
KEY = "remote"              # in the diary's memory: what was set from afar outlives a restart


class Remote:
    def __init__(self, night, feedback=None, ceiling: float = 1.0, words=None):
        """feedback: `home.privacy.Feedback`, or None: nothing can be shared.  ceiling: the owner's, 0..1.
        words: see `Said`."""
        self.night = night
        kept = night.diary.recall(KEY) or {}
        self.cap = min(kept.get("cap", 1.0), ceiling)       # of volume; the hardware's caps lie below it
        self.configured = self.settings()                   # what was set from afar stands until the config changes
        if kept.get("configured") == self.configured:
            night.bedside.volume, night.programme = kept["volume"], kept["programme"]
            night.almanac.minute, night.almanac.quiet_hours = kept["alarm"], kept["quiet"]
        night.bedside.volume = min(night.bedside.volume, self.cap)
        self.light: float = kept.get("light", 0.0)          # 0..1: a night light
        self.privacy: bool = kept.get("privacy", False)     # nothing is recorded or queued
        self.others = Others(night, feedback, kept.get("sharing", False))       # off until somebody says yes
        night.diary.private = self.privacy
        self.said = Said(night, words)
        self.lacks: tuple[str, ...] = ()                    # what is replaced by a fallback, in words

    def settings(self) -> dict:
        """JSON-able: what config and hub both may set."""
        night, almanac = self.night, self.night.almanac
        return {"volume": night.bedside.volume, "programme": night.programme, "alarm": almanac.minute,
                "quiet": [*almanac.quiet_hours]}

    def command(self, command: Command) -> None:
        """Bounded by `home.commands`; the mute by hand stays, whatever is asked."""
        night, value = self.night, command.value
        if command.kind != "say":           # words are read and let go
            night.note(*(("message", value) if command.kind == "message" else ("command", f"{command.kind} {value}")))
        obey = {"sound": self.play, "stop": lambda _: self.play(False),
                "volume": lambda volume: self.turn(min(volume, self.cap)),
                "volume_cap": self.bound, "timer": self.timer, "programme": self.programme,
                "alarm": night.almanac.set_alarm, "identify": lambda _: night.bedside.identify(),
                "quiet_from": lambda minute: night.almanac.set_quiet(0, minute),
                "quiet_to": lambda minute: night.almanac.set_quiet(1, minute),
                "privacy": self.hide, "sharing": self.others.join, "light": self.lighten, "message": lambda _: None,
                "firmware": lambda _: updates.install(),
                "say": lambda text: (command.reply or discard)(self.said.hear(text))}
        obey[command.kind](value)
        night.diary.remember(KEY, {"cap": self.cap, "light": self.light, "privacy": self.privacy,
                                   "sharing": self.others.sharing, "configured": self.configured, **self.settings()})
        night.diary.commit()
        self.tell()

    def play(self, on: bool) -> None:
        """Who waits for it is answered at once, unless that would startle who sleeps."""
        self.night.go(Event.START if on else Event.STOP, by_hand=not on or not self.night.keeper.slept)

    def lack(self, trouble: str) -> None:
        """A part is replaced by its fallback: diary and hub hear of it."""
        self.lacks = trouble, *self.lacks
        self.night.note("fallback", trouble)

    @property
    def missing(self) -> list[str]:
        """What a fallback stands for now, in words."""
        night = self.night
        return [*self.lacks, *filter(None, [night.almanac.warning(night.clock.wall())])]

    def turn(self, volume: float) -> None:
        night, hands = self.night, self.night.bedside
        hands.turned_down += volume < hands.volume - STEP and night.mode in SOUNDING
        hands.turn(volume)

    def bound(self, cap: float) -> None:
        self.cap = cap
        self.turn(min(self.night.bedside.volume, cap))

    def timer(self, minutes: float) -> None:
        self.night.almanac.set_timer(self.night.clock.now(), minutes)
        if self.night.mode in NIGHT:
            self.night.keeper.put_aside()

    def programme(self, name: str) -> None:
        night = self.night
        if name not in NAMES:
            return
        night.programme = name
        if night.mode in NIGHT:
            night.choose("night")
            night.shape()

    def named(self) -> Recipe | None:
        """What somebody chose by name or in words, if anything."""
        favourite = self.night.keeper.favourite() if self.night.programme == FAVOURITE else None
        return self.said.named() or favourite or PROGRAMMES.get(self.night.programme)

    def hide(self, privacy: bool) -> None:
        self.privacy = self.night.diary.private = privacy
        if privacy:
            self.said.forget()

    def lighten(self, light: float) -> None:
        self.light = light

    def tell(self) -> None:
        """The hub hears what is, never what was asked."""
        night, hands, almanac = self.night, self.night.bedside, self.night.almanac
        epoch = night.epoch
        troubles = [*night.trouble, *self.missing, *filter(None, [night.diary.trouble])]
        night.home.tell({
            "session": night.mode, "care": night.keeper.care(), "sound": night.mode in SOUNDING,
            "volume": hands.volume, "volume_cap": self.cap, "muted": hands.muted, "programme": night.programme,
            "timer": almanac.timer, "alarm": almanac.minute, "quiet_from": almanac.quiet_hours[0],
            "quiet_to": almanac.quiet_hours[1], "privacy": self.privacy, "sharing": self.others.sharing,
            "light": self.light, "occupancy": epoch.present if epoch else None,
            "firmware": updates.versions(night.keeper.version),
            "reason": night.choice.reason.sentence if night.choice else None,
            "quality": max(epoch.heart_quality, epoch.motion_quality) if epoch else None,
            "clock_synced": almanac.local(night.clock.wall()) is not None,
            "problem": hands.beat is None or bool(troubles),
            "learning": self.others.sentence, "say": None, "understood": self.said.answer,
            "error": "; ".join(troubles) or None,
        })


def discard(answer: str) -> None:
    """Nobody waits for the answer; the hub is told anyway."""
