"""Days as they are written in the language that is spoken."""

from datetime import datetime

from device.sentences import label


def night(time: datetime) -> str:
    """With its weekday and year."""
    weekday = label("date.weekdays").split()[time.weekday()]
    return label("date.night", weekday=weekday, day=time.day, month=month(time), year=time.year)


def whole(time: datetime) -> str:
    """With its year."""
    return label("date.whole", day=time.day, month=month(time), year=time.year)


def day(time: datetime) -> str:
    return label("date.day", day=time.day, month=month(time))


def short(time: datetime) -> str:
    months = label("date.short-months").split()
    return label("date.day", day=time.day, month=months[time.month - 1])


def month(time: datetime) -> str:
    return label("date.months").split()[time.month - 1]
