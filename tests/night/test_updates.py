"""What the night tells of updates, and how it asks for one."""

import pytest

from device.errors import Refused
from device.home.commands import parse
from device.home.fields import FIELDS
from device.session import updates


@pytest.fixture
def places(monkeypatch, tmp_path):
    for name in ("INSTALLED", "WAITING", "ASKED"):
        monkeypatch.setattr(updates, name, tmp_path / name)
    return tmp_path


def test_an_update_that_waits_is_told_and_can_be_asked_for(places):
    updates.INSTALLED.write_text("0.1.0.7\n")
    updates.WAITING.write_text("0.1.0.8\n")
    assert updates.versions("0.1.0") == ("0.1.0.7", "0.1.0.8")
    assert FIELDS["firmware"].write(updates.versions("0.1.0")) == (
        '{"installed_version": "0.1.0.7", "latest_version": "0.1.0.8"}')
    updates.install()
    assert updates.ASKED.exists()


def test_only_the_word_that_home_assistant_sends_asks_for_it():
    assert parse("nocturne/bed1/cmd/firmware", b"install", False, None).kind == "firmware"
    with pytest.raises(Refused):
        parse("nocturne/bed1/cmd/firmware", b"http://elsewhere/x.raucb", False, None)
