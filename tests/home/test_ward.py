"""Several hubs on one store, at PostgreSQL and at SQLite alike."""

import json
import sqlite3
import threading
import urllib.error
import urllib.request
import uuid

import pytest

from device.errors import ConfigError, Refused
from device.home.hub import schema
from device.home.hub.election import Election
from device.home.hub.metrics import Metrics
from device.home.hub.population import ENOUGH
from device.home.hub.server import Broker, Server
from device.home.hub.store import AGAIN, APPLIED, HOLD, LATER, Made, Message, Store
from device.home.privacy import PERIOD
from device.values import QUESTION
from kit import postgres
from tests.home.around import soon
from tests.home.test_hub import KEY, report


@pytest.fixture(scope="session")
def database(tmp_path_factory):
    pytest.importorskip("psycopg", reason="psycopg is not installed: no ward's store is tested")
    if postgres.find() is None:
        pytest.skip("PostgreSQL is not installed: no ward's store is tested")
    server = postgres.Postgres(tmp_path_factory.mktemp("postgres")).start()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request, tmp_path):
    """An empty store of either kind."""
    if request.param == "sqlite":
        return tmp_path / "hub.sqlite"
    server = request.getfixturevalue("database")
    import psycopg
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(server.url, autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}")
    return server.url.replace("/postgres", f"/{name}")


@pytest.fixture
def open_store(where):
    made = []

    def make(*words):
        made.append(Store(where, *words))
        return made[-1]
    yield make
    for store in made:
        store.close()


def message(n, bed="bed1", payload=b"{}"):
    return Message(f"id{n}", bed, "event", "night", payload)


def test_what_comes_twice_to_whichever_hub_is_applied_once(open_store):
    one, other = open_store(), open_store()
    assert [verdict.kind for verdict in one.take([message(1), message(1), message(2)])] == [
        APPLIED, AGAIN, APPLIED]
    assert [verdict.kind for verdict in other.take([message(2), message(3)])] == [AGAIN, APPLIED]
    assert len(one.events()) == 3


