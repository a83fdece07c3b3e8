"""The one line that answers a note, in its language. Pure."""

import re
from collections.abc import Sequence

from device import sentences
from device.programmes import PROGRAMMES
from device.values import TEXTURES, Counts, Day, Doubt, Standing, Understood, Wish

HERE = Standing()
LONGEST = 250           # characters: Home Assistant shows at most 255
UNKNOWN = (
    "I don't know what that means. I understand short notes in English or Chinese, as “warm "
    "rain, no bells”. "
    "Nothing was changed."
)
UNREADABLE = "I can't read that: a note is text of at most 280 characters. Nothing was changed."
UNSURE = {
    "en": "I heard {}, but not what you wish; nothing was changed. Say it as “{}” or “{}”.",
    "zh": "听到了{}，但没听懂要怎样；什么都没有改变。可以说“{}”或“{}”。",
}
ALSO_UNSURE = {"en": "not sure what you wish about {}", "zh": "没听懂{}要怎样"}
NOTHING = {"en": "I found no wish in that; nothing was changed.",
           "zh": "没有听出愿望；什么都没有改变。"}
UNDO = {"en": "Say “undo” to forget it.", "zh": "说“撤销”即可取消。"}
FIELDS = {  # field → what raising and lowering it is called
    "en": {
        "pulse": ("faster", "slower"),
        "density": ("fuller", "sparser"),
        "register": ("higher", "lower"),
        "brightness": ("brighter", "warmer and darker"),
        "tension": ("livelier", "calmer"),
        "level": ("louder", "quieter"),
    },
    "zh": {
        "pulse": ("快些", "慢些"),
        "density": ("丰富些", "简单些"),
        "register": ("高些", "低些"),
        "brightness": ("亮些", "暗些"),
        "tension": ("活泼些", "平静些"),
        "level": ("响些", "轻些"),
    },
}
VERBS = {"en": {"forbid": "no {}", "require": "{}", "raise": "more {}", "lower": "less {}"},
         "zh": {"forbid": "不要{}", "require": "{}", "raise": "多些{}", "lower": "少些{}"}}
WARM = {
    "en": {"lower": "warm {}", "raise": "bright {}"},
    "zh": {"lower": "温暖的{}", "raise": "明亮的{}"},
}
PLAYED = {
    "en": {
        "piano": "the melody on the piano",
        "bell": "the melody on bells",
        "pad": "music with pads",
        "drone": "music with a low drone",
    },
    "zh": {
        "piano": "旋律用钢琴",
        "bell": "旋律用铃",
        "pad": "有弦乐的音乐",
        "drone": "有低音的音乐",
    },
}
ENGLISH = {
    "pulse": "the tempo",
    "density": "how full it is",
    "register": "the pitch",
    "brightness": "the tone",
    "tension": "the mood",
    "level": "the loudness",
    "bell": "bells",
    "pad": "pads",
    "drone": "drone",
    "pink": "pink noise",
    "brown": "brown noise",
}
CHINESE = {"rain": "雨", "ocean": "海浪", "wind": "风", "stream": "溪流", "fire": "篝火",
           "pink": "粉红噪音", "brown": "棕色噪音", "bell": "铃", "piano": "钢琴", "pad": "弦乐",
           "drone": "低音", "music": "音乐", "silence": "安静", "pulse": "节奏", "density": "疏密",
           "register": "音高", "brightness": "音色", "tension": "气氛", "level": "音量"}
