"""Several hubs on one store, at PostgreSQL and at SQLite alike."""

import contextlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sql

from desk.ward import well
from device.errors import ConfigError, Refused
from device.home.hub import schema
from device.home.hub.election import Election
from device.home.hub.main import main as hub_main
from device.home.hub.metrics import Metrics
from device.home.hub.population import ENOUGH
from device.home.hub.server import Broker, Server
from device.home.hub.store import (
    AGAIN,
    APPLIED,
    HOLD,
    LATER,
    REFUSED,
    Made,
    Message,
    Store,
)
from device.home.privacy import PERIOD
from device.values import QUESTION
from kit import mosquitto, postgres
from kit.setup import ROOT
from tests.home.around import soon
from tests.home.test_hub import KEY, Said, report


@pytest.fixture(scope="session")
def database():
    pytest.importorskip("psycopg", reason="psycopg is not installed: no ward's store is tested")
    if postgres.find() is None:
        pytest.skip("PostgreSQL is not installed: no ward's store is tested")
    # Not in pytest's own folder: whoever begins to test closes it to PostgreSQL's user.
    with tempfile.TemporaryDirectory() as folder:
        server = postgres.Postgres(Path(folder) / "store").start()
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
    assert soon(other.won) and not one.won()    # PostgreSQL notices a closed connection soon
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


@pytest.mark.parametrize("text", [
    "mongodb://x", "no url at all", "sqlite", "sqlite:///hub.sqlite", "mysql://u@h/n",
    "postgresql://u:secret@h:port/n", "postgresql+asyncpg://u@h/n"])
def test_a_store_that_is_none_is_named(text):
    with pytest.raises(ConfigError, match=r"--store: .*postgresql://user@host/name") as caught:
        Store(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("option, missing", [
    (("--store", "postgresql://u@h/n"), "psycopg"), (("--metrics", "9480"), "prometheus_client")])
def test_what_is_not_installed_is_named_in_a_line(tmp_path, monkeypatch, capsys, option, missing):
    for module in [missing, *(name for name in sys.modules if name.startswith(f"{missing}."))]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, "device.home.hub.metrics")
    monkeypatch.setattr("signal.signal", lambda *words: None)
    assert hub_main(["--data", str(tmp_path), "--etc", str(tmp_path), "--page", "0", *option]) == 1
    said = capsys.readouterr().err
    assert missing in said and "nocturne[ward]" in said and said.count("\n") == 1


def test_a_file_of_the_store_may_have_any_name(tmp_path):
    with contextlib.closing(Store(tmp_path / "a?mode=ro %2f.sqlite")) as store:
        store.take([message(1)])
    assert (tmp_path / "a?mode=ro %2f.sqlite").stat().st_size


def test_a_leader_that_stands_still_leads_no_more(open_store, where, monkeypatch):
    if not isinstance(where, str):
        pytest.skip("a locked file is its process's, stopped or not")
    monkeypatch.setattr("device.home.hub.election.STUCK", "1s")
    one, other = Election(open_store().engine), Election(open_store().engine)
    assert one.won() and not other.won()
    assert soon(other.won) and not one.won()
    other.resign()


def test_a_prior_that_a_former_leader_tells_late_is_put_right(broker, open_store, listen):
    store = open_store()
    store.add_prior(QUESTION, Made(2, 0, b"newer"), [0.5, 0.5])
    hub = Server(store, KEY, Broker("127.0.0.1", broker.port), say=lambda text: None)
    thread = threading.Thread(target=hub.serve, daemon=True)
    thread.start()
    priors = listen("nocturne/prior")
    assert soon(lambda: priors.last("nocturne/prior") == b"newer")
    priors.send("nocturne/prior", b"older", retain=True)
    assert soon(lambda: priors.on("nocturne/prior")[-2:] == [b"older", b"newer"])
    hub.stop()
    thread.join()


