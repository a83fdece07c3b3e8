"""Many nights of many beds through the real decisions. This test keeps its own count of what
happened there, states the facts from it, and asks whether what was said is what they make true."""

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy import stats

from device.diary import plain
from device.inference.model_card import MODELS
from device.parts import Hooks
from device.programmes import PROGRAMMES
from device.recommend import Recommender, SafeDefault
from device.recommend.candidates import CANDIDATES, NAMES, QUIET, may_explore
from device.recommend.candidates import DEFAULT as START
from device.recommend.n_of_1 import effect
from device.recommend.network import Network
from device.recommend.stranger import widened
from device.report import told
from device.sentences import KINDS, Said, say
from device.session import commands, controls, fade, telling, wishes
from device.session.modes import NIGHT, SOUNDING, Event, Mode
from device.session.settings import Owner, Rules
from device.session.things import Adopt, Go, Save
from device.sleep import hypnogram
from device.values import (
    SILENCE,
    TEXTURES,
    Command,
    Context,
    Heartbeat,
    Light,
    Outcome,
    Press,
    Prior,
    Stage,
    Staging,
    Understood,
    Wish,
)
from device.words import bounds
from device.words.answer import answered
from tests.session.around import epoch
from tests.session.pretend import Pages, Pretence, Told

BEDS = 16
NIGHTS = 8
NETWORK = Network(MODELS)
SHIPPED = widened(NETWORK.prior)
NOTHING_LEFT = tuple(Wish("forbid", name) for name in (*TEXTURES, "music"))
MONTH = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
ASLEEP, AWAKE, UNKNOWN = 0.9, 0.1, None
LAMP = 0.25
HEAD = ("pulse", "tone", "texture", "music")


@dataclass
class Lived:
    """One sound on one night, as this test saw it."""
    name: str
    taught: bool
    sooner: float | None = None
    sol: float | None = None
    coin: bool = False


@dataclass
class Ledger:
    lived: list[Lived] = field(default_factory=list)
    sols: int = 0                   # nights that moved what is usual
    liked: list[str] = field(default_factory=list)
    last: str = ""                  # what the last night played

    @property
    def heard(self) -> set[str]:
        return {each.name for each in self.lived if each.taught}

    def nights(self, chosen=lambda _: True) -> tuple[int, int]:
        """(sooner than expected, seen) of the nights with such candidates."""
        seen = [each for each in self.lived if each.taught and each.sooner is not None
                and chosen(CANDIDATES[NAMES.index(each.name)])]
        return sum(each.sooner > 0 for each in seen), len(seen)

    def named(self, name: str) -> tuple[int, int]:
        return self.nights(lambda candidate: candidate.recipe.name == name)


@dataclass
class How:
    """A bed."""
    guest: bool = False
    private: bool = False
    torn: bool = False              # the recommender's model
    trial: bool = False
    deaf: bool = False              # no sensor
    judges: bool = True
    sharing: bool = False
    keep_playing: bool = False
    past: tuple[tuple[str, float], ...] = ()    # what was heard on nights before, and its SOL, min


class Spied:
    """The recommender, and what it was asked."""

    def __init__(self, inner, seen):
        self.inner, self.seen = inner, seen

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def choose(self, context, **asked):
        choice = self.inner.choose(context, **asked)
        self.seen(context, asked, choice)
        return choice


class Overheard(Pages):
    """A diary that keeps, for the test, what privacy leaves unwritten."""

    def add(self, table: str, **row: object) -> None:
        self.rows.append((table, row))


