"""What was said in words, and what it means for tonight: bounds on the choice, the mood, feedback in the morning.

The text itself is read and let go; only its meaning is kept, until the night is over, or for good after "always".
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from device.programmes import PROGRAMMES
from device.session.modes import NIGHT, SOUNDING, Mode
from device.values import SILENCE, TEXTURES, VOICES, Choice, Phrase, Recipe, Understood, Wish
from device.words.answer import PRIVATE, UNDONE, UNREADABLE, answered, listed
from device.words.bounds import narrowing, played, within

MOST = 24                   # wishes that are kept: older ones give way


@dataclass(frozen=True, slots=True)
class Kept:
    """What stands now."""
    tonight: tuple[Wish, ...] = ()
    always: tuple[Wish, ...] = ()
    like_last: bool = False
    valence: float | None = None
    arousal: float | None = None
    mood: str = ""
    language: str = "en"

    @property
    def wishes(self) -> tuple[Wish, ...]:
        return merged(self.always, self.tonight)


class Said:
    def __init__(self, night, words=None):
        """words: `understand(text) -> Understood`, and `keep`: the owner wants the text in the diary.  None: nothing is
        understood."""
        self.night, self.words = night, words
        self.answer = ""
        self._key = f"said:{night.keeper.sleeper}"
        memory = night.diary.recall(self._key)
        self.kept, self.last = restored(memory if isinstance(memory, Mapping) else {})
        self._before: tuple[Kept, tuple | None] | None = None      # and the morning's outcome and answer

    def hear(self, text: str | None) -> str:
        """One note, or None, too much to be one: its answer, after everything it may do has been done."""
        night = self.night
        if night.remote.privacy:
            self.answer = PRIVATE
            return self.answer
        if text is None:
            self.answer = UNREADABLE
            return self.answer
        heard = self.words.understand(text) if self.words else Understood()
        if self.words and self.words.keep:
            night.note("said", text)
        if heard.undo:
            self.undo(heard.language)
        else:
            self.take(heard)
            self.answer = answered(heard, "" if night.mode is Mode.MORNING else heard.mood)
        self.remember()
        return self.answer

    def undo(self, language: str) -> None:
        """As it was before the last note that changed anything; a morning's word of the night is taken back, too."""
        keeper = self.night.keeper
        (self.kept, morning), self._before = self._before or (Kept(always=self.kept.always), None), None
        if morning and self.night.mode is Mode.MORNING:
            keeper.outcome, keeper.rested = morning
            keeper.feedback("undone", 0)
        self.answer = UNDONE[language]
        self.apply()

    def take(self, heard: Understood) -> None:
        keeper, morning = self.night.keeper, self.night.mode is Mode.MORNING
        changes = bool(heard.wishes or heard.like_last or heard.mood)
        if changes or heard.rested:
            self._before = self.kept, (keeper.outcome, keeper.rested) if morning else None
        if morning:
            self.feedback(heard)
        if heard.always:
            self.kept = replace(self.kept, always=merged(self.kept.always, heard.wishes))
        if morning or not heard.language:
            return
        wishes = () if heard.always else heard.wishes
        mood = {"mood": heard.mood or self.kept.mood}
        if heard.valence is not None:
            mood |= {"valence": heard.valence, "arousal": heard.arousal}
        self.kept = replace(self.kept, tonight=merged(self.kept.tonight, wishes), language=heard.language,
                            like_last=self.kept.like_last or heard.like_last, **mood)
        if changes:
            self.apply()

    def feedback(self, heard: Understood) -> None:
        """A morning's words: how the night was, and each thing that was praised or blamed."""
        keeper = self.night.keeper
        if heard.rested:
            keeper.answer(heard.rested)
        liked = sum(+1 if wish.verb in ("raise", "require") else -1 for wish in heard.wishes)
        if liked:
            keeper.feedback("note", liked)
            if keeper.outcome:
                keeper.outcome = replace(keeper.outcome, liked=keeper.outcome.liked + max(-2, min(liked, 2)))

    def apply(self) -> None:
        """Tonight's sound follows at once; after sleep onset nothing new is chosen, only shaped."""
        night = self.night
        if night.mode not in NIGHT or night.choice is None:
            return
        if night.mode in SOUNDING and not night.keeper.slept:
            if night.keeper.receipts:
                night.keeper.receipts.pop()         # it gives way to a wish: nobody disliked it
            night.choose("bedtime", night.bedside.refused)
        else:
            night.recipe = self.shaped(night.recipe)
        night.shape()

    # ---- what the night asks -----------------------------------------------------------------------------------------

    def bounds(self) -> dict[str, list[str]]:
        """For the recommender: verb → names."""
        return narrowing(self.kept.wishes)

    @property
    def sounding(self) -> bool:
        """Whether some sound was asked for, so that silence would be no answer."""
        return any(w.verb in ("require", "raise") and w.name in (*TEXTURES, *VOICES, "music") for w in self.kept.wishes)

    def named(self) -> Recipe | None:
        """What was asked for as a whole: silence, a programme, or last night's."""
        for wish in reversed(self.kept.wishes):
            if wish.verb == "require" and wish.name == "silence":
                return SILENCE
            if wish.verb == "require" and wish.name in PROGRAMMES:
                return PROGRAMMES[wish.name]
        return self.last if self.kept.like_last else None

    def shaped(self, recipe: Recipe) -> Recipe:
        return within(recipe, self.kept.wishes, self.kept.mood) if recipe != SILENCE else recipe

    def explained(self, choice: Choice) -> Choice:
        """The reason names what was said."""
        kept = self.kept
        said = [listed(kept.wishes, kept.language)] if kept.wishes else []
        said += ["you sounded " + kept.mood] if kept.mood else []
        if not said:
            return choice
        sentence = f"{choice.reason.sentence}; as you said: {'; '.join(said)}"
        return replace(choice, reason=replace(choice.reason, sentence=sentence))

    def played(self, phrase: Phrase) -> Phrase:
        return played(phrase, self.kept.wishes)

    # ---- how long it lasts -------------------------------------------------------------------------------------------

    def over(self) -> None:
        """The night is over: so is what was said for it."""
        if self.night.recipe != SILENCE and not self.night.remote.privacy:
            self.last = self.night.recipe
        self.kept, self._before, self.answer = Kept(always=self.kept.always), None, ""
        if self.words:
            self.words.rest()
        self.remember()

    def forget(self) -> None:
        """Privacy begins: what was said for tonight goes too."""
        self.kept, self._before, self.answer = Kept(always=self.kept.always), None, PRIVATE
        self.remember()

    def remember(self) -> None:
        last = self.last.plain() if self.last else None
        self.night.diary.remember(self._key, {"kept": asdict(self.kept), "last": last})


def merged(old: tuple[Wish, ...], new: tuple[Wish, ...]) -> tuple[Wish, ...]:
    """Newer wishes replace older ones for the same name."""
    names = {wish.name for wish in new}
    return (*(wish for wish in old if wish.name not in names), *new)[-MOST:]


def restored(memory: Mapping) -> tuple[Kept, Recipe | None]:
    """From the diary's memory; whatever can't be read there was never said."""
    try:
        kept, last = memory["kept"], memory["last"]
        wishes = {key: tuple(Wish(*wish) for wish in kept[key]) for key in ("tonight", "always")}
        return Kept(**{**kept, **wishes}), Recipe.of(last) if last else None
    except (KeyError, TypeError):
        return Kept(), None