def test_a_bed_that_is_no_bed_and_a_name_that_is_none_spoil_nobody_elses_batch(open_store):
    store = open_store()
    hub = Server(store, KEY, Broker("nowhere", 1), say=lambda text: None)
    for bed, name in ((schema.FORMER, "night"), ("", "night"), ("b" * 4000, "night"),
                      ("bed2", "n" * 60_000), ("bed2", "\N{PILE OF POO}"), ("bed1", "night")):
        hub.take(Said(f"nocturne/{bed}/event/{name}", b"{}", "same"))
    hub.flush()
    assert store.events() == [("bed1", "night", "{}")]
    assert hub.tally.refused == 2 and not hub.tally.failed


@pytest.mark.parametrize("payload", [
    b'"\\ud800"', b"7" * 4096, b"[" * 4000, b"\xff", b"null", b"1e999", b"\x00", b"", b'{"a":NaN}',
    "é\N{PILE OF POO}".encode(), b"4" * 9000])
def test_whatever_one_bed_says_another_bed_is_heard(open_store, payload):
    store = open_store()
    kinds = [verdict.kind for verdict in store.take(
        [message(1), message(2, "bed2", payload), message(3),
         Message("id4", "bed3", "feedback", "", payload), message(5)])]
    assert kinds[::2] == [APPLIED] * 3 and kinds[3] == REFUSED


def test_hubs_whose_clocks_differ_by_a_day_share_one_quota(open_store, where, monkeypatch):
    if not isinstance(where, str):
        pytest.skip("a file's hubs have one clock")
    one = open_store()
    monkeypatch.setattr("device.clock.SystemClock.wall", lambda self: time.time() + 86_400)
    other = open_store()
    kinds = []
    for start in range(0, 2400, 200):
        kinds += [verdict.kind for verdict in (one, other)[start // 200 % 2].take(
            [message(n) for n in range(start, start + 200)])]
    assert 1000 <= kinds.count(APPLIED) < 1200


def test_a_batch_across_midnight_is_of_one_day(open_store):
    wall = [1.7e9]

    def pass_by():
        wall[0] += 0.3
        return wall[0]
    store = open_store(pass_by)
    for early in range(12):
        wall[0] = (700 + early) * schema.MONTH * 86_400 - 0.3 * early - 0.1
        kinds = {verdict.kind for verdict in store.take(
            [message(20 * early + n) for n in range(20)])}
        assert kinds == {APPLIED}


def test_a_hub_that_stops_with_a_beds_row_lets_go_of_it(open_store, where, monkeypatch):
    if not isinstance(where, str):
        pytest.skip("a file is let go when its process ends")
    monkeypatch.setitem(schema.PATIENT, "options", "-c idle_in_transaction_session_timeout=1s")
    one, other = open_store(), open_store()
    one.take([message(1)])
    stopped = one.engine.connect()
    stopped.execute(schema.beds.update().values(spent=5.0))
    assert other.take([message(2)])[0].kind == APPLIED
    stopped.invalidate()


def test_who_stops_in_a_transaction_is_waited_for_half_a_minute(open_store, where):
    if not isinstance(where, str):
        pytest.skip("a file has no sessions")
    with open_store().engine.connect() as db:
        assert db.scalar(sql.text("SHOW idle_in_transaction_session_timeout")) == "30s"


def test_a_hub_that_is_not_updated_yet_leaves_the_schema_what_it_is(open_store):
    store = open_store()
    with store.engine.begin() as db:
        db.execute(schema.meta.update().where(schema.meta.c.name == "schema").values(value="99"))
    assert store.alive()
    with store.engine.begin() as db:
        assert db.scalar(sql.select(schema.meta.c.value)
                         .where(schema.meta.c.name == "schema")) == "99"