DEGREES = {"en": {0.5: "a little ", 2.0: "much "}, "zh": {0.5: "稍微", 2.0: "大幅"}}
MOODS = {
    "en": {
        "tense": "you sound tense, so starting slower",
        "weary": "you sound weary, so starting softer",
    },
    "zh": {
        "tense": "从用词看您有些紧张，所以开始得慢些",
        "weary": "从用词看您很累，所以开始得轻些",
    },
}
# What was asked for and isn't this device's, as `beyond.py` names it.
BEYOND = {
    "en": {
        "lights": "lights",
        "heating": "heating or fans",
        "room": "blinds, doors or the TV",
        "calls": "calls or messages",
        "titles": "radio or music by name",
        "questions": "weather, time or other questions",
        "later": "what is for another night or for when you are asleep",
    },
    "zh": {
        "lights": "灯",
        "heating": "空调和风扇",
        "room": "窗帘、门和电视",
        "calls": "电话和消息",
        "titles": "电台和点歌",
        "questions": "天气、时间之类的问题",
        "later": "留到改天或睡着以后的事",
    },
}
CANNOT = {"en": "I can't do {}", "zh": "我做不到：{}"}
SORRY = {
    "en": "I'm sorry. I only make sound and am no help with that; please talk to somebody you "
    "trust.",
    "zh": "我很难过听到这些。我只能放声音，帮不上这个；请和您信任的人说说。",
}
CRISIS = {
    "en": "I'm sorry you feel like this. I'm only a box that makes sound and no help for it. "
    "Please call somebody now: a person you trust, your emergency number, or a crisis line.",
    "zh": "听到您这样说我很难过。我只是一个放声音的盒子，帮不上忙。"
    "请现在就联系您信任的人、急救电话或心理援助热线。",
}
# Sentences of the answer, English and Chinese.
SAY = {
    "understood tonight": ("Understood: ", "明白了："),
    "understood later": ("Understood: ", "明白了："),
    "understood over": ("Noted of the night that was: ", "记下了，关于昨晚："),
    "understood nowhere": ("That would be: ", "意思会是："),
    "last": ("like last night", "像昨晚一样"),
    "stop": ("stop.", "停。"),
    "nap": ("alarm in {} min", "{} 分钟后叫醒"),
    "stopped": ("Stopped; a press of the button starts it again.", "停了；按一下按键再放。"),
    "stopped ringing": ("The alarm is off.", "闹钟停了。"),
    "silent": ("Nothing sounds now.", "现在没有声音在放。"),
    "no alarm": ("no alarm", "不设闹钟"),
    "no timer": ("no timer", "不定时"),
    "no time": ("the time isn't known, so I can't count to an alarm", "时钟还没对上，没法倒数叫醒"),
    "clock?": ("if an alarm or timer was meant, say it as “wake me at 7:30”, “cancel the alarm” "
               "or “stop after 20 minutes”",
               "如果是说闹钟或定时，请说“七点半叫我”、“取消闹钟”或“二十分钟后停”"),
    "good": ("a good night", "睡得好"),
    "poor": ("a poor night", "睡得不好"),
    "alarm": ("alarm at {:02}:{:02}", "闹钟 {:02}:{:02}"),
    "every": ("every {}", "每{}"),
    "unclear": ("I can't tell which day's alarm is meant, so it stays as it was; say it as "
                "“wake me at 7 tomorrow”, “no alarm on Saturday” or “wake me at 7 on weekdays”",
                "没听懂是哪一天的闹钟，所以没有改动；可以说“明天七点叫我”、“周六不用叫我”或“工作日七点叫我”"),
    "taken": ("only one single day's alarm can differ, and another day's does already: it stays as "
              "it was; “every Saturday” can be said besides",
              "只能有一天单独设闹钟，而另一天已经设了，所以没有改动；可以说“每周六”"),
    "past": ("today has no such time any more, so the alarm stays as it was",
             "今天已经过了那个时间，闹钟没有改动"),
    "zoneless": ("no time of day can be set while the time zone isn't known: write clock.zone = "
                 "\"Europe/Berlin\" (yours) into nocturne.toml",
                 "还不知道在哪个时区，所以没法定钟点：请在 nocturne.toml 里写上 "
                 "clock.zone = \"Asia/Shanghai\"（您的时区）"),
    "timeless": ("the time isn't known yet, so a single day's alarm stays as it was",
                 "时钟还没对上，没法单独设某一天的闹钟，所以没有改动"),
    "timer": ("off after {} min", "{} 分钟后停"),
    "later": ("No night has begun; it counts for the next.",
              "现在还没开始过夜；从下一次熄灯算起。"),
    "muted": ("It is muted by hand, which only the button undoes.",
              "现在被按键静音了，只有按键能解除。"),
    "paused": ("The sound is paused: a press brings it back.",
               "声音现在暂停了：按一下按键就会回来。"),
    "asleep": ("It is silent while you sleep; it counts if sound comes back.",
               "睡着的时候没有声音；再有声音时才算。"),
    "chosen": ("But nothing else is played now, in the night.", "不过夜里不再换别的声音。"),
    "guest": ("Only tonight: nothing is kept of a guest.", "只算今晚：访客的愿望不会保留。"),
    "keep?": ("For now only tonight; say “every night” to keep it.",
              "暂时只算今晚；说“每晚”就会保留。"),
    "keep over?": ("Say “every night” to keep it from now on.", "说“每晚”，以后就都这样。"),
    "keep all?": ("say “every night” once more to keep tonight's wishes",
                  "再说一次“每晚”，今晚的愿望就会保留"),
    "kept": ("Kept for every night: {}", "以后每晚都是：{}"),
    "dropped": ("Not kept for other nights: {}", "不留到以后：{}"),
    "elapsed": ("The time isn't known: it will ring {:g} h after lights out.",
                "时钟还没对上：会在熄灯 {:g} 小时后响。"),
    "no last": ("I don't know last night's sound", "不知道昨晚放的是什么"),
    "not morning": ("how a night was counts in the morning", "睡得怎样到早上再说才算"),
    "undone last": ("Forgotten: it is as it was before your last wish.",
                    "已撤销，恢复到上一条之前。"),
    "undone all": ("Forgotten: all that was said for tonight.", "已撤销今晚说过的一切。"),
    "undone": ("There is nothing to forget.", "没有可撤销的。"),
}
# Two choices to tap: each is a note that is understood as it stands.
CHOICES = {
    "en": {"forbid": "no {}", "require": "with {} please", "raise": "more {}", "lower": "less {}"},
    "zh": {"forbid": "不要{}", "require": "想听{}", "raise": "多一点{}", "lower": "少一点{}"},
}
WAYS = {        # what a choice calls raising and lowering a field
    "en": {name: pair for name, pair in FIELDS["en"].items()} | {
        "brightness": ("brighter", "darker"), "tension": ("more dramatic", "calmer"),
        "level": ("louder", "quieter"),
    },
    "zh": {
        "pulse": ("快一点", "慢一点"),
        "density": ("复杂一点", "简单一点"),
        "register": ("高一点", "低一点"),
        "brightness": ("亮一点", "暗一点"),
        "tension": ("紧张一点", "平静一点"),
        "level": ("大声一点", "小声一点"),
    },
}
SILENCE = {"en": ("complete silence", "no silence"), "zh": ("完全安静", "不要完全安静")}
CONFIRM = {"en": ("every night", "only tonight"), "zh": ("每晚", "只是今晚")}
THANKS = r"(?:[,. ]*\b(?:please|thanks|thank you|then))*[,.! ]*"
AGREED = (
    r"(?:yes|yeah|yep|yup|sure|of course|absolutely|definitely|exactly|always|please|please do|"
    r"go ahead|(?:do|keep) (?:it|that|them|so)|(?:that's |that is )?(?:right|correct)|mm-? ?hm+|"
    r"uh-? ?huh)"
)
REFUSED = (
    r"(?:no|nope|nah|not (?:always|every ?night|forever)|(?:please )?don't(?: keep it)?|rather not)"
)
AGREED_ZH = (
    r"(?:是|对|好|行|可以|嗯+|要|没错|当然|保留|留着|一直都?要|就这样|麻烦|谢谢|唔该)(?:的|啊|呀|"
    r"啦|吧|了|你|您)*"
)
REFUSED_ZH = (
    r"(?:不用?|不要|不是|不必|唔使|唔要|唔是|别|不保留|不[是用要]每晚|算)(?:了|啦|吧|谢谢)*"
)
# Whether it is kept, in which language, and how that is said: by naming the nights …
CONFIRMED = (
    (True, "en", re.compile(rf"(?:{AGREED}[,.! ]*|(?:ok|okay|and|,) ?)*(?:for |keep it |"
        rf"keep them )?"
                            rf"every ?night{THANKS}")),
    (False, "en", re.compile(
        rf"(?:(?:{REFUSED}|{AGREED}|ok|okay|well|oh)\b[,.! ]*)*(?:(?:just|only|it's|its|for|but|"
        rf"make it|"
        r"that's) )*(?:tonight|this once|this time|this one night)"
        rf"(?:(?:'s| is) (?:enough|fine|okay|ok)| only| alone| will do)?{THANKS}")),
    (True, "zh", re.compile(rf"(?:(?:{AGREED_ZH}|请)[,， ]*)*每(?:天)?晚(?:上)?(?:都)?(?:要|是|吧|"
        rf"。|!|！)*")),
    (False, "zh", re.compile(
        rf"(?:(?:{REFUSED_ZH}|{AGREED_ZH}|请)[,，。 ]*)*?(?:(?:只是|就|只要|只|净是|仅|"
        rf"是)*今(?:天)?晚(?:上|黑)?|"
        r"(?:就|只)这一?次)(?:就)?(?:好|行|够|可以|而已|了|啦|吧|。|!|！)*")),
)
# … or, right after it was asked, by a plain yes or no.
ANSWERED = (
    (True, "en", re.compile(rf"(?:(?:ok|okay)[,. ]+)?(?:{AGREED}\b[,.! ]*)+{THANKS}")),
    (False, "en", re.compile(rf"(?:(?:ok|okay)[,. ]+)?{REFUSED}{THANKS}")),
    (True, "zh", re.compile(rf"(?:{AGREED_ZH}[,，。!！ ]*)+")),
    (False, "zh", re.compile(rf"(?:{REFUSED_ZH}[,，。!！ ]*)+(?:谢谢|唔该)?[。!！]*")),
)
# Of an alarm.
WEEKDAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
}
SPANS = {
    "en": {(0, 1, 2, 3, 4): "on weekdays", (5, 6): "on weekends", tuple(range(7)): "every day"},
    "zh": {(0, 1, 2, 3, 4): "工作日", (5, 6): "周末", tuple(range(7)): "每天"},
}
DAYS_SAID = {
    "en": {Day.NEXT: "this once", Day.TODAY: "today", Day.TONIGHT: "tonight",
           Day.TOMORROW: "tomorrow", Day.OVERMORROW: "the day after tomorrow",
           Day.DAILY: "every day"},
    "zh": {Day.NEXT: "只这一次", Day.TODAY: "今天", Day.TONIGHT: "今晚", Day.TOMORROW: "明天",
           Day.OVERMORROW: "后天", Day.DAILY: "每天"},
}
AND = {"en": " and ", "zh": "、"}
ALONE = {"en": "on {}", "zh": "{}"}
OF_DAYS = {"en": " {}", "zh": "（{}）"}
ASKED = {"en": "did you mean “{}” or “{}”?", "zh": "您是说“{}”还是“{}”？"}
COMMA = {"en": ", ", "zh": "，"}
SEMICOLON = {"en": "; ", "zh": "；"}


