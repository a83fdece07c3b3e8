import contextlib
import json
import math
import sqlite3
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.clock import VirtualClock
from device.errors import Refused
from device.home.privacy import (
    EPSILON,
    FOREVER,
    LIFETIME,
    LIVED,
    PERIOD,
    QUESTIONS,
    Feedback,
    Ledger,
    keep_probability,
    randomise,
    second_keep,
)

K = QUESTIONS["comfort_v1"]
WALL = 1_767_218_400.0


def reports(values, rng, forever=None):
    """One report (n,) of each value; `forever` (n, k) the remembered layer, drawn when None."""
    values = np.asarray(values)
    first, second = keep_probability(K, FOREVER), second_keep(K, EPSILON, FOREVER)
    draw = np.vectorize(lambda value, keep: randomise(int(value), K, keep, rng.random))
    return draw(draw(values, first) if forever is None else forever, second)


def test_one_report_is_exactly_k_ary_randomised_response_at_the_claimed_epsilon():
    first, second = keep_probability(K, FOREVER), second_keep(K, EPSILON, FOREVER)
    keep = first * second + (1 - first) * (1 - second) / (K - 1)
    assert math.isclose(keep, math.exp(EPSILON) / (math.exp(EPSILON) + K - 1))
    assert 1 / K < second < 1


def test_the_claimed_epsilon_is_what_opendp_says_of_the_same_mechanism():
    dp = pytest.importorskip(
        "opendp.prelude", reason="opendp is not installed: ε is not checked against it"
    )
    dp.enable_features("contrib")
    for epsilon in (EPSILON, FOREVER):
        oracle = dp.m.make_randomized_response(list(range(K)), keep_probability(K, epsilon))
        assert oracle.map(1) == pytest.approx(epsilon, abs=1e-9)


def test_the_empirical_epsilon_is_at_most_the_claim_and_a_little():
    rng, n = np.random.default_rng(7), 40_000
    shares = np.array(
        [np.bincount(reports(np.full(n, value), rng), minlength=K) / n for value in range(K)]
    )
    worst = np.log(shares.max(axis=0) / shares.min(axis=0)).max()
    assert worst <= EPSILON + 0.05 + 3 * math.sqrt(2 / (n * shares.min()))
    assert abs(worst - EPSILON) < 0.15      # and the mechanism is not simply mute


@pytest.mark.full
def test_the_empirical_epsilon_with_many_draws():
    rng, n = np.random.default_rng(8), 600_000
    shares = np.array([
        np.bincount(reports(np.full(n, value), rng), minlength=K) / n for value in range(K)
    ])
    assert np.log(shares.max(axis=0) / shares.min(axis=0)).max() <= EPSILON + 0.05


def test_any_number_of_reports_of_one_value_stays_below_the_remembered_epsilon():
    """An adversary who sees all reports of a bed for ever learns at most its remembered answer."""
    rng, n = np.random.default_rng(9), 40_000
    keep = keep_probability(K, FOREVER)
    shares = np.array(
        [
            np.bincount([randomise(value, K, keep, rng.random) for _ in range(n)], minlength=K) / n
            for value in range(2)
        ]
    )
    assert np.log(shares.max(axis=0) / shares.min(axis=0)).max() <= FOREVER + 0.1


def linkage(values, rng, rounds):
    """How often the likeliest guess pairs a bed's two reports: of those that say the same, any one;
    else any at all."""
    n, hits = len(values), 0.0
    for _ in range(rounds):
        forever = np.vectorize(
            lambda v: randomise(int(v), K, keep_probability(K, FOREVER), rng.random)
        )(values)
        before, after = reports(values, rng, forever), reports(values, rng, forever)
        for bed in range(n):
            same = np.flatnonzero(after == before[bed])
            hits += (after[bed] == before[bed]) / len(same) if len(same) else 1 / n
    return hits / (rounds * n)


