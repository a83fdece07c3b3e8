"""Learning together, on the device: what is taken from a hub's prior and what is told to it."""

import json
import threading
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace

import pytest

from device import asking
from device.config import Config, Home
from device.home.hub.server import Broker, Server
from device.home.hub.store import Store
from device.memory import POPULATION
from device.recommend import Recommender
from device.session import population
from device.session.population import TAUGHT
from device.session.state import At, Population, State
from device.session.things import Adopt, Note, Withdraw
from device.values import Command, Prior
from tests.home.around import Listener, soon
from tests.recommend.test_sleeper_types import lived

NOBODY = Population()
MOST = Prior(3, "quiet_v1", (0.2, 0.8), (0.07, 0.07), 200)


class Told:
    def __init__(self):
        self.answers, self.withdrawn = {}, 0

    def share(self, question, value, wall):
        self.answers[question] = value

    def resume(self):
        pass

    def withdraw(self):
        self.withdrawn += 1


class Bed:
    """A night that hears of others, reduced to the parts that matter here."""

    def __init__(self, recommender, sharing: bool = True, population: Population = NOBODY):
        self.recommender, self.feedback, self.notes = recommender, Told(), []
        mind = SimpleNamespace(recommender=recommender)
        world = SimpleNamespace(feedback=self.feedback)
        self.parts = SimpleNamespace(mind=mind, world=world)
        self.state = State(population=population).with_settings(sharing=sharing)
        self.at = At(0.0, 1.7672184e9, datetime.fromtimestamp(1.7672184e9))

    def take(self, decision) -> None:
        self.state, things = decision
        for thing in things:
            match thing:
                case Adopt():
                    self.take(asking.adopt(self.parts.mind, self.state))
                case Note(_, detail):
                    self.notes.append(detail)
                case Withdraw():
                    self.feedback.withdraw()

    @property
    def sentence(self) -> str:
        return population.sentence(self.state.population)

    def share(self, *mornings: int) -> dict:
        self.state = self.state.with_sleeper(mornings=mornings)
        self.take(asking.share(self.parts, self.state, self.at))
        return self.feedback.answers


def weights(recommender):
    return recommender._head.prior.weights.tolist()


def test_who_does_not_share_is_left_alone_choice_for_choice():
    bed = Bed(Recommender.load(), sharing=False)
    bed.take(population.on_prior(bed.state, MOST))
    assert weights(bed.recommender) == weights(Recommender.load())
    assert "not used" in bed.sentence and "isn't shared" in bed.notes[0]


def test_who_shares_begins_from_it_and_leaving_takes_it_back():
    bed = Bed(Recommender.load())
    bed.take(population.on_prior(bed.state, MOST))
    assert weights(bed.recommender) != weights(Recommender.load())
    assert "taken into account" in bed.sentence and "1.00 times" in bed.notes[0]
    bed.take(population.join(bed.state, False))
    assert weights(bed.recommender) == weights(Recommender.load())
    assert bed.feedback.withdrawn == 1


def test_own_nights_may_refuse_it_and_say_why():
    bed = Bed(lived(quiet_helps=False, nights=12))
    bed.take(population.on_prior(bed.state, MOST))
    assert "not used" in bed.sentence and "times as likely" in bed.notes[0]


def test_after_a_restart_it_is_judged_anew():
    again = Bed(Recommender.load(), population=Population(3, MOST))
    again.take((again.state, [Adopt()]))
    assert weights(again.recommender) != weights(Recommender.load())
    changed = Bed(lived(quiet_helps=False, nights=12), population=Population(3, MOST))
    changed.take((changed.state, [Adopt()]))
    assert "not used" in changed.sentence and changed.notes


def test_a_prior_about_something_else_is_not_used():
    bed = Bed(Recommender.load())
    bed.take(population.on_prior(bed.state, Prior(4, "comfort_v1", (0.2,) * 5, (0.1,) * 5, 200)))
    assert bed.state.population.prior is None and "says nothing" in bed.notes[0]
    assert bed.sentence == "nothing is learned from others"


def test_after_a_month_a_bed_also_says_whether_silence_suits_it():
    assert Bed(lived(quiet_helps=True, nights=TAUGHT - 1)).share(1, 1, 0) == {"comfort_v1": 3}
    assert Bed(lived(quiet_helps=True, nights=TAUGHT)).share() == {"quiet_v1": 1}
    unset = Bed(lived(quiet_helps=True, nights=TAUGHT))
    unset.at = replace(unset.at, local=None)
    assert not unset.share(1), "no period without a clock"


def test_a_real_hub_s_prior_reaches_a_night_by_a_real_broker(sleep, broker, tmp_path):
    nacl = pytest.importorskip(
        "nacl.signing", reason="PyNaCl is not installed: nothing signed is tested"
    )
    key, store = bytes(range(32)), Store(tmp_path / "hub.sqlite")
    for n in range(150):
        report = {
            "v": 1,
            "q": "quiet_v1",
            "k": 2,
            "y": int(n % 4 > 0),
            "mech": "krr",
            "eps": 1.0,
            "epoch": 731,
        }
        store.feedback(f"r{n}", f"b{n}", json.dumps(report).encode())
    hub = Server(store, key, Broker("127.0.0.1", broker.port), say=lambda text: None)
    serving = threading.Thread(target=hub.serve)
    serving.start()
    heard = Listener(broker.port)
    assert soon(lambda: heard.on("nocturne/prior"))
    config = Config(home=Home(host="127.0.0.1", port=broker.port, bed="bed1",
                              hub_key=nacl.SigningKey(key).verify_key.encode().hex()))
    slept = sleep(
        hours=0.1,
        config=config,
        acts=[
            (1, lambda mine: mine.parts.inbox.put(Command("sharing", True))),
            (
                60,
                lambda mine: soon(
                    lambda: not mine.parts.inbox.empty() or mine.state.population.prior
                ),
            ),
        ],
    )
    assert "150 anonymous reports" in population.sentence(slept.night.state.population)
    assert soon(
        lambda: b"taken into account" in (heard.last("nocturne/bed1/state/learning") or b"")
    )
    first, second = slept.details("learned")[:2]  # the morning's lesson may change its mind again
    assert "isn't shared" in first and "taken into account: own nights are 1.00 times" in second
    assert slept.night.diary.recall(POPULATION)["version"] == 1
    heard.close()
    hub.stop()
    serving.join()
