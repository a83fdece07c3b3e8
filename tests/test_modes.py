import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.modes import NEXT, NIGHT, SOUNDING, Event, Mode, diagram, step

README = Path(__file__).resolve().parent.parent / "README.md"


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("event", Event)
def test_every_pair_of_mode_and_event_is_decided(mode, event):
    assert step(mode, event) in Mode


def test_a_press_starts_and_stops():
    assert step(Mode.IDLE, Event.PRESS) is Mode.SETTLING
    for mode in SOUNDING:
        assert step(mode, Event.PRESS) is Mode.PAUSED


def test_no_judgement_wakes_a_silent_night_but_an_arousal():
    silent = {Mode.ASLEEP, Mode.PAUSED, Mode.IDLE, Mode.MORNING}
    bodily = {Event.LIKELY, Event.UNLIKELY, Event.GONE, Event.CALM, Event.BLIND, Event.SEEING}
    for mode in silent:
        for event in bodily:
            assert step(mode, event) not in SOUNDING


def test_what_a_hand_has_stopped_only_a_hand_or_the_alarm_starts():
    ways = {event for event in Event if step(Mode.PAUSED, event) in SOUNDING | {Mode.WAKING}}
    assert ways == {Event.PRESS, Event.START, Event.ALARM, Event.SNOOZE_OVER}


@given(st.lists(st.sampled_from(Event)))
def test_every_history_can_still_reach_the_morning(events):
    mode = Mode.IDLE
    for event in events:
        mode = step(mode, event)
    if mode in NIGHT:
        assert step(mode, Event.UP) is Mode.MORNING


def test_the_readme_shows_the_table_as_it_is():
    drawn = re.search(r"```mermaid\n(stateDiagram.*?)```", README.read_text(), re.S)
    assert drawn and drawn[1].strip() == diagram().strip()


def test_the_table_has_no_idle_rows():
    assert all(mode is not then for (mode, _), then in NEXT.items())
