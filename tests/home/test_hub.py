import json
import sqlite3
import subprocess
import sys
import threading
import uuid

import numpy as np
import pytest

from device.clock import SystemClock
from device.errors import Refused
from device.home.hub import store as hub_store
from device.home.hub.population import ENOUGH, debias, estimate, simplex
from device.home.hub.server import Broker, Server
from device.home.hub.store import HOLD, Store
from device.home.mqtt import Home
from device.home.population_prior import read, sign
from device.home.privacy import EPSILON, PERIOD, Ledger, keep_probability, randomise
from device.home.settings import Settings
from device.recommend.population import USUAL, blend
from device.values import Prior
from tests.home.around import soon

WALL = 1_767_218_400.0
KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
nacl = pytest.importorskip(
    "nacl.signing", reason="PyNaCl is not installed: nothing signed is tested"
)
PUBLIC = nacl.SigningKey(KEY).verify_key.encode().hex()


def report(y=2, **more):
    whole = {
        "v": 1,
        "q": "comfort_v1",
        "k": 5,
        "y": y,
        "mech": "krr",
        "eps": 1.0,
        "epoch": 731,
        **more,
    }
    return json.dumps(whole).encode()


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "hub.sqlite")


def test_an_event_is_applied_exactly_once_by_its_id(store):
    assert store.event("a", "bed1", "night", b'{"sol": 9}')
    assert not store.event("a", "bed1", "night", b'{"sol": 9}')
    assert store.events() == [("bed1", "night", '{"sol": 9}')]


def test_answers_are_held_until_ten_beds_have_spoken(store):
    for bed in range(HOLD - 1):
        assert store.feedback(f"id{bed}", f"bed{bed}", report(bed % 5))
    assert sum(store.counts("comfort_v1")) == 0 and store.waiting() == HOLD - 1
    assert not store.feedback("more", "bed0", report(1)), "one voice a bed"
    assert store.feedback("ten", "bed99", report(4))
    store.release()
    assert store.counts("comfort_v1") == [2, 2, 2, 2, 2] and store.waiting() == 0
    assert not store.feedback("again", "bed0", report(1)), "nor after the release"


def test_a_bed_has_one_voice_in_a_period_whatever_period_it_says(tmp_path):
    wall = [731.5 * PERIOD]
    store = Store(tmp_path / "hub.sqlite", lambda: wall[0])
    for n in range(240):
        store.feedback(f"id{n}", "grandma", report(4, epoch=700 + n % 40))
    assert store.waiting() == 1 and sum(store.counts("comfort_v1")) == 0
    wall[0] += PERIOD
    assert store.feedback("next", "grandma", report(4)) and store.waiting() == 2
    assert not store.feedback("more", "grandma", report(4, epoch=9))


def test_no_bed_pushes_out_anothers_events_and_none_is_large(tmp_path, monkeypatch):
    monkeypatch.setattr("device.home.hub.store.EVENTS_KEPT", 100)
    store = Store(tmp_path / "hub.sqlite")
    for n in range(50):
        store.event(f"mine{n}", "bed1", "night", b"{}")
    for n in range(300):
        store.event(f"theirs{n}", "bed2", "night", b'{"n": %d}' % n)
    assert len(store.events("bed1")) == 50 and len(store.events("bed2")) == 100
    assert store.events("bed2")[-1][2] == '{"n": 299}'
    with pytest.raises(Refused, match="bytes, more than"):
        store.event("large", "bed1", "night", b'"%s"' % (500_000 * b"x"))


def test_the_ids_of_one_bed_are_its_own_and_no_more_of_them_are_kept_than_return(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("device.home.hub.store.HEARD", 10)
    path = tmp_path / "hub.sqlite"
    store = Store(path)
    assert store.event("a", "bed1", "night", b"{}") and store.event("a", "bed2", "night", b"{}")
    for n in range(30):
        store.event(f"id{n}", "bed1", "night", b"{}")
    assert not store.event("id29", "bed1", "night", b"{}")
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT bed, count(*) FROM heard GROUP BY bed").fetchall() == [
            ("bed1", 10), ("bed2", 1)]


