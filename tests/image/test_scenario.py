"""A table of checks fails where one fails, whatever ends it."""

import pytest

from image import scenario
from image.host import Trouble


class Off:
    """A board that went off by itself."""
    runs, process = False, None

    @property
    def pi(self):
        return self


def good(board):
    """All is well."""
    return "well"


@pytest.mark.parametrize("trouble", [Trouble("silent"), BrokenPipeError(), ConnectionResetError()])
def test_a_board_that_goes_off_fails_its_check_and_ends_the_run(trouble):
    def ends(board):
        """It goes on."""
        raise trouble
    rows = list(scenario.checked(Off(), (good, ends, good)))
    assert [row.passed for row in rows] == [True, False]


def test_a_row_says_its_checks_first_sentence_whole():
    def told(board):
        """TROUBLE.txt says
        so. More is for who reads it."""
        return ""
    assert [row.what for row in scenario.checked(Off(), (told,))] == ["TROUBLE.txt says so"]
