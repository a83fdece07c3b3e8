"""Learning together, on the device: what is taken from a hub's prior and what is told to it."""

import json
import threading
from types import SimpleNamespace

import pytest

from device.config import Config, Home
from device.diary import Diary
from device.values import Command
from device.home.hub.server import Server
from device.home.hub.store import Store
from device.values import Prior
from device.recommend import Recommender
from device.session.population import KEY, NIGHTS, Others
from tests.home.around import Listener, soon
from tests.recommend.test_sleeper_types import lived

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


@pytest.fixture
def bed(tmp_path):
    """(a night around this recommender, notes)"""
    def make(recommender, sharing=True):
        notes, diary = [], Diary(tmp_path / "diary.sqlite")
        night = SimpleNamespace(
            recommender=recommender,
            diary=diary,
            note=lambda kind, text: notes.append(text),
            clock=SimpleNamespace(wall=lambda: 1.7672184e9),
            almanac=SimpleNamespace(local=lambda wall: wall),
            remote=SimpleNamespace(privacy=False, tell=lambda: None),
        )
        return Others(night, Told(), sharing), notes
    return make


def weights(recommender):
    return recommender._head.prior.weights.tolist()


def test_who_does_not_share_is_left_alone_choice_for_choice(bed):
    others, notes = bed(Recommender.load(), sharing=False)
    others.hear(MOST)
    assert weights(others.night.recommender) == weights(Recommender.load())
    assert "not used" in others.sentence and "isn't shared" in notes[0]


def test_who_shares_begins_from_it_and_leaving_takes_it_back(bed):
    others, notes = bed(Recommender.load())
    others.hear(MOST)
    assert weights(others.night.recommender) != weights(Recommender.load())
    assert "taken into account" in others.sentence and "1.00 times" in notes[0]
    others.join(False)
    assert (
        weights(others.night.recommender) == weights(Recommender.load())
        and others.feedback.withdrawn == 1
    )


def test_own_nights_may_refuse_it_and_say_why(bed):
    others, notes = bed(lived(quiet_helps=False, nights=12))
    others.hear(MOST)
    assert "not used" in others.sentence and "times as likely" in notes[0]


def test_it_is_remembered_over_a_restart_and_judged_anew(bed):
    first, _ = bed(Recommender.load())
    first.hear(MOST)
    first.night.diary.flush()
    again, notes = bed(Recommender.load())
    assert again.version == 3
    assert weights(again.night.recommender) != weights(Recommender.load()) and not notes
    torn, notes = bed(lived(quiet_helps=False, nights=12))
    assert "not used" in torn.sentence and notes


def test_a_prior_about_something_else_is_not_used(bed):
    others, notes = bed(Recommender.load())
    others.hear(Prior(4, "comfort_v1", (0.2,) * 5, (0.1,) * 5, 200))
    assert (
        others.prior is None
        and "says nothing" in notes[0]
        and others.sentence == "nothing is learned from others"
    )


def test_after_a_month_a_bed_also_says_whether_silence_suits_it(bed):
    others, _ = bed(lived(quiet_helps=True, nights=NIGHTS - 1))
    others.share([1, 1, 0])
    assert others.feedback.answers == {"comfort_v1": 3}
    others, _ = bed(lived(quiet_helps=True, nights=NIGHTS))
    others.share([])
    assert others.feedback.answers == {"quiet_v1": 1}
    others.feedback.answers, others.night.almanac.local = {}, lambda wall: None
    others.share([1])
    assert not others.feedback.answers, "no period without a clock"


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
    hub = Server(store, key, "127.0.0.1", broker.port, say=lambda text: None)
    serving = threading.Thread(target=hub.serve)
    serving.start()
    heard = Listener(broker.port)
    assert soon(lambda: heard.on("nocturne/prior"))
    config = Config(home=Home(host="127.0.0.1", port=broker.port, bed="bed1",
                              hub_key=nacl.SigningKey(key).verify_key.encode().hex()))
    slept = sleep(hours=0.1, config=config, acts=[
        (1, lambda mine: mine.inbox.put(Command("sharing", True))),
        (60, lambda mine: soon(lambda: not mine.inbox.empty() or mine.remote.others.prior))])
    assert "150 anonymous reports" in slept.night.remote.others.sentence
    assert soon(
        lambda: b"taken into account" in (heard.last("nocturne/bed1/state/learning") or b"")
    )
    first, second = slept.details("learned")[:2]  # the morning's lesson may change its mind again
    assert "isn't shared" in first and "taken into account: own nights are 1.00 times" in second
    assert slept.night.diary.recall(KEY)["version"] == 1
    heard.close()
    hub.stop()
    serving.join()
