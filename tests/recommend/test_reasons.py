"""Sentences that few nights lead to, from inputs of a few words."""

import pytest

from device.recommend.candidates import DEFAULT, NAMES, QUIET
from device.recommend.reasons import sentence

START, TIDE = NAMES[DEFAULT], NAMES.index("slow tide")


def inputs(moment="bedtime", **fields):
    return {"moment": moment, "best": START, "trial": False, "tally": {}, "allowed": [START],
            "heard": [], **fields}


@pytest.mark.parametrize(("place", "fields", "said"), [
    (DEFAULT, {"teaches": True}, "bedtime.safe-start-learns"),
    (DEFAULT, {}, "bedtime.safe-start"),
    (DEFAULT, {"heard": ["slow tide"]}, "bedtime.safe-again"),
    (TIDE, {"moment": "night", "heard": ["slow tide"]}, "night.heard"),
    (QUIET, {"moment": "night"}, "night.silence"),
    (QUIET, {"teaches": True}, "bedtime.silence-to-learn"),
    (QUIET, {}, "bedtime.silence"),
    (QUIET, {"heard": ["silence"], "tally": {"all:silence": [1, 3]}}, "bedtime.silence-slept"),
    (QUIET, {"turned_away": True, "teaches": True}, "bedtime.turned-away"),
])
def test_a_reason_promises_and_claims_no_more_than_is_known(place, fields, said):
    assert sentence(inputs(**fields), place).id == said


def test_a_receipt_of_older_firmware_is_still_given_a_reason():
    old = inputs()
    del old["heard"]
    assert sentence(old, DEFAULT).id == "bedtime.safe-start"


def test_what_was_never_heard_is_compared_with_nothing():
    said = sentence(inputs(teaches=True), NAMES.index("slow dark ocean"))
    assert "instead of" not in said and said.id == "bedtime.guess-learns"
    heard = inputs(heard=[START], tally={f"all:{START}": [1, 2]}, teaches=True)
    said = sentence(heard, NAMES.index("slow dark ocean"))
    assert said == ("ocean instead of rain tonight: one step from what has worked, to learn "
                    "whether it suits you better")