def test_two_reports_of_a_bed_are_linked_at_most_twice_as_often_as_chance():
    rng = np.random.default_rng(10)
    assert linkage(rng.integers(0, K, 50), rng, 60) <= 2 / 50


@given(
    st.integers(0, 6), st.integers(2, 7), st.floats(0.05, 0.95), st.floats(0, 1, exclude_max=True)
)
def test_a_randomised_answer_is_always_an_answer(value, k, keep, u):
    if value < k:
        assert 0 <= randomise(value, k, keep, lambda: u) < k


def test_asking_again_within_the_period_gives_the_same_report_and_costs_nothing(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    first = ledger.spend("comfort_v1", 3, WALL)
    again = Ledger(tmp_path / "ledger.sqlite").spend("comfort_v1", 0, WALL + 86_400)
    assert again == first and ledger.total() == EPSILON


def test_the_ledger_refuses_one_more_than_a_lifetime_allows():
    clock = VirtualClock()
    ledger = Ledger(now=clock.now)
    for period in range(int(LIFETIME / EPSILON)):
        ledger.spend("comfort_v1", 3, WALL + period * PERIOD)
        clock.sleep(PERIOD)
    with pytest.raises(Refused, match="lifetime"):
        ledger.spend("comfort_v1", 3, WALL + 99 * PERIOD)
    with pytest.raises(Refused, match="lifetime"):
        ledger.spend("quiet_v1", 1, WALL)
    assert ledger.total() == LIFETIME


def test_a_clock_that_is_moved_gives_no_period_that_was_not_lived(tmp_path):
    clock = VirtualClock()
    ledger = Ledger(tmp_path / "ledger.sqlite", now=clock.now)
    first = ledger.spend("comfort_v1", 3, WALL)
    for moved in (1, 2, 6, -1, -40):
        with pytest.raises(Refused, match="run for too little"):
            ledger.spend("comfort_v1", 3, WALL + moved * PERIOD)
    ledger.close()
    for _ in range(5):                                  # nor by any number of restarts
        clock.sleep(0.9 * LIVED / 5)
        ledger = Ledger(tmp_path / "ledger.sqlite", now=clock.now)
        with pytest.raises(Refused, match="run for too little"):
            ledger.spend("comfort_v1", 3, WALL + PERIOD)
    assert ledger.spend("comfort_v1", 3, WALL) == first and ledger.total() == EPSILON
    clock.sleep(LIVED)
    assert ledger.spend("comfort_v1", 3, WALL + PERIOD).epoch == first.epoch + 1


@pytest.mark.parametrize("how", ["removed", "emptied", "rolled back"])
def test_a_ledger_that_is_gone_gives_nothing_back(tmp_path, how):
    path, kept, clock = tmp_path / "ledger.sqlite", [], VirtualClock()
    ledger = Ledger(path, now=clock.now)
    Feedback(ledger, Home(), kept.append).share("comfort_v1", 3, WALL)
    ledger.close()
    early = path.read_bytes()
    ledger = Ledger(path, now=clock.now)
    clock.sleep(PERIOD)
    Feedback(ledger, Home(), kept.append).share("comfort_v1", 3, WALL + PERIOD)
    ledger.close()
    path.unlink()
    if how != "removed":
        path.write_bytes(early if how == "rolled back" else b"")
    again = Ledger(path, before=kept[-1], now=clock.now)
    assert again.total() == 2 * EPSILON
    assert Ledger(path, before=kept[-1]).total() == 2 * EPSILON


def test_each_flipped_byte_of_the_ledger_gives_nothing_back_and_harms_no_night(tmp_path):
    path, kept = tmp_path / "ledger.sqlite", []
    ledger = Ledger(path)
    Feedback(ledger, Home(), kept.append).share("comfort_v1", 3, WALL)
    ledger.close()
    whole = path.read_bytes()
    for n in range(0, len(whole), 61):
        for file in tmp_path.iterdir():
            file.unlink()
        path.write_bytes(whole[:n] + bytes([whole[n] ^ 1 << n % 8]) + whole[n + 1:])
        with contextlib.suppress(sqlite3.Error, Refused):
            torn = Ledger(path, before=kept[-1])
            feedback = Feedback(torn, Home())
            feedback.resume()
            feedback.share("comfort_v1", 3, WALL)
            assert torn.total() >= EPSILON


def test_a_ledger_that_another_holds_refuses_and_raises_nothing_else(tmp_path):
    path = tmp_path / "ledger.sqlite"
    feedback = Feedback(Ledger(path), Home())
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Refused, match="locked"):
        feedback.share("comfort_v1", 3, WALL)
    feedback.withdraw()
    assert feedback.home.withdrawn
    other.close()


