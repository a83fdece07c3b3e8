"""The day that an alarm is said to be of: "tomorrow", "on saturday", "weekdays", "just this once",
"周六". Pure.

A table of names is exact. What names a day in any other way, or several at once that are no list,
is unclear: it is asked back, for an alarm on a wrong day is worse than none that was promised.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from device.values import Day, Days
from device.words.regex import regex

WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SHORT = {"mon": 0, "tue": 1, "tues": 1, "wed": 2, "weds": 2, "thu": 3, "thur": 3, "thurs": 3,
         "fri": 4, "sat": 5, "sun": 6}
HAN_WEEK = {c: n for n, c in enumerate("一二三四五六日")} | {"天": 6}
WORKING, FREE = (0, 1, 2, 3, 4), (5, 6)

FULL = "|".join(WEEK)
ANY = rf"(?:{FULL}|{'|'.join(sorted(SHORT, key=len, reverse=True))})"
TOMORROW = r"(?:tomorrow|tomorow|tommorow|tommorrow|tmrw|tmr|2morrow)"
ONLY = r"(?:(?:just|only|for|on|at|this|during|coming) )*"
ALONE = r"(?:'s)?\b(?: only| alone)?"
EACH = rf"{ONLY}(?:every|each)"
HAN_NAME = "(?:周|星期|礼拜|禮拜)"
HAN = "[一二三四五六日天]"
BARE = r"(?P<bare>mon|tues?|weds?|thu|thurs?|fri)"      # "sun" and "sat" are other words, too
TO = r"(?: ?- ?| to | through | thru | till | until )"
# The first that matches where one begins.
NAMES: tuple[tuple[str, Day, str], ...] = (
    ("range", Day.WEEKLY, rf"(?:on |from |every )*(?P<start>{ANY})s?{TO}(?P<end>{ANY})s?\b"),
    ("overmorrow", Day.OVERMORROW, rf"{ONLY}the day after {TOMORROW}{ALONE}"),
    ("tomorrow", Day.TOMORROW, rf"{ONLY}{TOMORROW}{ALONE}"),
    ("tonight", Day.TONIGHT, rf"{ONLY}(?:tonight|this night){ALONE}"),
    ("today", Day.TODAY, rf"{ONLY}(?:today|this (?:morning|afternoon|evening)){ALONE}"),
    ("daily", Day.DAILY, rf"{EACH}(?: single)? (?:day|morning)\b|(?:everyday|daily|all days)\b"),
    ("working", Day.WEEKLY, rf"(?:{EACH} |{ONLY})(?:a |the )?(?:week|work|working) ?days?{ALONE}"),
    ("free", Day.WEEKLY, rf"(?:{EACH} weekend|{ONLY}(?:the )?weekends){ALONE}"),
    ("every", Day.WEEKLY, rf"{EACH} (?P<every>{ANY}){ALONE}"),
    ("plural", Day.WEEKLY, rf"{ONLY}(?P<plural>{FULL})s{ALONE}"),
    ("single", Day.WEEKDAY, rf"{ONLY}(?P<single>{FULL}){ALONE}"),
    ("short", Day.WEEKDAY, rf"(?:(?:for |on |this )+(?P<short>{ANY})|{BARE}){ALONE}"),
    ("next", Day.NEXT, r"(?:just |only |for )*this (?:once|one time|time)\b|"
                       r"(?:just|only|for) once\b|once only\b|one[- ]time\b|one-off\b|"
                       r"next(?= alarm)"),
    ("range_zh", Day.WEEKLY, rf"(?:每个?)?{HAN_NAME}(?P<start_zh>{HAN})[到至-]{HAN_NAME}?"
                             rf"(?P<end_zh>{HAN})"),
    ("tomorrow_zh", Day.TOMORROW, r"明(?:天|早|日|晨|儿)|听(?:日|朝)"),
    ("overmorrow_zh", Day.OVERMORROW, r"(?<!大)后[天日]"),
    ("tonight_zh", Day.TONIGHT, r"今[晚夜]"),
    ("today_zh", Day.TODAY, r"今[天日早朝]"),
    ("daily_zh", Day.DAILY, r"每天|每日|天天|日日|每个?早"),
    ("working_zh", Day.WEEKLY, r"(?:每个?)?(?:工作日|平日|上班日)"),
    ("free_zh", Day.WEEKLY, r"(?<![这本下上])(?<![这下上]个)(?:每个?)?周末"),
    ("list_zh", Day.WEEKLY, rf"(?:每个?)?{HAN_NAME}(?P<list_zh>{HAN}{{2,7}})(?![点:：])"),
    ("every_zh", Day.WEEKLY, rf"(?:每个?|逢){HAN_NAME}(?P<every_zh>{HAN})"),
    ("single_zh", Day.WEEKDAY, rf"(?:这个?|本)?{HAN_NAME}(?P<single_zh>{HAN})"),
    ("next_zh", Day.NEXT, r"(?:[只就仅]是?)*(?:这一?次|此一次)|[只就仅]一次|下一?次"),
)
NAME = regex("|".join(
    rf"(?P<{name}_>{pattern if name.endswith('_zh') else rf'(?<![a-z0-9])(?:{pattern})'})"
    for name, _, pattern in NAMES))
KINDS = {f"{name}_": day for name, day, _ in NAMES}
MONTHS = (r"(?:january|february|march|april|june|july|august|september|october|november|december|"
          r"jan|feb|aug|sept?|oct|nov|dec)")
# Names a day in a way that isn't known here.
OTHER = regex(
    rf"\bnext (?:week|month|year|time|morning|day|{ANY})|\b(?:in|of) may\b|\bmay \d|\d may\b|"
    rf"\b{MONTHS}\b|\b\d+(?:st|nd|rd|th)\b|\b\d\d?/\d\d?\b|\b\d{{4}}-\d\d\b|"
    r"\b(?:every|each) (?:other|second|third)\b|\balternate\b|\bthis week\b|\bweekend\b|"
    r"\bfor (?:a|the|one|two|three|\d+) (?:week|month|few)|\bdays\b|\bweeks?\b|\bfortnight|"
    r"\bholiday|\b(?!midday|noonday|someday)[a-z]{3,}days?(?:'s)?\b|\bchristmas|\beaster|"
    r"\bany day|(?<!the )\b(?:sat|sun)\b|"
    r"[\d一二两三四五六七八九十几]+(?:天|周|个?星期|个月)[以之]?后|过[几两一二三四五\d]+天|"
    r"国庆|春节|圣诞|元旦|中秋|清明|端午|劳动节|"
    r"\bnew year|\bthe day\b|大后天|下个?(?:周|星期|礼拜|禮拜|月)|[这本]个?周末|隔[天日]|"
    r"[\d一二三十][月号]|\d+日|假期|节日|生日"
)
# Days that are left out, or from which on something holds.
EXCEPT = regex(
    r"(?:\b(?:next|last|except|excluding|besides|unless|but|not|until|till|from|since|"
    r"starting|before|after)(?: (?:on|for|from|the|with))* ?|除了?|从|直到|直至|[下上]个?)$"
)
SPOKEN = regex(
    r"\balarms?\b|\bwake\b|\bwakeup\b|\bget (?:me|us) up\b|\b(?:sleep|lie|lie-in) in\b|"
    r"\b(?:lie|long|sleep)-in\b|闹[钟铃]|叫|喊|唤|自然醒|懒觉|赖床|睡晏"
)
MARK = regex(r"((?<![ap]\.m)[.;!?](?= |$)|,|\band\b|\bthen\b|[，。；！？、])")
JOINS = regex(
    r"\W*(?:(?:please|also|but|only|just|not|except|it's|for|at|to|by|around) ?)*\W*$"
)
FILLER = regex(r"\b(?:please|on|for|and|so|ok|okay|well|hey|but)\b|\W")


class Said(NamedTuple):
    days: Days
    left: str           # the line without the names of days, as a time of day is looked for in it


def said(line: str) -> Said:
    """Of the alarm in a clean line, in simplified script."""
    clauses = [clause for clause in joined(line) if SPOKEN.search(clause)]
    found = [match for clause in clauses for match in NAME.finditer(clause)]
    left = [re.sub(r"\s{2,}", " ", unnamed(clause)) for clause in clauses]
    if any(OTHER.search(blanked(clause)) or excepts(clause) for clause in clauses):
        days = Days(Day.UNCLEAR)
    else:
        days = together([named(match) for match in found])
    for clause, rest in zip(clauses, left, strict=True):
        line = line.replace(clause, rest, 1)
    return Said(days, line.strip())


def unnamed(clause: str) -> str:
    """Without the names, but "tonight" and the like say whether an hour is of the evening, too."""
    return NAME.sub(lambda match: match[0] if kept(match) else " " if match[0].isascii() else "",
                    clause)


def kept(match: re.Match[str]) -> bool:
    return kind(match) in ("tonight_", "today_", "tonight_zh_", "today_zh_", "tomorrow_zh_")


def blanked(clause: str) -> str:
    return NAME.sub(" ", clause)


def excepts(clause: str) -> bool:
    return any(EXCEPT.search(clause[: match.start()]) for match in NAME.finditer(clause))


def joined(line: str) -> Iterator[str]:
    """Its clauses; one that begins with a day belongs to the one before, and a day alone to the one
    that follows."""
    parts = MARK.split(line)
    clause = parts[0]
    for mark, part in zip(parts[1::2], parts[2::2], strict=True):
        name = NAME.search(part)
        begins = name and (JOINS.match(part[: name.start()]) or re.match(r" ?at \d", part))
        begins = begins or re.match(r" ?(?:sat|sun)\b", part)
        alone = NAME.search(clause) and not FILLER.sub("", blanked(clause))
        if begins or alone:
            clause += mark + part
        else:
            yield clause
            clause = part
    yield clause


def kind(match: re.Match[str]) -> str:
    return next(name for name in KINDS if match[name] is not None)


def named(match: re.Match[str]) -> Days:
    """One name."""
    name, groups = kind(match), match.groupdict()
    day = KINDS[name]
    if name in ("working_", "working_zh_"):
        return Days(day, WORKING)
    if name in ("free_", "free_zh_"):
        return Days(day, FREE)
    if name in ("range_", "range_zh_"):
        ends = ("start", "end") if name == "range_" else ("start_zh", "end_zh")
        first, last = (number(groups[end]) for end in ends)
        return Days(day, tuple(sorted((first + n) % 7 for n in range((last - first) % 7 + 1))))
    if name == "list_zh_":
        return Days(day, tuple(number(each) for each in groups["list_zh"]))
    each = groups.get(name.removesuffix("_")) or name == "short_" and groups["bare"]
    return Days(day, (number(each),)) if each else Days(day)


def number(name: str) -> int:
    """0 is Monday."""
    if name in HAN_WEEK:
        return HAN_WEEK[name]
    return WEEK.index(name) if name in WEEK else SHORT[name]


def together(names: list[Days]) -> Days:
    """What several of them mean, if that is one thing."""
    which = {each.which for each in names}
    weekdays = tuple(sorted({day for each in names for day in each.weekdays}))
    if len(which) > 1 and Day.WEEKLY not in which:
        which.discard(Day.NEXT)             # "at 5 tomorrow, just this once"
    if which == {Day.WEEKLY, Day.WEEKDAY}:
        which = {Day.WEEKLY}                # "every monday and tuesday"
    if not which:
        return Days()
    if len(which) > 1 or which == {Day.WEEKDAY} and len(weekdays) > 1:
        return Days(Day.UNCLEAR)
    return Days(which.pop(), weekdays)
