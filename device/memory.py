"""What outlives the process: the diary's memory, read forgivingly and written when it changes.

What hands and hub set, and what the alarm has seen, is also kept in small places of its own: a disk
that is full, read-only or torn loses no mute and no alarm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from device import stored
from device.diary import Diary
from device.safekeeping import TURN, Places, of_the_unit, sealed, turn_of, whole
from device.session import own_music, restart, schedule
from device.session.own_music import OF_IT
from device.session.settings import Owner, Settings, settings_from
from device.session.sleeper import Sleeper
from device.session.state import At, Bell, Population, State
from device.session.tonight import Said, Tonight

# Keys of the diary's memory; those with a name after them are a sleeper's own.
SETTINGS, POPULATION, TONIGHT, CHOICES = "remote", "others", "tonight", "choices"
BELL = "bell"
SLEEPER, LEARNER, TASTE = "known", "learner", "taste"
SAID = "said"
BEFORE = ("past", "favourites", SAID)       # where firmware before format 2 kept the sleeper

T = TypeVar("T")


def key_of(name: str, sleeper: str) -> str:
    return f"{name}:{sleeper}"


class Memory:
    def __init__(self, diary: Diary, owner: Owner, places: Sequence[Path] | None = None):
        """`places`: the files beside the diary; the unit's own where none are given."""
        self.diary, self.owner = diary, owner
        self.places = Places(of_the_unit() if places is None else places)
        self.kept, self.bell, self.turn = State(), Bell(), 0
        self.saved: restart.Saved | None = None     # of tonight, as last written

    # ---- reading ---------------------------------------------------------------------------------

    def load(self, now: float) -> tuple[State, list[str]]:
        """The state to begin with, and in words what of it can't be read."""
        remembered, bell, torn = self.newest()
        kept, bad_settings = load(Settings, remembered, "what was set from afar")
        settings = settings_from(kept, self.owner)
        sleeper, bad_sleeper = load(
            Sleeper, known(self.diary, self.owner.sleeper), "what is known of the sleeper"
        )
        population, bad_population = load(
            Population, self.diary.recall(POPULATION), "what other beds told"
        )
        self.bell, bad_bell = load(Bell, bell, "when the alarm rang")
        prior = None if bad_population else population.prior        # what was signed, or nothing
        self.kept = State(
            owner=self.owner, settings=settings, sleeper=sleeper,
            population=replace(population, used=None, prior=prior), tonight=Tonight(since=now),
            bell=self.bell, nights=self.diary.nights,
        ).with_status(sent=settings.volume)
        return self.kept, [*torn, *bad_settings, *bad_sleeper, *bad_population, *bad_bell]

    def newest(self) -> tuple[object, object, list[str]]:
        """What was set and what the alarm saw, from wherever it was kept last and whole; and in
        words that the diary's own copy was torn, where another one helped."""
        mine, bell = self.diary.recall(SETTINGS), self.diary.recall(BELL)
        if isinstance(mine, Mapping) and "muted" not in mine:
            mine = {**mine, "muted": self.diary.recall("muted") is True}
        beside = self.places.read()
        # Unsealed, it is of firmware that knew no places: only what this boot wrote is newer.
        if mine is not None and whole(mine) is None:
            beside = beside[:1]
        best = max((each for each in beside if each is not None), key=turn_of, default=None)
        mine_is_newest = whole(mine) is not False and turn_of(mine) >= turn_of(best)
        self.turn = max(turn_of(mine), turn_of(best), 0)
        if best is None or mine_is_newest and whole(bell) is not False:
            return mine, bell, []
        torn = any(each is not None and whole(each) is False for each in (mine, bell))
        said = ["what was set can't be read in the diary: going on with its copy"] if torn else []
        return mine if mine_is_newest else best.get(SETTINGS), best.get(BELL), said

    def own(self, name: str) -> Any:
        """What another part knows of the sleeper: LEARNER or TASTE."""
        return self.diary.recall(key_of(name, self.owner.sleeper))

    def tonight(self) -> tuple[restart.Saved, restart.Choices, restart.Rows, list[str]]:
        """The night that a restart broke, if it is worth anything, and what of it can't be read.

        Raises sqlite3.Error.
        """
        remembered = restart.upgraded(self.diary.recall(TONIGHT), self.own(SAID))
        saved, bad_night = load(restart.Saved, remembered, "tonight")
        self.saved = saved if remembered is not None else None
        if not bad_night and remembered is not None and not restart.whole(remembered):
            bad_night.append("the night before the restart can't be resumed: its time or its mode "
                             "is missing")
        choices, bad_choices = load(
            restart.Choices, self.diary.recall(CHOICES), "what was chosen tonight"
        )
        rows = restart.Rows(**self.diary.night(saved.tonight.number))
        return saved, choices, rows, [*bad_night, *bad_choices]

    # ---- writing ---------------------------------------------------------------------------------

    def keep(self, state: State) -> None:
        """Whatever changed of what outlives a night."""
        kept, self.kept = self.kept, state
        if state.settings.privacy and not kept.settings.privacy:
            self.forget_words()
        rang = schedule.worth_keeping(self.bell, state.bell)
        if rang:
            self.bell = state.bell
            self.diary.remember(BELL, sealed(stored.plain(state.bell)))
        if rang or state.settings is not kept.settings:
            self.turn += 1
            settings = {**stored.plain(state.settings), TURN: self.turn}
            self.diary.remember(SETTINGS, sealed(settings))
            self.places.write(
                {TURN: self.turn, SETTINGS: settings, BELL: stored.plain(self.bell)})
        if state.population is not kept.population:
            self.diary.remember(POPULATION, sealed(stored.plain(state.population)))
        if state.sleeper is not kept.sleeper:
            name = key_of(SLEEPER, self.owner.sleeper)
            self.diary.remember(name, sealed(stored.plain(state.sleeper)))
        if kept.sleeper.taste is not None and state.sleeper.taste is None:
            self.forget_taste(state)

    def flush(self) -> None:
        """Wait until all of it is on the disk, as far as that takes it."""
        self.diary.flush()
        self.places.flush()

    def keep_own(self, name: str, value: object) -> None:
        """What another part knows of the sleeper: LEARNER or TASTE."""
        self.diary.remember(key_of(name, self.owner.sleeper), value)

    def save_tonight(self, state: State, stager: Mapping[str, object], at: At) -> None:
        """From here on a cut costs no more than what comes after."""
        if not state.settings.privacy:
            self.saved = restart.saved(state, stager, at)
            self.diary.remember(TONIGHT, stored.plain(self.saved))
            self.diary.remember(CHOICES, stored.plain(restart.choices(state)))
        self.diary.commit()

    def forget_words(self) -> None:
        """Privacy begins: a restart doesn't bring back what was said for tonight."""
        if self.saved is None:
            return
        tonight = replace(self.saved.tonight, said=Said(), unsaid=None)
        self.saved = replace(self.saved, tonight=tonight)
        self.diary.remember(TONIGHT, stored.plain(self.saved))

    def forget_taste(self, state: State) -> None:
        """What the sleeper's own music is like, wherever it went into."""
        if self.saved is not None:
            self.diary.remember(CHOICES, stored.plain(restart.choices(state)))
        self.diary.scrub(self.owner.sleeper, OF_IT)

    def forget_tonight(self, state: State) -> None:
        """Nothing of it has to be resumed; the oldest nights may go."""
        self.saved = None
        self.diary.remember(TONIGHT, None)
        self.diary.remember(CHOICES, None)
        self.diary.commit()
        self.diary.forget(state.owner.retention)


