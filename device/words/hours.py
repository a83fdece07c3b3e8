"""Alarm and timer in a note: "wake me at half past six", "stop after twenty minutes", "六点半叫我".

Numbers are exact, so this is rules: a verb that asks for it, and a time behind it. Pure.
"""

import re
from typing import NamedTuple

from device.values import Day as Which
from device.values import Days
from device.words import days
from device.words.regex import regex

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
NOON = 12 * 60  # min
EVENING = 6 * 60  # min: "at 11 tonight" is before midnight, "at 3 tonight" after it

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
# An hour is no "a", "630" has its minutes with it, and minutes said in words are ten at least:
# "7 am", "at 7 one more time".
HOUR = r"(?:\d{1,4}(?!\d)|" + "|".join(sorted(
    (re.escape(word) for word, value in WORDS.items() if value == int(value) and word not in (
        "a", "an")), key=len, reverse=True)) + ")"
MINUTE = r"(?:\d\d(?!\d)|(?:" + "|".join(sorted(
    (re.escape(word) for word, value in WORDS.items() if value >= 10), key=len, reverse=True
)) + r")(?!\w))"
TIME = regex(
    rf"(?:(?P<part>half past|quarter past|a quarter past|quarter to|a quarter to|{NUMBER} past|"
    rf"{NUMBER} to) (?P<of>{HOUR})|"
    rf"(?P<hour>{HOUR})(?:[:.h ](?P<minute>{MINUTE}))?(?![a-z]{{3}}))"
    r"(?! ?(?:minutes?|mins?|hours?|hrs?|times?|percent|%))(?: ?o'?clock)?"
    r"(?: ?(?P<half>am|pm|a\.m|p\.m|in the morning|in the evening|tonight|in the afternoon))?"
)
WAKE = regex(
    r"\b(?:wake (?:me|us)(?: up)?|get me up|"
    r"let (?:me|us) (?:sleep|lie)(?: in)?(?= (?:until|till)\b)|"
    r"(?:set|make|put|change|move|need|want|have|create)"
    r"(?: me)?(?: the| an| a| my| up)* alarm(?: clock)?|alarm(?: clock)?)\b"
    r"(?: (?:tomorrow|for|at|to|by|around|on|morning|please|is|about|the|me|until|till))* "
)
NOT_WAKE = regex(
    r"\b(?:fire|no|don't|dont|not|cancel|remove|delete|turn off|switch off|stop|disable|what|when|"
    r"which|is) (?:\w+ ){0,2}alarm|\bmy alarm (?:is|was|rang|went)|\b(?:don't|not|never) wake|"
    r"\bwoke"
)
# A bare "alarm … 7" beside these is told of, or somebody else's.
TOLD = regex(
    r"\b(?:yesterday|last night|was|were|scared|rang|went off|\w+'s|his|her|their|phone|my alarm)\b"
    r"|昨[天晚]|吓"
)
CORRECTED = regex(
    r"\b(?:no|actually|make (?:that|it)|sorry|rather|wait)\b[ ,.]*"
    r"(?:(?:actually|make (?:that|it)|at) )*"
)
LENGTH = (
    rf"(?:about |only |just |another )*(?P<many>{NUMBER})(?P<half> and a half)? ?"
    r"(?P<unit>minutes?|mins?|hours?|hrs?|h|min)\b(?P<more> and a half)?"
)
NAP = regex(
    rf"\b(?:(?:wake (?:me|us)|get me)(?: up)?(?: again)?|alarm)(?: (?:for|in))+ {LENGTH}"
)
# Who lies in isn't to be woken: "let me sleep in tomorrow", but not "let me sleep in peace".
LIE_IN = regex(
    r"(?<!don't )(?<!not )(?<!never )(?<!dont )\b(?:let (?:me|us)|"
    r"(?:want|need|like|able)(?: me| us)? to|can (?:i|we)) "
    r"(?:sleep in|lie in|have a (?:lie|long|sleep)[- ]?in)"
    r"(?= *(?:please|for once|and|this|today|tomorrow|on|as long|\w+day|[.,;!?]|$))|"
    r"(?:^|[.,;!?] |\b(?:please|and|so|want|need) )no wake[- ]?up(?: calls?)?\b"
    r"(?! (?:at|in|last|during|like))|"
    r"(?<![别用要好])(?:让|给)我(?:今天|明天|明早|早上|听日|周[一二三四五六日末])*(?:好好)?"
    r"(?:睡到(?:自然醒|饱|够)|睡(?:个|一?下)?懒觉|赖(?:个|一?下)?床|睡晏)"
)
NO_ALARM = regex(
    r"\b(?:no|cancel|remove|delete|turn off|switch off|shut off|disable|unset|clear|forget|stop|"
    r"skip)"
    r"(?: (?:the|my|any|all|tomorrow's|tonight's|this|morning|wake-up|about))* alarms?\b|"
    r"\b(?:turn|switch) (?:the |my |all )*alarms? off\b|\balarms? off\b|"
    r"\b(?:won't|wont|don't|dont|do not) (?:need|want)(?: (?:an|the|my|any|morning|"
    r"wake-up))* alarm\b|"
    r"\b(?:don't|dont|do not|never|no need to|(?:don't|dont) (?:have|need) to) wake (?:me|us)"
    r"(?: up)?(?! (?:at|with|by|for|if|when|so|too|like|before|until|till|up|in)\b)|"
    r"(?:取消|关掉|关了?|删掉?|不要|不用|不需要|唔要|唔使|别)(?:再|设|定|开|响)*(?:明天|明早|听日|"
    r"早上)*的?闹[钟铃]|"
    r"闹[钟铃](?:也|都|就|给我)*(?:取消|关|删|不要|不用|唔要|唔使)|"
    r"(?:不用|不要|别|不必|唔使|唔好)(?:再)?(?:明天|明早|早上|听日)*(?:叫|喊|"
    r"唤)(?:醒)?我(?!.{0,3}[点半])"
)
STAYS = regex(
    r"\b(?:don't|dont|do not|never) (?:skip|cancel|remove|delete|turn off|switch off|shut off|"
    r"disable|unset|clear|forget|stop)\b|(?:别|不要|不用)(?:取消|关|删|忘)"
)
SKIP = regex(r"\bskip (?:\w+ ){0,2}alarm")
NO_TIMER = regex(
    r"\b(?:no|cancel|remove|stop|clear|delete|turn off|disable|forget)"
    r"(?: (?:the|my|any|all|sleep|about))* timers?\b|\btimers? off\b|"
    r"(?:取消|关掉|不要|不用|别)(?:定时|计时|倒计时)|(?:定时|计时)器?(?:取消|关掉|不要)"
)
OTHERS_ALARM = regex(r"\b(?:fire|smoke|car|burglar) alarm|\bwoke\b|\bwent off\b")
NOT_LASTS = regex(
    r"\b(?:don't|dont|do not|not|never) (?:\w+ ){0,2}?(?:stop|turn|switch|shut|end|fade|quit)\b|"
    r"\b(?:you|it|that|they) (?:turned|stopped|shut|went|switched)\b|\byesterday\b|\bwill end\b|"
    r"\b(?:fell|fall|doz\w+|nod\w*|drift\w*|dropp\w+|drop|went) off\b|"
    r"[别不](?:要)?.{0,8}[停关]|昨[天晚]"
)
# What ends the sound when it is over; whatever is named with it ends like all else.
ENDING = (
    r"(?:stop|end|kill|cut|mute|quit|lose|drop|silence|fade|pause|no more|off|"
    r"(?:turn|switch|shut)(?= (?:\w+ ){0,3}(?:off|out|down)\b))"
)
LASTS = (
    regex(rf"\b{ENDING}(?: (?!not\b|when\b|if\b)\w+){{0,4}}? (?:after|in) {LENGTH}"),
    regex(rf"\b(?:after|in) {LENGTH},?(?: please| just| then)* {ENDING}\b[^.,!?;]*"),
    regex(
        rf"(?<=for ){LENGTH},?(?: and)?(?: then)? (?:be |go )?(?:{ENDING}|silent|silence|quiet|"
        r"nothing)\b[^.,!?;]*"
    ),
)
PLAYS = (
    regex(rf"\bplay (?:\w+ ){{0,4}}?for {LENGTH}"),
    regex(rf"\b(?:sleep )?timer(?: (?:for|of|to|at|please|set|is))*:? {LENGTH}"),
    regex(
        rf"\b(?P<many>{NUMBER})[ -]?(?P<unit>minutes?|mins?|hours?|hr)[ -](?:sleep )?timer"
    ),
)
HOUR_ZH = r"(?P<hour>\d{1,2}|[一二两三四五六七八九十]{1,3})"
TIME_ZH = (
    rf"{HOUR_ZH}(?:点|[:：])钟?(?P<minute>半|一刻|三刻|\d{{1,2}}|[一二三四五六七八九十]{{1,3}})?分?"
)
DAYTIME = r"(?P<day>早上|早晨|清晨|明早|上午|凌晨|半夜|夜里|下午|晚上|傍晚)?"
WAKE_ZH = (
    regex(rf"{DAYTIME}{TIME_ZH}(?:钟)?(?:叫|喊|唤)(?:我|醒)"),
    regex(rf"{DAYTIME}{TIME_ZH}的?(?:闹钟|闹铃)"),
    regex(rf"(?:闹钟|闹铃)(?:定|设|调|改)?(?:在|到|成|个)?(?:明天)?{DAYTIME}{TIME_ZH}"),
)
NOT_WAKE_ZH = regex(r"(?:不要|不用|不必|别|取消|关掉).{0,8}(?:叫|喊|唤|闹)")
CORRECTED_ZH = regex(rf"(?:不对|不是|不，|还是|算了)[，,。 ]*{DAYTIME}{TIME_ZH}")
MANY_ZH = (
    r"(?P<many>半个?|\d{1,3}|[一二两三四五六七八九十廿百]{1,4})(?P<and>个半)?个?"
    r"(?P<unit>分钟|小时|钟头|钟)"
)
NAP_ZH = regex(rf"{MANY_ZH}(?:以后|之后|后)?(?:再|就|请)*(?:叫|喊|唤)(?:醒)?我")
ENDING_ZH = r"(?:停|关|结束|熄|收声|别再?[放播响]|不要再?[放播响]|不放|唔要|唔好再)"
LASTS_ZH = (
    regex(
        rf"{MANY_ZH}(?:以后|之后|后)[,，]?(?:自动|就|再|请|帮我|把[^，。,]{{1,6}}|"
        rf"[^，。,]{{2,3}})??{ENDING_ZH}[^，。,]*"
    ),
    regex(rf"(?<=[放播听]){MANY_ZH}(?:以后|之后|后)?(?P<kept>[^，。,]{{0,6}}?)[,，]?"
               r"(?:就|自动|然后)+(?:停|关|好|行)[^，。,]*"),
)
PLAYS_ZH = (
    regex(rf"(?:放|播|听){MANY_ZH}(?:以后|之后|后)?(?:就|自动)*(?:停|关|好|行)"),
    regex(rf"(?:定时|计时|倒计时){MANY_ZH}"),
)


