"""The button and the light: what a finger means, and what a sleeper sees."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.clock import VirtualClock
from device.errors import SensorError
from device.hardware.button import AGAIN, BOUNCE, HOLD, LONG, Presses
from device.hardware.led import brightness
from device.hardware.panel import BUTTON_PIN, LED_PIN, Panel, desk_pins, press
from device.values import Edge, Light, Press


def told(*edges, until=3.0, step=0.01):
    """What is told, and when it is told, of edges (time, pressed), polled every `step` s."""
    presses, heard = Presses(), []
    edges = list(edges)
    for now in np.arange(0, until, step):
        while edges and edges[0][0] <= now:
            time, pressed = edges.pop(0)
            heard += [(p.press, round(time, 3)) for p in presses.edge(Edge(pressed, time))]
        heard += [(p.press, round(now, 3)) for p in presses.poll(now)]
    return heard


def test_a_short_press_acts_at_once_on_release():
    assert told((0.5, True), (0.6, False)) == [(Press.SHORT, 0.6)]


def test_a_second_press_within_400_ms_and_a_third_are_told_apart():
    assert told((0.5, True), (0.6, False), (0.95, True), (1.05, False), (1.4, True), (1.5, False)) \
        == [(Press.SHORT, 0.6), (Press.SECOND, 1.05), (Press.THIRD, 1.5)]


def test_a_press_after_more_than_400_ms_is_a_new_short_one():
    assert told((0.5, True), (0.6, False), (1.01, True), (1.1, False)) == [
        (Press.SHORT, 0.6),
        (Press.SHORT, 1.1),
    ]


def test_holding_is_told_within_100_ms_of_its_threshold_and_only_once():
    (press_, time), = told((0.5, True), (2.5, False))
    assert press_ is Press.HOLD and 0.5 + HOLD <= time <= 0.5 + HOLD + 0.1


def test_holding_is_told_even_if_nobody_polled_meanwhile():
    presses = Presses()
    assert presses.edge(Edge(True, 1.0)) == []
    assert [p.press for p in presses.edge(Edge(False, 2.0))] == [Press.HOLD]


def test_a_hold_never_counts_as_the_first_of_two():
    assert [p for p, _ in told((0.1, True), (1.2, False), (1.3, True), (1.4, False))] == [
        Press.HOLD,
        Press.SHORT,
    ]


def test_bounces_of_the_contact_are_one_press():
    bounce = [(0.5 + 0.001 * i, i % 2 == 0) for i in range(9)]
    release = [(0.7 + 0.001 * i, i % 2 == 1) for i in range(9)]
    assert told(*bounce, *release) == [(Press.SHORT, 0.7)]


def test_the_last_word_of_a_bounce_counts():
    """Pressed, and open again within the bounce: the finger is gone, nothing may be held."""
    assert [p for p, _ in told((0.5, True), (0.51, False))] == [Press.SHORT]


def test_due_says_when_to_poll_for_a_hold():
    presses = Presses()
    presses.edge(Edge(True, 1.0))
    assert presses.due == 1.0 + HOLD
    assert [p.press for p in presses.poll(presses.due)] == [Press.HOLD]
    assert presses.due == 1.0 + LONG
    assert [p.press for p in presses.poll(presses.due)] == [Press.LONG]
    assert presses.due is None


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.floats(0.0005, 1.5), st.booleans()), max_size=40))
def test_whatever_the_finger_does_presses_stay_in_order_and_possible(steps):
    time, edges = 0.0, []
    for gap, pressed in steps:
        time += gap
        edges.append((time, pressed))
    heard = told(*edges, until=time + 2)
    times = [at for _, at in heard]
    assert times == sorted(times)
    downs = sum(pressed for _, pressed in edges)
    assert len(heard) <= downs
    for (first, at), (second, then) in zip(heard, heard[1:], strict=False):
        if second is Press.SECOND:
            assert first is Press.SHORT and then - at <= AGAIN + HOLD + BOUNCE
        if second is Press.THIRD:
            assert first in (Press.SECOND, Press.THIRD)


def test_edges_of_the_mock_button_reach_the_inbox_with_their_time():
    clock, inbox, pins = VirtualClock(), [], desk_pins()
    panel = Panel(clock, inbox.append, pin_factory=pins)
    press(pins, True)
    clock.sleep(0.3)
    press(pins, False)
    panel.close()
    assert inbox == [Edge(True, 0.0), Edge(False, 0.3)]


def test_the_light_is_a_pwm_pin():
    pins = desk_pins()
    panel = Panel(VirtualClock(), [].append, pin_factory=pins)
    panel.show(0.03, 0.0, False)
    assert pins.pin(LED_PIN).state == 0.03
    panel.close()


def test_a_pin_that_is_taken_is_named_with_a_remedy():
    pins = desk_pins()
    first = Panel(VirtualClock(), [].append, pin_factory=pins)
    with pytest.raises(SensorError, match=f"GPIO {BUTTON_PIN}.*panel.button"):
        Panel(VirtualClock(), [].append, led=19, pin_factory=pins)
    first.close()


def test_pins_without_their_library_are_a_sensor_error_with_a_remedy(monkeypatch):
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "pigpio")
    monkeypatch.setitem(sys.modules, "pigpio", None)
    monkeypatch.setattr("gpiozero.Device.pin_factory", None)
    with pytest.raises(SensorError, match="install lgpio"):
        Panel(VirtualClock(), list().append)


def test_the_light_is_dim_and_dark_in_quiet_hours():
    times = np.arange(0, 20, 0.05)
    for light in Light:
        levels = [brightness(light, time) for time in times]
        assert min(levels) >= 0 and max(levels) <= 0.15
        if light is not Light.THANKS:
            assert not any(brightness(light, time, quiet=True) for time in times)


def test_breathing_never_jumps():
    levels = np.array([brightness(Light.BREATHING, time) for time in np.arange(0, 20, 0.02)])
    assert np.abs(np.diff(levels)).max() < 0.001
    assert levels.max() > 5 * levels.min() > 0