class Bed:
    def __init__(self, seed: int, how: How):
        self.rng, self.how = np.random.default_rng(seed), how
        sleeper = "guest" if how.guest else "ada"
        rules = Rules(trial=how.trial, keep_playing=how.keep_playing)
        self.owner = Owner(sleeper, rules, judges=how.judges, zone=UTC, seed=seed)
        self.pages, self.ledger, self.said = Overheard(), Ledger(), Counter()
        self.now, self.wall, self.day = 5000.0, MONTH.timestamp(), 0
        self.story: list[tuple] = []        # what was decided, for whoever reads a failure
        self.begin()
        if how.private:
            self.command("privacy", True)
        if how.sharing:
            self.command("sharing", True)
        for name, sol in how.past:
            self.lived(name, sol)

    def begin(self) -> None:
        """A process starts, on what the diary remembers."""
        kept = self.pages.recall(f"learner:{self.owner.sleeper}")
        inner = SafeDefault(kept) if self.how.torn else Recommender.load(
            kept, sleeper=self.owner.sleeper, guest=self.how.guest)
        hooks = Hooks(effect=effect) if self.how.trial else Hooks()
        self.world = Pretence(self.pages, self.owner, hooks, self.now, self.wall)
        self.night = self.world.night
        self.recommender = Spied(inner, self.chosen)
        opinion = Told([], "opinion", review=lambda epochs, stagings: hypnogram.sums(stagings))
        words = Told([], "words", narrowing=bounds.narrowing, within=bounds.within,
                     listed=lambda wished, _: ", ".join(wish.name for wish in wished),
                     played=lambda phrase, _: phrase)
        parts = self.night.parts.having(
            recommender=self.recommender, opinion=opinion, words=words)
        self.night.parts = replace(parts, hooks=hooks)
        self.night.do(Adopt())          # as a night does that begins with this recommender
        self.rows = len(self.pages.rows)
        self.pressed, self.night_p = float("-inf"), []

    def lived(self, name: str, sol: float) -> None:
        receipt = Recommender.load(sleeper=self.owner.sleeper).choose(Context(), seed=1).receipt
        recommender = self.recommender.inner
        recommender.learn({**receipt, "candidate": name}, Outcome(sol=sol, signal_quality=1.0))
        self.pages.remember(f"learner:{self.owner.sleeper}", recommender.state())
        expected = float(np.clip(NETWORK(Context(), [SILENCE])[1], 0, 180))
        sooner = max(-45.0, min(45.0, expected - sol))
        self.ledger.lived.append(Lived(name, True, sooner, sol))

    # ---- what is done to it ----------------------------------------------------------------------

    def command(self, kind, value) -> None:
        self.night.take(commands.on_command(self.night.state, Command(kind, value), self.night.at))
        self.check()

    def press(self, press: Press) -> None:
        self.pressed = self.night.clock.now()
        self.night.take(controls.on_press(self.night.state, press, self.night.at))
        self.check()

    def note(self, **heard) -> None:
        """Words, understood; the line that answers them says what is so."""
        state, before = self.night.state, self.night.state.tonight
        undoes = before.unsaid is not None or before.said != type(before.said)()
        asked = Understood("en", **heard)
        known = state.sleeper.last is not None
        whole = asked.like_last and known or any(
            wish.verb == "require" and wish.name in PROGRAMMES for wish in asked.wishes)
        after, things = wishes.on_note(state, asked, self.night.at)
        answer = answered(asked, wishes.stands(state, after, asked, self.night.at))
        self.night.take((after.with_status(answer=answer), things))
        for part, so in {
            "There is nothing to forget": asked.undo and not undoes,
            "Forgotten: ": asked.undo and undoes,
            "don't know last night's sound": asked.like_last and not known,
            "nothing else is played now": whole and before.slept and before.mode in NIGHT,
            "Noted of the night that was": bool(asked.wishes) and before.mode is Mode.MORNING,
            "No night has begun": before.mode is Mode.IDLE and bool(asked.wishes or asked.mood),
        }.items():
            assert (part in answer) is so, (part, answer, asked, before.mode)
        self.check()

    def live(self, p: float | None, aroused: bool = False) -> None:
        """An epoch."""
        clock = self.night.clock
        clock.sleep(30.0)
        number = 100 + round((clock.now() - 5000.0) / 30)
        heard = {"heart_quality": 0.0, "motion_quality": 0.0} if self.how.deaf else {}
        stage = None if p is None else Stage.LIGHT if p >= 0.5 else Stage.WAKE
        judged = Staging(number, clock.now(), p, stage, None, asleep=p == ASLEEP, aroused=aroused)
        self.night.parts.body.stager.answer(judge=lambda *_: judged)
        scene = self.night.course and self.night.course.scene
        level = 40.0 + scene.level if scene and scene.level > -80 else 0.0
        beat = Heartbeat(clock.now(), 1, level, -20.0, 0.1, device="a speaker")
        self.night.take(controls.on_heartbeat(self.night.state, beat, ""))
        if self.night.mode is not Mode.IDLE:
            self.night_p.append(p)
        self.night.on_epoch(replace(epoch(index=number, start=clock.now() - 30), **heard))
        self.check()

    def restart(self) -> None:
        self.night.do(Save())
        number = self.night.state.tonight.number
        rows = {table: [json.loads(json.dumps(row, default=plain))
                        for name, row in self.pages.rows
                        if name == table and row["night"] == number]
                for table in ("epochs", "decisions")}
        for row in rows["decisions"]:
            row.update({key: json.dumps(row[key]) for key in ("recipe", "contributions",
                                                              "receipt")})
        self.pages.told = {"lights_out": self.night.state.tonight.lights_out, **rows}
        self.now, self.wall = self.night.clock.now() + 20, self.night.clock.wall() + 20
        before = self.night_p, self.pressed
        self.begin()
        self.night_p, self.pressed = before
        self.night.resume()
        self.check()

    # ---- what is said by it ----------------------------------------------------------------------

    def true(self, said: str, kind: str, facts: dict[str, bool], **fills) -> None:
        """That this is the sentence which these facts make true."""
        assert isinstance(said, Said) and said.id.startswith(f"{kind}."), repr(said)
        expected = next((each.id for each in KINDS[kind] if each.true(facts)), "")
        assert said.id == expected, f"{said} {facts} {self.how} {self.story[-5:]}"
        for name, value in fills.items():
            assert said.fills[name] == value, (str(said), name, value)
        self.said[said.id] += 1

    def chosen(self, context, asked, choice) -> None:
        """The recommender's own reason."""
        said, name, moment = choice.reason.sentence, choice.recipe.name, asked["moment"]
        self.context, self.coin = context, bool(choice.receipt.get("trial"))
        self.choice = said
        if self.how.torn:
            stays = moment in ("night", "arousal") and bool(asked["playing"])
            self.true(said, "fallback", {"playing": stays, "turned away": name == "silence"},
                      name=name)
            return
        ledger, heard = self.ledger, self.ledger.heard
        good, nights = ledger.named(name)
        if moment == "bedtime":
            self.true(said, "bedtime", self.bedtime(asked, choice))
        if moment == "night":
            self.true(said, "night", {"playing": name == self.sound, "heard": name in heard,
                                      "silent": name == "silence"})
        if moment == "alarm":
            self.true(said, "alarm", {"heard": name in heard})
        if moment == "arousal":
            silent = ledger.named("silence")
            sound = ledger.nights(lambda candidate: candidate.recipe.name != "silence")
            self.true(said, "arousal", {
                "silent": name == "silence", "playing": name == self.sound, "heard": name in heard,
                "slept": nights > 0, "both slept": bool(silent[1] and sound[1]),
                "as good": silent[0] * sound[1] >= sound[0] * silent[1],
                "alone": choice.receipt["allowed"] == [name],
            })
        if "good" in said.fills and said.id.endswith("slept"):
            assert (said.fills["good"], said.fills["nights"]) == (good, nights)

    def bedtime(self, asked, choice) -> dict[str, bool]:
        ledger, heard, name = self.ledger, self.ledger.heard, choice.recipe.name
        expected = self.recommender.expect()[0]
        best = max(sorted({START, *map(NAMES.index, heard)}), key=lambda place: expected[place])
        mine, its = CANDIDATES[choice.candidate].levels, CANDIDATES[best].levels
        moved = [one for one in HEAD if one in mine and one in its and mine[one] != its[one]]
        near = may_explore(frozenset(map(NAMES.index, heard)))
        left = [CANDIDATES[each].recipe for each in near
                if each != QUIET and each not in asked["refused"]]
        forbidden = set(asked["wishes"].get("forbid", ()))
        fits = [recipe for recipe in left if not forbidden & {
            recipe.name, *recipe.textures, *(["music"] if recipe.music else [])}]
        known = any(ledger.nights(
            lambda candidate, one=one: candidate.levels.get(one) == mine[one])[1] for one in moved)
        silent = name == "silence"
        if moved and NAMES[best] in heard and "instead of" in choice.reason.sentence:
            assert f"instead of {its['texture']}" in choice.reason.sentence
        return {
            "coin": self.how.trial and not asked["refused"],
            "silent": silent,
            "turned away": silent and not left,
            "ruled out": silent and bool(left) and not fits,
            "best": choice.candidate == best,
            "stranger": not heard,
            "heard": name in heard,
            "best heard": NAMES[best] in heard,
            "best worked": ledger.named(NAMES[best])[0] > 0,
            "slept": ledger.named(name)[1] > 0,
            "moved": bool(moved),
            "one step": len(moved) == 1,
            "level known": known,
            "teaches": self.may_teach,
            "like own": False, "early": True,       # no bed here knows its sleeper's own music
        }

    @property
    def may_teach(self) -> bool:
        how = self.how
        seeing = self.night.state.status.epoch is not None and not how.deaf and how.judges
        private = self.night.state.settings.privacy
        return seeing and not (how.guest or private or self.nap)

    def check(self) -> None:
        """All that was written down and told since the last look."""
        for table, row in self.pages.rows[self.rows:]:
            if table == "decisions":
                self.decided(row)
            if table == "events" and row["kind"] in ("learned", "sensors", "sound", "resumed"):
                assert isinstance(row["detail"], Said), row
                self.said[row["detail"].id] += 1
        self.rows = len(self.pages.rows)
        self.hub(telling.facts(self.night.state, ("1", None), self.night.at))
        now = self.night.clock.now()
        self.night.show_light(now)
        self.shone(self.world.asked("panel.show")[-1][1], now)

    def decided(self, row) -> None:
        """What stands in the diary, and on the hub."""
        sentence = row["sentence"]
        assert isinstance(sentence, Said), sentence
        self.story.append((self.day, row["moment"], row["recipe"]["name"], str(sentence)))
        kind, tonight = sentence.id.partition(".")[0], self.night.state.tonight
        reason = sentence.fills["reason"] if kind == "spoken" else sentence
        audible = row["recipe"]["music"] or any(row["recipe"]["textures"].values())
        if kind == "spoken":
            asked, recipe = wishes.standing(self.night.state), row["recipe"]["name"]
            quiet = any(wish == Wish("require", "silence") for wish in asked)
            self.true(sentence, "spoken", {
                "wishes": bool(asked) and (recipe != "silence" or quiet),
                "emptied": not audible and recipe != "silence",
                "tense": tonight.said.mood == "tense", "weary": tonight.said.mood == "weary"})
        if reason.id.startswith("named."):
            self.true(reason, "named", {
                "favourite": self.asked_for == "favourite", "last": self.asked_for == "last"},
                name=row["recipe"]["name"])
            assert not row["contributions"]
        else:
            assert reason == self.choice and not (self.asked_for and row["moment"] != "arousal")
        if row["moment"] != "arousal" or audible:
            self.sound = row["recipe"]["name"]
        self.reason = sentence

    def hub(self, facts) -> None:
        tonight, lately = self.night.state.tonight, self.night_p[-20:]
        known = [p for p in lately if p is not None]
        mode, hour = tonight.mode, self.night_p[-120:]
        believed = ASLEEP in self.night_p and bool(known) and sum(known) / len(known) >= 0.5
        world = {
            "idle": mode is Mode.IDLE, "up": mode in (Mode.WAKING, Mode.MORNING),
            "timed": mode is Mode.FAULT, "sounding": mode in (Mode.SETTLING, Mode.DRIFTING),
            "judged": bool(known), "asleep": believed,
        }
        said = say("session", world)
        assert facts["session"] == telling.code(said), world
        self.said[said.id] += 1
        awake = sum(p is not None and p < 0.5 for p in hour) / 2
        said = say("care", {
            "night": mode not in (Mode.IDLE, Mode.MORNING), "begun": bool(self.night_p),
            "blind": mode is Mode.FAULT or len(self.night_p) >= 20 and not known,
            "gone": False, "judged": bool(known),
            "restless": awake >= 20 and len(hour) >= 60,
        })
        assert facts["care"] == telling.code(said)
        self.said[said.id] += 1
        if not known and mode not in (Mode.IDLE, Mode.MORNING):
            assert facts["session"] != "sleeping" and facts["care"] != "settled"
        assert facts["reason"] == (self.reason if mode in NIGHT else None)
        prior = self.night.state.population.prior
        self.true(facts["learning"], "others", {
            "heard": prior is not None, "used": prior is not None and self.begins_from_others})

    @property
    def begins_from_others(self) -> bool:
        head = getattr(self.recommender.inner, "_head", None)
        return head is not None and not np.array_equal(head.prior.weights, SHIPPED.weights)

    def shone(self, light, now) -> None:
        state, mode = self.night.state, self.night.mode
        heard = mode is not Mode.MASKING or self.night.wanted.level > fade.SILENT
        said = say("light", {
            "touched": now - self.pressed < 2.0, "muted": state.settings.muted,
            "broken": state.status.beat is None, "sounding": mode in SOUNDING and heard,
            "lamp": state.settings.light > 0, "idle": state.tonight.mode is Mode.IDLE,
            "missing": False,
        })
        shown = "lamp" if isinstance(light, float) and not isinstance(light, Light) else light
        assert shown == said.id.partition(".")[2], said
        self.said[said.id] += 1

    # ---- nights ----------------------------------------------------------------------------------

    asked_for, sound, reason, choice = "", "", None, None

    def sleep(self) -> None:
        """A night from lights out to the next evening."""
        rng = self.rng
        self.day += 1
        hour = 13 if rng.random() < 0.1 else 22
        begins = MONTH.replace(hour=hour) + timedelta(days=self.day)
        self.night.clock.set_wall(begins.timestamp())
        self.nap = hour == 13
        self.sound = self.asked_for = ""
        programme = rng.choice(["auto"] * 6 + ["felt piano", "favourite"])
        self.command("programme", str(programme))
        self.live(UNKNOWN if self.how.deaf else AWAKE)
        self.alarm = rng.random() < 0.1
        self.prepare(str(programme))
        before = self.ledger.sols
        self.night_p = []
        self.night.do(Go(Event.ALARM if self.alarm else Event.PRESS))
        skipped, by_name = self.evening()
        self.through()
        self.morning(skipped, by_name, before)

    def prepare(self, programme: str) -> None:
        """What is asked for before the night, in words or by its programme."""
        words, choice = {}, self.rng.random()
        if choice < 0.1:
            words = {"wishes": NOTHING_LEFT}
        elif choice < 0.2:
            words = {"like_last": True, "mood": "tense"}
        elif choice < 0.3:
            words = {"wishes": (Wish("require", "slow tide"),), "mood": "weary"}
        elif choice < 0.4:
            words = {"wishes": (Wish("lower", "brightness"),)}
        elif choice < 0.5:
            words = {"undo": True}
        elif choice < 0.6:
            words = {"wishes": (Wish("require", "silence"),)}
        known = bool(self.ledger.last)
        self.asked_for = {"felt piano": "programme"}.get(programme, "")
        if programme == "favourite" and self.ledger.liked:
            self.asked_for = "favourite"
        if words.get("like_last") and known:
            self.asked_for = "last"
        if any(wish.verb == "require" for wish in words.get("wishes", ())):
            self.asked_for = "programme"
        if words and not self.night.state.settings.privacy:
            self.note(**words)
        elif words:
            self.command("say", "no bells")
            self.asked_for = "" if programme == "auto" else self.asked_for

    def evening(self) -> tuple[list[str], bool]:
        """Skips and likes, and somebody who chooses by name. Answers what was skipped, and whether
        a name was what was heard."""
        skipped: list[str] = []
        rng, self.passed = self.rng, None
        if self.alarm:
            return skipped, True
        self.check()
        for _ in range(rng.integers(4) if rng.random() < 0.4 else 0):
            self.skip(skipped)
        if rng.random() < 0.05:
            refused = tuple(place for place in range(len(CANDIDATES)) if place != QUIET)
            self.night.state = self.night.state.with_tonight(refused=refused)
            self.skip(skipped)
        if rng.random() < 0.2:
            if self.passed is not None:                 # this one after all
                self.sound, self.reason, back = self.passed
                del skipped[len(skipped) - back:]
            self.press(Press.THIRD)
            state = self.night.state
            first = state.sleeper.favourites and not self.ledger.liked
            if first and state.settings.programme == "favourite" and not self.asked_for:
                self.asked_for = "favourite"
        return skipped, not self.night.state.tonight.receipts

    def skip(self, skipped: list[str]) -> None:
        """Not this one; who asked for it by name has nothing skipped."""
        before = self.sound, self.reason
        self.press(Press.SECOND)
        counts = int(bool(self.night.state.tonight.receipts))
        skipped += [before[0]] * counts
        self.passed = *before, counts

    def through(self) -> None:
        """To sleep, or not, with what comes between."""
        rng = self.rng
        if self.alarm:
            for _ in range(20):
                self.live(UNKNOWN if self.how.deaf else AWAKE)
            return
        kind = "deaf" if self.how.deaf or not self.how.judges else rng.choice(
            ["sleeps", "sleeps", "sleeps", "sleepless", "half", "dim", "lost"])
        shape = {
            "deaf": [(UNKNOWN, 130)], "sleepless": [(AWAKE, 90)],
            "sleeps": [(AWAKE, int(rng.integers(4, 60))), (ASLEEP, 70)],
            "half": [(UNKNOWN, 60), (ASLEEP, 60), (AWAKE, 12), (ASLEEP, 4)],
            "dim": [(UNKNOWN, 60), (ASLEEP, 40)],
            "lost": [(AWAKE, 10), (ASLEEP, 80), (UNKNOWN, 40)],
        }[str(kind)]
        for p, count in shape:
            for _ in range(count):
                self.live(p)
        if rng.random() < 0.3 and not self.how.private:     # of such a night nothing is kept
            self.restart()
        if kind == "sleeps" and rng.random() < 0.6:
            for n in range(14):
                self.live(AWAKE, aroused=n == 0)
            for _ in range(10):
                self.live(ASLEEP)
            if not self.night.state.settings.privacy:
                self.note(like_last=bool(rng.random() < 0.5), wishes=(Wish("forbid", "bell"),))
        if rng.random() < 0.1:
            self.press(Press.HOLD)
            self.press(Press.SHORT)
        if rng.random() < 0.1:
            self.command("light", LAMP)
            self.live(shape[-1][0])
            self.command("light", 0.0)

    def morning(self, skipped, by_name, before) -> None:
        night, tonight = self.night, self.night.state.tonight
        judged = sum(p is not None for p in self.night_p) / len(self.night_p)
        slept = [n for n, p in enumerate(self.night_p) if p is not None and p >= 0.5]
        sol = slept[0] / 2 if slept else None
        liked, heard, coin = tonight.liked, self.heard_by(tonight), self.coin
        night.do(Go(Event.UP))
        row = [fields for table, fields in self.pages.rows if table == "nights"][-1]
        self.report(row, judged, sol)
        rested = int(self.rng.choice([0, 1])) and not self.how.private
        if rested:
            self.press(Press.SHORT)
        known = heard and not self.how.torn
        expected = float(np.clip(NETWORK(self.context_of, [SILENCE])[1], 0, 180)) if known else 0.0
        taught_before = Ledger(list(self.ledger.lived))
        lessons = not (self.how.guest or self.how.private or self.nap or self.alarm or by_name)
        if lessons and not self.how.torn:
            for name in skipped:
                self.ledger.lived.append(Lived(name, True))
            enough = judged >= 0.5 and (sol is not None or liked or rested)
            sooner = max(-45.0, min(45.0, expected - sol)) if enough and sol is not None else None
            self.ledger.lived.append(Lived(heard, enough, sooner, sol, coin))
        night.do(Go(Event.OVER))
        self.learned(taught_before, skipped, by_name, judged, liked)
        if not self.how.private and tonight.recipe.name != "silence":
            self.ledger.last = tonight.recipe.name
        self.ledger.liked = [recipe.name for recipe in night.state.sleeper.favourites]
        self.check()

    def heard_by(self, tonight) -> str:
        """The recommender's bedtime choice that was heard."""
        receipts = tonight.receipts
        if receipts and not self.how.torn:
            self.context_of = context_of(receipts[-1])
            self.coin = receipts[-1]["trial"]
        return receipts[-1]["candidate"] if receipts else ""

    def learned(self, before, skipped, by_name, judged, liked) -> None:
        """What was noted of the lesson."""
        rows = [fields["detail"] for table, fields in self.pages.rows
                if table == "events" and fields["kind"] == "learned"
                and fields["night"] == self.night.state.tonight.number]
        said = next((each for each in rows if each.id.startswith("learned.")), None)
        if self.how.private or said is None:
            return
        newest = self.ledger.lived[-1] if self.ledger.lived else None
        fresh = len(self.ledger.lived) > len(before.lived)
        sooner = newest.sooner if fresh else None
        silent = [each.sol for each in [*before.lived] if each.name == "silence"
                  and each.sooner is not None]
        self.true(said, "learned", {
            "guest": self.how.guest, "no model": self.how.torn and not (
                self.alarm or self.nap or by_name),
            "alarm": self.alarm, "nap": self.nap, "named": by_name,
            "dim": judged < 0.5, "skips": bool(skipped), "taught": fresh and newest.taught,
            "slept": sooner is not None, "silent": fresh and newest.name == "silence",
            "silence tried": bool(silent), "sooner": sooner is not None and sooner > 0,
        })
        if said.id == "learned.worth":
            assert said.fills["against"] == pytest.approx(np.mean(silent) - newest.sol)
        if said.id in ("learned.sooner", "learned.later"):
            assert said.fills["minutes"] == pytest.approx(abs(sooner))
        beside = next((each for each in rows if each.id.startswith("liked.")), None)
        if beside is not None:
            assert fresh and newest.taught and (liked > 0) == (beside.id == "liked.up")
        if self.how.trial and fresh:
            self.tried(rows[-1])

    def tried(self, said) -> None:
        """Of the trial, by scipy's posterior of two means with a shrunk spread."""
        coins = [each for each in self.ledger.lived if each.coin and each.sooner is not None]
        arms = [[each.sooner for each in coins if (each.name == "silence") is quiet]
                for quiet in (False, True)]
        facts = {"compared": all(arms), "helps": False, "no help": False}
        if all(arms):
            squares = sum(np.var(arm) * len(arm) for arm in arms)
            noise = np.sqrt((10 * 15.0**2 + squares) / (10 + len(coins) - 2))
            error = noise**2 * sum(1 / len(arm) for arm in arms)
            spread = (1 / 4.0**2 + 1 / error) ** -0.5
            mean = (np.mean(arms[0]) - np.mean(arms[1])) / error * spread**2
            belief = stats.norm(mean, spread)
            facts.update(helps=belief.sf(0) >= 0.9, **{"no help": belief.cdf(1) >= 0.9})
        self.true(said, "trial", facts)

    def report(self, row, judged, sol) -> None:
        """The first lines of the morning."""
        diary = {**row, "sums": json.dumps(row["sums"], default=plain)}
        epochs = [json.loads(json.dumps(fields, default=plain))
                  for table, fields in self.pages.rows
                  if table == "epochs" and fields["night"] == row["id"]
                  and fields["mode"] != Mode.MORNING]
        lines = {line.id.partition(".")[0]: line
                 for line in told.first_lines(diary, epochs, lambda hours: f"{hours:.1f} h")}
        before = self.night_p[:round(2 * (sol or 0))]
        seen = sum(p is not None for p in before)
        self.true(lines["sleep"], "sleep", {
            "over": True, "long": len(self.night_p) >= 40, "judged": judged > 0,
            "half": judged >= 0.5, "slept": sol is not None,
            "onset": judged >= 0.5 and sol is not None and 2 * seen >= len(before),
            "intervals": False,
        })
        assert str(lines["sleep"]).startswith("A nap. ") is (self.nap or self.alarm)
        if "wakings" in lines:
            text = "".join("?" if p is None else "s" if p >= 0.5 else "w" for p in self.night_p)
            begun = text.find("sss")
            middle = text[begun:text.rfind("s")] if begun >= 0 else ""
            long = any(len(run) >= 10 for run in middle.replace("?", "s").split("s"))
            counted = [len(run) for run in text.replace("?", "").strip("w").split("s") if run]
            self.true(lines["wakings"], "wakings", {
                "told": judged >= 0.5 and sol is not None, "seen": long,
                "likely": any(run >= 10 for run in counted), "unlikely": False})
        loud = [fields["level"] >= 20 for fields in epochs if fields["mode"] != Mode.WAKING]
        staged = "".join("s" if fields["stage"] == "light" else "w" for fields in epochs
                         if fields["mode"] != Mode.WAKING)
        after = loud[staged.find("sss"):] if "sss" in staged else []
        quiet = after.index(False) if False in after else None
        self.true(lines["sound"], "sound", {
            "known": bool(loud), "heard": any(loud), "slept": "sss" in staged,
            "faded": quiet is not None, "back": quiet is not None and any(after[quiet:]),
        })


