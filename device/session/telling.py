"""What the hub hears: what is, never what was asked."""

from dataclasses import fields

from device.sentences import Said, say
from device.session import alarms, fade, population, schedule, wishes
from device.session.modes import NIGHT, SOUNDING, Mode
from device.session.settings import DAYS, Settings, zone_of
from device.session.state import At, State, Status
from device.values import EPOCH

UNSEEN = 30.0           # min with nobody in the bed from which somebody should look
LAST_HOUR = 120         # epochs
# Sentences whose payload isn't their name.
CODES = {"session.unjudged": "unknown", "care.early": "unknown", "care.unjudged": "unknown",
         "care.left": "needs_checking"}
# Settings that are told as they are, under their own names.
BY_NAME = tuple(
    item.name for item in fields(Settings)
    if item.name not in ("cap", "quiet", "configured", "week", "once", "nap", "zone")
)
LATELY = 20             # epochs: what lies longer ago says nothing of now
RESTLESS = 20.0         # min awake in the last hour from which a caregiver hears "restless"


def facts(state: State, firmware: tuple[str, str | None], at: At) -> dict[str, object]:
    """Every setting by its name, and how things stand. `firmware`: (installed, waiting if any)."""
    tonight, settings, status = state.tonight, state.settings, state.status
    epoch = status.epoch
    troubles = [*status.trouble, *missing(state, at)]
    troubles += [said for said in (status.disk, unheard(status), silenced(settings)) if said]
    return {
        **{name: getattr(settings, name) for name in BY_NAME},
        "volume_cap": settings.cap,
        **{f"alarm_{day}": settings.week[n] for n, day in enumerate(DAYS)},
        "alarm_once": schedule.once_told(state, at),
        "zone": str(zone) if (zone := zone_of(state.owner, settings)) else None,
        "quiet_from": settings.quiet[0],
        "quiet_to": settings.quiet[1],
        "session": session(state),
        "care": care(state),
        "sound": sounds(state),
        "timer": tonight.timer,
        "next_alarm": next_alarm(settings, at),
        "occupancy": epoch.present if epoch else None,
        "heart_rate": epoch.heart_rate if epoch else None,
        "breathing": epoch.breathing if epoch else None,
        "stage": tonight.stagings[-1].stage if tonight.mode in NIGHT and tonight.stagings else None,
        "firmware": firmware,
        "reason": reason(state),
        "quality": max(epoch.heart_quality, epoch.motion_quality) if epoch else None,
        "clock_synced": at.synced,
        "problem": bool(troubles),
        "learning": population.sentence(state.population),
        "say": None,
        "choose": None,
        "choices": tonight.said.choices,
        "understood": status.answer,
        "message": status.message or None,
        "error": "; ".join(troubles) or None,
    }


def next_alarm(settings: Settings, at: At) -> float | None:
    """s since 1970; None: none is set, or the time isn't known."""
    if at.local is None:
        return None
    due = alarms.coming(settings, at.local)
    moments = [due.moment] if due else []
    nap = [settings.nap] if settings.nap is not None and settings.nap > at.wall else []
    return min([*moments, *nap], default=None)


def unheard(status: Status) -> Said:
    """Why nothing can be heard, or ""."""
    return say("unheard", {"gone": status.beat is None, "cardless": not status.plays})


def silenced(settings: Settings) -> Said:
    """Nobody should count on an alarm that won't be heard."""
    return say("silenced", {"alarm": alarms.is_set(settings), "muted": settings.muted})


def missing(state: State, at: At) -> list[str]:
    """What a fallback stands for now, in words."""
    warning = schedule.warning(state, at)
    return [*state.status.lacks, *([warning] if warning else [])]


def sounds(state: State) -> bool:
    """Whether a sound was asked of the sound process; a mute is told apart."""
    mode = state.tonight.mode
    if mode is Mode.WAKING:
        return True
    soft = mode is Mode.ASLEEP and state.owner.rules.keep_playing
    return (mode in SOUNDING or soft) and not fade.silent(state.tonight.recipe)


def session(state: State) -> str:
    """What a night is at, as people at home call it; a payload of state/session."""
    mode, lately = state.tonight.mode, judged_lately(state)
    asleep = state.tonight.fell_asleep and bool(lately) and sum(lately) >= 0.5 * len(lately)
    return code(say("session", {
        "idle": mode is Mode.IDLE,
        "up": mode in (Mode.WAKING, Mode.MORNING),
        "timed": mode is Mode.FAULT,
        "sounding": mode in (Mode.SETTLING, Mode.DRIFTING),
        "judged": bool(lately),
        "asleep": asleep,
    }))


def care(state: State) -> str:
    """Settled, restless or needs checking, and no more; a payload of state/care."""
    tonight, lately = state.tonight, judged_lately(state)
    recent = tonight.stagings[-LAST_HOUR:]
    awake = sum(s.p_asleep is not None and s.p_asleep < 0.5 for s in recent) * EPOCH / 60
    return code(say("care", {
        "night": tonight.mode not in (Mode.IDLE, Mode.MORNING),
        "begun": bool(tonight.stagings),
        "blind": tonight.mode is Mode.FAULT or len(recent) >= LATELY and not lately,
        "gone": tonight.empty * EPOCH / 60 > UNSEEN,
        "judged": bool(lately),
        "restless": len(recent) >= LAST_HOUR / 2 and awake >= RESTLESS,
    }))


def judged_lately(state: State) -> list[float]:
    """P(asleep) of those of the last ten minutes' epochs that could be judged."""
    lately = [s.p_asleep for s in state.tonight.stagings[-LATELY:]]
    return [p for p in lately if p is not None]


def code(said: Said) -> str:
    """The payload: a sentence's name, but what has several conditions is told by its word."""
    return CODES.get(said.id, said.id.partition(".")[2])


def reason(state: State) -> str | None:
    """Why tonight's sound was chosen, or the alarm rings late; by day nothing plays. What was said
    in words is quoted only while it stands: not once it is taken back, nor in privacy. What it
    emptied stays silent even then, and the reason for the sound that was chosen isn't one for
    silence."""
    tonight = state.tonight
    if tonight.mode is Mode.WAKING and state.bell.why:
        return state.bell.why
    if tonight.choice is None or tonight.mode not in NIGHT:
        return None
    sentence = tonight.choice.reason.sentence
    unsaid = not wishes.standing(state) and not tonight.said.mood
    if isinstance(sentence, Said) and sentence.id.startswith("spoken."):
        if not (state.settings.privacy or unsaid):
            return sentence
        emptied = sentence.id == "spoken.emptied"
        return None if emptied else str(sentence.fills["reason"])
    return sentence
