"""What the hub hears: what is, never what was asked."""

from dataclasses import fields

from device.session import population, schedule
from device.session.modes import SOUNDING, Mode
from device.session.settings import Settings
from device.session.state import At, State
from device.values import EPOCH

UNSEEN = 30.0           # min with nobody in the bed from which somebody should look
LAST_HOUR = 120         # epochs
# Settings that are told as they are, under their own names.
BY_NAME = tuple(
    item.name for item in fields(Settings) if item.name not in ("cap", "quiet", "configured")
)
RESTLESS = 20.0         # min awake in the last hour from which a caregiver hears "restless"


def facts(state: State, firmware: tuple[str, str | None], at: At) -> dict[str, object]:
    """Every setting by its name, and how things stand. `firmware`: (installed, waiting if any)."""
    tonight, settings, status = state.tonight, state.settings, state.status
    epoch = status.epoch
    troubles = [*status.trouble, *missing(state, at)]
    troubles += [status.disk] if status.disk else []
    return {
        **{name: getattr(settings, name) for name in BY_NAME},
        "volume_cap": settings.cap,
        "quiet_from": settings.quiet[0],
        "quiet_to": settings.quiet[1],
        "session": tonight.mode,
        "care": care(state),
        "sound": tonight.mode in SOUNDING,
        "timer": tonight.timer,
        "occupancy": epoch.present if epoch else None,
        "firmware": firmware,
        "reason": tonight.choice.reason.sentence if tonight.choice else None,
        "quality": max(epoch.heart_quality, epoch.motion_quality) if epoch else None,
        "clock_synced": at.local is not None,
        "problem": status.beat is None or bool(troubles),
        "learning": population.sentence(state.population),
        "say": None,
        "choose": None,
        "choices": tonight.said.choices,
        "understood": status.answer,
        "error": "; ".join(troubles) or None,
    }


def missing(state: State, at: At) -> list[str]:
    """What a fallback stands for now, in words."""
    warning = schedule.warning(state, at)
    return [*state.status.lacks, *([warning] if warning else [])]


def care(state: State) -> str | None:
    """Settled, restless or needs checking, and no more."""
    tonight = state.tonight
    if tonight.mode in (Mode.IDLE, Mode.MORNING) or not tonight.stagings:
        return None
    if tonight.mode is Mode.FAULT or tonight.empty * EPOCH / 60 > UNSEEN:
        return "needs_checking"
    recent = tonight.stagings[-LAST_HOUR:]
    awake = sum(s.p_asleep is not None and s.p_asleep < 0.5 for s in recent) * EPOCH / 60
    restless = len(recent) >= LAST_HOUR / 2 and awake >= RESTLESS
    return "restless" if restless else "settled"
