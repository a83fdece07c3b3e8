"""The one line that answers a note, in its language. Pure."""

from collections.abc import Sequence

from device.values import TEXTURES, Understood, Wish

LONGEST = 250           # characters: Home Assistant shows at most 255
UNKNOWN = (
    "I don't know what that means. I understand short notes in English or Chinese, as “warm "
    "rain, no bells”. "
    "Nothing was changed."
)
UNREADABLE = "I can't read that: a note is text of at most 280 characters. Nothing was changed."
UNSURE = {
    "en": "I heard {}, but not what you wish; nothing was changed. Say it as “no {}” or “more {}”.",
    "zh": "听到了{}，但没听懂要怎样；什么都没有改变。可以说“不要{}”或“多一点{}”。",
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


def answered(heard: Understood, mood: str) -> str:
    """What was understood, in one line."""
    if not heard.language:
        return UNKNOWN
    tongue = heard.language
    last, always, good, poor, begin, comma, part = SAID[tongue]
    said = [last] if heard.like_last else []
    said += [listed(heard.wishes, tongue)] if heard.wishes else []
    said += [good if heard.rested > 0 else poor] if heard.rested else []
    said += [always] if heard.always and said else []
    parts = [comma.join(said)] if said else []
    parts += [MOODS[tongue][mood]] if mood else []
    unsure = [called(name, tongue) for name in heard.unsure]
    if not parts:
        return (
            UNSURE[tongue].format(comma.join(unsure), unsure[0], unsure[0])
            if unsure
            else NOTHING[tongue]
        )
    parts += [ALSO_UNSURE[tongue].format(comma.join(unsure))] if unsure else []
    line = begin + part.join(parts)
    return f"{line[:LONGEST - 30]}{'.' if tongue == 'en' else '。'} {UNDO[tongue]}"
