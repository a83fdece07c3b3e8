"""The guide's pictures of hand and light, and the card: as the firmware is now."""

from device.hardware.led import PATTERNS
from device.values import Light
from image import pictures


def test_what_lies_there_is_what_is_drawn():
    for file, drawn in (("gestures.svg", pictures.gestures()), ("lights.svg", pictures.lights()),
                        ("card.html", pictures.card())):
        assert (pictures.HERE / file).read_text() == drawn, "run python3 -m image.pictures"


def test_every_pattern_of_the_light_is_shown_and_said():
    assert {light for _, light in pictures.LIGHTS} == set(Light) == set(PATTERNS)
    assert set(pictures.SAYS) == {words for words, _ in pictures.LIGHTS}


def test_every_gesture_on_the_card_is_one_that_is_drawn():
    drawn = {words for words, _ in pictures.GESTURES}
    said = {gesture.split(",")[0] for _, rows in pictures.CARD for gesture, _ in rows}
    assert said == drawn
