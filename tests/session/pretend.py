"""A night among parts that only write down what they are asked, and a diary in a dict."""

import json
import queue
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from device.clock import VirtualClock
from device.diary import plain
from device.errors import Refused
from device.night import Night
from device.parts import Body, Hooks, Mind, Parts, World
from device.session.settings import Owner
from device.values import Note, Phrase, Readings, Staging, Sums, Understood
from tests.session.around import BEAT, EVENING, NOW, choice

SUMS = Sums(60.0, 50.0, 12.0, 48.0, 4.0, 2.0, 0.8, 2, 1, 0.0, 30.0, 10.0, 10.0)


class Pages:
    """A diary: what is remembered goes through JSON, rows are kept in a list."""

    def __init__(self, memory: Mapping[str, Any] | None = None, nights: int = 0):
        self.memory = dict(memory or {})
        self.nights, self.private, self.trouble = nights, False, ""
        self.rows: list[tuple[str, dict]] = []
        self.calls: list[tuple] = []
        self.told: dict[str, Any] = {"lights_out": None, "epochs": [], "decisions": []}
        self.path = Path("diary.sqlite")

    def add(self, table: str, **row: object) -> None:
        self.rows.append((table, row))

    def remember(self, key: str, value: object) -> None:
        self.memory[key] = json.loads(json.dumps(value, default=plain))

    def recall(self, key: str, default: Any = None) -> Any:
        return self.memory.get(key, default)

    def night(self, number: int) -> dict[str, Any]:
        return self.told

    def commit(self) -> None:
        self.calls.append(("commit",))

    def flush(self) -> bool:
        self.calls.append(("flush",))
        return True

    def forget(self, keep: int) -> None:
        self.calls.append(("forget", keep))

    def shift(self, night: int, seconds: float) -> None:
        self.calls.append(("shift", night, seconds))

    def notes(self, kind: str) -> list[str]:
        return [row["detail"] for table, row in self.rows
                if table == "events" and row["kind"] == kind]

    def of(self, table: str) -> list[dict]:
        return [row for name, row in self.rows if name == table]


class Told:
    """Any part: each call is written down as (name, what it was given) and answered from a table.
    """

    def __init__(self, calls: list, name: str, /, **answers: Any):
        self._calls, self._name, self._answers = calls, name, answers

    def __getattr__(self, asked: str) -> Any:
        if asked.startswith("_"):
            raise AttributeError(asked)
        answer = self._answers.get(asked)
        if asked in VALUES:
            return answer

        def call(*given: Any, **named: Any) -> Any:
            self._calls.append((f"{self._name}.{asked}", *given, *named.values()))
            return answer(*given, **named) if callable(answer) else answer
        return call

    def answer(self, **answers: Any) -> None:
        self._answers.update(answers)


VALUES = ("due", "state", "nights", "repeats")      # that are no calls


@dataclass
class Pretence:
    """The night and all around it. `calls`: what its parts were asked, in order."""
    diary: Pages = field(default_factory=Pages)
    owner: Owner = field(default_factory=Owner)
    hooks: Hooks | None = None
    now: float = NOW
    calls: list[tuple] = field(default_factory=list)

    def __post_init__(self) -> None:
        calls = self.calls
        self.clock = VirtualClock(self.now, wall=EVENING.timestamp())
        self.inbox: queue.SimpleQueue = queue.SimpleQueue()
        self.sensors = Told(calls, "sensors", drain=lambda now: Readings(now))
        self.signs = Told(calls, "signs", add=())
        self.epochs = Told(calls, "epochs", add=())
        self.stager = Told(calls, "stager", snapshot={"a": 1}, judge=judged)
        self.opinion = Told(calls, "opinion", review=SUMS)
        self.recommender = Told(
            calls, "recommender", choose=lambda context, **_: choice(), learn=4.5, adopt=2.0,
            nights=(), leans_to_silence=False,
        )
        self.recommender.state = lambda: {"nights": 1}
        self.repeats = Told(calls, "repeats")
        self.composer = Told(
            calls, "composer", compose=Phrase(4.0, (Note(0.0, 60, 1.0, 0.5, "piano"),)),
            learn_taste={"style": [0.1]}, repeats=self.repeats,
        )
        self.words = Told(
            calls, "words", understand=Understood("en"), answered="understood", listed="no bells",
            narrowing={}, within=lambda recipe, *_: recipe, played=lambda phrase, _: phrase,
        )
        self.sound = Told(calls, "sound", heartbeat=BEAT, send=True, state="plays")
        self.panel = Told(calls, "panel")
        self.button = Told(calls, "button", edge=(), poll=())
        self.home = Told(calls, "home", event="id")
        self.feedback = Told(calls, "feedback")
        world = World(self.sound, self.panel, self.button, self.home, self.feedback)
        body = Body(self.sensors, self.signs, self.epochs, self.stager, self.opinion)
        mind = Mind(self.recommender, self.composer, self.words)
        hooks = self.hooks or Hooks()
        self.night = Night(
            Parts(self.clock, self.inbox, body, mind, world, self.diary, hooks), self.owner
        )

    def asked(self, *names: str) -> list[tuple]:
        """What of these calls were made, oldest first."""
        return [call for call in self.calls if call[0] in names]

    def names(self) -> list[str]:
        return [call[0] for call in self.calls]

    def forget(self) -> None:
        """From here on only what comes."""
        self.calls.clear()
        self.diary.rows.clear()
        self.diary.calls.clear()


def judged(epoch: Any, lights_out: float | None) -> Staging:
    return Staging(epoch.index, epoch.start + 30.0, 0.2, None, None)


def refuses(*_: object, **__: object) -> None:
    raise Refused("torn")
