"""Orders that are said in so few ways that a table of them is exact: everything off, louder and
quieter."""

import re

POLITE = r"(?:(?:please|can|could|will|would|you|i|want|need|to|just|hey|ok|google|now|the|my) )*"
LASTS = r"(?: (?:please|now|tonight|on|for|until|till|when|while)\b.*| \w+ (?:hours?|minutes?))*"
MUTED = (
    # "mute", "mute yourself until I say so"
    re.compile(rf"{POLITE}(?:be )?muted?(?: (?:yourself|everything|it|all))?{LASTS}[.!]*"),
    # "be silent for thirty minutes", "go quiet please"
    re.compile(rf"{POLITE}(?:be|go|stay|keep) (?:silent|quiet){LASTS}[.!]*"),
    # "quiet mode", "silence for two hours"
    re.compile(
        rf"{POLITE}(?:(?:set|turn|switch) (?:to|on) )?(?:(?:silent|quiet|silence|mute) mode|"
        rf"(?:complete |total |full )?silence){LASTS}[.!?]*"
    ),
    # "turn the volume off", "sound off"
    re.compile(
        rf"{POLITE}(?:turn|switch|shut) off (?:(?:the|all|media|your|my) )*"
        rf"(?:volume|sounds?|audio|speakers?){LASTS}[.!?]*"
    ),
    re.compile(
        rf"{POLITE}(?:(?:turn|switch|shut) )?(?:(?:the|all|media|your|my) )*"
        rf"(?:volume|sounds?|audio|speakers?) off{LASTS}[.!?]*"
    ),
    # "set the volume to zero"
    re.compile(
        rf"{POLITE}(?:set|turn|make|put|bring)(?: (?:the|media|your|my))* (?:volume|sounds?|audio) "
        rf"(?:down )?(?:to |at )?(?:zero|0|nothing|nil|mute){LASTS}[.!?]*"
    ),
    re.compile(r"(?:请)?(?:静音|关掉声音|把声音关掉|关声音|别出声|不要出声)(?:吧|了|一下)?[。！]*"),
)


def muted(line: str) -> bool:
    """Whether a clean line says nothing but that all sound should end."""
    return any(pattern.fullmatch(line) for pattern in MUTED)


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
    r"fifty|sixty|seventy|eighty|ninety|hundred|one|two|three|four|five|six|seven|eight|nine))*[.!?]*"
)
FEW = r"(?:(?:a|much|way|little|bit|lot|even|more|slightly|tad) )*"
ORDERS = {  # direction → (verbs before, what stands behind, comparatives)
    +1: (
        r"increase|raise|rise|boost|turn up|bring up|crank up|pump up|beef up|bump up|up",
        r"up|higher|louder|high|loud|to (?:the )?(?:max|maximum|highest)",
        r"louder|louder volume|more volume|higher volume|(?:speak|talk) up|"
        rf"(?:speak|talk|play|get|be|go)(?: it)? {FEW}(?:louder|loudly|loud)",
    ),
    -1: (
        r"decrease|reduce|lower|turn down|bring down|tone down|dial down|slow down|down",
        r"down|lower|quieter|softer|low",
        r"quieter|softer|less volume|lower volume|"
        rf"(?:speak|talk|play|get|be|go)(?: it)? {FEW}(?:quieter|softer|softly|quietly)",
    ),
}
TURNED = tuple(
    (way, re.compile(pattern))
    for way, (verbs, ways, comparatives) in ORDERS.items()
    for pattern in (
        # "increase the volume of the speakers to fifty"
        rf"{POLITE}(?:{verbs}) {LOUDNESS}{SOME}",
        # "turn the volume down a little", "volume up"
        rf"{POLITE}(?:(?:turn|put|bring|set|change|make|adjust|move|keep) )?{LOUDNESS} "
        rf"{FEW}(?:{ways}){SOME}",
        # "can you speak a little louder"
        rf"{POLITE}{FEW}(?:{comparatives}){SOME}",
    )
)
LITTLE = re.compile(r"\b(?:little|bit|touch|tad|notch|slightly)\b")


def turned(line: str) -> tuple[int, float]:
    """(+1 louder, −1 quieter or 0, degree) of a clean line that says nothing but that."""
    way = next((way for way, pattern in TURNED if pattern.fullmatch(line)), 0)
    return way, 0.5 if LITTLE.search(line) else 1.0
