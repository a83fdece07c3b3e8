"""The data partition at a reset: what is wiped, and which button asks for it."""

import pytest

from image.board import data


def test_what_is_wiped_is_zero(tmp_path):
    device = tmp_path / "device"
    device.write_bytes(b"personal" * 1_000_000)
    data.wipe(device, 8_000_000)
    assert device.read_bytes() == bytes(8_000_000)


@pytest.mark.parametrize("text, pins", [("[panel]\nbutton = 5\nled = 6\n", (5, 6)), ("", (17, 18)),
                                        ("torn [", (17, 18))])
def test_the_button_that_resets_is_the_configured_one(tmp_path, text, pins):
    config = tmp_path / "nocturne.toml"
    config.write_text(text)
    assert data.panel(config) == pins