def named(wish: Wish, tongue: str) -> str:
    """A wish in a few words."""
    field = FIELDS[tongue].get(wish.name)
    degree = DEGREES[tongue].get(wish.degree, "")
    if field and wish.verb in ("raise", "lower"):
        if tongue == "en" and wish.verb == "raise" and wish.name == "level":
            return f"{degree}louder, up to your limit"
        return degree + field[wish.verb == "lower"]
    if wish.verb == "require" and wish.name in PLAYED[tongue]:
        return PLAYED[tongue][wish.name]
    name = called(wish.name, tongue)
    degree = (
        degree
        if wish.verb in ("raise", "lower") or degree == "a little " and wish.verb == "require"
        else ""
    )
    return degree + VERBS[tongue][wish.verb].format(name)


def called(name: str, tongue: str) -> str:
    """A thing or a field by name."""
    return (CHINESE if tongue == "zh" else ENGLISH).get(name) or sentences.called(name, tongue)


def listed(wishes: Sequence[Wish], tongue: str) -> str:
    """In the order that they were said: "warm rain, no bells"."""
    said: list[str] = []
    before: Wish | None = None
    for wish in wishes:
        if (before and (before.name, before.degree) == ("brightness", 1.0)
                and wish.verb == "require" and wish.name in TEXTURES):
            said[-1] = WARM[tongue][before.verb].format(named(wish, tongue))
        else:
            said.append(named(wish, tongue))
        before = wish
    return COMMA[tongue].join(said)