FIRST = """
    CREATE TABLE seen (id TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE events (seq INTEGER PRIMARY KEY, bed TEXT NOT NULL, name TEXT NOT NULL,
                         payload TEXT NOT NULL);
    INSERT INTO seen VALUES ('old');
    INSERT INTO events (bed, name, payload) VALUES ('bed1', 'night', '{}');
"""
LAST = FIRST + """
    CREATE TABLE heard (seq INTEGER PRIMARY KEY, bed TEXT NOT NULL, id TEXT NOT NULL,
                        UNIQUE (bed, id));
    CREATE INDEX by_bed ON events (bed, seq);
    CREATE TABLE told (question TEXT PRIMARY KEY, epoch INTEGER NOT NULL, shares TEXT NOT NULL,
                       anchor TEXT) WITHOUT ROWID;
    CREATE TABLE days (day INTEGER PRIMARY KEY, seq INTEGER NOT NULL);
    INSERT INTO days VALUES (20000, 1);
"""


@pytest.mark.parametrize("script", [FIRST, LAST])
def test_the_first_and_the_last_store_before_this_one_open_too(tmp_path, script):
    with sqlite3.connect(tmp_path / "hub.sqlite") as db:
        db.executescript(script)
    for _ in range(2):
        with contextlib.closing(Store(tmp_path / "hub.sqlite")) as store:
            assert store.take([message(1)])[0].kind in (APPLIED, AGAIN)
            assert not store.event("old", "bed1", "night", b"{}")
            assert len(store.events("bed1")) == 2
            store.retire()
    with sqlite3.connect(tmp_path / "hub.sqlite") as db:
        plan = db.execute("EXPLAIN QUERY PLAN SELECT seq FROM events WHERE bed = 'x' ORDER BY seq")
        assert "by_bed" in str(plan.fetchall())


def test_a_bed_that_is_erased_stays_paired_and_one_that_is_unpaired_is_heard_no_more(open_store):
    store = open_store()
    for bed in ("bed1", "bed2"):
        store.pair(bed)
    store.erase("bed1")
    assert store.paired() == {"bed1", "bed2"}
    store.unpair("bed1")
    assert store.paired() == {"bed2"}


def test_the_command_pairs_and_unpairs_at_the_store_too(where, tmp_path):
    if not isinstance(where, str):
        pytest.skip("a home's beds stand in a file")
    if any(shutil.which(name) is None for name in ("openssl", "mosquitto_passwd")):
        pytest.skip("openssl or mosquitto is not installed: nothing is paired")

    def paired_after(*words):
        subprocess.run([sys.executable, "-m", "device", "hub", *words, "--store", where, "--data",
                        tmp_path / "hub", "--etc", tmp_path / "etc", "--broker", "127.0.0.1:9"],
                       cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)
        with contextlib.closing(Store(where)) as store:
            return store.paired()
    assert paired_after("--pair", "bed1", "--host", "127.0.0.1") == {"bed1"}
    assert paired_after("--pair", "bed2", "--host", "127.0.0.1") == {"bed1", "bed2"}
    assert paired_after("--erase", "bed2") == {"bed1", "bed2"}
    assert paired_after("--unpair", "bed1") == {"bed2"}


def test_nobody_is_heard_before_the_store_has_said_who_is_paired(open_store, monkeypatch):
    store = open_store()
    store.pair("bed1")
    hub = Server(store, KEY, Broker("nowhere", 1), say=lambda text: None)
    with monkeypatch.context() as away:
        away.setattr(store, "paired", lambda: (_ for _ in ()).throw(sql.exc.TimeoutError("away")))
        hub.take(Said("nocturne/stranger/event/night", b"{}", "a"))
    hub.flush()
    assert store.events() == []


@contextlib.contextmanager
def meanwhile(do):
    """`do` in a thread; what it raised is raised at the end."""
    wrong = []

    def run():
        try:
            do()
        except Exception as trouble:
            wrong.append(trouble)
    thread = threading.Thread(target=run)
    thread.start()
    yield
    thread.join()
    assert not wrong


def waits_for_a_lock(engine):
    with engine.connect() as db:
        return db.scalar(sql.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = "
                                  "'Lock' AND datname = current_database()"))


