"""What a note says as a whole, in so many words: how the night was, the same as last night, that
the last note shall not count, or that it is for every night.

A table of pattern, verdict and an example, beside what the reader hears. Pure.
"""


from device.words.beyond import Rule, rule
from device.words.regex import regex

FINE = (
    r"(?:best|great|good|lovely|wonderful|excellent|fantastic|amazing|decent|solid|deep|sound|"
    r"perfect|"
    r"peaceful|restful|proper|brilliant|beautiful|fabulous|superb|nice)"
)
BAD = (
    r"(?:bad|terrible|awful|poor|rough|dreadful|horrible|rotten|lousy|rubbish|crap|miserable|"
    r"broken|"
    r"restless|sleepless|atrocious|horrendous|grim|useless)"
)
VERY = r"(?:so|really|very|quite|pretty|rather|super|fairly|absolutely|just|as)"
MANY = r"(?:six|seven|eight|nine|ten|eleven|\d+)"
CHINESE_VERY = r"(?:特别|非常|可|真|很|超|好|挺|蛮|极|太|最)*"
RULES: tuple[Rule, ...] = (
    rule(
        "good",
        rf"\b(?:had|got|was|were|what)(?: \w+){{0,3}}? {FINE} (?:night'?s )?"
        r"(?:sleep|rest|night|kip)\b(?! out)",
        "had the best sleep in weeks",
    ),
    rule(
        "good",
        r"\b(?:didn't|didnt|did not|never) (?:once )?(?:wake|stir|woke)(?: up)?"
        r"(?: at all| once| even once| (?:un)?till?\b| all night|(?= *(?:[.,!]|$)))",
        "didn't wake up at all",
    ),
    rule(
        "good",
        r"\b(?:was|were|went) (?:out|gone|asleep) (?:all night|like a light|cold|"
        r"in (?:minutes|"
        r"seconds|no time|an instant)|within (?:\w+ ){0,2}(?:minutes?|seconds?))|"
        r"^(?:out|asleep|gone) (?:in|within) (?:\w+ ){0,2}(?:minutes?|seconds?|no time)",
        "I was out all night",
    ),
    rule(
        "good",
        r"\bwoke (?:up )?(?:feeling )?(?:\w+ )?(?:great|good|fresh|refreshed|rested|"
        r"reborn|"
        r"amazing|fantastic|wonderful|well)\b",
        "woke up feeling great",
    ),
    rule(
        "good", rf"\b(?:my )?sleep (?:was|has been) (?:{VERY} )*{FINE}\b", "my sleep was excellent"
    ),
    rule(
        "good",
        rf"\b{MANY} (?:\w+ )?hours (?:straight|solid|uninterrupted|in a row|through)\b|"
        rf"\b{MANY} (?:solid|straight|unbroken|uninterrupted|good|full) hours\b|"
        rf"\b{MANY} hours of (?:{FINE}|unbroken|uninterrupted) sleep",
        "eight hours straight",
    ),
    rule(
        "good",
        rf"\bslept (?:{VERY} )*(?:in|on) (?:un)?till?\b|\b{FINE} sleep all night\b",
        "slept in till nine, lovely",
    ),
    rule(
        "good",
        rf"睡得{CHINESE_VERY}(?:踏实|香|沉|好|不错|安稳|舒服|甜|熟|实)|一夜无梦|睡到自然醒|"
        rf"一觉睡?到|"
        r"睡了个?(?:好|整|大|安稳)觉|(?:一次|一夜|整晚|整夜)(?:都|也)?没有?醒",
        "睡到自然醒",
    ),
    rule(
        "poor",
        r"\b(?:hardly|barely|scarcely|didn't|didnt|couldn't|"
        r"never) (?:even )?(?:clos(?:ed?|ing) "
        r"(?:an eye|my eyes)|(?:slept|sleep)(?: a wink| at all| much| properly)|got? (?:any|much|"
        r"a wink of) "
        r"sleep|g[eo]t (?:any|much) sleep|got a wink)",
        "barely got any sleep",
    ),
    rule(
        "poor",
        r"\bawake (?:for )?(?:most of|half of|much of|the whole|for hours)\b",
        "I was awake most of the night",
    ),
    rule("poor", r"\b(?:kept|was|been) (?:tossing|waking|stirring)\b", "I kept tossing"),
    rule(
        "poor",
        rf"\bslept (?:{VERY} )*(?:badly|poorly|terribly|horribly|awfully|rough|bad|"
        rf"terrible|"
        r"awful|lightly|in (?:bits|fits|snatches)|like (?:a dog|crap|shit|rubbish))\b",
        "slept really lightly",
    ),
    rule("poor", rf"\bsleep (?:was|has been) (?:{VERY} )*{BAD}\b", "my sleep was awful"),
    rule(
        "poor",
        rf"\b(?:had|got|was|what)(?: \w+){{0,3}}? {BAD} (?:night'?s )?(?:sleep|rest|"
        rf"night)\b",
        "what a rotten night",
    ),
    rule(
        "poor",
        r"\b(?:still (?:\w+ )?(?:exhausted|knackered|shattered|wrecked|dead tired)|"
        r"woke (?:up )?"
        r"(?:\w+ )?(?:exhausted|knackered|shattered|wrecked|groggy|drained))\b",
        "I'm still exhausted",
    ),
    rule(
        "poor",
        r"(?:凌晨|半夜|夜里)[^,，。]{0,6}(?:就|又)醒|睡眠(?:质量)?(?:很|好|太|特别|"
        r"真)?(?:差|不好|不行|糟)|"
        rf"睡得{CHINESE_VERY}(?:差|糟|浅|烂|不踏实|不好)|醒了?(?:好)?(?:几|多|两|三|四|五|无数|"
        rf"好多)次|"
        r"(?:整晚|一夜|一晚|整夜|一整晚|完全)(?:都)?没(?:怎么)?(?:睡|合眼)",
        "凌晨三点就醒了",
    ),
    rule(
        "last",
        r"^(?:(?:please|just|play|put on|give me|again|do|repeat)\b ?)*(?:what|"
        r"whatever) (?:you|we) "
        r"(?:played|had|did|put on) (?:last night|yesterday|last time)"
        r"(?: again| please| once more| one more time)*[.!]*$",
        "again what we had last night",
    ),
    rule(
        "last",
        r"^(?:(?:please|just|play|put on|give me|i want|do|the)\b ?)*same(?: thing| one|"
        r" sound)?"
        r"(?: (?:please|again|tonight|thanks|as ever|then))*[.!]*$",
        "the same please",
    ),
    rule(
        "last",
        r"^(?:请)?(?:再|还是|照)?(?:放|来|播|听)?(?:一?[次遍])?(?:跟|和|同)?(?:昨晚|昨天|"
        r"上次|寻晚|琴晚)"
        r"(?:的|放的|那个|那套)(?:一样)?(?:吧|就好|就行|。)*$|^(?:来|要|放)?(?:一样|同样)的(?:吧|"
        r"就好|就行|。)*$",
        "再放一次昨晚的",
    ),
    rule(
        "undo",
        r"^(?:(?:sorry|oops|no|wait|please|oh)[, ]*)*(?:(?:forget|ignore|cancel|"
        r"disregard|undo|"
        r"delete|scratch|take back|discard|strike|reverse|revert) (?:about )?(?:my|the|that|"
        r"what i|"
        r"everything i|all i)(?: (?:last|previous|just|said|note|wish|wishes|message|one|thing|"
        r"request|"
        r"order|wrote|asked|for|told|you|before|now|all|of|that))*|"
        r"(?:that|it|this) was (?:a |my |an )?(?:mistake|wrong|accident|error|wrong note)|"
        r"i (?:didn't|did not|don't) mean (?:that|it|to (?:say|send|write) (?:that|it))|"
        r"my mistake|"
        r"(?:pretend|as if) i (?:said nothing|never said (?:that|it|anything)|"
        r"didn't say (?:that|it|anything)))(?:,? (?:please|sorry|thanks|at all))*[.!]*$",
        "ignore what I just said",
    ),
    rule(
        "undo",
        r"^(?:不好意思|对不起|[,， ])*(?:(?:刚才|刚刚|上一?条|前面|上面)(?:的|那|条|句|"
        r"说|讲|发|话)*(?:都|就)?"
        r"(?:不算|作废|撤回|撤销|收回|取消|忘了|忘掉|别管|不要)|(?:收回|撤回|取消|"
        r"忘掉)(?:我)?(?:刚才|刚刚|上一条)"
        r"(?:的|说|讲|话|那|条|愿望)*|当我没[说讲講]过?|[发说打]错了)(?:了|吧|啦|。)*$",
        "收回刚才的话",
    ),
    rule(
        "always",
        r"\bfrom (?:now|tonight|today|here) on(?:wards?)?\b|"
        r"\b(?:every|each) (?:evening|night),? i(?:'d| would)? (?:want|like|need|wish)\b|"
        r"(?:以后|往后|今后)(?:的)?每[天晚]|从今[天晚]起|从今以后",
        "from tonight on rain",
    ),
)
# What isn't so, or not yet: "I hope for a good night", "it wasn't a great night".
DENIED = regex(
    r"\b(?:not|never|no|wasn't|weren't|hasn't|isn't|hardly|if|hope|hoping|wish|would|could|can|"
    r"will|"
    r"want|need|so that)\b(?: \w+){0,6} *$|(?:希望|想|要|能|可以|怎么|为了|让我|要是|不|"
    r"没)[^,，。]{0,6}$"
)
OTHERWISE = {"good": "poor", "poor": "good"}


def said(line: str) -> frozenset[str]:
    """ "last", "always", "undo", "good" and "poor", as a clean line says them."""
    flags: dict[str, int] = {}
    for each in RULES:
        found = each.pattern.search(line)
        if found and not (each.verdict in OTHERWISE and DENIED.search(line[: found.start()])):
            flags.setdefault(each.verdict, found.start())
    # "a good night at first, but I kept waking"
    if "good" in flags and "poor" in flags:
        del flags[min(OTHERWISE, key=lambda verdict: flags[verdict])]
    return frozenset(flags)
