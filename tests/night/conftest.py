import pytest

from device.assembly.desk import BEDTIME, Desk, night
from device.clock import VirtualClock
from device.config import Config
from device.diary import reading
from device.hardware.panel import press
from device.parts import Hooks


class Slept:
    """A night that is over: its last state and its diary."""

    def __init__(self, mine, seen, diary):
        self.night, self.seen, self.path = mine, seen, diary
        with reading(diary) as rows:
            self.rows = {
                table: [dict(row) for row in rows.execute(f"SELECT * FROM {table}")]
                for table in ("nights", "epochs", "decisions", "phrases", "events", "feedback")
            }

    def details(self, kind: str) -> list[str]:
        return [row["detail"] for row in self.rows["events"] if row["kind"] == kind]

    @property
    def modes(self) -> list[str]:
        return [row["mode"] for row in self.rows["epochs"]]


@pytest.fixture
def sleep(tmp_path):
    """Sleep a simulated night through real drivers; `presses` are (s after bedtime, s held), `acts`
    (s, function)."""

    def run(
        hours: float = 0.5,
        seed: int = 3,
        presses=(),
        acts=(),
        config: Config | None = None,
        name: str = "night",
        **desk,
    ) -> Slept:
        seen = []

        def watch(mine, epoch, staging) -> None:
            seen.append((mine.mode, mine.course.scene if mine.course else None, staging))
        desk = {"audio_minutes": 0, "build": "clip", "sleeper": {"latency": 12.0}, **desk}
        with night(
            config or Config(),
            Desk(tmp_path / name, hours=hours, seed=seed, **desk),
            Hooks(watch=watch),
        ) as (mine, pins):
            clock = mine.clock
            assert isinstance(clock, VirtualClock)
            for when, held in presses:
                clock.at(BEDTIME + when, lambda: press(pins, True))
                clock.at(BEDTIME + when + held, lambda: press(pins, False))
            for when, act in acts:
                clock.at(BEDTIME + when, lambda act=act: act(mine))
            mine.run(until=clock.now() + 3600 * hours)
        return Slept(mine, seen, tmp_path / name / "diary.sqlite")
    return run