def test_a_hub_whose_clock_is_set_back_and_forth_gives_nobody_more_voices(tmp_path):
    wall = [731.5 * PERIOD]
    store = Store(tmp_path / "hub.sqlite", lambda: wall[0])
    for n in range(30):
        wall[0] = (731.5 + 5 * (n % 2)) * PERIOD
        store.feedback(f"id{n}", "grandma", report(4))
    assert store.waiting() == 2         # once in each of two periods


def events_of(store) -> list[str]:
    return [name for _, name, _ in store.events()]


def test_events_go_after_their_time(tmp_path, monkeypatch):
    monkeypatch.setattr(hub_store, "LEAST_DAYS", 2)
    wall = [WALL]
    store = Store(tmp_path / "hub.sqlite", lambda: wall[0], retention=30, synced=lambda: True)
    for day in range(0, 60, 10):
        wall[0] = WALL + day * 86_400
        store.event(f"id-{day}", f"bed{day % 3}", f"day-{day}", b"{}")
        store.retire()
    assert events_of(store) == ["day-20", "day-30", "day-40", "day-50"]


@pytest.mark.parametrize("synced", [True, False])
def test_a_clock_that_leaps_takes_no_events_with_it(tmp_path, synced):
    wall = [WALL]
    store = Store(tmp_path / "hub.sqlite", lambda: wall[0], retention=30, synced=lambda: synced)
    for day in range(100):
        wall[0] = WALL + day * 86_400
        store.event(f"id-{day}", "bed1", f"day-{day}", b"{}")
    wall[0] += 40 * 365 * 86_400
    store.event("leapt", "bed1", "leapt", b"{}")
    store.retire()
    assert len(events_of(store)) == 101         # fewer days than are kept whatever the clock says
    wall[0] = WALL
    store.event("back", "bed1", "back", b"{}")
    assert len(events_of(store)) == 102


def test_what_a_flood_of_answers_says_moves_the_prior_by_a_tenth_in_a_period(tmp_path):
    """The hub's own clock counts the periods; a first prior is free."""
    wall = [WALL]
    store = Store(tmp_path / "hub.sqlite", lambda: wall[0])
    server = Server(store, KEY, Broker("127.0.0.1", 1))
    server.client.publish = lambda *told, **more: None
    number = 0

    def vote(beds: int, y: int) -> None:
        nonlocal number
        for _ in range(beds):
            number += 1
            store.feedback(f"id-{number}", f"bed{number}", report(y, q="quiet_v1", k=2))
        store.release()
        server.learn()

    def shares() -> list[float]:
        body = json.loads(json.loads(store.newest("quiet_v1").message)["body"])
        return body["shares"]

    for y in (0, 1):
        vote(100, y)
    before = store.anchor("quiet_v1")
    assert before is None
    wall[0] += PERIOD
    honest = store.anchor("quiet_v1")
    for _ in range(10):
        vote(200, 1)
        flooded = shares()
        assert abs(flooded[1] - honest[1]) <= 0.1 + 1e-9
    assert flooded[1] == pytest.approx(honest[1] + 0.1) and sum(flooded) == pytest.approx(1.0)
    wall[0] += PERIOD
    vote(10, 1)
    assert store.anchor("quiet_v1") == flooded


@pytest.mark.parametrize("payload", [b"1e999", b"[NaN]", b'{"a": -Infinity}'])
def test_a_number_that_json_has_not_is_refused(store, payload):
    with pytest.raises(Refused):
        store.event("odd", "bed1", "night", payload)


class Said:
    """A message as paho hands it over."""
    def __init__(self, topic, payload, identity):
        self.topic, self.payload = topic, payload
        self.properties = type("P", (), {"UserProperty": [("id", identity)]})()


def test_only_paired_beds_are_heard_and_none_more_often_than_its_rate(tmp_path):
    wall, beds = [1.8e9], tmp_path / "beds"
    beds.write_text("bed1\nbed2\n")
    store = Store(tmp_path / "hub.sqlite", lambda: wall[0])
    hub = Server(store, KEY, Broker("nowhere", 1), say=lambda text: None, beds=beds)

    def send(topic, payload, identity):
        hub.take(Said(topic, payload, identity))
        hub.flush()
    send("nocturne/grandma/feedback/comfort_v1", report(), str(uuid.uuid4()))
    send("nocturne/grandma/event/night", b"{}", str(uuid.uuid4()))
    assert store.waiting() == 0 and not store.events()
    for n in range(1200):
        hub.take(Said("nocturne/bed1/event/night", b"{}", f"flood-{n}"))
    hub.flush()
    assert len(store.events("bed1")) == 1000
    send("nocturne/bed2/event/night", b"{}", "other")
    wall[0] += 10.0
    send("nocturne/bed1/event/night", b"{}", "later")
    assert len(store.events("bed2")) == 1 and len(store.events("bed1")) == 1001


