"""What the device is doing: one table, (mode, event) → mode. Pure.

`python -m device.session.modes` draws the diagram of device/README.md.

A pair that isn't in the table leaves the mode as it is: a press of another kind, a judgement that
comes late.
"""

from enum import StrEnum

from device.values import Mode as Mode


class Event(StrEnum):
    PRESS = "press"             # short, on the button
    HUSH = "hush"               # the same, where the sound goes on softly for somebody asleep
    START = "start"             # from afar
    STOP = "stop"
    LIKELY = "likely"           # P(asleep) says drifting off
    UNLIKELY = "unlikely"       # wide awake again
    GONE = "gone"               # the fade has reached silence and sleep is believed
    AROUSED = "aroused"         # and it is worth an answer
    CALM = "calm"               # the answer has faded out
    BLIND = "blind"             # nothing can be judged for minutes
    SEEING = "seeing"           # judged again
    ALARM = "alarm"
    SNOOZE_OVER = "snooze over"
    UP = "up"                   # out of bed for good, or the alarm was answered by leaving it
    OVER = "over"               # the morning has been answered, or nobody did


M, E = Mode, Event
NEXT = {
    (M.IDLE, E.PRESS): M.SETTLING,
    (M.IDLE, E.START): M.SETTLING,
    (M.IDLE, E.ALARM): M.WAKING,

    # A press while something sounds always means: stop, softly. The night is still watched.
    (M.SETTLING, E.PRESS): M.PAUSED,
    (M.DRIFTING, E.PRESS): M.PAUSED,
    (M.MASKING, E.PRESS): M.PAUSED,
    (M.FAULT, E.PRESS): M.PAUSED,
    (M.SETTLING, E.STOP): M.PAUSED,
    (M.DRIFTING, E.STOP): M.PAUSED,
    (M.MASKING, E.STOP): M.PAUSED,
    (M.FAULT, E.STOP): M.PAUSED,
    (M.PAUSED, E.PRESS): M.SETTLING,
    (M.PAUSED, E.START): M.SETTLING,
    # Asleep is silent, so that a press there asks for sound; unless the owner has it go on.
    (M.ASLEEP, E.PRESS): M.SETTLING,
    (M.ASLEEP, E.HUSH): M.PAUSED,
    (M.ASLEEP, E.START): M.SETTLING,

    (M.SETTLING, E.LIKELY): M.DRIFTING,
    (M.DRIFTING, E.UNLIKELY): M.SETTLING,
    (M.DRIFTING, E.GONE): M.ASLEEP,
    (M.FAULT, E.GONE): M.ASLEEP,
    (M.ASLEEP, E.AROUSED): M.MASKING,
    (M.MASKING, E.CALM): M.ASLEEP,

    (M.SETTLING, E.BLIND): M.FAULT,
    (M.DRIFTING, E.BLIND): M.FAULT,
    (M.FAULT, E.SEEING): M.SETTLING,

    (M.SETTLING, E.ALARM): M.WAKING,
    (M.DRIFTING, E.ALARM): M.WAKING,
    (M.ASLEEP, E.ALARM): M.WAKING,
    (M.MASKING, E.ALARM): M.WAKING,
    (M.PAUSED, E.ALARM): M.WAKING,
    (M.FAULT, E.ALARM): M.WAKING,
    (M.WAKING, E.PRESS): M.PAUSED,          # snooze
    (M.PAUSED, E.SNOOZE_OVER): M.WAKING,
    (M.WAKING, E.STOP): M.MORNING,

    (M.SETTLING, E.UP): M.MORNING,
    (M.DRIFTING, E.UP): M.MORNING,
    (M.ASLEEP, E.UP): M.MORNING,
    (M.MASKING, E.UP): M.MORNING,
    (M.PAUSED, E.UP): M.MORNING,
    (M.WAKING, E.UP): M.MORNING,
    (M.FAULT, E.UP): M.MORNING,
    (M.MORNING, E.ALARM): M.WAKING,         # who lay down again is woken all the same
    (M.MORNING, E.OVER): M.IDLE,
}
SOUNDING = frozenset({M.SETTLING, M.DRIFTING, M.MASKING, M.FAULT})
NIGHT = frozenset(M) - {M.IDLE, M.MORNING}


def step(mode: Mode, event: Event) -> Mode:
    return NEXT.get((mode, event), mode)


def diagram() -> str:
    """Mermaid; events that lead the same way share an arrow."""
    arrows: dict[tuple[Mode, Mode], list[str]] = {}
    for (mode, event), then in NEXT.items():
        arrows.setdefault((mode, then), []).append(event)
    lines = [f"    {a} --> {b} : {', '.join(events)}" for (a, b), events in arrows.items()]
    return "\n".join(["stateDiagram-v2", "    [*] --> idle", *lines])


if __name__ == "__main__":
    print(diagram())
