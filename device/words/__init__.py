"""A short text → mood and wishes, offline: what the sleeper says in the evening and in the morning.
"""

from pathlib import Path

from device.errors import ModelMismatch
from device.inference import model_card
from device.values import Understood
from device.words import answer, bounds, grammar, mood
from device.words.language import language
from device.words.text import clean, tokens

__all__ = ["Words"]


class Words:
    """`trouble`: why the mood comes from a lexicon alone, or "".  `keep`: the owner wants the text
    in the diary."""

    def __init__(self, folder: Path = model_card.MODELS, keep: bool = False):
        self.trouble, self.keep, self._folder = "", keep, folder
        self._mood: mood.Mood | None = None
        if self.mood:
            self.rest()

    @property
    def mood(self) -> "mood.Mood | None":
        """Loaded when somebody says something: it takes 4 MB, and few nights need it."""
        if self._mood is None and not self.trouble:
            try:
                self._mood = mood.Mood(self._folder)
            except ModelMismatch as trouble:
                self.trouble = f"the mood of notes by a lexicon: {trouble}"
        return self._mood

    def rest(self) -> None:
        """Let go of it until somebody says something again."""
        self._mood = None

    def understand(self, text: object) -> Understood:
        """Whatever `text` is: bounded work, and nothing but a frozen value comes of it."""
        line = clean(text)
        said = tokens(line)
        reading = grammar.read(said)
        feelings, model = mood.felt(said), self.mood
        own = min((reading.known + len(feelings)) / max(reading.words, 1), 1.0)
        tongue = language(line, own, model.english if model else None,
                          model.english_scale if model else 0.0)
        if not tongue:
            return Understood()
        flags = reading.flags
        # Of the words around the wishes: "rain" and "no" aren't sad.
        judged = model(reading.rest) if model and tongue == "en" and reading.rest else None
        named = mean(feelings) if feelings else None
        valence, arousal = judged or named or (None, None)
        return Understood(
            tongue,
            reading.wishes,
            "last" in flags,
            "always" in flags,
            "undo" in flags,
            1 if "good" in flags else -1 if "poor" in flags else None,
            valence,
            arousal,
            mood.called(feelings or [judged or (0.0, 0.0)]),
            reading.unsure,
        )


    def answered(self, heard: Understood | None, morning: bool = False) -> str:
        """The line that says what was understood; None is too much to be a note."""
        if heard is None:
            return answer.UNREADABLE
        if heard.undo:
            return answer.UNDONE[heard.language]
        return answer.answered(heard, "" if morning else heard.mood)

    listed = staticmethod(answer.listed)
    narrowing = staticmethod(bounds.narrowing)
    within = staticmethod(bounds.within)
    played = staticmethod(bounds.played)


def mean(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    return sum(pair[0] for pair in pairs) / len(pairs), sum(pair[1] for pair in pairs) / len(pairs)
