"""Alarm and timer in a note: "wake me at half past six", "stop after twenty minutes", "六点半叫我".

Numbers are exact, so this is rules: a verb that asks for it, and a time behind it. Pure.
"""

import re
from typing import NamedTuple

NUMBERS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ("twenty", "thirty", "forty", "fifty")
HAN = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "半": 0.5}
LONGEST_TIMER = 12 * 60  # min
DAY = 24 * 60  # min

WORDS = (
    {word: i for i, word in enumerate(NUMBERS)}
    | {ten: 20 + 10 * i for i, ten in enumerate(TENS)}
    | {
        f"{ten}{joint}{one}": 20 + 10 * i + j
        for i, ten in enumerate(TENS)
        for j, one in enumerate(NUMBERS[:10])
        if j
        for joint in (" ", "-")
    }
    | {"a": 1, "an": 1, "half an": 0.5, "half a": 0.5, "a quarter": 0.25}
)
NUMBER = r"(?:\d{1,3}|" + "|".join(sorted(map(re.escape, WORDS), key=len, reverse=True)) + ")"
# An hour is no "a", and minutes said in words are ten at least: "7 am", "at 7 one more time".
HOUR = r"(?:\d{1,3}|" + "|".join(sorted(
    (re.escape(word) for word, value in WORDS.items() if value == int(value) and word not in (
        "a", "an")), key=len, reverse=True)) + ")"
MINUTE = r"(?:\d\d(?!\d)|(?:" + "|".join(sorted(
    (re.escape(word) for word, value in WORDS.items() if value >= 10), key=len, reverse=True
)) + r")(?!\w))"
TIME = re.compile(
    rf"(?:(?P<part>half past|quarter past|a quarter past|quarter to|a quarter to|{NUMBER} past|"
    rf"{NUMBER} to) (?P<of>{HOUR})|"
    rf"(?P<hour>{HOUR})(?:[:.h ](?P<minute>{MINUTE}))?(?![a-z]{{3}}))"
    r"(?! ?(?:minutes?|mins?|hours?|hrs?|times?|percent|%))(?: ?o'?clock)?"
    r"(?: ?(?P<half>am|pm|a\.m|p\.m|in the morning|in the evening|tonight|in the afternoon))?"
)
WAKE = re.compile(
    r"\b(?:wake (?:me|us)(?: up)?|get me up|(?:set|make|put|change|move|need|want|have|create)"
    r"(?: me)?(?: the| an| a| my| up)* alarm(?: clock)?|alarm(?: clock)?)\b"
    r"(?: (?:tomorrow|for|at|to|by|around|on|morning|please|is|about|the|me))* "
)
NOT_WAKE = re.compile(
    r"\b(?:fire|no|don't|dont|not|cancel|remove|delete|turn off|switch off|stop|disable|what|when|"
    r"which|is) (?:\w+ ){0,2}alarm|\bmy alarm (?:is|was|rang|went)|\b(?:don't|not|never) wake|"
    r"\bwoke"
)
# A bare "alarm … 7" beside these is told of, or somebody else's.
TOLD = re.compile(
    r"\b(?:yesterday|last night|was|were|scared|rang|went off|\w+'s|his|her|their|phone|my alarm)\b"
    r"|昨[天晚]|吓"
)
CORRECTED = re.compile(
    r"\b(?:no|actually|make (?:that|it)|sorry|rather|wait)\b[ ,.]*"
    r"(?:(?:actually|make (?:that|it)|at) )*"
)
NOT_LASTS = re.compile(
    r"\b(?:don't|dont|do not|not|never) (?:\w+ ){0,2}?(?:stop|turn|switch|shut|end|fade|quit)\b|"
    r"\b(?:you|it|that|they) (?:turned|stopped|shut|went|switched)\b|\byesterday\b|"
    r"[别不](?:要)?.{0,8}[停关]|昨[天晚]"
)
LASTS = re.compile(
    rf"\b(?:stop|turn (?:it |everything |the \w+ )?off|switch (?:it |everything |the \w+ )?off|"
    rf"end|fade(?: it)?(?: out)?|off|shut (?:it )?(?:off|down)|quit|timer|sleep timer|"
    rf"play (?:\w+ ){{0,4}}?)(?: (?:it|the|sound|music|timer|playing|everything|please|set|a|"
    rf"rain|sleep))*? ?(?:after|in|for|to|of|:)(?: about| only| just)? "
    rf"(?P<many>{NUMBER})(?P<half> and a half)? ?(?P<unit>minutes?|mins?|hours?|hrs?|h|min)\b"
    r"(?P<more> and a half)?"
)
TIMER = re.compile(
    rf"\b(?P<many>{NUMBER})[ -]?(?P<unit>minutes?|mins?|hours?|hr)[ -](?:sleep )?timer"
)
HOUR_ZH = r"(?P<hour>\d{1,2}|[一二两三四五六七八九十]{1,3})"
TIME_ZH = (
    rf"{HOUR_ZH}(?:点|[:：])钟?(?P<minute>半|一刻|三刻|\d{{1,2}}|[一二三四五六七八九十]{{1,3}})?分?"
)
DAYTIME = r"(?P<day>早上|早晨|清晨|明早|上午|凌晨|半夜|夜里|下午|晚上|傍晚)?"
WAKE_ZH = (
    re.compile(rf"{DAYTIME}{TIME_ZH}(?:钟)?(?:叫|喊|唤)(?:我|醒)"),
    re.compile(rf"{DAYTIME}{TIME_ZH}的?(?:闹钟|闹铃)"),
    re.compile(rf"(?:闹钟|闹铃)(?:定|设|调|改)?(?:在|到|成|个)?(?:明天)?{DAYTIME}{TIME_ZH}"),
)
NOT_WAKE_ZH = re.compile(r"(?:不要|不用|不必|别|取消|关掉).{0,8}(?:叫|喊|唤|闹)")
CORRECTED_ZH = re.compile(rf"(?:不对|不是|不，|还是|算了)[，,。 ]*{DAYTIME}{TIME_ZH}")
MANY_ZH = (
    r"(?P<many>半个?|\d{1,3}|[一二两三四五六七八九十百]{1,4})(?P<and>个半)?个?"
    r"(?P<unit>分钟|小时|钟头)"
)
LASTS_ZH = (
    re.compile(rf"{MANY_ZH}(?:以后|之后|后)(?:自动|就|再)*(?:停|关|结束|熄)"),
    re.compile(rf"(?:放|播|听){MANY_ZH}(?:以后|之后|后)?(?:就|自动)*(?:停|关|好|行)"),
    re.compile(rf"(?:定时|计时|倒计时){MANY_ZH}"),
)


