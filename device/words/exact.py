"""Orders that are said in so few ways that a table of them is exact: stop, everything off, louder
and quieter."""

from device.words.regex import regex

POLITE = (
    r"(?:(?:please|can|could|will|would|you|i|we|want|need|like|to|just|hey|hi|hello|ok|okay|"
    r"google|"
    r"alexa|siri|olly|now|the|my|no,|no no|yes|let's|kindly|go ahead and)[ ,.]+)*"
)
LASTS = r"(?: (?:please|now|tonight|on|for|until|till|when|while)\b.*| \w+ (?:hours?|minutes?))*"
MUTED = (
    # "mute", "mute yourself until I say so"
    regex(rf"{POLITE}(?:be )?muted?(?: (?:yourself|everything|it|all))?{LASTS}[.!]*"),
    # "be silent for thirty minutes", "go quiet please"
    regex(rf"{POLITE}(?:be|go|stay|keep) (?:silent|quiet){LASTS}[.!]*"),
    # "quiet mode", "silence for two hours"
    regex(
        rf"{POLITE}(?:(?:set|turn|switch) (?:to|on) )?(?:(?:silent|quiet|silence|mute) mode|"
        rf"(?:complete |total |full )?silence){LASTS}[.!?]*"
    ),
    # "turn the volume off", "sound off"
    regex(
        rf"{POLITE}(?:turn|switch|shut) off (?:(?:the|all|media|your|my) )*"
        rf"(?:volume|sounds?|audio|speakers?){LASTS}[.!?]*"
    ),
    regex(
        rf"{POLITE}(?:(?:turn|switch|shut) )?(?:(?:the|all|media|your|my) )*"
        rf"(?:volume|sounds?|audio|speakers?) off{LASTS}[.!?]*"
    ),
    # "set the volume to zero"
    regex(
        rf"{POLITE}(?:set|turn|make|put|bring)(?: (?:the|media|your|my))* (?:volume|sounds?|audio) "
        rf"(?:down )?(?:to |at )?(?:zero|0|nothing|nil|mute){LASTS}[.!?]*"
    ),
    # "cut all sound", "stop the noise"
    regex(
        rf"{POLITE}(?:(?:turn|switch|shut) (?:off|out)|cut|kill|disable|stop|end|remove|silence)"
        rf"(?: off| out)? (?:(?:the|all|of|media|your|my|any) )*(?:volume|sounds?|audio|speakers?|"
        rf"noises?)(?: off| out| completely| entirely| altogether)?{LASTS}[.!?]*"
    ),
    # "put the speaker on mute", "set it to silent"
    regex(
        rf"{POLITE}(?:put|turn|switch|go|set|place|keep|stay|be)(?: (?:it|yourself|everything|"
        rf"(?:the|your|my) (?:volume|sounds?|audio|speakers?|device|music)))? (?:in|on|to|into) "
        rf"(?:silent|mute|quiet|silence)(?: mode)?{LASTS}[.!?]*"
    ),
    # "activate silent mode"
    regex(
        rf"{POLITE}(?:activate|enable|start|enter|engage|turn on|switch on) (?:the )?"
        rf"(?:silent|quiet|mute|silence)(?: mode)?{LASTS}[.!?]*"
    ),
    # "no sound at all", "don't make any noise"
    regex(
        rf"{POLITE}(?:no|zero|without|(?:don't|do not|dont|stop) mak(?:e|ing))(?: a| any| the|"
        rf" more)* (?:sounds?|volume|noises?|audio)(?: at all| any ?more)?{LASTS}[.!?]*"
    ),
    regex(r"(?:请)?(?:静音|关掉声音|把声音关掉|关声音|别出声|不要出声)(?:吧|了|一下)?[。！]*"),
)


def muted(line: str) -> bool:
    """Whether a clean line says nothing but that all sound should end."""
    return any(pattern.fullmatch(line) for pattern in MUTED)


# ---- stop ----------------------------------------------------------------------------------------

# A line made of these alone, with one that stops in it, is about nothing but what plays now.
STOPPING = (
    r"stop|off|pause|halt|quit|shush|hush|enough|shut up|"
    r"(?:kill|cut|end|lose|silence) (?=it\b|everything|all|the (?:sounds?|noise|audio))"
)
AROUND = (
    r"please|can|could|will|would|you|hey|ok|okay|now|the|my|it|this|that|that's|thats|everything|"
    r"all|"
    r"sounds?|noises?|audio|device|box|speakers?|nocturne|playing|playback|already|for|right|at|"
    r"once|thanks|thank|turn|switch|shut|make|be|go|i|we|want|need|to|just|a|an|moment|second|"
    r"minute|"
    r"while|bit|and|completely|altogether|immediately|down|with"
)
STOPPING_ZH = r"停|关|熄|暂停|收声|(?:别|不要|唔好|唔要)再?(?:放|播|响|出声)"
AROUND_ZH = (
    r"请|麻烦|快点?|先|你|可以|能不能|把|帮我|给我|全部|都|全|唔该|好了|够了|行了|现在|马上|立刻|"
    r"它|佢|他|声音|声|"
    r"啲|点|一下|吧|了|啦|掉|住|下来|下|止|放|播放?|吗|再|机|一切|所有|的"
)
STOPPED = (
    (regex(rf"(?:(?:{STOPPING}|{AROUND})\b[ ,.!?]*)+"), regex(rf"\b(?:{STOPPING})")),
    (regex(rf"(?:(?:{STOPPING_ZH}|{AROUND_ZH})[ ,，。！!？?.]*)+"), regex(STOPPING_ZH)),
    (regex(r"pause (?:the|this|that|my) \w+(?: please| now| for now)*[.!]*"), regex("")),
)


