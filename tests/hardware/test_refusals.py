"""The account of a FIFO that refuses readings while it is full, look by look."""

from hypothesis import given
from hypothesis import strategies as st

from device.hardware.refusals import DEPTH, MOST, Gap, Refusals


def look(account, *, write=0, read=0, overflow=0, flagged=False):
    return account.look(write=write, read=read, overflow=overflow, flagged=flagged)


def test_an_empty_fifo_has_nothing_to_pop():
    account, level = look(Refusals())
    assert account == Refusals() and (level.waiting, level.dropped, level.later) == (0, 0, 0)


def test_the_pointers_wrap_around():
    account, level = look(Refusals(next_read=30), write=3, read=30)
    assert level.waiting == 5
    assert account.popped(5).next_read == 3


def test_equal_pointers_mean_full_once_the_flag_was_up():
    account, level = look(Refusals(), flagged=True)
    assert (level.waiting, level.later) == (MOST, 1)
    _, again = look(account)            # the flag is cleared by the first look
    assert (again.waiting, again.later) == (MOST, 1)


def test_what_was_popped_leaves_the_fifo_no_longer_full():
    account, _ = look(Refusals(), flagged=True)
    _, level = look(account.popped(MOST), write=0, read=31)
    assert level.waiting == 1


def test_refused_readings_stand_behind_the_full_fifo_and_come_with_its_last_reading():
    account, level = look(Refusals(), overflow=7)
    assert (level.waiting, level.dropped, level.later) == (MOST, 0, 1 + 7)
    account, level = look(account.popped(MOST), write=0, read=31)
    assert (level.waiting, level.dropped, level.newest_kept) == (1, 7, False)
    assert account.popped(1).gaps == ()


def test_new_readings_behind_a_gap_wait_for_the_ones_before_it():
    account, _ = look(Refusals(), overflow=7)
    account, level = look(account.popped(MOST), write=5, read=31)       # five came since
    assert (level.waiting, level.dropped, level.later) == (1, 7, 5)
    _, level = look(account.popped(1), write=5, read=0)
    assert (level.waiting, level.dropped) == (5, 0)


def test_the_counter_of_one_gap_is_not_added_twice():
    account, _ = look(Refusals(), overflow=7)
    account, _ = look(account, overflow=9)
    assert account.gaps == (Gap(DEPTH, 9),)


def test_a_counter_that_has_stopped_says_only_that_there_were_many():
    account, level = look(Refusals(), overflow=31)
    assert account.gaps == (Gap(DEPTH, None),) and not level.complete
    _, level = look(account.popped(MOST), write=0, read=31)
    assert level.dropped is None and level.complete


def test_a_broken_transfer_eats_readings_and_moves_the_gap_forward():
    account, _ = look(Refusals(), overflow=7)
    account, level = look(account, write=0, read=4)
    assert level.broken == 4
    assert account.gaps == (Gap(DEPTH - 4, 7),) and level.waiting == DEPTH - 4


def test_a_gap_whose_readings_before_it_were_all_eaten_comes_first():
    account = Refusals(next_read=0, gaps=(Gap(3, 7),))
    account, level = look(account, write=9, read=3)
    assert (level.waiting, level.dropped, level.newest_kept) == (6, 7, True)
    assert level.broken == 3 and account.gaps == ()


@given(st.lists(st.tuples(st.integers(0, 90), st.booleans()), max_size=40))
def test_every_reading_is_popped_dropped_or_still_to_come(steps):
    """A model of the chip: so many arrive, the host looks and, if told so, pops."""
    account, held, write, read, overflow, refused = Refusals(), 0, 0, 0, 0, 0
    taken = gone = 0
    for arriving, pops in steps:
        taken += arriving
        kept = min(arriving, DEPTH - held)
        held, write = held + kept, (write + kept) & 31
        overflow = min(overflow + arriving - kept, 31)
        refused += arriving - kept
        account, level = look(account, write=write, read=read, overflow=overflow,
                              flagged=held == DEPTH)
        if level.complete and level.dropped is not None and None not in account.gaps:
            assert gone + level.waiting + level.dropped + level.later == taken
        if not (pops and level.waiting):
            continue
        account = account.popped(level.waiting)
        held, read, overflow = held - level.waiting, (read + level.waiting) & 31, 0
        if level.dropped is None:
            return      # the chip itself can't say any more
        gone += level.waiting + level.dropped
