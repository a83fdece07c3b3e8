from device.hardware import health

# As Linux prints it (net/wireless/wext-proc.c), on a Pi with brcmfmac.
WIRELESS = """Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
 wlan0: 0000   54.  -56.  -256        0      0      0      3      0        0
"""


def test_the_boards_temperature_and_signal_are_read_from_the_kernels_files(tmp_path):
    (tmp_path / "temp").write_text("48312\n")
    (tmp_path / "wireless").write_text(WIRELESS)
    assert health.temperature(tmp_path / "temp") == 48.312
    assert health.rssi(tmp_path / "wireless") == -56.0


def test_how_often_the_radio_hung_is_read_from_what_mends_it(tmp_path):
    (tmp_path / "restarts").write_text("3\n")
    assert health.radio_restarts(tmp_path / "restarts") == 3
    assert health.radio_restarts(tmp_path / "none") is None


def test_what_is_not_there_or_has_no_unit_is_none(tmp_path):
    (tmp_path / "torn").write_text("")
    (tmp_path / "plain").write_text(WIRELESS.replace("-56.", "40."))
    assert (
        health.temperature(tmp_path / "none") is None
        and health.temperature(tmp_path / "torn") is None
    )
    assert health.rssi(tmp_path / "none") is None and health.rssi(tmp_path / "torn") is None
    assert health.rssi(tmp_path / "plain") is None
    assert set(health.read()) == {"temperature", "rssi", "radio_restarts"}
