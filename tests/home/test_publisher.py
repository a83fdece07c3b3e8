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


def test_a_restless_night_of_twelve_hours_stays_below_200_writes():
    teller, rng, writes = Teller(), np.random.default_rng(1), 0
    for second in range(12 * 3600):
        teller.want(
            {
                "care": str(rng.integers(9)),
                "session": str(rng.integers(9)),
                "diagnostics": str(second),
            }
        )
        if second % 600 == 0:
            teller.forget()
        writes += len(teller.due(float(second)))
    assert 100 < writes < 200


def test_an_accepted_command_is_echoed_even_when_the_budget_is_spent():
    teller = Teller()
    for i in range(200):
        teller.want({"care": str(i)})
        teller.due(0.0)
    teller.want({"volume": "30"})
    assert teller.due(1.0) == []
    teller.grant()
    assert ("volume", "30") in teller.due(1.0)


def test_diagnostics_are_told_on_time_changed_or_not():
    teller = Teller()
    teller.want({"diagnostics": "same"})
    told = [second for second in range(3600) if teller.due(float(second))]
    assert told == [0, 900, 1800, 2700]


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
