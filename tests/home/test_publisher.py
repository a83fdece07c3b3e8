import numpy as np

from device.home.fields import FIELDS
from device.home.payloads import write_summary
from device.home.publisher import Teller


def test_only_what_changed_is_told_and_only_its_last_word():
    teller = Teller()
    teller.want({"volume": "40"})
    teller.want({"volume": "45", "sound": "ON"})
    assert teller.due(0.0) == [("volume", "45"), ("sound", "ON")]
    teller.want({"volume": "45"})
    assert teller.due(1.0) == []


def test_a_restless_night_of_twelve_hours_has_fewer_than_200_news():
    teller, rng, retained, news = Teller(), np.random.default_rng(1), {}, 0
    for second in range(12 * 3600):
        teller.want(
            {
                "care": str(rng.integers(9)),
                "session": str(rng.integers(9)),
                "diagnostics": str(second),
            }
        )
        if second % 600 == 0:
            teller.repeat()
        for field, payload in teller.due(float(second)):
            news += retained.get(field) != payload
            retained[field] = payload
    assert 100 < news < 200


def spent():
    """A teller whose budget of news is spent."""
    teller = Teller()
    for i in range(200):
        teller.want({"care": str(i)})
        teller.due(0.0)
    return teller


def test_a_hub_that_forgot_hears_all_of_it_at_each_connection_however_many_there_are():
    teller = Teller()
    told = {name: str(at) for at, name in enumerate(FIELDS)}
    teller.want(told)
    assert dict(teller.due(0.0)) == told
    for second in range(1, 30):
        teller.repeat()
        assert dict(teller.due(float(second))) == told
        assert teller.due(second + 0.5) == []


def test_a_hub_that_forgot_hears_the_last_word_where_the_news_must_wait():
    teller = spent()
    teller.want({"care": "news"})
    teller.repeat()
    (_, last), = teller.due(1.0)
    assert last != "news"
    assert ("care", "news") in teller.due(1000.0)


def test_details_that_are_told_again_at_connections_cost_no_news():
    teller = Teller()
    for second in range(200):
        teller.want({"vitals": str(second)})
        teller.repeat()
        assert teller.due(float(second)) == [("vitals", "0")]
    teller.want({"volume": "30"})
    assert teller.due(200.0) == [("volume", "30")]
    assert teller.due(300.0) == [("vitals", "199")]


def test_what_becomes_private_is_taken_back_even_when_the_budget_is_spent():
    for before in (Teller.repeat, Teller.forget, lambda teller: None):
        teller = spent()
        before(teller)
        teller.want({"care": FIELDS["care"].blank})
        assert teller.due(1.0) == [("care", FIELDS["care"].blank)]


def test_what_was_erased_is_told_by_no_connection_even_when_the_budget_is_spent():
    teller = spent()
    teller.forget()
    teller.repeat()
    assert teller.due(1.0) == []


def test_an_accepted_command_is_echoed_even_when_the_budget_is_spent():
    teller = spent()
    teller.want({"volume": "30"})
    assert teller.due(1.0) == []
    teller.grant()
    assert ("volume", "30") in teller.due(1.0)


def test_diagnostics_are_told_on_time_changed_or_not():
    teller = Teller()
    teller.want({"diagnostics": "same"})
    told = [second for second in range(3600) if teller.due(float(second))]
    assert told == [0, 900, 1800, 2700]


def test_diagnostics_are_told_on_time_even_when_the_budget_is_spent():
    """Else their silence would tell Home Assistant that the bed is gone."""
    teller, told = spent(), []
    for second in range(1, 3601):
        teller.want({"care": str(second), "diagnostics": str(second)})
        told += [second for field, _ in teller.due(float(second)) if field == "diagnostics"]
    assert told == [1, 901, 1801, 2701]


def test_every_field_can_say_that_it_does_not_know():
    for name, field in FIELDS.items():
        if name not in ("diagnostics", "firmware"):
            assert isinstance(field.write(None), str | bytes), name


def test_the_summary_is_coarse():
    text = write_summary(
        {
            "sol": 13.2,
            "tst": 431.0,
            "waso": float("nan"),
            "wakings": 2,
            "lights_out": 1_767_218_461.0,
        }
    )
    assert text == ('{"sol": 15, "tst": 430, "waso": null, "wakings": "one_or_two", '
                    '"lights_out": "2025-12-31T22:00:00+00:00", "out_of_bed": null}')