def context_of(receipt):
    from device.recommend.nights import unpack_context
    return unpack_context(receipt["context"])


def beds() -> list[How]:
    plain_ = [How() for _ in range(BEDS // 2)]
    return [*plain_, How(guest=True), How(private=True), How(torn=True), How(torn=True),
            How(trial=True), How(trial=True), How(trial=True), How(deaf=True), How(judges=False),
            How(sharing=True), How(keep_playing=True), How(guest=True, trial=True),
            *([How(past=(("silence", 3.0), (NAMES[START], 80.0)) * 8)] * 3),
            *([How(past=((NAMES[START], 3.0), ("silence", 25.0)) * 2)] * 3),
            *([How(past=((NAMES[START], 80.0), ("felt piano", 80.0), ("deep night", 80.0)) * 8)]
              * 3),
            *([How(past=(("felt piano", 90.0),) * 8)] * 3)]


@pytest.fixture(scope="module")
def said() -> Counter:
    """What was said in all the nights of all the beds, how often; each time it was true."""
    heard: Counter = Counter()
    for seed, how in enumerate(beds()):
        bed = Bed(seed, how)
        if seed % 3 == 0 or how.sharing:
            prior = Prior(3, "quiet_v1", (0.4, 0.6), (0.02, 0.02), 200)
            bed.night.hear(prior)
            bed.night.do(Adopt())
        for _ in range(NIGHTS):
            bed.sleep()
        heard += bed.said
    return heard


def test_whatever_a_bed_says_is_true_there(said):
    assert sum(said.values()) > 10_000


# Hardly ever met in these nights: each has a test of its own.
ELSEWHERE = {
    "bedtime.safe-start-learns", "bedtime.safe-start", "bedtime.safe-again",  # test_reasons.py
    "bedtime.silence", "bedtime.silence-slept", "night.heard", "night.silence",  # test_reasons.py
    "bedtime.own-music", "bedtime.own-music-learns",                        # test_own_music.py
    "learned.skips", "learned.dim-skips",                                       # test_learning.py
    "care.left",                                                                # test_telling.py
    "sleep.cut", "sleep.intervals",                                             # test_told.py
}


@pytest.mark.parametrize("kind", ["bedtime", "arousal", "night", "alarm", "named", "learned",
                                  "session", "care", "sleep", "sound", "others", "fallback"])
def test_nearly_every_sentence_is_met_on_the_way(said, kind):
    missing = {each.id for each in KINDS[kind]} - set(said)
    assert not missing - ELSEWHERE