def test_no_answer_at_the_hub_has_a_bed_a_time_or_an_order(store, tmp_path):
    rng = np.random.default_rng(3)
    for bed in range(25):
        store.feedback(str(uuid.uuid4()), f"bed-of-somebody-{bed}", report(int(rng.integers(5))))
    store.close()
    with sqlite3.connect(tmp_path / "hub.sqlite") as db:
        tables = {name: [column[1] for column in db.execute(f"PRAGMA table_info({name})")]
                  for name in ("held", "released", "answered")}
        assert set(db.execute("SELECT bed FROM heard")) == {("",)}
    assert tables == {"held": ["question", "epoch", "y", "n"], "released": ["question", "y", "n"],
                      "answered": ["hash", "question", "epoch"]}
    assert not any(b"bed-of-somebody" in path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"{",
        report(5),
        report(-1),
        report(True),
        report(2.0),
        report(eps=9.0),
        report(k=4),
        report(q="x"),
        report(epoch="now"),
        report(bed="bed1"),
        report(v=2),
        b"[" * 5000,
    ],
)
def test_what_is_no_report_as_agreed_is_refused(store, payload):
    with pytest.raises(Refused):
        store.feedback("id", "bed1", payload)


def test_shares_are_debiased_without_bias():
    rng, truth = np.random.default_rng(5), np.array([0.5, 0.2, 0.15, 0.1, 0.05])
    keep, estimates = keep_probability(5, EPSILON), []
    for _ in range(200):
        values = rng.choice(5, 300, p=truth)
        counts = np.bincount([randomise(int(v), 5, keep, rng.random) for v in values], minlength=5)
        estimates.append(debias(counts, EPSILON)[0])
    errors = debias(np.array([90, 60, 50, 50, 50]), EPSILON)[1]
    np.testing.assert_allclose(np.mean(estimates, axis=0), truth, atol=0.025)
    np.testing.assert_allclose(np.std(estimates, axis=0), errors, rtol=0.25)


def test_the_nearest_distribution_is_found():
    scipy = pytest.importorskip("scipy.optimize")
    rng = np.random.default_rng(6)
    for _ in range(20):
        shares = rng.normal(0.2, 0.4, 5)
        best = scipy.minimize(
            lambda x, to=shares: ((x - to) ** 2).sum(),
            np.full(5, 0.2),
            bounds=[(0, 1)] * 5,
            constraints={"type": "eq", "fun": lambda x: x.sum() - 1},
            options={"ftol": 1e-14},
        ).x
        np.testing.assert_allclose(simplex(shares), best, atol=1e-4)


def test_with_few_reports_nothing_is_learned():
    assert estimate("comfort_v1", [ENOUGH - 1, 0, 0, 0, 0], EPSILON, 1) is None
    assert sum(estimate("comfort_v1", [60, 20, 10, 5, 5], EPSILON, 1).shares) == pytest.approx(1)


PRIOR = Prior(3, "comfort_v1", (0.4, 0.3, 0.1, 0.1, 0.1), (0.1,) * 5, 200)


def test_a_prior_that_the_pinned_hub_signed_is_read():
    assert read(sign(PRIOR, KEY), PUBLIC) == PRIOR


@pytest.mark.parametrize(
    "message, key, why",
    [
        (sign(PRIOR, OTHER), PUBLIC, "not signed by the hub"),
        (sign(PRIOR, KEY), "", "no hub key"),
        (b"{}", PUBLIC, "malformed"),
        (b"\xff", PUBLIC, "malformed"),
        (sign(PRIOR, KEY).replace(b"0.4", b"0.9"), PUBLIC, "not signed"),
        (b"x" * 9000, PUBLIC, "too long"),
        (sign(Prior(4, "q", (0.9, 0.9), (0.1, 0.1), 5), KEY), PUBLIC, "no distribution"),
        (sign(Prior(4, "q", (float("nan"), 1.0), (0.1, 0.1), 5), KEY), PUBLIC, "no distribution"),
        (sign(Prior(4, "q", (1.0,), (0.1,), 5), KEY), PUBLIC, "no distribution"),
    ],
)
def test_any_other_is_refused_in_words(message, key, why):
    with pytest.raises(Refused, match=why):
        read(message, key)


