"""What people ask of a box by the bed that it can't do, and words of distress: told, never guessed.

Tables of pattern, verdict and an example; what the first pattern of a kind finds is enough. Pure.
"""

import re
from typing import NamedTuple

from device.words.regex import regex


class Rule(NamedTuple):
    pattern: re.Pattern[str]
    verdict: str
    example: str  # which the tests hold against the pattern


def rule(verdict: str, pattern: str, example: str) -> Rule:
    return Rule(regex(pattern), verdict, example)


DO = (
    r"\b(?:dim|turn|switch|put|set|close|open|lower|raise|lock|unlock|start|adjust|make|change|"
    r"bring|"
    r"shut|darken|brighten|increase|decrease|reduce)\b(?: \w+){0,4}? "
)
ASK = (
    r"\b(?:play|put on|i want(?: to hear)?|can you play|could you play|do you have|start|turn on) "
)
REQUESTS = (
    rule(
        "lights", DO + r"(?:lights?|lamps?|lighting|screen|display|brightness)\b", "dim the lights"
    ),
    rule("lights", r"\b(?:lights?|lamp) (?:off|on|out|up|down)\b", "lights off please"),
    rule("lights", r"\b(?:too|so) (?:bright|dark) in here\b", "it's too bright in here"),
    rule(
        "lights",
        r"[关开调亮暗](?:了|掉|一下|上)?灯|灯(?:关|开|调|暗|亮|熄)|把灯",
        "关灯，然后放篝火声",
    ),
    rule(
        "heating",
        DO + r"(?:heating|heat|heater|radiator|ac|aircon|air con\w*|thermostat|fan|"
        r"temperature)\b",
        "turn down the heating",
    ),
    rule(
        "heating",
        r"(?<!不)[开关调].{0,2}(?:空调|暖气|风扇|电扇)|(?:空调|暖气|风扇).{0,2}[开关调]",
        "空调调低一点",
    ),
    rule(
        "room",
        DO + r"(?:blinds?|curtains?|door|windows?|shutters?|tv|telly|television)\b",
        "close the blinds",
    ),
    rule("room", r"[开关拉].{0,2}(?:窗|门|电视|百叶)|把电视", "拉上窗帘"),
    rule(
        "calls",
        r"\b(?:call|text|phone|message|ring) (?:my|mum|mom|dad|the|him|her)\b|"
        r"\bsend (?:a |an |my )?(?:message|text|mail|email)|打电话给|给.{1,4}打电话|发短信",
        "call my sister",
    ),
    rule(
        "titles",
        ASK + r"(?:\w+ ){0,3}(?:radio|podcasts?|audio ?books?|news|playlist|album|episode|"
        r"spotify|youtube|bbc|npr|station|story|sleep story|game)\b",
        "play the radio",
    ),
    rule(
        "titles",
        ASK + r"(?:the |some )?(?:coldplay|beatles|mozart|bach|beethoven|adele|enya|taylor "
        r"swift|jazz|rock|techno|country|hip ?hop|classical|metal|pop|blues|reggae|rap)\b",
        "can you play Coldplay?",
    ),
    rule(
        "titles",
        r"\b(?:songs?|music|something|album|playlist) (?:by|from) [a-z]",
        "play songs by Adele",
    ),
    rule(
        "titles",
        r"[放播听](?:点|一下|首)?(?:.{1,4}的歌|新闻|广播|电台|播客|有声书|相声|故事)|讲(?:个|"
        r"一个)?(?:故事|笑话)",
        "放周杰伦的歌",
    ),
    rule(
        "questions",
        r"^(?:hey |hi |ok |please )*(?:will|is|are|was|does|did|what|what's|whats|how|"
        r"when|who|where|tell me|can you tell|should) (?:\w+ ){0,6}?(?:weather|rain|raining|snow|"
        r"umbrella|forecast|time|joke|temperature|sunny|windy|storm|news)\b",
        "will it rain tonight?",
    ),
    rule(
        "questions", r"天气|几点了|现在几点|会(?:不会)?(?:下雨|刮风|下雪)吗?|有雨吗", "明天会下雨吗"
    ),
)
# A line that is about dying or hurting oneself. Missing one costs more than hearing one too many.
CRISIS = (
    rule(
        "crisis",
        r"\b(?:kill|hurt|harm|cut|end)(?:ing)? (?:myself|my life|it all)\b",
        "I want to end it all",
    ),
    rule("crisis", r"\bsuicid|\bself[- ]harm|\boverdos", "I feel suicidal"),
    rule(
        "crisis",
        r"\b(?:want(?:ed)?|wanna|wish|going|ready) (?:to die|i (?:was|were) dead)\b|"
        r"\b(?:rather|better off) (?:be )?dead\b|\bbetter off without me\b",
        "I just want to die",
    ),
    rule(
        "crisis",
        r"\b(?:don't|dont|do not|can't|cannot) (?:want to |wanna )?(?:live|go on|be here|"
        r"wake up)(?: any ?more| again| ever)\b|\bno (?:point|reason) (?:in |to )(?:living|live)\b",
        "I don't want to live anymore",
    ),
    rule(
        "crisis",
        r"\bnever (?:want to )?wake up again\b|\bnot wake up (?:again|tomorrow)\b",
        "I hope I never wake up again",
    ),
    rule(
        "crisis",
        r"\bnot (?:want to )?(?:exist\b|wake up\b(?! (?:late|early|too|so|at|before|in|to|with)))|"
        r"\b(?:don't|dont|do not) (?:want to |wanna )?exist\b|"
        r"\b(?:tired|done|sick) (?:of|with) (?:living|life|being alive)\b|\bsleep forever\b",
        "I wish I could fall asleep and not wake up",
    ),
    rule(
        "crisis",
        r"\bdie in my sleep\b|\blet me die\b|\blife (?:isn't|isnt|is not) worth\b|"
        r"\btoo many (?:pills|tablets)\b|\bcan't go on\b|\bhope (?:i|to) die\b",
        "I hope I die in my sleep",
    ),
    rule(
        "crisis",
        r"\b(?:nobody|no one|noone) would (?:miss|care|notice)\b|\bif i (?:was|were) gone\b|"
        r"\b(?:better off|happier) (?:without me|if i)\b",
        "nobody would miss me",
    ),
    rule(
        "crisis",
        r"\bwant (?:it all|this all|all of it) to (?:stop|end|be over)\b|\bwant to disappear\b|"
        r"\bkms\b|"
        r"\b(?:what's|whats|what is) the point of (?:anything|it all|living|life)\b|"
        r"\bthink(?:ing)? (?:about|of) ending (?:things|it)\b|我(?:好)?想消失",
        "I just want it all to stop",
    ),
    rule(
        "crisis",
        r"不想?(?:再)?醒(?:来|過來|过来)(?!.{0,2}[太早晚])|不要醒来(?!.{0,2}[太早晚])|活着没|"
        r"活著沒|"
        r"死了也好|生无可恋|生無可戀|[唔不]想(?:再)?(?:生存|活)",
        "好想就这样睡过去不要醒来",
    ),
    rule(
        "crisis",
        r"\b(?:don't|dont|do not|can't|cannot) see (?:the|any|a) (?:point|reason)"
        r"(?: (?:in|of|to|for))* (?:any of (?:this|it)|anything|it all|going on|living|life|live|"
        r"being|go on)\b|"
        r"\b(?:want|wish|rather|like)(?: \w+){0,3}? (?:not|never)(?: to)? (?:be here|"
        r"be alive|have been born|been born|exist)\b|\bwish i (?:wasn't|weren't|was not) "
        r"(?:here(?! (?:at|in|tonight))|alive|born)\b|\b(?:don't|dont|do not) want to be "
        r"(?:alive|here any ?more|around any ?more)\b|\bunalive\b|"
        r"\b(?:just )?(?:a )?burden (?:to|on) (?:everyone|everybody|them|you all|my)\b",
        "I don't see the point of any of this anymore",
    ),
    rule(
        "crisis",
        r"(?:活着|做人|人生)(?:真的?|是|好|很|也|都|太|实在)*(?:没|冇|无)(?:什么|乜)?(?:意思|意义|劲|盼头)|"
        r"(?:不想|唔想)(?:再)?(?:待|留|在)?(?:在)?(?:这个|呢个)?(?:世界|世上|人世)|"
        r"(?:睡过去|睡着|睡)(?:了)?(?:就)?(?:永远|再也)(?:不|别|唔)(?:要|用|会|想)?(?:再)?醒|"
        r"(?<!让)想(?:要)?(?:从这个世界)?消失(?![的在])|一了百了|结束(?:这)?一切",
        "活着真没意思",
    ),
    rule(
        "crisis", r"自杀|自殺|想死|不想活|活不下去|轻生|自残|结束生命|不如死|死了算了", "我不想活了"
    ),
)
SADNESS = (
    rule(
        "sad",
        r"\b(?:cried|crying|cry|weeping|tears|sobbing|grief|grieving|mourning|heart ?broken)\b",
        "been crying since noon",
    ),
    rule(
        "sad",
        r"\b(?:died|passed away|funeral|miscarriage|put down our|put to sleep|hospice|dying)\b",
        "my dog died today",
    ),
    rule(
        "sad",
        r"\b(?:hopeless|depress\w+|worthless|miserable|desperate|devastated|lonely|"
        r"(?:all|so) alone|so sad|"
        r"feel(?:ing)? (?:so |very |really |a bit )?(?:sad|empty|numb|awful|down|low))\b",
        "I feel sad",
    ),
    rule(
        "sad",
        r"\b(?:broke up|left me|divorce|in (?:the )?hospital|cancer|can't take (?:it|this) any)\b",
        "she left me",
    ),
    rule("sad", r"\bcan'?t do this any ?more\b|\bcan'?t cope\b", "I can't do this any more"),
    rule(
        "sad",
        r"难过|傷心|伤心|想哭|哭了|去世|过世|走了一个|葬礼|抑郁|绝望|崩溃|失恋|分手|孤独|住院|"
        r"撑不住",
        "今天失恋了，好难过",
    ),
)


def beyond(line: str) -> tuple[str, ...]:
    """The kinds of things that a clean line asks for and that aren't this device's."""
    return tuple(dict.fromkeys(each.verdict for each in REQUESTS if each.pattern.search(line)))


def distress(line: str) -> str:
    """ "crisis", "sad" or ""."""
    return next((each.verdict for each in (*CRISIS, *SADNESS) if each.pattern.search(line)), "")
