"""The one line that answers a note, in its language. Pure."""

from collections.abc import Sequence

from device.values import TEXTURES, Doubt, Understood, Wish

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
UNDONE = {"en": "Forgotten: it is as it was before your last note.",
          "zh": "已撤销，恢复到上一条之前。"}
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
PLURAL = {
    "bell": "bells",
    "pad": "pads",
    "drone": "drone",
    "pink": "pink noise",
    "brown": "brown noise",
}
CHINESE = {"rain": "雨", "ocean": "海浪", "wind": "风", "stream": "溪流", "fire": "篝火",
           "pink": "粉红噪音", "brown": "棕色噪音", "bell": "铃", "piano": "钢琴", "pad": "弦乐",
           "drone": "低音", "music": "音乐", "silence": "安静"}
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
        "clock": "alarms and timers in words",
    },
    "zh": {
        "lights": "灯",
        "heating": "空调和风扇",
        "room": "窗帘、门和电视",
        "calls": "电话和消息",
        "titles": "电台和点歌",
        "questions": "天气、时间之类的问题",
        "clock": "用文字设闹钟和定时",
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
CLOCK = {
    "en": ("alarm at {:02}:{:02}", "off after {} min"),
    "zh": ("闹钟 {:02}:{:02}", "{} 分钟后停"),
}
# Two choices to tap: each is a note that is understood as it stands.
CHOICES = {
    "en": {"forbid": "no {}", "require": "{} please", "raise": "more {}", "lower": "less {}"},
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
SILENCE = {"en": "complete silence", "zh": "完全安静"}
CONFIRM = {"en": ("every night", "only tonight"), "zh": ("每晚", "只是今晚")}
ASKED = {"en": "did you mean “{}” or “{}”?", "zh": "您是说“{}”还是“{}”？"}
SAID = {
    "en": (
        "like last night",
        "every night",
        "a good night",
        "a poor night",
        "Understood: ",
        ", ",
        "; ",
    ),
    "zh": ("像昨晚一样", "每晚", "睡得好", "睡得不好", "明白了：", "，", "；"),
}


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
    return CHINESE.get(name, name) if tongue == "zh" else PLURAL.get(name, name)


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
    return SAID[tongue][5].join(said)


def choices(doubts: Sequence[Doubt], tongue: str) -> tuple[str, ...]:
    """Two short notes for the first doubt; either, sent in, is understood as it stands."""
    return tuple(choice(doubts[0].name, verb, tongue)
                 for verb in (doubts[0].first, doubts[0].second)) if doubts else ()


def choice(name: str, verb: str, tongue: str) -> str:
    if name == "silence":           # there is no less of it, only a quieter night
        return SILENCE[tongue] if verb in ("require", "raise") else WAYS[tongue]["level"][1]
    ways = WAYS[tongue].get(name)
    if ways:
        return ways[verb in ("lower", "forbid")]
    return CHOICES[tongue][verb].format(called(name, tongue))


def answered(heard: Understood, mood: str, clock: bool = False) -> str:
    """What was understood, in one line; `clock`: an alarm or timer that was asked for is set."""
    if not heard.language:
        return UNKNOWN
    tongue = heard.language
    if heard.distress == "crisis":
        return CRISIS[tongue]
    parts, understood = parts_of(heard, mood, clock)
    if heard.distress:
        parts.append(SORRY[tongue])
    if not parts:
        return unsure(heard) or NOTHING[tongue]
    if heard.unsure:
        parts.append(doubted(heard))
    line = (SAID[tongue][4] if understood else "") + SAID[tongue][6].join(parts)
    end = "" if line.endswith((".", "?", "。", "？")) else "." if tongue == "en" else "。"
    undo = f" {UNDO[tongue]}" if understood else ""
    return f"{line[:LONGEST - len(undo) - 2]}{end}{undo}"


def parts_of(heard: Understood, mood: str, clock: bool) -> tuple[list[str], bool]:
    """The parts of the line, and whether the first of them says what was understood."""
    tongue = heard.language
    last, always, good, poor, _, comma, _ = SAID[tongue]
    said = [last] if heard.like_last else []
    said += [listed(heard.wishes, tongue)] if heard.wishes else []
    said += [good if heard.rested > 0 else poor] if heard.rested else []
    said += [always] if heard.always and said else []
    alarm, timer = CLOCK[tongue]
    if clock:
        said += [alarm.format(*divmod(heard.alarm, 60))] if heard.alarm is not None else []
        said += [timer.format(heard.timer)] if heard.timer is not None else []
    parts = [comma.join(said)] if said else []
    parts += [MOODS[tongue][mood]] if mood else []
    understood = bool(parts)
    beyond = [*heard.beyond]
    if not clock and (heard.alarm is not None or heard.timer is not None):
        beyond.append("clock")
    if beyond:
        told = comma.join(BEYOND[tongue][name] for name in beyond)
        parts.append(CANNOT[tongue].format(told))
    return parts, understood


def unsure(heard: Understood) -> str:
    """What is asked back where nothing else was understood; "" if nothing is in doubt."""
    if not heard.unsure:
        return ""
    tongue, comma = heard.language, SAID[heard.language][5]
    names = [called(name, tongue) for name in heard.unsure]
    first, second = heard.choices or (
        CHOICES[tongue]["forbid"].format(names[0]), CHOICES[tongue]["raise"].format(names[0])
    )
    return UNSURE[tongue].format(comma.join(names), first, second)


def doubted(heard: Understood) -> str:
    tongue, comma = heard.language, SAID[heard.language][5]
    if heard.choices:
        return ASKED[tongue].format(*heard.choices)
    return ALSO_UNSURE[tongue].format(comma.join(called(name, tongue) for name in heard.unsure))
