"""Notes whose words say one thing and mean another: irony, and second thoughts.

A table of pattern, verdict and an example: what is found is asked back, all else is taken at its
word. Pure.
"""

from device.words.beyond import rule

CHEER = r"great|lovely|joy|good|perfect|wonderful|brilliant|fantastic|super|marvellous|fabulous|yay"
RULES = (
    rule("ironic", rf"^(?:oh|ah|wow|well|yeah|yay|gee)?,? ?(?:how |just |so )?(?:{CHEER})[,!. ]+"
                   r"(?:choice|idea|timing|more|another|again|the|that|those|\w+ again)\b",
         "oh good, more wind"),
    rule("ironic", r"\b(?:just|exactly|precisely|really) what (?:i|we) (?:need|want|ask)|"
                   r"\bwhat (?:i|we) really (?:need|want)ed\b|\ball (?:i|we) (?:ever )?wanted\b",
         "bells again, just what I needed"),
    rule("ironic", r"\bliving the dream\b|\bwhat a surprise\b|\breally thoughtful\b|"
                   r"\bhow (?:thoughtful|restful|nice of)\b|\bmy favourite (?:tooth|head|night)",
         "wow, three hours of bells, living the dream"),
    rule("ironic", r"\bthanks (?:so much |a lot |a bunch |ever so much )?for (?:the|that|those|"
                   r"waking).*\b(?:at \d|at (?:one|two|three|four|five)|woke|awake|wake)",
         "thanks so much for the piano at 4"),
    rule("ironic", r"^(?:sure|yeah right|of course|right),? .*\b(?:even|why don't you|why not)\b",
         "sure, make it even louder, why don't you"),
    rule("ironic", r"\bnothing says \w+ like\b|\b(?:love|adore|enjoy) (?:being|getting) (?:woken|"
                   r"startled|kept)|\bten out of ten for\b.*\bif\b|\bcould it get any\b",
         "nothing says sleep like a gong"),
    rule("ironic", r"\bbecause (?:there |it |one |yesterday |we |i )?(?:wasn't|weren't|didn't have|"
                   r"haven't had) (?:enough|already)\b|\bwasn't enough\b",
         "more wind, because there wasn't enough outside"),
    rule("ironic", r"太好了.*又|又是.*(?:真棒|太棒了|谢谢啊|服了)|可真会挑|真会选|呵呵|"
                   r"真是太.{0,3}了.*又", "太好了，又是铃声"),
    rule("second thoughts", r"\bon second thoughts?\b|\bi (?:take|took) (?:that |it )?back\b|"
                            r"\btake back what i said\b|\bi said no \w+ but\b|\bor the other way\b|"
                            r"\bwait,? (?:yes|no)\b.*\b(?:okay|ok|yes|no)\b",
         "music off. on second thoughts leave it on"),
    rule("conditional", r"\bunless\b|除非", "rain, unless it rains outside"),
    rule("second thoughts", r"想了想|转念一想|还是别.*还是|不对不对", "想了想，还是放钢琴吧"),
)


def tone(line: str) -> str:
    """ "ironic", "second thoughts" or "" of a clean line."""
    return next((each.verdict for each in RULES if each.pattern.search(line)), "")
