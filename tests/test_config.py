from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.assembly.build import time_zone
from device.config import Config, document
from device.errors import ConfigError


def test_the_printed_config_is_the_default_one():
    assert Config.parse(document()) == Config()


def test_every_key_is_documented():
    assert all("#" in line for line in document().splitlines() if " = " in line)


@pytest.mark.parametrize(("text", "word"), [
    ("[sound]\nvolumme = 1", "did you mean sound.volume?"),
    ("volume = 1", "did you mean sound.volume?"),
    ("[sond]\nvolume = 1", "did you mean sound?"),
    ("[sound]\nvolume = 2", "from 0 to 1"),
    ("[sound]\nvolume = nan", "from 0 to 1"),
    ("[sound]\nhighpass = 5.0", "0, or from 20 to 300"),
    ("[sound]\ncalibration = 30", "0, or from 50 to 120"),
    ("[sound]\nvolume = \"loud\"", "must be a number"),
    ("[night]\nkeep_playing = 1", "true or false"),
    ("[night]\nonset = \"quik\"", "did you mean quick?"),
    ("[alarm]\ntime = \"25:00\"", "a time of day"),
    ("[alarm]\nsunday = \"of\"", 'or "off"'),
    ("[clock]\nzone = \"Berlin\"", "did you mean Europe/Berlin"),
    ("[sound\nvolume", "isn't TOML"),
    ("sound = 3", "write [sound]"),
])
def test_a_mistake_is_named_with_its_remedy(text, word):
    with pytest.raises(ConfigError, match="(?s)" + word.replace("?", r"\?").replace("[", r"\[")):
        Config.parse(text)


def test_a_config_that_cannot_be_read_names_its_file(tmp_path):
    torn = tmp_path / "nocturne.toml"
    torn.write_bytes(b"[sound]\nvolume = 0.5\xff")
    with pytest.raises(ConfigError, match="nocturne.toml"):
        Config.load(torn)
    with pytest.raises(ConfigError, match="missing.toml"):
        Config.load(tmp_path / "missing.toml")


@given(st.text(max_size=200))
def test_any_text_is_a_config_or_a_clear_refusal(text):
    try:
        assert isinstance(Config.parse(text), Config)
    except ConfigError as trouble:
        assert str(trouble)


def test_a_torn_config_is_replaced_by_the_last_good_one_or_else_by_the_built_in_one(tmp_path):
    path, kept = tmp_path / "nocturne.toml", tmp_path / "last-good.toml"
    path.write_text("[sound")
    assert Config.trusted(path, kept)[0] == Config() and "built-in" in Config.trusted(path, kept)[1]
    path.write_text("[sound]\nvolume = 0.5")
    assert Config.trusted(path, kept) == (Config.load(path), "")
    assert kept.stat().st_mode & 0o777 == 0o600         # the broker's password is in it
    path.write_text("[sond]")
    config, trouble = Config.trusted(path, kept)
    assert config.sound.volume == 0.5 and trouble.startswith("going on with the last good config: ")


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_what_windows_editors_save_is_read(tmp_path, ends):
    path = tmp_path / "nocturne.toml"
    path.write_bytes(f'[alarm]{ends}time = "7:00"{ends}'.encode("utf-8-sig"))
    assert Config.load(path).alarm.time == "7:00"


def test_the_machines_own_zone_counts_where_none_is_named(tmp_path):
    zones = Path("/usr/share/zoneinfo")
    if not zones.exists():
        pytest.skip("no tz database: apt-get install tzdata")
    link = tmp_path / "localtime"
    link.symlink_to(zones / "Asia/Tokyo")
    assert time_zone("", link).key == "Asia/Tokyo"
    assert time_zone("Europe/Berlin", link).key == "Europe/Berlin"
    copied = tmp_path / "copied"
    copied.write_bytes((zones / "Asia/Tokyo").read_bytes())
    assert time_zone("", copied).utcoffset(datetime(2026, 1, 1)) == timedelta(hours=9)
    assert time_zone("", tmp_path / "nowhere") is None