def test_only_a_certain_majority_moves_the_weights_and_by_how_certain_it_is():
    shipped, quiet = np.full(4, 0.25), np.array([True, False, False, False])

    def blended(share, error):
        return blend(shipped, quiet, Prior(1, "quiet_v1", (1 - share, share), (error, error), 100))
    assert blended(0.9, 0.02)[0] > 0.8 and 0.3 < blended(0.9, 0.3)[0] < blended(0.9, 0.1)[0]
    for share, error in ((USUAL, 0.02), (0.05, 0.02), (0.55, 0.08), (0.9, 1.0)):
        np.testing.assert_array_equal(blended(share, error), shipped)
    assert blended(1.0, 0.0).sum() == pytest.approx(1) and (blended(1.0, 0.0) > 0).all()
    with pytest.raises(Refused, match="nothing about"):
        blend(shipped, quiet, PRIOR)


def test_the_whole_loop_from_a_true_answer_to_the_published_shares(store):
    """Two hundred beds, each with its own ledger; most say yes."""
    rng = np.random.default_rng(11)
    for bed in range(200):
        told = Ledger(uniform=rng.random).spend("quiet_v1", int(bed % 4 > 0), 1_767_218_400.0)
        store.feedback(told.id, f"bed{bed}", told.payload())
    store.release()
    prior = estimate("quiet_v1", store.counts("quiet_v1"), EPSILON, 1)
    assert abs(prior.shares[1] - 0.75) < 2.5 * prior.errors[1] < 0.25


def test_several_hubs_share_the_work_and_apply_each_event_once(broker, inbox, tmp_path):
    stores = [Store(tmp_path / "hub.sqlite") for _ in range(2)]
    hubs = [
        Server(store, KEY, Broker("127.0.0.1", broker.port), group="ward", say=lambda text: None)
        for store in stores
    ]
    threads = [threading.Thread(target=hub.serve) for hub in hubs]
    home = Home(Settings(host="127.0.0.1", port=broker.port, bed="bed1"), inbox, SystemClock())
    for thread in threads:
        thread.start()
    assert soon(lambda: all(hub.client.is_connected() for hub in hubs))
    home.start()
    for n in range(40):
        home.event("count", {"n": n})
    assert soon(lambda: home.outbox.counts()["acknowledged"] == 40), home.outbox.counts()
    assert sorted(json.loads(payload)["data"]["n"] for *_, payload in stores[0].events()) == list(
        range(40)
    )
    assert all(hub.tally.applied for hub in hubs)
    home.stop()
    for hub, thread in zip(hubs, threads, strict=True):
        hub.stop()
        thread.join()


def run(*words):
    code = "import sys; from device.home.hub import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, timeout=60
    )


def test_the_command_makes_its_key_once_and_keeps_it_to_itself(tmp_path):
    first, again = (run("--data", tmp_path / "hub", "--key").stdout.strip() for _ in range(2))
    assert first == again and len(bytes.fromhex(first)) == 32
    assert (tmp_path / "hub" / "hub.key").stat().st_mode & 0o777 == 0o600


def test_the_command_erases_a_bed_down_to_the_last_byte(tmp_path):
    store = Store(tmp_path / "hub.sqlite")
    store.event("a", "bed1", "night", b'{"note": "very-private"}')
    store.event("b", "bed2", "night", b'{"note": "of-another"}')
    store.close()
    assert "1 events of bed1 erased" in run("--data", tmp_path, "--erase", "bed1").stdout
    files = b"".join(path.read_bytes() for path in tmp_path.glob("hub.sqlite*"))
    assert b"very-private" not in files and b"of-another" in files


def test_a_folder_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    ran = run("--data", tmp_path / "file" / "hub", "--key")
    assert ran.returncode == 2 and "nocturne hub: " in ran.stderr and "Traceback" not in ran.stderr
