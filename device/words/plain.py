"""Turns of phrase that mean the opposite of what their words say one by one, put plainly before
anything else reads the line: exceptions, comparatives that are denied, what can barely be heard.

A table of pattern, what stands in its place, and an example. Pure.
"""

import re
from typing import NamedTuple

from device.words.lexicon import BOOKS, phrases
from device.words.regex import regex


class Turn(NamedTuple):
    pattern: re.Pattern[str]
    plain: str  # as `re.sub` takes it
    example: str  # a clean line that it changes


def turn(plain: str, pattern: str, example: str) -> Turn:
    for name, some in MANY.items():
        pattern = pattern.replace(name, some)
    return Turn(regex(pattern), plain, example)


COMPARED = sorted(
    {
        word
        for text in BOOKS["english"]["compared"].values()
        for word in phrases(text)
        if word.isalpha() and word.endswith("er")
    }
)
MANY = {
    # a denial of everything, and what takes something out of it
    "NOTHING": r"(?:nothing(?: at all)?|none|no(?: other)? (?:sounds?|noises?|music|one|thing)|"
    r"(?:do not|don't|dont|never)(?: \w+){1,3} (?:anything|any \w+|a thing)|"
    r"(?:everything|all(?: of it| sounds?)?)(?: must| should| can)?(?: be| go)? "
    r"(?:off|out|away|gone)|"
    r"(?:stop|turn off|switch off|shut off|kill|mute|silence|lose|drop|cut|skip) "
    r"(?:everything|all(?: of it| the \w+| sounds?)?))(?: else)?(?: tonight| please)?",
    "EXCEPT": r",? (?:except(?: for)?|but(?: for)?|apart from|aside from|besides|other than|"
    r"save(?: for)?|bar)(?! not\b| no\b)(?: (?:just|maybe|perhaps))*",
    "ALL": r"(?:其他|其它|别的|其余|什么|么|啥|全部|所有|一切)的?(?:声音|东西|嘢)?",
    "DENY": r"(?:不想要|不想听|不要|不用|不放|不听|别放|别要|别(?!的)|唔要|唔使|唔好|没|关掉|关了|"
    r"关|停掉|停了|停|"
    r"去掉|免了|删掉)",
    # words between a denial and the comparative that it denies
    "ASKED": r"(?:(?:want|give|put|add|make|need|said|say|ask|asked|asking|for|like|have|be|get|"
    r"go|play|it|that|"
    r"this|them|the|me|i|to|wanted|meant|mean|music|sounds?|things?|rain|any|even|much|a|"
    r"bit|turn) )*",
    "NEVER": r"(?<!why )\b(?:not|no|never|don't|dont|shouldn't|mustn't|needn't)",
    "COMPARED": "(?:" + "|".join(COMPARED) + ")",
    "BARELY": r"(?:barely|hardly|scarcely|only just|just about)",
}
TURNS = (
    turn("only ", r"\b(?:just )?NOTHINGEXCEPT ", "no sound tonight except rain"),
    turn("only ", r"\b(?:leave|keep) (?:on )?nothing (?:on )?but ", "leave nothing but rain"),
    turn(
        r"只要\1",
        r"除(?:了|开|却)?([^,，。!！除都]{1,8}?)(?:的声音)?(?:以外|之外|"
        r"外)?[,，、 ]*(?:我|就|把)?"
        r"(?:ALL)?(?:都|也|全)?(?:通通|统统)?(?:给我)?DENY(?:掉|了|再放|放|听|要)*",
        "除了雨什么都不要",
    ),
    turn(r"只要\1", r"只(?:留下?|剩|保留)([^,，。都]{1,8})", "只留雨声"),
    turn(
        r"\1",
        r"(只要[^。]*?)[,，、 ]*(?:把)?ALL(?:都|全|也)?DENY(?:掉|了|放|听)*",
        "只要雨声，其他都关了",
    ),
    turn(
        r"\2",
        r"(?:不要|不想听|别放)(?:别的|其他的?|其它的?)[,，、 ]*(只要)()",
        "不要别的，只要雨声",
    ),
    # what isn't wanted less, or louder, stays as it is
    turn("", r"NEVER ASKEDless(?: of)?(?: the)? \w+(?: noise| sounds?)?", "not less rain"),
    turn(
        "",
        r"NEVER ASKEDCOMPARED\b(?: than (?:last night|yesterday|before|now|usual|it is|"
        r"it was|that|this))?(?! than)",
        "I don't want it any louder",
    ),
    turn(
        "", r"(?:不|别|唔)(?:是)?(?:要|想|想要|好|用)?(?:更少|再少)的?[^,，。]{0,4}", "不要更少的雨"
    ),
    turn(
        "",
        r"(?:不|别|唔)(?:是)?(?:要|想|想要|好|用)?(?:更|再)(?:变)?(?:小声|细声|轻|慢|快|暗|"
        r"亮|大声|小|大)"
        r"(?:一?点|一?些|啲)?了?",
        "不是要更大声",
    ),
    # as far as it goes is further; what was said to be so by a little is so by too much
    turn(
        r"\1er",
        r"(?<!not )(?<!n't )\bas (loud|quiet|soft|slow|low|deep|dark|calm)(?:ly)? as "
        r"(?:(?:humanly )?possible|(?:you|it|that|they)(?: possibly)? (?:can|goes|go|gets?)"
        r"(?: be)?)",
        "as loud as you can",
    ),
    turn(
        r"\1\2声一点",
        r"(?:尽量|尽可能)地?再?([大小细轻])声?(?:一?[点些])?|越([大小细轻])声?越好",
        "尽量小声",
    ),
    turn(
        r"太\1\2了",
        r"(?<![再更要就])([大小轻响吵快慢亮暗高低闷尖])(声)?了(?:一?点儿?|一?些|啲)"
        r"(?![就最才]?[好行])",
        "雨声小了点",
    ),
    # this or nothing is this
    turn(" please", r" or (?:(?:nothing|none)(?: else| at all)?|bust|riot)\b", "ocean or nothing"),
    # what wasn't said, or isn't to blame
    turn(
        "要",
        r"(?:我)?(?:[不唔]是|并没有?|又没|没有?|冇)在?(?:说|讲|话|叫你|让你|要你)(?:了|过)?"
        r"(?:不要|不放|不用|别放|唔要|停|关掉?)(?:了|掉)?",
        "我不是说不要雨",
    ),
    turn(
        "",
        r"(?:我)?(?:[不唔]是|并没有?|又没|没有?|冇)在?(?:说|讲|话)(?:了|过)?我?"
        r"(?:唔钟意|不喜欢|不爱听|讨厌|唔想听|不想听)",
        "我唔係話唔鍾意雨",
    ),
    turn(
        "",
        r"\b(?:it's |it is |it |i'm |i am |i )?(?:not|isn't|never|didn't|don't) "
        r"(?:that|say|saying|said|mean|meaning)(?: that)? (?:i|we) (?:(?:don't|do not|didn't) "
        r"(?:like|love|enjoy|want)|hate|dislike)\b",
        "it's not that I don't like the rain",
    ),
    turn(
        "",
        r"\b(?:it |that )?(?:wasn't|was not|isn't|not) (?:because of |due to )?"
        r"(?:(?:the|your|that) )?\w+(?: \w+)? (?:that|which|who) (?:woke|kept|bothered|disturbed|"
        r"scared|annoyed|bothers|keeps|wakes)\b(?: (?!but\b)[\w']+)*",
        "it wasn't the rain that woke me",
    ),
    # a step from last night's is a step
    turn(
        "",
        r"比(?:昨天|昨晚|昨夜|寻晚|琴晚|上次|上回|之前|平时|前天)的?"
        r"(?=[^，。,]{0,4}(?:一?点|一?些|啲|少少))",
        "比昨晚大声点",
    ),
    # loudness, by what is heard of it
    turn(
        "quieter",
        r"\b(?:want|like|prefer|love|should|need|"
        r"rather)(?: to)?(?: be able to)? BARELY "
        r"(?:be able to )?(?:hear|make out) (?:it|anything|a thing)",
        "I want to barely hear it",
    ),
    turn(
        "quieter",
        r"\b(?:so|such|quiet|soft|faint|low|until|till)(?: that)? (?:i|you|we)(?: can|"
        r" could)? "
        r"BARELY (?:hear|make out) (?:it|anything)",
        "so that I can barely hear it",
    ),
    turn(
        "louder",
        r"\b(?:i |we )?(?:(?:can|could)(?: still)? BARELY|can't|cant|cannot|couldn't|"
        r"could not|BARELY|don't|didn't|am struggling to|have to strain to|strain to)"
        r"(?: even| really| quite)? (?:hear|make out|heard) (?:it|anything|a thing|a sound)"
        r"(?: at all| now| anymore| any more)?",
        "I can barely hear it",
    ),
    turn(
        "louder",
        r"\b(?:(?:almost|nearly|practically|pretty much|completely|all but) )?inaudible\b|"
        r"\b(?:barely|hardly|scarcely) audible\b",
        "it's barely audible",
    ),
    turn(
        "小声一点",
        r"(?:想要?|要|希望)(?:那种)?(?:几乎|差不多|快要|快)听[不唔](?:见|到|清|"
        r"清楚)的?(?:声音|音量)?",
        "要几乎听不见",
    ),
    turn(
        "大声一点",
        r"(?:声音|把声|音量)?(?:有点|太|很|好)?(?:小|轻|细声|细|弱|"
        r"低)(?:声)?得?(?:我)?(?:都|几乎|根本|快)*"
        r"听[不唔](?:见|到|清|清楚)(?:了)?(?:把?声音?)?$",
        "声音小得听不清",
    ),
    turn(
        "大声一点",
        r"(?<![一-鿿])(?:我|昨晚|昨天|琴晚|寻晚|今晚)*(?:都|几乎|根本|差不多|快|完全|"
        r"什么都|么都)*"
        r"听[不唔](?:见|到|清|清楚)(?:了)?(?:(?:你|它|佢)?(?:的|把)?声音?)?(?![一-鿿])",
        "几乎听不见",
    ),
)


def put(line: str) -> str:
    """A clean line, put plainly."""
    for each in TURNS:
        line = each.pattern.sub(each.plain, line)
    return line