class Asked(NamedTuple):
    """What a line asks of the clock."""

    alarm: int | None = None  # minutes after midnight
    timer: int | None = None  # minutes from now on
    nap: int | None = None  # minutes from now on until the alarm
    cancels: tuple[str, ...] = ()  # "alarm", "timer"
    days: Days = Days()  # of the alarm
    # whether an alarm or timer is spoken of at all, with a time or without
    spoken: bool = False
    left: str = ""  # the line without the sound's end: "stop the rain in an hour" denies no rain

    @property
    def understood(self) -> bool:
        """Whether it asks anything at all."""
        return self.cancels != () or not self.alarm is self.timer is self.nap is None


def number(text: str) -> float:
    return float(text) if text.isdigit() else float(WORDS[text])


def han_number(text: str) -> float:
    """ "二十五" → 25, "十" → 10, "45" → 45."""
    if text.isdigit():
        return float(text)
    if text in ("半", "半个"):
        return 0.5
    tens, ten, ones = text.replace("廿", "二十").rpartition("十")
    if not ten:
        return float(HAN.get(text, 0))
    return 10.0 * (HAN.get(tens, 1) if tens else 1) + (HAN.get(ones, 0) if ones else 0)


SPOKEN = regex(
    r"\balarms?\b|\btimers?\b|\bwake (?:me|us)\b|闹钟|闹铃|定时|计时|(?:叫|喊|唤)(?:我起床|醒我)"
)


