"""The socket that `nocturne say` knocks at: every knock is answered, whatever is said."""

import queue
import stat
import threading

import pytest

from device.__main__ import main
from device.home.say_socket import NAME, Door, say


@pytest.fixture
def night(tmp_path):
    """A night that repeats what it hears, and what it heard."""
    inbox, heard = queue.SimpleQueue(), []

    def live():
        while (command := inbox.get()) is not None:
            heard.append(command)
            command.reply(f"heard {command.value}")
    thread = threading.Thread(target=live)
    thread.start()
    door = Door(tmp_path / NAME, inbox)
    yield tmp_path, heard
    door.close()
    inbox.put(None)
    thread.join()


def test_what_is_said_is_answered(night, capsys):
    folder, heard = night
    assert main(["say", "--socket", str(folder / "sound.socket"), "warm", "rain"]) == 0
    assert capsys.readouterr().out == "heard warm rain\n"
    assert [(command.kind, command.value) for command in heard] == [("say", "warm rain")]


@pytest.mark.parametrize("text", ["", " ", "\x00\x1b", "x" * 10_000_000, "雨" * 5000])
def test_too_much_or_nothing_is_refused_in_words(night, text):
    folder, heard = night
    assert "Nothing was changed" in say(folder / NAME, text) and not heard


def test_the_door_still_opens_after_a_caller_who_says_nothing_and_leaves(night):
    import socket
    folder, _ = night
    with socket.socket(socket.AF_UNIX) as rude:
        rude.connect(str(folder / NAME))
    assert say(folder / NAME, "rain") == "heard rain"


def test_only_the_owner_and_group_may_knock(night):
    assert stat.S_IMODE((night[0] / NAME).stat().st_mode) == 0o660


def test_without_a_night_it_is_said_that_nothing_was_changed(tmp_path, capsys):
    assert main(["say", "--socket", str(tmp_path / "sound.socket"), "no bells"]) == 1
    told = capsys.readouterr()
    assert told.out == "That would be: no bells.\n"
    assert "no night runs here, so nothing was changed" in told.err