def choices(doubts: Sequence[Doubt], tongue: str) -> tuple[str, ...]:
    """Two short notes for the first doubt; either, sent in, is understood as it stands."""
    return tuple(choice(doubts[0].name, verb, tongue)
                 for verb in (doubts[0].first, doubts[0].second)) if doubts else ()


def choice(name: str, verb: str, tongue: str) -> str:
    if name == "silence":           # there is no less of it
        return SILENCE[tongue][verb in ("forbid", "lower")]
    ways = WAYS[tongue].get(name)
    if ways:
        return ways[verb in ("lower", "forbid")]
    return CHOICES[tongue][verb].format(called(name, tongue))


def confirms(line: str, choices: Sequence[str] = ()) -> tuple[bool, str] | None:
    """(keep, language) of a clean line that says no more than "every night" or "only tonight"; if
    these are the `choices` that are offered now, a yes or no says it, too."""
    ways = (*CONFIRMED, *(ANSWERED if tuple(choices) in CONFIRM.values() else ()))
    return next(((keep, tongue) for keep, tongue, said in ways if said.fullmatch(line)), None)


def settled(pending: Sequence[Wish], keep: bool, tongue: str) -> str:
    """The answer to that."""
    told = say("kept" if keep else "dropped", tongue).format(listed(pending, tongue))
    return ended(told, tongue, [UNDO[tongue]])


