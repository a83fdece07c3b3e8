"""The loudspeaker of a simulated night: in lock-step with a sound process, or none at all."""

from collections.abc import Callable
from typing import Protocol

from device.clock import Clock
from device.values import Advance, Asleep, Heartbeat, Panic, Phrase, Scene, Volume

Message = Scene | Phrase | Volume | Asleep | Panic | Advance

SILENT = -80.0              # dB: `Scene.level` of silence
BEAT = 0.5              # s between the sound process's words
TAIL = 30.0                 # s a sound takes to die after its scene fell silent
STRIDE = 1.0                # s rendered at once while it is heard
LEAP = 30.0                 # s skipped at once while it isn't


class Link(Protocol):
    """A sound process in lock-step."""
    state: str

    def send(self, message: Message) -> bool: ...

    def advance(self, time: float, heard: bool = True) -> Heartbeat: ...

    def close(self) -> None: ...


class Speaker:
    """Has the sound process render what is heard, up to `minutes` of it, and skip the rest of the
    night."""

    def __init__(self, link: Link, clock: Clock, minutes: float, pid: int):
        """link: what the night would otherwise talk to, with `send`, `advance` and `state`; pid:
        its process."""
        self.pid = pid
        self._link, self._clock = link, clock
        self._left = 60 * minutes               # s still to be rendered
        self._done: float | None = None         # s: the process has got this far
        self._audible = float("-inf")           # s: something sounds until then
        self._scene: Scene | None = None
        self._beat: Heartbeat | None = None
        self.levels: list[float] = []           # dBA, of each stride that was rendered

    @property
    def state(self) -> str:
        return self._link.state

    def send(self, message: Message) -> bool:
        if isinstance(message, Scene):
            self._scene = message
        return self._link.send(message)

    def heartbeat(self) -> Heartbeat | None:
        """Called every tick; the process is moved on in strides."""
        now = self._clock.now()
        if self._done is None:
            self._done, self._beat = now, self._link.advance(now)
        if self._scene is not None and self._scene.level > SILENT:
            self._audible = now + TAIL
        heard = self._left > 0 and now < self._audible
        if now - self._done >= (STRIDE if heard else LEAP) - 1e-9:
            self._left -= now - self._done if heard else 0.0
            self._beat = self._link.advance(now, heard)
            self._done = now
            if heard:
                self.levels.append(self._beat.level)
        return self._beat

    def close(self) -> None:
        self._link.close()


class NoSpeaker:
    """A silent night: nothing is rendered; the level is what the scene asks for."""

    state = "silent on purpose"

    def __init__(self, clock: Clock, settle: float, told: Callable[[Phrase], object] | None = None):
        """settle: dBA of the settling level.  told: is handed each phrase."""
        self._clock, self._settle, self._told = clock, settle, told
        self._began = clock.now()
        self._level = 0.0
        self._dose = 0.0
        self._seen = self._began
        self._beat: Heartbeat | None = None
        self.levels: list[float] = []           # nothing is rendered

    def send(self, message: Message) -> bool:
        if isinstance(message, Scene):
            self._level = 0.0 if message.level <= SILENT else self._settle + message.level
        elif isinstance(message, Phrase) and self._told:
            self._told(message)
        return True

    def heartbeat(self) -> Heartbeat:
        now = self._clock.now()
        if self._beat is not None and now - self._beat.time < BEAT:
            return self._beat
        if self._level > 0:
            self._dose += 10 ** (self._level / 10) * (now - self._seen) / 3600
        self._seen, frames = now, round((now - self._began) * 48000)
        self._beat = Heartbeat(now, frames, self._level, -120.0, self._dose, device="none")
        return self._beat

    def close(self) -> None:
        pass
