"""A night that is told to a real broker, and obeys it; and one whose broker isn't there."""

import json

from device.config import Alarm, Config, Home
from device.values import Command, Stop
from kit import mosquitto
from tests.home.around import Listener, soon


def config(port: int) -> Config:
    return Config(home=Home(host="127.0.0.1", port=port, bed="bed1"))


def test_a_night_is_told_and_a_command_is_obeyed(sleep, broker):
    hub = Listener(broker.port)

    def ask(mine):
        assert soon(lambda: mine.parts.world.home.connected), mine.parts.world.home.trouble
        hub.send("nocturne/bed1/cmd/volume", "40")
        assert soon(lambda: not mine.parts.inbox.empty())
    slept = sleep(hours=0.1, config=config(broker.port), acts=[(120, ask)])
    assert soon(lambda: hub.last("nocturne/bed1/state/volume") == b"40")
    assert slept.night.state.settings.volume == 0.4
    assert b"winding_down" in hub.on("nocturne/bed1/state/session")
    assert soon(lambda: (hub.last("nocturne/bed1/state/picture") or b"").startswith(b"\x89PNG"))
    assert json.loads(hub.last("nocturne/bed1/state/summary"))["out_of_bed"] is not None
    diagnostics = json.loads(hub.last("nocturne/bed1/state/diagnostics"))
    assert {"temperature", "rssi", "quality"} <= set(diagnostics) and diagnostics["outbox"] == 0
    discovery = json.loads(
        next(m.payload for m in hub.messages if m.topic.startswith("homeassistant/device/"))
    )
    assert {"dev", "o", "cmps"} <= set(discovery)
    assert soon(lambda: any(m.topic.startswith("nocturne/bed1/event/night") for m in hub.messages))
    hub.close()


def test_nobody_exceeds_the_owners_cap_from_afar_not_even_after_a_restart(sleep, broker):
    hub = Listener(broker.port)
    there = Config(home=Home(host="127.0.0.1", port=broker.port, bed="bed1", cap=60))

    def ask(mine):
        assert soon(lambda: mine.parts.world.home.connected), mine.parts.world.home.trouble
        hub.send("nocturne/bed1/cmd/volume_cap", "80")
        hub.send("nocturne/bed1/cmd/volume", "90")
        assert soon(lambda: not mine.parts.inbox.empty())
    slept = sleep(hours=0.05, config=there, build="mattress", acts=[(20, ask)])
    assert slept.night.state.settings.volume == slept.night.state.settings.cap == 0.6
    assert "above the owner's 60 %" in slept.night.parts.world.home.trouble
    discovery = json.loads(
        next(m.payload for m in hub.messages if m.topic.startswith("homeassistant/device/"))
    )
    assert discovery["cmps"]["volume_cap"]["max"] == 60 and "occupancy" in discovery["cmps"]
    hub.close()


def test_with_no_broker_everything_else_works(sleep):
    slept = sleep(hours=0.1, config=config(mosquitto.free_port()))
    assert "settling" in slept.modes and slept.rows["phrases"]
    assert not slept.night.parts.world.home.connected and slept.night.parts.world.home.trouble


def test_privacy_mode_records_nothing_and_says_so(sleep, broker):
    hub = Listener(broker.port)
    slept = sleep(hours=0.2, config=config(broker.port), acts=[
        (1, lambda mine: soon(lambda: mine.parts.world.home.connected)),
        (2, lambda mine: mine.parts.inbox.put(Command("privacy", True)))])
    assert soon(lambda: hub.last("nocturne/bed1/state/privacy") == b"ON")
    assert not [row for row in slept.rows["epochs"] if row["time"] > 120]
    assert (
        slept.night.mode.value in ("settling", "drifting")
        and slept.night.parts.mind.recommender.nights == ()
    )
    hub.close()


def test_what_was_set_from_afar_outlives_a_restart(sleep):
    first = sleep(
        hours=0.05, acts=[(10, lambda mine: mine.parts.inbox.put(Command("volume_cap", 0.5)))]
    )
    second = sleep(
        hours=0.05, acts=[(10, lambda mine: mine.parts.inbox.put(Command("volume", 0.9)))]
    )
    assert first.night.state.settings.volume == 0.5 and second.night.state.settings.cap == 0.5
    assert second.night.state.settings.volume == 0.5


def test_an_alarm_and_a_volume_from_afar_outlive_a_restart_until_the_config_says_otherwise(sleep):
    sleep(
        hours=0.05,
        build="none",
        acts=[
            (10, lambda mine: mine.parts.inbox.put(Command("alarm", 390))),
            (20, lambda mine: mine.parts.inbox.put(Command("volume", 0.3))),
        ],
    )
    again = sleep(hours=0.02, build="none").night
    assert again.state.settings.alarm == 390 and again.state.settings.volume == 0.3
    other = sleep(hours=0.02, build="none", config=Config(alarm=Alarm(time="07:30"))).night
    assert other.state.settings.alarm == 450 and other.state.settings.volume == 0.3


def test_a_mute_outlives_whatever_ends_the_night(sleep):
    muted = sleep(hours=0.05, build="none", presses=[(60, 1.0)])
    assert muted.night.state.settings.muted
    again = sleep(
        hours=0.05, build="none", bedtime=False, presses=[(60, 0.1)], wall=1_767_300_000.0
    )
    # the first night's: this press unmuted, and no more
    assert again.details("mode") == ["idle → settling: press"]
    assert not again.night.state.settings.muted


def test_an_alarm_that_a_cut_broke_off_rings_again_as_the_power_comes_back(sleep):
    at = Config(alarm=Alarm(time="22:10"))
    before = sleep(
        hours=0.2,
        build="none",
        config=at,
        acts=[(605, lambda mine: mine.parts.inbox.put(Stop(finish=False)))],
    )
    assert before.details("mode")[-1].endswith("waking: alarm")
    back = 1_767_218_400.0 + 605 + 2400
    again = sleep(hours=0.02, build="none", config=at, wall=back, bedtime=False)
    assert again.details("mode")[-1] == "idle → waking: alarm"


def test_an_alarm_that_came_while_the_device_started_anew_rings_at_once(sleep):
    at = Config(alarm=Alarm(time="22:10"))
    sleep(
        hours=0.2,
        build="none",
        config=at,
        acts=[(530, lambda mine: mine.parts.inbox.put(Stop(finish=False)))],
    )
    again = sleep(hours=0.02, build="none", config=at, wall=1_767_218_400.0 + 610, bedtime=False)
    assert any(detail.endswith("waking: alarm") for detail in again.details("mode"))