def test_two_hubs_that_take_the_same_at_the_same_time_apply_it_once(open_store):
    stores = [open_store() for _ in range(3)]
    whole = [message(n, f"bed{n % 7}") for n in range(140)]
    wrong = []

    def take(store, order):
        try:
            for start in range(0, len(whole), 20):
                store.take(order[start:start + 20])
        except Exception as trouble:
            wrong.append(trouble)
    threads = [threading.Thread(target=take, args=(store, order)) for store, order
               in zip(stores, (whole, whole[::-1], whole[70:] + whole[:70]), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and len(stores[0].events()) == 140


def test_the_quota_of_a_bed_is_one_for_all_hubs(open_store):
    wall = [1.8e9]
    stores = [open_store(lambda: wall[0]) for _ in range(2)]
    kinds = []
    for start in range(0, 1400, 50):
        batch = [message(n) for n in range(start, start + 50)]
        kinds += [verdict.kind for verdict in stores[start // 50 % 2].take(batch)]
    assert kinds.count(APPLIED) == 1000 and kinds.count(LATER) == 400
    wall[0] += 10.0
    assert [verdict.kind for verdict in stores[1].take(
        [message(n) for n in range(2000, 2020)])].count(APPLIED) == 10
    assert stores[0].take([message(1, "bed2")])[0].kind == APPLIED


def test_no_bed_keeps_more_than_its_share_in_either_store(open_store, monkeypatch):
    monkeypatch.setattr("device.home.hub.store.EVENTS_KEPT", 50)
    store = open_store()
    store.take([message(n, "bed2") for n in range(20)])
    for start in range(0, 300, 30):
        store.take([message(n, payload=b'{"n": %d}' % n) for n in range(start, start + 30)])
    assert len(store.events("bed2")) == 20
    assert [json.loads(text)["n"] for *_, text in store.events("bed1")] == list(range(250, 300))


def test_old_events_leave_and_what_is_new_stays(open_store, monkeypatch):
    monkeypatch.setattr("device.home.hub.store.LEAST_DAYS", 2)
    wall = [1.7e9]
    store = open_store(lambda: wall[0], 365, lambda: True)
    store.take([message(1)])
    for n in (2, 3):
        wall[0] += 400 * 86_400
        store.take([message(n)])
    store.retire()
    assert len(store.events()) == 2
    assert store.take([message(3)])[0].kind == AGAIN
    store.retire()
    assert len(store.events()) == 2


def test_answers_to_several_hubs_are_held_together_and_a_bed_has_one_voice(open_store):
    stores = [open_store(lambda: 731.5 * PERIOD) for _ in range(2)]
    for bed in range(HOLD - 1):
        assert stores[bed % 2].feedback(f"id{bed}", f"bed{bed}", report(bed % 5))
    assert not stores[1].feedback("more", "bed0", report(1))
    stores[0].release()
    assert sum(stores[1].counts("comfort_v1")) == 0
    stores[0].feedback("ten", "bed99", report(4))
    stores[1].release()
    stores[0].release()
    assert stores[0].counts("comfort_v1") == [2, 2, 2, 2, 2] and stores[0].waiting() == 0


def test_one_hub_is_elected_and_another_when_it_dies(open_store):
    one, other = (Election(open_store().engine) for _ in range(2))
    assert one.won() and not other.won() and one.won()
    one.resign()
    assert other.won() and not one.won()
    other.resign()


def test_a_hub_whose_connection_the_store_ended_leads_no_more(open_store, where):
    if not isinstance(where, str):
        pytest.skip("a file has no connections")
    import psycopg
    one, other = Election(open_store().engine), Election(open_store().engine)
    assert one.won()
    with psycopg.connect(where, autocommit=True) as db:
        db.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    assert soon(other.won) and not one.won()
    other.resign()


def test_a_version_is_of_one_prior_for_ever(open_store):
    one, other = open_store(), open_store()
    first, second = Made(1, 100, b"first"), Made(1, 110, b"second")
    assert one.add_prior("comfort_v1", first, [1.0]) and not other.add_prior(
        "comfort_v1", second, [1.0])
    assert other.newest("comfort_v1") == first


def test_hubs_that_sign_with_another_key_are_told_apart(open_store):
    assert open_store().owner("aa") == "aa" and open_store().owner("bb") == "aa"


def test_a_store_of_earlier_firmware_keeps_what_it_has(tmp_path):
    path = tmp_path / "hub.sqlite"
    with sqlite3.connect(path) as db:
        db.executescript("""
            CREATE TABLE seen (id TEXT PRIMARY KEY) WITHOUT ROWID;
            CREATE TABLE heard (seq INTEGER PRIMARY KEY, bed TEXT NOT NULL, id TEXT NOT NULL,
                                UNIQUE (bed, id));
            CREATE TABLE events (seq INTEGER PRIMARY KEY, bed TEXT NOT NULL, name TEXT NOT NULL,
                                 payload TEXT NOT NULL);
            CREATE TABLE versions (question TEXT PRIMARY KEY, version INTEGER) WITHOUT ROWID;
            INSERT INTO seen VALUES ('old');
            INSERT INTO heard (bed, id) VALUES ('bed1', 'a');
            INSERT INTO events (bed, name, payload) VALUES ('bed1', 'night', '{}');
            INSERT INTO versions VALUES ('comfort_v1', 7);
        """)
    for _ in range(2):
        store = Store(path)
        assert store.events() == [("bed1", "night", "{}")]
        assert not store.event("a", "bed1", "night", b"{}")
        assert not store.event("old", "bed1", "night", b"{}")
        assert store.newest("comfort_v1").version == 7
        store.close()


def test_a_store_of_later_firmware_is_left_alone(where, open_store):
    store = open_store()
    with store.engine.begin() as db:
        db.execute(schema.meta.update().where(schema.meta.c.name == "schema").values(value="99"))
    with pytest.raises(ConfigError, match="later Nocturne"):
        Store(where)


@pytest.mark.parametrize("text", ["mongodb://x", "postgresql://", "no url at all", "sqlite"])
def test_a_store_that_is_none_is_named(text):
    with pytest.raises(Exception, match=".") as caught:
        Store(text)
    assert "Traceback" not in str(caught.value)


def test_a_character_that_postgresql_cannot_hold_is_refused_by_either(open_store):
    with pytest.raises(Refused):
        open_store().event("odd", "bed1", "night", b'{"a": "\\u0000"}')


def test_a_prior_outlives_the_hub_that_made_it_and_versions_rise(broker, open_store, listen):
    wall = [731.5 * PERIOD]
    stores = [open_store(lambda: wall[0]) for _ in range(2)]
    hubs = [Server(store, KEY, Broker("127.0.0.1", broker.port), group="ward",
                   say=lambda text: None) for store in stores]
    for n in range(ENOUGH):
        stores[0].feedback(f"a{n}", f"bed{n}", report(n % 2, q=QUESTION, k=2))
    priors = listen("nocturne/prior")
    threads = [threading.Thread(target=hub.serve, daemon=True) for hub in hubs]
    for thread in threads:
        thread.start()
    assert soon(lambda: stores[0].newest(QUESTION).version == 1)
    elected = next(hub for hub in hubs if hub.tally.elected)
    elected.stop()
    assert soon(lambda: any(hub.tally.elected for hub in hubs if hub is not elected))
    wall[0] += PERIOD
    for n in range(HOLD):
        stores[0].feedback(f"b{n}", f"bed{n}", report(n % 2, q=QUESTION, k=2))
    assert soon(lambda: stores[0].newest(QUESTION).version == 2)
    for hub in hubs:
        hub.stop()
    for thread in threads:
        thread.join()
    heard = [json.loads(json.loads(payload)["body"])["version"]
             for payload in priors.on("nocturne/prior") if payload]
    assert heard == sorted(heard) and set(heard) == {1, 2}


def ask(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as trouble:
        return trouble.code, ""


def test_metrics_are_read_by_prometheus_own_parser_and_say_what_was_taken(broker, tmp_path):
    from prometheus_client.parser import text_string_to_metric_families as parsed
    hub = Server(Store(tmp_path / "hub.sqlite"), KEY, Broker("127.0.0.1", broker.port))
    hub.tally.turned = hub._now()
    with Metrics(hub, 0) as metrics:
        assert ask(metrics.port, "/healthz")[0] == 200
        assert ask(metrics.port, "/readyz")[0] == 503
        hub._waiting = [(hub._now(), message(n)) for n in (1, 2, 2)]
        hub.flush()
        families = {family.name: family for family in parsed(ask(metrics.port, "/metrics")[1])}
        assert ask(metrics.port, "/etc/passwd")[0] == 404
    said = {sample.labels["kind"]: sample.value
            for sample in families["nocturne_hub_messages"].samples}
    assert said == {"applied": 2, "again": 1, "refused": 0, "later": 0, "failed": 0}
    counted = [sample.value for sample in families["nocturne_hub_acknowledgement_seconds"].samples
               if sample.name.endswith("_count")]
    assert counted == [3]