def say(name: str, tongue: str) -> str:
    return SAY[name][tongue == "zh"]


def answered(heard: Understood, standing: Standing = HERE) -> str:
    """What was understood, and what comes of it as things stand, in one line."""
    if not heard.language:
        return UNKNOWN
    tongue = heard.language
    if heard.distress == "crisis":
        return CRISIS[tongue]
    if heard.stop:
        if standing.counts is Counts.NOWHERE:
            return say("understood nowhere", tongue) + say("stop", tongue)
        ended_by = {"sound": "stopped", "alarm": "stopped ringing"}.get(standing.stops, "silent")
        return say(ended_by, tongue)
    if heard.undo:
        return say(f"undone {standing.undoes}".strip(), tongue)
    wished, clock = said(heard, standing), hours(heard, standing)
    parts = [*wished, *clock, *asides(heard, standing)]
    if not parts:
        return unsure(heard) or NOTHING[tongue]
    if heard.unsure:
        parts.append(doubted(heard))
    line, after = SEMICOLON[tongue].join(parts), []
    if wished or clock:
        nowhere = standing.counts is Counts.NOWHERE
        counts = standing.counts if wished or nowhere else Counts.TONIGHT
        line = say(f"understood {counts}", tongue) + line
        after = [*conditions(heard, standing, bool(wished)), *([] if nowhere else [UNDO[tongue]])]
    return ended(line, tongue, after)


def ended(line: str, tongue: str, after: Sequence[str]) -> str:
    """As sentences; the line itself gives way where it would be too long."""
    end = "" if line.endswith((".", "?", "!", "。", "？")) else "." if tongue == "en" else "。"
    tail = "".join(f" {each}" for each in after)
    line = line[:1].upper() + line[1:LONGEST - len(tail) - 2]
    return f"{line}{end}{tail}"


def said(heard: Understood, standing: Standing) -> list[str]:
    """What is done of a note; what its time or this device doesn't allow isn't among it."""
    tongue, over = heard.language, standing.counts is Counts.OVER
    out = [say("last", tongue)] if heard.like_last and standing.last and not over else []
    out += [listed(heard.wishes, tongue)] if heard.wishes else []
    if heard.rested and over:
        out.append(say("good" if heard.rested > 0 else "poor", tongue))
    out = [COMMA[tongue].join(out)] if out else []
    return out + ([MOODS[tongue][heard.mood]] if heard.mood and not over else [])


def hours(heard: Understood, standing: Standing) -> list[str]:
    """What is set by the clock, or no more."""
    tongue = heard.language
    unset = bool(unplaced(heard, standing))
    out = [say(f"no {name}", tongue) + (on_days(heard, standing) if name == "alarm" else "")
           for name in heard.cancels if not (unset and name == "alarm")]
    alarm = heard.alarm if heard.nap is None else standing.alarm
    if alarm is not None and not unset:
        out.append(say("alarm", tongue).format(*divmod(alarm, 60)) + on_days(heard, standing))
    elif heard.nap is not None and standing.counts is Counts.NOWHERE:
        out.append(say("nap", tongue).format(heard.nap))
    if heard.timer is not None:
        out.append(say("timer", tongue).format(heard.timer))
    return out