@pytest.mark.parametrize(
    "question, value", [("comfort_v1", 5), ("comfort_v1", -1), ("weight_v1", 1)]
)
def test_what_was_never_asked_is_refused(question, value):
    with pytest.raises(Refused):
        Ledger().spend(question, value, WALL)


class Home:
    sharing = True

    def __init__(self):
        self.sent, self.withdrawn = [], False

    def feedback(self, question, payload, identity):
        self.sent.append((question, payload, identity))
        return identity

    def withdraw(self):
        self.withdrawn = True


def test_a_report_tells_no_bed_no_time_and_no_order():
    home = Home()
    assert Feedback(Ledger(), home).share("comfort_v1", 4, WALL)
    question, payload, _ = home.sent[0]
    report = json.loads(payload)
    assert (
        set(report) == {"v", "q", "k", "y", "mech", "eps", "epoch"}
        and report["epoch"] == WALL // PERIOD
    )


def test_without_consent_nothing_is_drawn_or_spent():
    home = Home()
    home.sharing = False
    feedback = Feedback(Ledger(), home)
    assert (
        not feedback.share("comfort_v1", 4, WALL) and feedback.ledger.total() == 0 and not home.sent
    )


@pytest.mark.parametrize("where", ["spend", "feedback", "handed"])
def test_a_crash_in_the_middle_of_sending_never_spends_twice(tmp_path, where):
    path = tmp_path / "ledger.sqlite"
    code = f"""
import os
from pathlib import Path
from device.home.privacy import Feedback, Ledger
class Home:
    sharing = True
    def feedback(self, question, payload, identity):
        print(payload.decode(), identity, sep="|", flush=True)
        if {where!r} == "feedback": os.kill(os.getpid(), 9)
        return identity
ledger = Ledger(Path({str(path)!r}))
if {where!r} == "spend":
    spend = ledger.spend
    ledger.spend = lambda *a: (spend(*a), os.kill(os.getpid(), 9))
if {where!r} == "handed":
    ledger.handed = lambda report: os.kill(os.getpid(), 9)
Feedback(ledger, Home()).share("comfort_v1", 3, {WALL})
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == -9, ran.stderr
    home, ledger = Home(), Ledger(path)
    feedback = Feedback(ledger, home)
    feedback.resume()
    feedback.share("comfort_v1", 1, WALL + 60)
    sent = {(payload.decode(), identity) for _, payload, identity in home.sent}
    sent |= {tuple(line.split("|")) for line in ran.stdout.splitlines()}
    assert len(sent) == 1 and ledger.total() == EPSILON and not ledger.unhanded()


def test_withdrawing_forgets_every_answer_but_not_what_was_spent(tmp_path):
    home, ledger = Home(), Ledger(tmp_path / "ledger.sqlite")
    feedback = Feedback(ledger, home)
    feedback.share("comfort_v1", 3, WALL)
    feedback.withdraw()
    assert home.withdrawn and ledger.total() == EPSILON and not ledger.unhanded()
    assert not feedback.share("comfort_v1", 3, WALL), "the period's report is spent"
    identity = home.sent[0][2].encode()
    assert not any(identity in path.read_bytes() for path in tmp_path.iterdir())
