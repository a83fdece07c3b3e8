"""Orders that are said in so few ways that a table of them is exact: everything off."""

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
        rf"(?:complete |total |full )?silence){LASTS}[.!]*"
    ),
    # "turn the volume off", "sound off"
    re.compile(
        rf"{POLITE}(?:turn|switch|shut) off (?:(?:the|all|media|your|my) )*"
        rf"(?:volume|sounds?|audio|speakers?){LASTS}[.!]*"
    ),
    re.compile(
        rf"{POLITE}(?:(?:turn|switch|shut) )?(?:(?:the|all|media|your|my) )*"
        rf"(?:volume|sounds?|audio|speakers?) off{LASTS}[.!]*"
    ),
    # "set the volume to zero"
    re.compile(
        rf"{POLITE}(?:set|turn|make|put|bring)(?: (?:the|media|your|my))* (?:volume|sounds?|audio) "
        rf"(?:down )?(?:to |at )?(?:zero|0|nothing|nil|mute){LASTS}[.!]*"
    ),
    re.compile(r"(?:请)?(?:静音|关掉声音|把声音关掉|关声音|别出声|不要出声)(?:吧|了|一下)?[。！]*"),
)


def muted(line: str) -> bool:
    """Whether a clean line says nothing but that all sound should end."""
    return any(pattern.fullmatch(line) for pattern in MUTED)
