import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.session.modes import NEXT, NIGHT, SOUNDING, Event, Mode, diagram, step

README = Path(__file__).resolve().parents[2] / "device" / "README.md"


DECIDED = """
         press    hush   start    stop    likely   unlikely gone   aroused calm     blind seeing   alarm  snooze up      over
idle     settling .      settling .       .        .        .      .       .        .     .        waking .      .       .
settling paused   .      .        paused  drifting .        .      .       .        fault .        waking .      morning .
drifting paused   .      .        paused  .        settling asleep .       .        fault .        waking .      morning .
asleep   settling paused settling .       .        .        .      masking .        .     .        waking .      morning .
masking  paused   .      .        paused  .        .        .      .       asleep   .     .        waking .      morning .
paused   settling .      settling .       .        .        .      .       .        .     .        waking waking morning .
waking   paused   .      .        morning .        .        .      .       .        .     .        .      .      morning .
morning  .        .      .        .       .        .        .      .       .        .     .        waking .      .       idle
fault    paused   .      .        paused  .        .        asleep .       .        .     settling waking .      morning .
"""     # noqa: E501
HEAD, *ROWS = (line.split() for line in DECIDED.split("\n") if line.strip())
PAIRS = [(row[0], event, then) for row in ROWS for event, then in zip(HEAD, row[1:], strict=True)]


@pytest.mark.parametrize(("mode", "event", "then"), PAIRS)
def test_every_pair_of_mode_and_event_is_as_it_was_decided(mode, event, then):
    found = step(Mode(mode), Event("snooze over" if event == "snooze" else event))
    assert found == (mode if then == "." else then)


def test_no_pair_is_left_out():
    assert len(PAIRS) == len(Mode) * len(Event) and len({pair[:2] for pair in PAIRS}) == len(PAIRS)


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
