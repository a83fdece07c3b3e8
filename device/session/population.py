"""Learning together: randomised answers out, a signed prior in that this bed's own nights must not speak against.

One switch for both, off by default. Who leaves it off is left alone: nothing is told, and the shipped prior stays.
"""

from dataclasses import asdict
from functools import partial

from device.errors import Refused
from device.home.population_prior import Prior, blend

KEY = "others"          # in the diary's memory
NIGHTS = 28             # that taught something before a bed says which kind of sleeper it seems to have


class Others:
    def __init__(self, night, feedback, sharing: bool):
        """feedback: `home.privacy.Feedback`, or None: nothing can be shared."""
        self.night, self.feedback, self.sharing = night, feedback, sharing
        kept = night.diary.recall(KEY) or {}
        self.version: int = kept.get("version", 0)      # of the newest prior heard; it outlives a reset
        self.prior: Prior | None = Prior(**kept["prior"]) if kept.get("prior") else None
        self.used: bool | None = kept.get("used")       # by the gate's last word
        self.judge()

    def join(self, sharing: bool) -> None:
        """The switch. Withdrawing purges what waits and goes back to the shipped prior."""
        self.sharing = sharing
        if self.feedback and not sharing:
            self.feedback.withdraw()
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
            factor = self.night.recommender.adopt(partial(blend, prior=self.prior) if self.sharing else alone)
        except Refused as trouble:
            self.night.note("fallback", str(trouble))
            self.prior = None
            return
        used, self.used = self.used, self.sharing and factor >= 1
        if used is not self.used:
            why = f"own nights are {factor:.2f} times as likely with them" if self.sharing else "feedback isn't shared"
            self.night.note("learned", f"{self.sentence}: {why}")
            self.night.diary.remember(KEY, {"version": self.version, "used": self.used, "prior": asdict(self.prior)})
            self.night.diary.commit()

    @property
    def sentence(self) -> str:
        if self.prior is None:
            return "nothing is learned from others"
        return (f"{self.prior.reports} anonymous reports of other beds (version {self.version}) are "
                + ("taken into account" if self.used else "not used"))

    def share(self, mornings: list[int]) -> None:
        """If that may be, once in 28 days, randomised by `home`: how the mornings (−1, 0, +1) were, 0 poor to 4 good;
        and after NIGHTS whether this sleeper seems to be of those who are best off in silence."""
        night, wall = self.night, self.night.clock.wall()
        if not self.feedback or not self.sharing or night.remote.privacy or night.almanac.local(wall) is None:
            return
        self.feedback.resume()
        answers = {}
        if mornings:
            answers["comfort_v1"] = round(2 + 2 * sum(mornings) / len(mornings))
        if sum(lived["reward"] is not None for lived in night.recommender.nights) >= NIGHTS:
            answers["quiet_v1"] = int(night.recommender.leans_to_silence())
        for question, answer in answers.items():
            try:
                self.feedback.share(question, answer, wall)
            except Refused as trouble:
                night.note("feedback", str(trouble))


def alone(shipped, quiet):
    """The blend of who doesn't share."""
    return shipped