def asked(line: str) -> Asked:
    """What a clean line asks of the clock."""
    of, timeless = days.said(line)
    rings, rests = alarm(timeless), nap(line)
    ends, left = timer(line)
    lies_in = LIE_IN.search(timeless)
    if of.which is Which.ANY and (lies_in or SKIP.search(line)):
        of = Days(Which.NEXT)
    if rings is not None and of.which is Which.TONIGHT and EVENING <= rings < NOON:
        rings += NOON
    elif rings is not None and of.which is Which.TONIGHT and NOON <= rings < NOON + 60:
        rings -= NOON
    off = {
        "alarm": rings is None and rests is None and (lies_in or NO_ALARM.search(timeless))
        and not STAYS.search(timeless)
        and not OTHERS_ALARM.search(line),
        "timer": ends is None and NO_TIMER.search(line),
    }
    cancels = tuple(name for name, so in off.items() if so)
    spoken = SPOKEN.search(line) and not TOLD.search(line) and not OTHERS_ALARM.search(line)
    asks = rings is not None or "alarm" in cancels
    return Asked(rings, ends, rests, cancels, of if asks else Days(), bool(spoken), left)


def nap(line: str) -> int | None:
    """Minutes from now: "wake me in twenty minutes"."""
    if found := NAP.search(line):
        return None if NOT_WAKE.search(line) else length(found)
    if found := NAP_ZH.search(line):
        return None if NOT_WAKE_ZH.search(line) else length_zh(found)
    return None


