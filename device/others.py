"""What a bed gives to others and takes from them: randomised answers, and a signed prior judged by its own nights."""

from dataclasses import asdict
from functools import partial

from device.errors import Refused
from device.home.prior import Prior, blend

KEY = "others"          # in the diary's memory
NIGHTS = 28             # that taught something before a bed says which kind of sleeper it seems to have


class Others:
    def __init__(self, night):
        self.night = night
        kept = night.diary.recall(KEY) or {}
        self.version: int = kept.get("version", 0)      # of the newest prior heard; it outlives a reset
        self.prior: Prior | None = Prior(**kept["prior"]) if kept.get("prior") else None
        self.used: bool | None = kept.get("used")       # by the gate's last word
        self.judge()

    def hear(self, prior: Prior) -> None:
        """A newer prior of the pinned hub."""
        self.version, self.prior, self.used = prior.version, prior, None
        self.judge()
        self.night.remote.tell()

    def judge(self) -> None:
        """Through the recommender's gate, as the nights stand now; a change of mind is noted with its reason."""
        if self.prior is None:
            return
        try:
            factor = self.night.recommender.adopt(partial(blend, prior=self.prior))
        except Refused as trouble:
            self.night.note("fallback", str(trouble))
            self.prior = None
            return
        used, self.used = self.used, factor >= 1
        if used is not self.used:
            self.night.note("learned", f"{self.sentence}: own nights are {factor:.2f} times as likely with them")
            self.remember()

    def remember(self) -> None:
        self.night.diary.remember(KEY, {"version": self.version, "used": self.used,
                                        "prior": asdict(self.prior) if self.prior else None})
        self.night.diary.commit()

    @property
    def sentence(self) -> str:
        if self.prior is None:
            return "nothing is learned from others"
        return (f"{self.prior.reports} anonymous reports of other beds (version {self.version}) are "
                + ("taken into account" if self.used else "not used"))

    def share(self, mornings: list[int]) -> None:
        """If that may be shared, once in 28 days, randomised by `home`: how the mornings (−1, 0, +1) were, 0 poor to 4
        good; and after NIGHTS whether this sleeper seems to be of those who are best off in silence."""
        night, feedback = self.night, self.night.remote.feedback
        wall = night.clock.wall()
        if not feedback or not night.remote.sharing or night.remote.privacy or night.almanac.local(wall) is None:
            return
        answers = {}
        if mornings:
            answers["comfort_v1"] = round(2 + 2 * sum(mornings) / len(mornings))
        if sum(lived["reward"] is not None for lived in night.recommender.nights) >= NIGHTS:
            answers["quiet_v1"] = int(night.recommender.leans_to_silence())
        for question, answer in answers.items():
            try:
                feedback.share(question, answer, wall)
            except Refused as trouble:
                night.note("feedback", str(trouble))
