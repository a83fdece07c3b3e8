"""What outlives the process: the diary's memory, read forgivingly and written when it changes.

What hands and hub set is also kept in a second small place, in memory that outlives the process: a
disk that is full loses no mute and no alarm.
"""

import contextlib
import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from device import stored
from device.diary import Diary
from device.session import restart, schedule
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

RUNTIME = os.environ.get("RUNTIME_DIRECTORY")      # of the unit: a tmpfs; elsewhere there is none
SECOND = Path(RUNTIME.partition(":")[0]) / "set.json" if RUNTIME else None

T = TypeVar("T")


def key_of(name: str, sleeper: str) -> str:
    return f"{name}:{sleeper}"


class Memory:
    def __init__(self, diary: Diary, owner: Owner, second: Path | None = SECOND):
        self.diary, self.owner, self.second = diary, owner, second
        self.kept, self.bell = State(), Bell()
        self.saved: restart.Saved | None = None     # of tonight, as last written

    # ---- reading ---------------------------------------------------------------------------------

    def load(self, now: float) -> tuple[State, list[str]]:
        """The state to begin with, and in words what of it can't be read."""
        remembered = self.diary.recall(SETTINGS)
        if isinstance(remembered, Mapping) and "muted" not in remembered:
            remembered = {**remembered, "muted": self.diary.recall("muted") is True}
        set_last = self.seconded()
        kept, bad_settings = load(
            Settings, remembered if set_last is None else set_last, "what was set from afar"
        )
        settings = settings_from(kept, self.owner)
        sleeper, bad_sleeper = load(
            Sleeper, known(self.diary, self.owner.sleeper), "what is known of the sleeper"
        )
        population, bad_population = load(
            Population, self.diary.recall(POPULATION), "what other beds told"
        )
        self.bell, bad_bell = load(Bell, self.diary.recall(BELL), "when the alarm rang")
        whole = None if bad_population else population.prior        # what was signed, or nothing
        self.kept = State(
            owner=self.owner, settings=settings, sleeper=sleeper,
            population=replace(population, used=None, prior=whole), tonight=Tonight(since=now),
            bell=self.bell, nights=self.diary.nights,
        ).with_status(sent=settings.volume)
        return self.kept, [*bad_settings, *bad_sleeper, *bad_population, *bad_bell]

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
        if state.settings is not kept.settings:
            self.diary.remember(SETTINGS, stored.plain(state.settings))
            self.keep_second(stored.plain(state.settings))
        if state.population is not kept.population:
            self.diary.remember(POPULATION, stored.plain(state.population))
        if state.sleeper is not kept.sleeper:
            self.diary.remember(key_of(SLEEPER, self.owner.sleeper), stored.plain(state.sleeper))
        if schedule.worth_keeping(self.bell, state.bell):
            self.bell = state.bell
            self.diary.remember(BELL, stored.plain(state.bell))

    def seconded(self) -> Mapping | None:
        """What was set last in this boot, if the second place has it."""
        with contextlib.suppress(OSError, ValueError, RecursionError):
            whole = self.second.read_text("utf-8") if self.second else ""
            check, _, text = whole.partition(" ")
            return json.loads(text) if text and check == checked(text) else None
        return None

    def keep_second(self, settings: object) -> None:
        """Whole or not at all."""
        if self.second is None:
            return
        part = self.second.with_suffix(".part")
        with contextlib.suppress(OSError):
            text = json.dumps(settings)
            part.write_text(f"{checked(text)} {text}", "utf-8")
            part.replace(self.second)

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

    def forget_tonight(self, state: State) -> None:
        """Nothing of it has to be resumed; the oldest nights may go."""
        self.saved = None
        self.diary.remember(TONIGHT, None)
        self.diary.remember(CHOICES, None)
        self.diary.commit()
        self.diary.forget(state.owner.retention)


def checked(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


def load(kind: type[T], remembered: object, what: str) -> tuple[T, list[str]]:
    """`remembered` as `kind`, its defaults for what can't be read, and one sentence about that."""
    if remembered is None:
        return kind(), []
    value, troubles = stored.load(kind, remembered)
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


def forget_taste(diary: Diary, sleeper: str) -> None:
    """What the sleeper's own music is like."""
    mine, _ = load(Sleeper, known(diary, sleeper), "what is known of the sleeper")
    diary.remember(key_of(SLEEPER, sleeper), stored.plain(replace(mine, taste=None)))


def forget_learned(diary: Diary, sleeper: str) -> None:
    """All that nights have taught of a sleeper. What was wished for always stays, as does what
    one's own music is like, and the version of the others' prior: only a newer one is considered
    again."""
    mine, _ = load(Sleeper, known(diary, sleeper), "what is known of the sleeper")
    wishes = Sleeper(always=mine.always, last=mine.last, taste=mine.taste)
    diary.remember(key_of(SLEEPER, sleeper), stored.plain(wishes))
    for name in (LEARNER, TASTE):
        diary.remember(key_of(name, sleeper), None)
    others, _ = load(Population, diary.recall(POPULATION), "what other beds told")
    diary.remember(POPULATION, stored.plain(Population(others.version)))
