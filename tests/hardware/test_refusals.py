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


def test_a_gap_that_has_not_been_told_yet_comes_first_once_all_before_it_is_popped():
    account, _ = look(Refusals(), overflow=3)
    account, _ = look(account.popped(MOST), write=31, read=31, overflow=31)     # 31 came since
    # The read of the one before the first gap broke off, and one more came.
    account, level = look(account, write=0, read=0, overflow=11)
    assert (level.broken, level.waiting, level.dropped, level.newest_kept) == (1, 31, 3, True)
    account, level = look(account.popped(31), write=0, read=31)
    assert (level.waiting, level.dropped, level.newest_kept) == (1, None, True)
    _, level = look(account.popped(1), write=0, read=0)
    assert (level.waiting, level.dropped) == (0, 11)


class Fifo:
    """The chip's side, of readings that are numbered."""

    def __init__(self):
        self.held, self.taken, self.write, self.read, self.overflow = [], 0, 0, 0, 0

    def take(self, count):
        kept = min(count, DEPTH - len(self.held))
        self.held += range(self.taken, self.taken + kept)
        self.taken, self.write = self.taken + count, (self.write + kept) & 31
        self.overflow = min(self.overflow + count - kept, 31)

    def pop(self, count):
        popped, self.held = self.held[:count], self.held[count:]
        self.read = (self.read + count) & 31
        self.overflow = 0 if count else self.overflow
        return popped

    @property
    def next(self):
        return self.held[0] if self.held else self.taken


@given(st.lists(st.tuples(st.integers(0, 90), st.none() | st.integers(0, MOST)), max_size=40))
def test_what_is_popped_is_the_unbroken_run_that_the_account_tells_of(steps):
    """So many arrive, the host looks and pops, or its read breaks off after so many. Where the chip
    can't say how many it refused, time tells."""
    chip, account, index = Fifo(), Refusals(), 0
    for arriving, breaks in steps:
        chip.take(arriving)
        account, level = look(account, write=chip.write, read=chip.read, overflow=chip.overflow,
                              flagged=len(chip.held) == DEPTH)
        index += level.broken
        if level.newest_kept:
            index = chip.next if level.dropped is None else index + level.dropped
        behind = 0 if level.newest_kept else level.dropped
        if level.complete and behind is not None:
            assert index + level.waiting + behind + level.later == chip.taken
        if breaks is not None:
            chip.pop(min(breaks, level.waiting))
            continue
        assert chip.pop(level.waiting) == [*range(index, index + level.waiting)]
        if level.waiting:
            account = account.popped(level.waiting)
            index = chip.next if behind is None else index + level.waiting + behind
