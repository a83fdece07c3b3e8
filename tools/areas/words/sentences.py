"""Sentences with their slots from a seeded grammar: what the learned tagger is trained on."""

import numpy as np

THINGS = {
    "en": {
        "rain": "rain",
        "ocean": "waves",
        "wind": "wind",
        "stream": "stream",
        "fire": "fire",
        "bell": "bells",
        "piano": "piano",
        "drone": "drone",
        "pad": "strings",
        "music": "music",
    },
    "zh": {
        "rain": "雨声",
        "ocean": "海浪",
        "wind": "风声",
        "stream": "溪流",
        "fire": "篝火",
        "bell": "钟声",
        "piano": "钢琴",
        "drone": "低音",
        "music": "音乐",
    },
}
FIELDS = {
    "en": {
        "pulse": ("fast", "slow", "faster", "slower"),
        "brightness": ("bright", "dark", "brighter", "darker"),
        "level": ("loud", "quiet", "louder", "quieter"),
        "register": ("high", "deep", "higher", "deeper"),
        "density": ("busy", "simple", "busier", "simpler"),
        "tension": ("tense", "calm", "tenser", "calmer"),
    },
    "zh": {
        "pulse": ("快", "慢"),
        "brightness": ("亮", "暗"),
        "level": ("吵", "轻"),
        "register": ("高", "低"),
        "density": ("复杂", "简单"),
        "tension": ("紧张", "平静"),
    },
}
THING = {
    "en": {
        "forbid": (
            "no {}",
            "please no {}",
            "without {}",
            "I don't want {}",
            "skip the {}",
            "never any {}",
        ),
        "require": (
            "{} please",
            "I want {}",
            "some {}",
            "don't stop the {}",
            "can't sleep without {}",
        ),
        "raise": ("more {}", "louder {}", "not enough {}", "the {} was lovely"),
        "lower": ("less {}", "the {} was too loud", "softer {}", "too much {}"),
    },
    "zh": {
        "forbid": ("不要{}", "别放{}", "不想听{}", "关掉{}"),
        "require": ("想听{}", "要{}", "不要停{}"),
        "raise": ("多一点{}", "{}大一点", "喜欢{}"),
        "lower": ("少一点{}", "{}太吵了", "{}小一点"),
    },
}
FIELD = {
    "en": {
        0: (
            "less {0}",
            "too {0}",
            "not so {0}",
            "don't make it so {0}",
            "{3}",
            "a bit {3}",
            "not {1} enough",
        ),
        1: ("less {1}", "too {1}", "not so {1}", "{2}", "a little {2}", "not {0} enough"),
    },
    "zh": {
        0: ("太{0}了", "别太{0}", "{1}一点", "不够{1}"),
        1: ("太{1}了", "别太{1}", "{0}一点", "不够{0}"),
    },
}
JOINTS = {"en": (", ", " and ", " but ", ". "), "zh": ("，", "。", "，但是")}


def sentence(chance: np.random.Generator) -> tuple[str, list[str]]:
    """(text, slots) of one to three wishes."""
    tongue = str(chance.choice(["en", "zh"]))
    parts, slots = [], []
    for _ in range(chance.integers(1, 4)):
        if chance.random() < 0.6:
            name, verb = (
                str(chance.choice(list(THINGS[tongue]))),
                str(chance.choice(list(THING[tongue]))),
            )
            parts.append(str(chance.choice(THING[tongue][verb])).format(THINGS[tongue][name]))
        else:
            name, way = str(chance.choice(list(FIELDS[tongue]))), int(chance.integers(2))
            words = FIELDS[tongue][name]
            verb = "raise" if way else "lower"
            parts.append(str(chance.choice(FIELD[tongue][way])).format(*words))
        slots.append(f"{verb}:{name}")
    joint = str(chance.choice(JOINTS[tongue]))
    return joint.join(parts), slots
