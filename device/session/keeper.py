"""What is kept of a night: the rows of the diary, what the recommender may know, and the morning's lesson."""

import contextlib
from collections.abc import Mapping
from dataclasses import asdict, replace

from device.session.modes import NIGHT, Mode
from device.session.resume import EVERY, KEY, snapshot
from device.session.schedule import by_day
from device.sleep import hypnogram
from device.values import Context, Epoch, Outcome, Recipe, Staging

SOFTWARE = "0.1.0"
NIGHTS = 7              # that "the last nights" are
MORNINGS = 28           # that "how the mornings were" are
FAVOURITES = 5          # recipes that were liked last
SLOW = 0.2              # share of a new night in the sleeper's own baseline
RESTLESS = 20.0         # min awake in the last hour from which a caregiver hears "restless"


class Keeper:
    """Holds a night until the morning; the diary holds everything else."""

    def __init__(self, night, sleeper: str, retention: int = 400, effect=None, version: str = SOFTWARE):
        """`retention`: nights kept.  `effect(nights)`: what a trial of one says so far, or None without a trial."""
        self.effect = effect
        self.night, self.sleeper, self.retention, self.version = night, sleeper, retention, version
        self.outcome: Outcome | None = None
        self.receipts: list[Mapping] = []       # tonight's bedtime choices that were heard
        self.rested: int | None = None
        self.bedtime = True                     # the night began by going to bed, not by its alarm
        self.hearts: list[tuple[float, float | None]] = []      # (heart rate, RMSSD) of tonight's epochs
        past = night.diary.recall(self._key("past")) or {}
        self.sols: list[float] = past.get("sols", [])
        self.wakings: list[int] = past.get("wakings", [])
        self.baseline: dict[str, float] = past.get("baseline", {})
        self.mornings: list[int] = past.get("mornings", [])
        self.favourites: list[Recipe] = []      # newest first
        with contextlib.suppress(KeyError, TypeError):      # what can't be read was never liked
            self.favourites = [Recipe.of(each) for each in night.diary.recall(self._key("favourites"), ())]

    def _key(self, name: str) -> str:
        return f"{name}:{self.sleeper}"

    @property
    def audible(self) -> bool:
        """Nothing is known of this sleeper yet, or some sound was asked for: silence would be no answer."""
        return not self.sols or self.night.remote.said.sounding

    @property
    def nap(self) -> bool:
        """Lights went out by day, or there was nothing but an alarm: kept and told like a night, but no measure of
        one, so nothing is learned from it."""
        night = self.night
        return not self.bedtime or by_day(night.almanac.local(night.clock.wall() - 60 * night.minutes))

    @property
    def slept(self) -> bool:
        """Somebody has fallen asleep tonight, or the timer says so where nothing can tell."""
        return self.night.depth >= 1.0 or any(staging.asleep for staging in self.night.stagings)

    # ---- while it lasts ----------------------------------------------------------------------------------------------

    def lights_out(self, seed: int) -> None:
        night = self.night
        night.lights_out, night.number = night.clock.now(), night.diary.next_night()
        night.stagings, night.depth = [], 0.0
        self.receipts, self.hearts, self.rested, self.bedtime = [], [], None, night.mode is not Mode.WAKING
        night.bedside.snoozed = False
        night.bedside.refused, night.bedside.liked, night.bedside.turned_down = (), 0, 0
        night.bedside.tell_volume()
        night.diary.add("nights", id=night.number, began=night.clock.wall(), lights_out=night.lights_out, seed=seed,
                        sleeper=self.sleeper, software=self.version)

    def context(self) -> Context:
        """What may be known at this moment."""
        night, epoch, wall = self.night, self.night.epoch, self.night.almanac.local(self.night.clock.wall())

        def ratio(value: float | None, name: str) -> float | None:
            return value / self.baseline[name] if value and self.baseline.get(name) else None
        return Context(
            probabilities=night.stagings[-1].probabilities if night.stagings else None,
            heart_rate=ratio(epoch.heart_rate, "heart_rate") if epoch else None,
            rmssd=ratio(epoch.rmssd, "rmssd") if epoch else None,
            movement=epoch.movement if epoch else None, breathing=epoch.breathing if epoch else None,
            since_lights_out=night.minutes, hour=wall.hour + wall.minute / 60 if wall else None,
            last_sol=mean(self.sols), last_wakings=mean(self.wakings),
            valence=night.remote.said.kept.valence, arousal=night.remote.said.kept.arousal)

    def decided(self, moment: str, named: bool) -> None:
        """A choice was made; one that a person made by name teaches nothing."""
        night, choice = self.night, self.night.choice
        sentence = f"you asked for {night.recipe.name}" if named else choice.reason.sentence
        if moment == "bedtime" and not named:
            self.receipts.append(choice.receipt)
        night.diary.add("decisions", night=night.number, time=night.clock.now(), moment=moment,
                        recipe=night.recipe.plain(), sentence=sentence,
                        contributions=[tuple(c) for c in choice.reason.contributions], seed=choice.seed,
                        propensity=choice.propensity, candidate=choice.candidate, receipt=dict(choice.receipt))
        self.put_aside()

    def put_aside(self) -> None:
        """From here on a cut costs no more than what comes after."""
        if not self.night.remote.privacy:
            self.night.diary.remember(KEY, snapshot(self.night))
        self.night.diary.commit()

    def taken_back(self) -> None:
        """The newest choice didn't stand."""
        if len(self.receipts) > 1:
            self.receipts.pop()

    def feedback(self, kind: str, value: float) -> None:
        self.night.diary.add("feedback", night=self.night.number, time=self.night.clock.now(), kind=kind, value=value)

    def remember(self, epoch: Epoch, staging: Staging) -> None:
        """An epoch's row; the night so far survives a cut from here on."""
        night, beat = self.night, self.night.bedside.beat
        if night.mode is not Mode.IDLE:
            if epoch.heart_rate and staging.p_asleep is not None and staging.p_asleep > 0.5:
                self.hearts.append((epoch.heart_rate, epoch.rmssd))
            p = staging.probabilities or (None,) * 4
            night.diary.add(
                "epochs", night=night.number, number=epoch.index, time=staging.time, mode=night.mode,
                stage=staging.stage, p_asleep=staging.p_asleep, p_wake=p[0], p_light=p[1], p_deep=p[2], p_rem=p[3],
                heart_rate=epoch.heart_rate, rmssd=epoch.rmssd, breathing=epoch.breathing, movement=epoch.movement,
                activity=epoch.activity, heart_quality=epoch.heart_quality, motion_quality=epoch.motion_quality,
                present=epoch.present, target=night.course.scene.level if night.course else None,
                level=beat.level if beat else None, dose=beat.dose if beat else None)
            if epoch.index % EVERY == 0:
                self.put_aside()
        night.diary.commit()
        night.remote.tell()

    # ---- the morning -------------------------------------------------------------------------------------------------

    def morning(self) -> None:
        """The night's sums, kept and told; the lesson waits for the sleeper's own word."""
        night = self.night
        if not night.stagings:
            return
        sums = hypnogram.sums(hypnogram.second_opinion(night.stagings, night.stager.changes))
        judged = sum(s.p_asleep is not None for s in night.stagings) / len(night.stagings)
        self.outcome = Outcome(sol=sums.sol, wakings=sums.long_wakings, liked=night.bedside.liked,
                               turned_down=night.bedside.turned_down, signal_quality=judged)
        self.write(asdict(sums))
        self.settle(sums, judged)
        self.put_aside()
        self.draw()
        told = {"sol": sums.sol, "tst": sums.tst, "waso": sums.waso, "wakings": sums.long_wakings}
        night.home.event("night", told)
        night.home.tell({"summary": {**told, "lights_out": night.clock.wall() - 60 * night.minutes,
                                     "out_of_bed": night.clock.wall()}})

    def lesson(self) -> None:
        """Once the morning is over: what the night was worth goes to the learner."""
        night = self.night
        if self.outcome is None:
            return
        outcome, self.outcome = replace(self.outcome, rested=self.rested), None
        if self.rested is not None and not night.remote.privacy:
            self.mornings = [*self.mornings, self.rested][-MORNINGS:]
        if self.receipts and not night.remote.privacy and not self.nap:
            reward = night.recommender.learn(self.receipts, outcome)
            learned = ("tonight taught nothing: too little could be judged" if reward is None else
                       f"worth {reward:+.1f} minutes against a night without sound")
            night.diary.remember(self._key("learner"), night.recommender.state())
            night.note("learned", learned)
            if self.effect:
                night.note("learned", self.effect(night.recommender.nights).sentence)
            night.remote.others.judge()
        self.savour(outcome.liked)
        night.remote.others.share(self.mornings)
        if not night.remote.privacy:
            self.keep()
            try:
                night.composer.repeats.save(night.diary.path.with_name("repeats"))
            except OSError as trouble:
                night.note("fallback", f"the repeat filter can't be kept, so music may return one day: {trouble}")
        night.diary.remember(KEY, None)
        night.remote.said.over()
        night.diary.commit()
        night.diary.forget(self.retention)
        self.draw()

    def draw(self) -> None:
        """The report: as soon as it is morning, and again with what was learned."""
        if self.night.woken and self.bedtime:
            self.night.woken(self.night)

    def savour(self, liked: int) -> None:
        """Likes and skips move the composer's taste; the next night sets out from there."""
        night, key = self.night, self._key("taste")
        liked = liked if self.sleeper != "guest" and not night.remote.privacy else 0
        taste = night.composer.savour(night.diary.recall(key), night.rng, liked)
        if liked:
            night.diary.remember(key, taste)

    def favour(self, recipe: Recipe) -> None:
        """The newest of the sleeper's favourites; older ones give way."""
        if self.sleeper != "guest" and not self.night.remote.privacy:
            recipe = replace(recipe, name=recipe.name or "a favourite")
            self.favourites = [recipe, *(each for each in self.favourites if each != recipe)][:FAVOURITES]
            self.night.diary.remember(self._key("favourites"), [each.plain() for each in self.favourites])

    def favourite(self) -> Recipe | None:
        """The one liked last; "not this one" goes back to the one before."""
        return self.favourites[len(self.night.bedside.refused) % len(self.favourites)] if self.favourites else None

    def finish(self) -> None:
        """Whatever there is of a night becomes one that is over."""
        if self.night.mode in NIGHT:
            self.morning()
        self.lesson()

    def write(self, sums: dict) -> None:
        """The night's own row, finished."""
        night = self.night
        night.diary.add("nights", id=night.number, began=night.clock.wall() - 60 * night.minutes,
                        lights_out=night.lights_out, seed=night.seed, sleeper=self.sleeper, software=self.version,
                        ended=night.clock.now(), sums=sums, outcome=asdict(self.outcome))

    def settle(self, sums: hypnogram.Sums, judged: float) -> None:
        """A night that could be judged moves the sleeper's own baseline."""
        if judged < 0.5 or sums.sol is None or self.night.remote.privacy or self.nap:
            return
        self.sols = [*self.sols, sums.sol][-NIGHTS:]
        self.wakings = [*self.wakings, sums.long_wakings][-NIGHTS:]
        for name, values in (("heart_rate", [h for h, _ in self.hearts]), ("rmssd", [r for _, r in self.hearts if r])):
            if values:
                middle = sorted(values)[len(values) // 2]
                self.baseline[name] = middle + (1 - SLOW) * (self.baseline.get(name, middle) - middle)

    def keep(self) -> None:
        self.night.diary.remember(self._key("past"), {"sols": self.sols, "wakings": self.wakings,
                                                      "baseline": self.baseline, "mornings": self.mornings})

    def answer(self, rested: int) -> None:
        """The morning's press: +1 a good night, −1 a poor one."""
        self.rested = rested
        self.feedback("rested", rested)
        self.night.diary.commit()

    def care(self) -> str | None:
        """Settled, restless or needs checking, and no more."""
        night = self.night
        if night.mode in (Mode.IDLE, Mode.MORNING) or not night.stagings:
            return None
        if night.mode is Mode.FAULT or night.empty * 0.5 > 30:
            return "needs_checking"
        recent = night.stagings[-120:]
        awake = sum(s.p_asleep is not None and s.p_asleep < 0.5 for s in recent) / 2
        return "restless" if len(recent) >= 60 and awake >= RESTLESS else "settled"


def mean(values: list) -> float | None:
    return sum(values) / len(values) if values else None