def alarm(line: str) -> int | None:
    """The last time that was said of it."""
    for asking in WAKE.finditer(line):
        clause = re.split(r"[.,;!?] |\band\b", line[: asking.end()])[-1]
        if NOT_WAKE.search(clause) or asking[0].startswith("alarm") and TOLD.search(line):
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
        if hour >= 100 and not minute:      # "630"
            hour, minute = divmod(hour, 100)
    return of_day(
        hour,
        minute,
        (time["half"] or "") in ("pm", "p.m", "in the evening", "in the afternoon"),
        (time["half"] or "") in ("am", "a.m"),
    )


def chinese_minutes(found: re.Match[str]) -> int | None:
    some, hour = found["minute"] or "", found["hour"]
    if len(hour) > 1 and not hour.isdigit() and "十" not in hour:
        return None             # "三五点" is no hour
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


def timer(line: str) -> tuple[int | None, str]:
    """Minutes from now, and the line without what then ends."""
    if NOT_LASTS.search(line):
        return None, line
    for patterns, measured in ((LASTS, length), (LASTS_ZH, length_zh)):
        for pattern in patterns:
            if (found := pattern.search(line)) and (many := measured(found)):
                kept = found.groupdict().get("kept") or " "
                return many, f"{line[: found.start()].rstrip()}{kept}{line[found.end() :].lstrip()}"
    for patterns, measured in ((PLAYS, length), (PLAYS_ZH, length_zh)):
        for pattern in patterns:
            if found := pattern.search(line):
                return measured(found), line
    return None, line


def length(found: re.Match[str]) -> int | None:
    said = found.groupdict()
    many = number(said["many"]) + (0.5 if said.get("half") or said.get("more") else 0)
    return bounded(many * (60 if said["unit"].startswith("h") else 1))


def length_zh(found: re.Match[str]) -> int | None:
    many = han_number(found["many"]) + (0.5 if found["and"] else 0)
    return bounded(many * (1 if found["unit"] == "分钟" else 60))


def bounded(length: float) -> int | None:
    return round(length) if 1 <= length <= LONGEST_TIMER else None