class Asked(NamedTuple):
    """Minutes after midnight for the alarm, minutes from now for the timer; None was not asked."""

    alarm: int | None = None
    timer: int | None = None
    # whether an alarm or timer is spoken of at all, with a time or without
    spoken: bool = False


def number(text: str) -> float:
    return float(text) if text.isdigit() else float(WORDS[text])


def han_number(text: str) -> float:
    """ "二十五" → 25, "十" → 10, "45" → 45."""
    if text.isdigit():
        return float(text)
    if text in ("半", "半个"):
        return 0.5
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return float(HAN.get(text, 0))
    return 10.0 * (HAN.get(tens, 1) if tens else 1) + (HAN.get(ones, 0) if ones else 0)


def asked(line: str) -> Asked:
    """What a clean line asks of the clock."""
    spoken = bool(re.search(r"\balarm|\btimer|\bwake me\b|闹钟|闹铃|定时|叫我起床|叫醒我", line))
    return Asked(alarm(line), timer(line), spoken)


def alarm(line: str) -> int | None:
    """The last time that was said of it."""
    if not NOT_WAKE.search(line):
        for asking in WAKE.finditer(line):
            if asking[0].startswith("alarm") and TOLD.search(line):
                continue
            if time := TIME.match(line, asking.end()):
                for mended in CORRECTED.finditer(line, time.end()):
                    time = TIME.match(line, mended.end()) or time
                return minutes(time)
    if NOT_WAKE_ZH.search(line):
        return None
    for pattern in WAKE_ZH:
        if found := pattern.search(line):
            if found[0].startswith(("闹", "鬧")) and TOLD.search(line):
                return None
            return chinese_minutes(CORRECTED_ZH.search(line, found.end()) or found)
    return None


def minutes(time: re.Match[str]) -> int | None:
    """Minutes after midnight; without "am" or "pm" the hour of a morning."""
    if time["part"]:
        hour, part = number(time["of"]), time["part"]
        how = part.rpartition(" ")[0]
        some = 30 if how == "half" else 15 if "quarter" in how else number(how)
        minute = -some if part.endswith("to") else some
    else:
        hour, minute = number(time["hour"]), number(time["minute"]) if time["minute"] else 0
    return of_day(
        hour,
        minute,
        (time["half"] or "") in ("pm", "p.m", "in the evening", "tonight", "in the afternoon"),
        (time["half"] or "") in ("am", "a.m"),
    )


def chinese_minutes(found: re.Match[str]) -> int | None:
    some = found["minute"] or ""
    minute = {"": 0, "半": 30, "一刻": 15, "三刻": 45}.get(some)
    return of_day(
        han_number(found["hour"]),
        han_number(some) if minute is None else minute,
        (found["day"] or "") in ("下午", "晚上", "傍晚"),
        (found["day"] or "") in ("凌晨", "半夜", "夜里"),
    )


def of_day(hour: float, minute: float, later: bool, early: bool) -> int | None:
    if early and hour == 12:
        hour = 0
    if hour > 24 or not -60 < minute < 60 or hour != int(hour):
        return None
    return int(60 * (hour % 12 + 12 if later and hour <= 12 else hour) + minute) % DAY


def timer(line: str) -> int | None:
    if NOT_LASTS.search(line):
        return None
    for pattern in (LASTS, TIMER):
        if found := pattern.search(line):
            said = found.groupdict()
            many = number(said["many"]) + (0.5 if said.get("half") or said.get("more") else 0)
            return bounded(many * (60 if found["unit"].startswith("h") else 1))
    for pattern in LASTS_ZH:
        if found := pattern.search(line):
            many = han_number(found["many"]) + (0.5 if found["and"] else 0)
            return bounded(many * (1 if found["unit"] == "分钟" else 60))
    return None


def bounded(length: float) -> int | None:
    return round(length) if 1 <= length <= LONGEST_TIMER else None
