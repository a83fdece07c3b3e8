"""Nights with something wrong, on the virtual clock: the bus, the clock on the wall, models, the
sound process."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from device.config import Alarm, Config
from device.session.modes import Mode
from device.session.schedule import minute_of, moment, on_tick
from device.session.settings import Owner
from device.session.state import State
from device.sim.faults import Plan
from device.values import Command, Scene, Volume

WALL = 1_767_218_400.0      # s since 1970 at power on; a minute later somebody goes to bed
BEDTIME = 60.0
DAY = 86_400.0


def at(minutes: float) -> str:
    """The time of day so many minutes after power on."""
    return datetime.fromtimestamp(WALL + 60 * minutes).strftime("%H:%M")


def told(acts: list, kind: type) -> list[tuple[float, object]]:
    """Collects what the sound process is told, from 1 s after bedtime on."""
    heard = []

    def listen(mine):
        send = mine.parts.world.sound.send
        mine.parts.world.sound.send = lambda message: (
            isinstance(message, kind) and heard.append((mine.clock.now(), message)),
            send(message),
        )[1]
    acts.append((1.0, listen))
    return heard


def test_chips_unplugged_and_back_are_read_again_within_5_s_and_the_sound_never_notices(sleep):
    acts = []
    scenes = told(acts, Scene)
    out, back = 200.0, 212.0
    plan = Plan(unplugged=((out, back, 0x57), (out, back, 0x18)))
    slept = sleep(hours=0.12, faults=plan, acts=acts)
    events = [
        (row["time"], row["detail"]) for row in slept.rows["events"] if row["kind"] == "sensors"
    ]
    assert (
        out <= events[0][0] <= out + 2.0
        and "doesn't answer" in events[0][1]
        or "no answer" in events[0][1]
    )
    assert events[-1][1] == "all answer again" and events[-1][0] - back <= 5.0
    levels = [scene.level for time, scene in scenes if out - 30 <= time <= back + 30]
    assert all(level == pytest.approx(levels[0], abs=3.0) for level in levels)
    assert set(slept.modes) <= {"settling", "drifting"}


@pytest.mark.parametrize(
    "jump", [-DAY, *(pytest.param(by, marks=pytest.mark.full) for by in (DAY, 3600.0, -3600.0))]
)
def test_a_clock_that_is_set_in_mid_night_moves_neither_judgement_nor_fade_nor_timer(sleep, jump):
    def acts():
        return [(5, lambda mine: mine.parts.inbox.put(Command("timer", 6.0)))]
    plain = sleep(hours=0.2, name="plain", acts=acts())
    moved = sleep(hours=0.2, name="moved", acts=[
        *acts(), (200, lambda mine: mine.clock.set_wall(mine.clock.wall() + jump))])
    for column in ("p_asleep", "stage", "target"):
        assert [row[column] for row in moved.rows["epochs"]] == [
            row[column] for row in plain.rows["epochs"]
        ]
    stopped = next(row["time"] for row in moved.rows["events"] if row["detail"].endswith(": stop"))
    assert stopped == pytest.approx(BEDTIME + 5 + 360, abs=0.5)


def rang(slept) -> list[float]:
    return [row["time"] for row in slept.rows["events"] if row["detail"].endswith("waking: alarm")]


def test_the_alarm_rings_within_a_second_of_its_time(sleep):
    slept = sleep(hours=0.2, config=Config(alarm=Alarm(time=at(8))))
    assert len(rang(slept)) == 1 and 0 <= rang(slept)[0] - 480.0 <= 1.0


def test_without_a_clock_it_says_so_and_rings_once_the_time_is_known(sleep):
    slept = sleep(hours=0.25, wall=0.0, config=Config(alarm=Alarm(time=at(8))), acts=[
        (600, lambda mine: mine.clock.set_wall(WALL + 670))])       # three minutes past it
    assert any("the time isn't known" in detail for detail in slept.details("fallback"))
    assert len(rang(slept)) == 1 and 0 <= rang(slept)[0] - 660.0 <= 1.0


@pytest.mark.full
def test_without_a_clock_all_night_it_rings_by_elapsed_time(sleep):
    slept = sleep(hours=1.05, wall=0.0, config=Config(alarm=Alarm(time="07:00", elapsed=1.0)))
    assert len(rang(slept)) == 1 and rang(slept)[0] == pytest.approx(BEDTIME + 3600, abs=1.0)


@pytest.mark.parametrize(("night", "alarm", "rings"), [
    # an hour that isn't: when it would have been
    ("2026-03-28", "02:30", "2026-03-29T03:00+02:00"),
    ("2026-03-28", "07:00", "2026-03-29T07:00+02:00"),
    ("2026-10-24", "02:30", "2026-10-25T02:30+02:00"),  # an hour that comes twice: the first time
    ("2026-10-24", "07:00", "2026-10-25T07:00+01:00"),
])
def test_the_alarm_rings_once_by_the_wall_in_the_nights_when_the_clocks_change(night, alarm, rings):
    berlin = ZoneInfo("Europe/Berlin")
    owner = Owner(zone=berlin)
    state = State(owner=owner).with_settings(alarm=minute_of(alarm))
    start = datetime.fromisoformat(f"{night}T22:00").replace(tzinfo=berlin).timestamp()
    rung = []
    for second in range(11 * 3600):
        wall = start + second
        state, things = on_tick(state, moment(second, wall, True, state))
        rung += [wall] if things else []
    assert [datetime.fromtimestamp(wall, UTC) for wall in rung] == [datetime.fromisoformat(rings)]


@pytest.mark.full
def test_a_sound_process_that_comes_back_while_somebody_sleeps_rises_at_a_sleepers_pace(sleep):
    acts = []
    scenes = told(acts, Scene)

    def away(mine):
        mine.kept, mine.parts.world.sound.heartbeat = mine.parts.world.sound.heartbeat, lambda: None
    slept = sleep(
        hours=0.9,
        sleeper={"latency": 5.0},
        config=Config(night=keep_playing()),
        acts=[
            *acts,
            (2800, away),
            (2830, lambda mine: setattr(mine.parts.world.sound, "heartbeat", mine.kept)),
        ],
    )
    assert slept.night.state.tonight.slept
    again = next(scene for time, scene in scenes if time >= BEDTIME + 2830)
    assert again.level > -20 and again.glide >= (again.level + 20) / 0.5


def keep_playing():
    from device.config import Night
    return Night(keep_playing=True)


@pytest.mark.full
def test_what_is_asked_from_afar_while_somebody_sleeps_rises_at_a_sleepers_pace(sleep):
    acts = []
    heard = told(acts, Scene | Volume)
    slept = sleep(hours=0.9, sleeper={"latency": 5.0}, acts=[
        *acts, (100, lambda mine: mine.parts.inbox.put(Command("volume", 0.2))),
        (2700, lambda mine: mine.parts.inbox.put(Command("volume", 1.0))),
        (2701, lambda mine: mine.parts.inbox.put(Command("sound", True)))])
    assert any("asleep → settling: start" in detail for detail in slept.details("mode"))
    scene = next(
        message for time, message in heard if time >= BEDTIME + 2701 and isinstance(message, Scene)
    )
    assert scene.level > -1 and scene.glide >= 40
    knob = [
        (time, message.volume)
        for time, message in heard
        if isinstance(message, Volume) and time > BEDTIME + 2699
    ]
    steps = [
        40 * (b - a) / (t - s) for (s, a), (t, b) in zip(knob, knob[1:], strict=False) if t > s
    ]
    assert max(steps) <= 0.5 + 1e-6 and knob[-1][1] == 1.0


def test_the_alarm_is_heard_after_a_night_of_silence(sleep):
    from device.config import Night
    from device.values import SILENCE

    def hush(mine):
        played = replace(mine.state.tonight.played, recipe=SILENCE)
        mine.state = mine.state.with_tonight(played=played)
        mine.shape()

    slept = sleep(hours=0.3, config=Config(alarm=Alarm(time=at(12)), night=Night(trial=True)),
                  acts=[(30, hush)])
    waking = [scene for mode, scene, _ in slept.seen if mode is Mode.WAKING]
    assert waking and waking[-1].level > 0 and any(waking[-1].textures.values())


def test_a_board_without_a_disk_keeps_its_nights_in_memory_shares_nothing_and_says_so(
    tmp_path, monkeypatch
):
    import queue

    from device.assembly import board
    from device.config import Diary
    monkeypatch.setattr(board, "SPARE", tmp_path / "spare")
    (tmp_path / "a file").write_text("")
    config = Config(diary=Diary(path=str(tmp_path / "a file" / "diary.sqlite")))
    with board.night(config, tmp_path / "socket", queue.SimpleQueue(), ["a torn config"]) as mine:
        assert (
            mine.state.status.lacks[0] == "a torn config"
            and "nights are kept in memory" in mine.state.status.lacks[1]
        )
        assert (
            mine.diary.path == tmp_path / "spare" / "diary.sqlite"
            and mine.parts.world.feedback is None
        )
        mine.run(until=mine.clock.now() + 0.6)
    assert (tmp_path / "spare" / "diary.sqlite").exists()