def test_a_bed_that_speaks_while_it_is_erased_leaves_nothing(open_store, where):
    if not isinstance(where, str):
        pytest.skip("a file has one writer")
    store = open_store()
    store.take([message(1)])
    with store.engine.connect() as taking:
        taking.execute(sql.select(schema.beds).with_for_update())
        with meanwhile(lambda: store.erase("bed1")):
            assert soon(lambda: waits_for_a_lock(store.engine))
            taking.execute(store._events.insert().values(
                bed="bed1", name="night", payload="{}", day=store._day()))
            taking.commit()
    assert store.events() == []


def test_what_is_too_old_leaves_while_others_take_what_is_new(open_store, where, monkeypatch):
    if not isinstance(where, str):
        pytest.skip("a file has one writer")
    monkeypatch.setattr("device.home.hub.store.LEAST_DAYS", 1)
    wall = [1.7e9]
    store = open_store(lambda: wall[0], 365, lambda: True)
    store.take([message(1)])
    wall[0] += 400 * 86_400
    store.take([message(2)])
    with store.engine.connect() as taking:
        taking.execute(schema.heard.delete().where(schema.heard.c.id == "id1"))
        with meanwhile(store.retire):
            assert soon(lambda: waits_for_a_lock(store.engine))
            taking.execute(store._events.insert().values(
                bed="bed1", name="night", payload="{}", day=store._day()))
            taking.commit()
    assert len(store.events()) == 2


def test_erased_bytes_are_in_no_table_of_the_store(open_store, where, database):
    if not isinstance(where, str):
        pytest.skip("tests/home/test_hub.py looks into the file")
    store = open_store()
    marker = uuid.uuid4().hex
    for start in range(0, 400, 50):
        store.take([message(n, "bed2" if n % 3 else "bed1", json.dumps(marker + str(n)).encode())
                    for n in range(start, start + 50)])
    assert store.erase("bed1") == 134 and len(store.events("bed2")) == 266
    import psycopg
    with psycopg.connect(where, autocommit=True) as db:
        db.execute("CHECKPOINT")
        files = db.execute("SELECT pg_relation_filepath(oid) FROM pg_class WHERE relkind IN "
                           "('r', 'i') AND relname ~ '^(events|heard|beds)'").fetchall()
    said = b"".join((database.folder / "data" / file).read_bytes() for file, in files)
    assert not any(f'"{marker}{n}"'.encode() in said for n in range(0, 400, 3))
    assert f'"{marker}1"'.encode() in said and b"bed1" not in said


def test_no_row_tells_when_an_answer_came_nor_which_it_was(open_store, where):
    store = open_store(lambda: 731.5 * PERIOD)
    for n in range(8):
        store.take([message(n, f"bed{n}"),
                    Message(f"answer{n}", f"bed{n}", "feedback", "", report(n % 5))])
    with store.engine.begin() as db:
        rows = db.execute(sql.select(schema.heard.c.id, schema.heard.c.day)
                          .where(schema.heard.c.bed == "").order_by(schema.heard.c.seq)).all()
        assert {day for _, day in rows} == {731 * 28}
        assert [each for each, _ in rows] != [f"answer{n}" for n in range(8)]
        if isinstance(where, str):      # who wrote the row of an answer wrote that of all others
            assert len(set(db.scalars(sql.text("SELECT xmin::text FROM held")))) == 1


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


def test_the_hub_at_home_is_one_small_process(broker, tmp_path):
    port = mosquitto.free_port()
    with subprocess.Popen(
            [sys.executable, "-m", "device", "hub", "--broker", f"127.0.0.1:{broker.port}",
             "--data", tmp_path / "hub", "--etc", tmp_path / "etc", "--page", "0", "--metrics",
             str(port)]) as hub:
        assert soon(lambda: (hub.poll() is not None) or well(port), 60)
        assert hub.poll() is None
        kilobytes = int(re.search(r"VmHWM:\s+(\d+)",
                                  Path(f"/proc/{hub.pid}/status").read_text())[1])
        hub.terminate()
    assert kilobytes < 60 * 1024
