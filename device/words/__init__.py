"""A short text → mood and wishes, offline: what the sleeper says in the evening and in the morning.
"""

from collections.abc import Sequence
from pathlib import Path

from device.errors import ModelMismatch
from device.inference import model_card, runtimes
from device.values import Standing, Understood, Wish
from device.words import (
    amends,
    answer,
    beyond,
    bounds,
    exact,
    grammar,
    hours,
    mood,
    plain,
    tone,
    verdict,
    whole,
)
from device.words.language import language
from device.words.phrases import spoken
from device.words.reader import Reader
from device.words.regex import regex
from device.words.script import simplified
from device.words.shorthand import spelled_out
from device.words.spelling import mended
from device.words.text import HAN, clean, tokens

__all__ = ["Words"]

HERE = Standing()
MODELS = ("reader", "words", "words_table")
OTHERS = frozenset({"lights", "heating", "room"})       # which have timers, too
OWN = regex(r"\b(?:stop|sounds?|timer|everything)\b|声|定时")


class Words:
    """`trouble`: why the mood comes from a lexicon alone, or "".  `keep`: the owner wants the text
    in the diary."""

    def __init__(self, folder: Path = model_card.MODELS, keep: bool = False):
        self.trouble, self.keep, self._folder = "", keep, folder
        self._mood: mood.Mood | None = None
        self._reader: Reader | None = None
        self.trouble = runtimes.once("words", self._marks(), self._look)

    def _look(self) -> str:
        """Why it can't be loaded, or ""."""
        if self.mood:
            self.rest()
        return self.trouble

    def _marks(self) -> bytes:
        """Of files that stay as they are: to read them would take as long as to look."""
        found = [path.stat() for name in MODELS for path in sorted(self._folder.glob(f"{name}.*"))]
        return repr([(each.st_size, each.st_mtime_ns, each.st_ino) for each in found]).encode()

    @property
    def mood(self) -> "mood.Mood | None":
        """Loaded when somebody says something: it takes 4 MB, and few nights need it."""
        if self._mood is None and not self.trouble:
            try:
                own = mood.Mood(self._folder)
                self._mood, self._reader = own, Reader(own, self._folder)
            except ModelMismatch as trouble:
                self.trouble = f"notes by a lexicon and a grammar: {trouble}"
        return self._mood

    @property
    def reader(self) -> Reader | None:
        """Loaded together with the mood, whose word vectors it reads."""
        return self._reader if self.mood else None

    def rest(self) -> None:
        """Let go of it until somebody says something again."""
        self._mood = self._reader = None

    def understand(self, text: object) -> Understood:
        """Whatever `text` is: bounded work, and nothing but a frozen value comes of it."""
        line = spelled_out(simplified(clean(text)))
        model, said = self.mood, tokens(line)
        trouble, tongue = beyond.distress(line), self.language(line)
        if trouble == "crisis":
            return Understood(tongue or script(line), distress=trouble)
        far, asked = beyond.beyond(line), hours.asked(line)
        if OTHERS.intersection(far) and not (OWN.search(line) or sounds(said)):
            asked = asked._replace(timer=None, left=line)       # of the lamp, not of the sound
        if exact.stopped(line) and not exact.muted(line):
            return Understood(script(line), stop=True)
        if not (tongue or asked.understood or exact.unbearable(line)):
            return Understood()
        left = amends.left(plain.put(asked.left))
        read, rest = self.read(left.line)
        # Of the words around the wishes: "rain" and "no" aren't sad.
        feelings = mood.felt(said)
        hears = model and tongue == "en" and rest and (feelings or not mood.denied(said))
        felt = model(rest) if model and hears else None
        named = mean(feelings) if feelings else None
        valence, arousal = felt or named or (None, None)
        if trouble and valence is not None:
            valence = min(valence, 0.0)         # nothing in it is read as cheerful
        tongue, flags = tongue or script(line), read.flags
        neutral = trouble or far or asked.spoken or left.later
        return Understood(
            tongue,
            read.wishes,
            "last" in flags,
            "always" in flags,
            "undo" in flags,
            1 if "good" in flags else -1 if "poor" in flags else None,
            valence,
            arousal,
            "" if neutral else mood.called(feelings or [felt or (0.0, 0.0)]),
            read.unsure,
            read.confidence,
            read.doubts,
            choices(read, tongue),
            asked.alarm,
            asked.timer,
            asked.nap,
            asked.cancels,
            asked.spoken and not asked.understood,
            days=asked.days,
            beyond=(*far, *(("later",) if left.later else ())),
            distress=trouble,
        )

    def language(self, line: str) -> str:
        """That of a clean line: "en", "zh" or ""."""
        model = self.mood
        grammatical = grammar.read(self.spelled(line))
        feelings = mood.felt(tokens(line))
        own = min((grammatical.known + len(feelings)) / max(grammatical.words, 1), 1.0)
        letters = (model.english, model.english_scale) if model else (None, 0.0)
        return language(line, own, *letters)

    def spelled(self, line: str) -> list[str]:
        model = self.mood
        return mended(tokens(line), model.knows) if model else tokens(line)

    def read(self, line: str) -> tuple[verdict.Verdict, tuple[str, ...]]:
        """What is wished by a line that was put plainly, and the words that wish nothing."""
        grammatical, reader = grammar.read(self.spelled(line)), self.reader
        read = verdict.alone(grammatical)
        if reader:
            read = verdict.read(*reader(line), grammatical, tone.tone(line))
        way, degree = exact.turned(line)
        if way:
            wish = Wish("raise" if way > 0 else "lower", "level", degree)
            read = verdict.Verdict((wish,), (1.0,))
        elif exact.muted(line) and not read.wishes:
            read = verdict.Verdict((Wish("require", "silence"),), (1.0,))
        read = read.saying(whole.said(line))
        if exact.unbearable(line):
            read = read.instead("silence", "level", wish=Wish("forbid", "silence"))
        return read, grammatical.rest

    def answered(self, heard: Understood | None, standing: Standing = HERE) -> str:
        """The line that says what was understood; None is too much to be a note."""
        return answer.UNREADABLE if heard is None else answer.answered(heard, standing)

    def confirmed(
        self, text: str, pending: Sequence[Wish], choices: Sequence[str] = ()
    ) -> tuple[bool, str] | None:
        """Whether `text` says if what is pending is for every night, and the line that answers; or
        None: it says something else, or nothing is pending. `choices`: those offered now."""
        said = answer.confirms(simplified(clean(text)), choices) if pending else None
        if said is None:
            return None
        keep, tongue = said
        return keep, answer.settled(pending, keep, tongue)

    listed = staticmethod(answer.listed)
    narrowing = staticmethod(bounds.narrowing)
    within = staticmethod(bounds.within)
    played = staticmethod(bounds.played)


def sounds(said: Sequence[str]) -> bool:
    """Whether tokens name a sound."""
    return any(word.kind == "thing" for word in spoken(said))


def script(line: str) -> str:
    """The language that a line is answered in, whatever it is."""
    return "zh" if HAN.search(line) else "en"


def choices(read: verdict.Verdict, tongue: str) -> tuple[str, ...]:
    """What can be tapped: of a doubt, or else whether "always" was meant."""
    if read.doubts:
        return answer.choices(read.doubts, tongue)
    return answer.CONFIRM[tongue] if "always" in read.flags else ()


def mean(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    return sum(pair[0] for pair in pairs) / len(pairs), sum(pair[1] for pair in pairs) / len(pairs)