def stopped(line: str) -> bool:
    """Whether a clean line says nothing but that what sounds should stop now."""
    return any(all_of.fullmatch(line) and some.search(line) for all_of, some in STOPPED)


# "I hate silence", "unmute yourself": silence is spoken of, and nobody wishes for it.
TOO = (
    r"(?:(?:the|this|that|it|when|it's|its|is|was|so|all|such|much|more|any|a|total(?:ly)?|dead|"
    r"complete(?:ly)?|utter|in|with|room|house|of) )*"
)
QUIET_MODE = r"(?:mute|silent|quiet|silence|muting)(?: mode)?"
UNBEARABLE = (
    rf"\b(?:hat(?:e|ing)|can'?t (?:stand|bear|take|sleep)|dislike|(?:don'?t|do not) like|scared of|"
    rf"afraid of|sick of|bothered by) {TOO}(?:silence|silent|quiet(?= *(?:[.,!]|$)))",
    rf"\b(?:no|not|avoid|enough) {TOO}(?:silence|silent(?! mode))",
    r"\bsilence (?:just |really |is )*(?:creep|scare|bother|kill|driv|deafening|awful|unbearable|"
    r"make|keep|frighten|too|worse|horrible|oppressive)\w*",
    r"\b(?:dead|too|so|eerily) (?:quiet|silent)\b.*\b(?:scare|creep|can'?t sleep|without|freak)\w*",
    r"\bun-? ?mute\b|\bno longer (?:mute|silent)|\bmute off\b|\b(?:silent|quiet) mode off\b",
    rf"\b(?:take|come|get|turn|switch|be)(?: yourself| it| me)? (?:off|out of) {QUIET_MODE}\b",
    rf"\b(?:turn|switch|take)(?: the)? {QUIET_MODE} off\b",
    rf"\b(?:end|stop|leave|exit|cancel|disable|deactivate) (?:the )?{QUIET_MODE}\b",
    r"\b(?:turn|put|switch|bring) (?:(?:the|my|your) )?(?:sounds?|volume|audio|speakers?) "
    r"(?:back )?on\b|\b(?:sounds?|audio|speakers?) (?:back )?on(?= *(?:please)?[.!]*$)",
    r"(?:讨厌|憎|不喜欢|唔钟意|受不了|害怕|怕)(?:太|完全|这么|那么|一片|一点|到|得)*"
    r"(?:安静|寂静|静|没有?声音|(?:任何)?声音都没有?)",
    r"(?:不要|唔要|别)(?:完全|一片|全)?(?:安静(?!的|一点|点)|寂静|静音|没有?声音)",
    r"一点声音都没有.{0,4}(?:不|睡)|取消静音|解除静音",
    r"(?:太|过于)(?:安静|静)了?,?(?:我)?(?:反而|都|会|就)*(?:睡不着|睡唔着|害怕|心慌|难受)",
)
BORNE = regex("|".join(UNBEARABLE))


def unbearable(line: str) -> bool:
    """Whether a clean line says that there shall be no silence."""
    return bool(BORNE.search(line))


# ---- louder, quieter -----------------------------------------------------------------------------