def load(kind: type[T], remembered: object, what: str) -> tuple[T, list[str]]:
    """`remembered` as `kind`, its defaults for what can't be read, and one sentence about that."""
    if remembered is None:
        return kind(), []
    value, troubles = stored.load(kind, remembered)
    if not troubles and whole(remembered) is False:
        troubles = ("it isn't what was written",)
    if not troubles:
        return value, []
    more = f" and {len(troubles) - 1} more" if len(troubles) > 1 else ""
    return value, [f"{what} can't be read in full ({troubles[0]}{more}): going on without that"]


def known(diary: Diary, sleeper: str) -> object:
    """What is remembered of a sleeper; also as firmware before format 2 kept it, in three places.
    """
    remembered = diary.recall(key_of(SLEEPER, sleeper))
    if remembered is not None:
        return remembered
    past, favourites, said = (diary.recall(key_of(key, sleeper)) for key in BEFORE)
    if past is None and favourites is None and said is None:
        return None
    said = said if isinstance(said, Mapping) else {}
    kept = said.get("kept")
    return {
        **(past if isinstance(past, Mapping) else {}),
        "favourites": favourites or [],
        "always": kept.get("always", []) if isinstance(kept, Mapping) else [],
        "last": said.get("last"),
    }


def forget_taste(diary: Diary, sleeper: str, wall: float) -> None:
    """What the sleeper's own music is like, as far as it was measured until `wall`, s since 1970.
    """
    mine, _ = load(Sleeper, known(diary, sleeper), "what is known of the sleeper")
    mine = replace(mine, taste=None, forgot=max(mine.forgot, wall))
    diary.remember(key_of(SLEEPER, sleeper), sealed(stored.plain(mine)))
    choices, _ = load(restart.Choices, diary.recall(CHOICES), "what was chosen tonight")
    if choices.played is not None:
        played, passed = (own_music.without(each) for each in (choices.played, choices.passed_over))
        diary.remember(CHOICES, stored.plain(
            replace(choices, played=played, passed_over=passed)))
    diary.scrub(sleeper, OF_IT)


def forget_learned(diary: Diary, sleeper: str) -> None:
    """All that nights have taught of a sleeper. What was wished for always stays, as does what
    one's own music is like, and the version of the others' prior: only a newer one is considered
    again."""
    mine, _ = load(Sleeper, known(diary, sleeper), "what is known of the sleeper")
    wishes = Sleeper(always=mine.always, last=mine.last, taste=mine.taste, forgot=mine.forgot)
    diary.remember(key_of(SLEEPER, sleeper), sealed(stored.plain(wishes)))
    for name in (LEARNER, TASTE):
        diary.remember(key_of(name, sleeper), None)
    others, _ = load(Population, diary.recall(POPULATION), "what other beds told")
    diary.remember(POPULATION, sealed(stored.plain(Population(others.version))))