def unplaced(heard: Understood, standing: Standing) -> str:
    """Why the alarm that was said wasn't set, or ""."""
    return standing.unset or ("unclear" if heard.days.which is Day.UNCLEAR else "")


def on_days(heard: Understood, standing: Standing) -> str:
    """On which days the alarm counts; where no device says it, as they were named."""
    tongue, (which, weekdays) = heard.language, heard.days
    on, weekly = standing.on, standing.weekly
    if not on:
        on, weekly = weekdays, which is Day.WEEKLY
    if not on:
        told = DAYS_SAID[tongue].get(which, "")
    elif not weekly:
        told = ALONE[tongue].format(WEEKDAYS[tongue][on[0]])
    else:
        names = [WEEKDAYS[tongue][day] for day in on]
        told = SPANS[tongue].get(on) or say("every", tongue).format(AND[tongue].join(names))
    return OF_DAYS[tongue].format(told) if told else ""


def asides(heard: Understood, standing: Standing) -> list[str]:
    """What else is to be said of a note: what isn't done, and why."""
    tongue, comma = heard.language, COMMA[heard.language]
    told = [BEYOND[tongue][name] for name in heard.beyond]
    out = [CANNOT[tongue].format(comma.join(told))] if told else []
    if heard.like_last and not standing.last:
        out.append(say("no last", tongue))
    if heard.rested and standing.counts is not Counts.OVER:
        out.append(say("not morning", tongue))
    if standing.asks and not heard.wishes:
        out.append(say("keep all?", tongue))
    if heard.distress:
        out.append(SORRY[tongue])
    nowhere = standing.counts is Counts.NOWHERE
    if heard.nap is not None and standing.alarm is None and not nowhere:
        out.append(say("no time", tongue))
    if unset := unplaced(heard, standing):
        out.append(say(unset, tongue))
    if heard.clock and not out and not heard.wishes:
        out.append(say("clock?", tongue))
    return out


def conditions(heard: Understood, standing: Standing, wished: bool) -> list[str]:
    """Sentences on when and whether what was `wished` is heard, and how long it stands."""
    tongue, over = heard.language, standing.counts is Counts.OVER
    always = heard.always and bool(heard.wishes)
    told = {
        "later": wished and standing.counts is Counts.LATER,
        "muted": wished and standing.muted and not over,
        "paused": audible(heard) and standing.silence == "paused" and not standing.muted,
        "asleep": audible(heard) and standing.silence == "asleep" and not standing.muted,
        "chosen": standing.chosen and whole(heard, standing),
        "guest": always and not standing.keeps,
        "keep?": always and standing.asks and not over,
        "keep over?": always and standing.asks and over,
    }
    out = [say(name, tongue) for name, so in told.items() if so]
    unset = unplaced(heard, standing)
    if heard.alarm is not None and standing.elapsed is not None and not unset:
        out.insert(0, say("elapsed", tongue).format(standing.elapsed))
    return out


def audible(heard: Understood) -> bool:
    """Whether something is wished that would be heard."""
    wished = any(wish.verb != "forbid" and wish.name != "silence" for wish in heard.wishes)
    return wished or heard.like_last


def whole(heard: Understood, standing: Standing) -> bool:
    """Whether another sound is asked for as a whole: a programme or last night's."""
    named = any(wish.verb == "require" and wish.name in PROGRAMMES for wish in heard.wishes)
    return named or heard.like_last and standing.last


def unsure(heard: Understood) -> str:
    """What is asked back where nothing else was understood; "" if nothing is in doubt."""
    if not heard.unsure:
        return ""
    tongue, comma = heard.language, COMMA[heard.language]
    names = [called(name, tongue) for name in heard.unsure]
    first, second = heard.choices or (
        CHOICES[tongue]["forbid"].format(names[0]), CHOICES[tongue]["raise"].format(names[0])
    )
    return UNSURE[tongue].format(comma.join(names), first, second)


def doubted(heard: Understood) -> str:
    tongue, comma = heard.language, COMMA[heard.language]
    if heard.choices:
        return ASKED[tongue].format(*heard.choices)
    return ALSO_UNSURE[tongue].format(comma.join(called(name, tongue) for name in heard.unsure))