OWN = r"(?:(?:the|your|my|media|music|speakers?|player|system|radio|sound|room|overall) )*"
OF = (
    r"(?: (?:of|on|in|for|from)(?: (?:the|this|that|my|your|current|music|player|songs?|speakers?|"
    r"sound|everything|device))+)?"
)
LOUDNESS = rf"{OWN}(?:volume|volume level|sound level|loudness|sounds?|audio|speakers?){OF}"
SOME = (
    r"(?: (?:please|now|tonight|thanks|thank you|for me|right now|just|so|a|the|little|tiny|bit|"
    r"touch|tad|notch|notches|lot|slightly|much|more|further|some|again|by|to|of|at|level|levels|"
    r"percent|%|maximum|max|minimum|highest|lowest|half|\d{1,3}|ten|fifteen|twenty|thirty|forty|"
    r"fifty|sixty|seventy|eighty|ninety|hundred|one|two|three|four|five|six|seven|eight|"
    r"nine))*[.!?]*"
)
FEW = r"(?:(?:a|much|way|little|bit|lot|even|more|slightly|tad) )*"
ALL_THE_WAY = r"(?:to|on|at)(?: (?:the|its|your|full))*"
ORDERS = {  # direction → (verbs before, what stands behind, comparatives)
    +1: (
        r"increase|raise|rise|boost|amplify|maximi[sz]e|heighten|turn up|bring up|crank up|"
        r"pump up|beef up|bump up|up",
        rf"up|higher|louder|high|loud|{ALL_THE_WAY} (?:max|maximum|highest|full|loudest|top)",
        r"louder|louder volume|more volume|higher volume|(?:speak|talk) up|"
        rf"(?:speak|talk|play|get|be|go|make)(?: it| that)? {FEW}(?:louder|loudly|loud)|"
        r"(?:amplify|boost) (?:it|the (?:sound|music|audio))|maximi[sz]e",
    ),
    -1: (
        r"decrease|reduce|lower|diminish|minimi[sz]e|soften|slow|turn down|bring down|tone down|"
        r"dial down|slow down|down",
        rf"down|lower|quieter|softer|low|{ALL_THE_WAY} (?:min|minimum|lowest|quietest|softest)",
        r"quieter|softer|less volume|lower volume|"
        rf"(?:speak|talk|play|get|be|go|make)(?: it| that)? {FEW}(?:quieter|softer|softly|quietly)|"
        r"(?:soften|quieten) (?:it|the (?:sound|music|audio))|quiet(?:en)? down|minimi[sz]e",
    ),
}
PASSIVE = "lowered|reduced|decreased|quieter|softer|lower"
TURNED = tuple(
    (way, regex(pattern))
    for way, (verbs, ways, comparatives) in ORDERS.items()
    for pattern in (
        # "increase the volume of the speakers to fifty"
        rf"{POLITE}(?:{verbs}) {LOUDNESS}{SOME}",
        # "turn the volume down a little", "volume up"
        rf"{POLITE}(?:(?:turn|put|bring|set|change|make|adjust|move|keep) )?{LOUDNESS} "
        rf"{FEW}(?:{ways}){SOME}",
        # "adjust the speakers to a lower, more comfortable level"
        rf"{POLITE}(?:turn|put|bring|set|change|make|adjust|move|keep|have) {LOUDNESS} "
        rf"(?:(?:up|down|back) )?(?:to|at|on) an? (?:much |slightly |bit )?"
        rf"(?:{'louder|higher|raised' if way > 0 else PASSIVE})"
        rf"(?:,? (?:and )?(?:(?:more|less) )?\w+){{0,2}} (?:levels?|volume|setting)s?{SOME}",
        # "turn it down", "bring that up a bit"
        rf"{POLITE}(?:turn|put|bring|crank|dial|take|pump|bump) (?:it|this|that|things|everything)"
        rf"(?: right| way| all the way| back)* (?:{'up' if way > 0 else 'down'}){SOME}",
        # "the volume of the music should be raised"
        rf"{POLITE}{LOUDNESS}(?: (?:playing|currently|now))* (?:should|must|needs? to|has to|can|"
        rf"could)"
        rf"(?: be)? (?:{'raised|increased|boosted|louder|higher' if way > 0 else PASSIVE})"
        rf"(?: up| down)?{SOME}",
        # "can you speak a little louder"
        rf"{POLITE}{FEW}(?:{comparatives}){SOME}",
    )
)
TURNED += (
    (+1, regex(r"(?:请|麻烦)?(?:把)?(?:声音|音量|声)?(?:再)?(?:(?:调|开|放|变)?(?:大|响)|"
        r"调高)(?:声)?(?:一?点|一?些|啲|少少)"
                    r"(?:儿)?(?:吧|啦|好吗|嘛)?[。！!]*")),
    (-1, regex(r"(?:请|麻烦)?(?:把)?(?:声音|音量|声)?(?:再)?(?:(?:调|开|放|变)?(?:小|轻|细)|"
        r"调低)(?:声)?(?:一?点|一?些|啲|少少)"
                    r"(?:儿)?(?:吧|啦|好吗|嘛)?[。！!]*")),
    (+1, regex(r"(?:请)?(?:把)?(?:声音|音量)?(?:调大|调高|开大)(?:吧|啦)?[。！!]*")),
    (-1, regex(r"(?:请)?(?:把)?(?:声音|音量)?(?:调小|调低|关小)(?:吧|啦)?[。！!]*")),
)
LITTLE = regex(r"\b(?:little|bit|touch|tad|notch|slightly)\b")


def turned(line: str) -> tuple[int, float]:
    """(+1 louder, −1 quieter or 0, degree) of a clean line that says nothing but that."""
    way = next((way for way, pattern in TURNED if pattern.fullmatch(line)), 0)
    return way, 0.5 if LITTLE.search(line) else 1.0
