"""What is installed, what waits, and the wish for it, as root's updater leaves and finds them."""

import pytest

from device.session import updates


@pytest.fixture
def places(monkeypatch, tmp_path):
    for name in ("INSTALLED", "WAITING", "ASKED"):
        monkeypatch.setattr(updates, name, tmp_path / name)
    return tmp_path


def test_without_an_image_the_software_is_what_is_installed(places):
    assert updates.versions("0.1.0") == ("0.1.0", None)


def test_what_is_installed_and_what_waits_are_told_in_a_word_each(places):
    updates.INSTALLED.write_text("0.1.0.7\n")
    updates.WAITING.write_text("0.1.0.8\n")
    assert updates.versions("0.1.0") == ("0.1.0.7", "0.1.0.8")


@pytest.mark.parametrize("torn", [b"", b"\n", b" ", b"\xff\x00"])
def test_a_version_that_a_cut_has_torn_is_none(places, torn):
    for place in (updates.INSTALLED, updates.WAITING):
        place.write_bytes(torn)
    assert updates.versions("0.1.0") == ("0.1.0", None)


def test_an_update_is_asked_for_where_somebody_looks_and_nowhere_else(places, monkeypatch):
    updates.install()
    assert updates.ASKED.exists()
    monkeypatch.setattr(updates, "ASKED", places / "no image" / "ASKED")
    updates.install()
