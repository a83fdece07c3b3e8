from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.assembly.build import home_settings, time_zone
from device.assembly.fit import fit
from device.config import LIKE, Config, document, sound_flags, toml
from device.errors import ConfigError
from device.sound.process import arguments, told


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
    assert Config.trusted(path, kept) == (Config.load(path), "") and not kept.exists()
    Config.keep(path, kept)
    assert kept.stat().st_mode & 0o777 == 0o600         # the broker's password is in it
    path.write_text("[sond]")
    config, trouble = Config.trusted(path, kept)
    assert config.sound.volume == 0.5 and trouble.startswith("going on with the last good config: ")


def test_a_last_good_config_that_is_torn_at_any_byte_or_cut_short_is_never_half_of_one(tmp_path):
    path, kept = tmp_path / "nocturne.toml", tmp_path / "last-good.toml"
    path.write_text('[sound]\nvolume = 0.5\n[alarm]\ntime = "07:00"\n[home]\ncap = 60\n')
    good = Config.load(path)
    Config.keep(path, kept)
    whole = kept.read_bytes()
    path.write_text("[sond]")
    torn = [whole[:n] for n in range(len(whole))]
    torn += [whole[:n] + bytes([whole[n] ^ 1 << bit]) + whole[n + 1:]
             for n in range(len(whole)) for bit in range(8)]
    for content in torn:
        kept.write_bytes(content)
        config, trouble = Config.trusted(path, kept)
        assert config == good or config == Config() and trouble
    kept.write_bytes(whole)
    assert Config.trusted(path, kept)[0] == good
    kept.write_bytes(whole.partition(b"\n")[2])          # as firmware before kept it
    assert Config.trusted(path, kept)[0] == good


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


@pytest.mark.parametrize("text", [
    "a = " + "[" * 600 + "]" * 600,
    "[sound]\nvolume = " + "9" * 400,
    "[sound]\nvolume = -" + "9" * 900,
    "[panel]\nled = " + "9" * 5000,
    "[panel]\nled = " + "9" * 100_000,
    "a" + ".a" * 20_000 + " = 1",
    "a = " + "{a = " * 190 + "1" + "}" * 190,
    "#\n" * 50_000,
    '[night]\nsleeper = "a\\u0000b"',
    '[sound]\ndevice = "a\\u0000b"',
    '[home]\nbed = "hub"',
    '[home]\nbed = "prior"',
    "[sound]\ncalibration = 30",
    "[sound]\nhighpass = 5",
])
def test_what_no_service_could_live_with_is_refused(text):
    with pytest.raises(ConfigError):
        Config.parse(text)


def test_zero_still_means_none():
    assert Config.parse("[sound]\ncalibration = 0\nhighpass = 0.0") == Config()


@pytest.mark.parametrize("text", ['[sensors]\nppg = "MAX30105"', '[sensors]\nmotion = "MAX30102"'])
def test_what_a_part_would_refuse_never_becomes_the_config(tmp_path, text):
    path, kept = tmp_path / "nocturne.toml", tmp_path / "last-good.toml"
    kept.write_text("[sound]\nvolume = 0.5")
    path.write_text(text)
    config, trouble = Config.trusted(path, kept, fit)
    assert config.sound.volume == 0.5 and "sensors." in trouble and "auto and none" in trouble
    kept.write_text(text)
    assert Config.trusted(path, kept, fit)[0] == Config()


def test_a_device_that_looks_like_an_option_reaches_the_sound_process_as_a_name():
    config = Config.parse('[sound]\ndevice = "-hw"')
    assert arguments(["--socket", "s", *sound_flags(config)]).device == "-hw"


def bounded(section: str, item):
    """What may stand in the file for one key: in and out of its bounds, and of wrong kinds."""
    kinds = [st.booleans(), st.integers(-10**6, 10**6), st.floats(-1e3, 1e3), st.text(max_size=12)]
    like, among = item.metadata["like"], item.metadata["among"]
    own = st.just(item.default)
    if among:
        own = st.sampled_from(sorted(among))
    elif like == "zone":
        own = st.sampled_from(["", "Europe/Berlin"])
    elif like == "host":
        own = st.sampled_from(["", "hub.local", "192.168.1.2"])
    elif like:
        own = st.from_regex(LIKE[like][0], fullmatch=True)
    elif item.metadata["low"] is not None:
        low, high = item.metadata["low"], item.metadata["high"]
        own = st.floats(low, high) if isinstance(item.default, float) else st.integers(low, high)
    return st.one_of(own, own, own, *kinds)


KEYS = [(section.name, item) for section in fields(Config) for item in fields(section.default)]


@given(st.data())
def test_whatever_is_accepted_the_sound_process_and_the_parts_take(data):
    section, item = data.draw(st.sampled_from(KEYS))
    value = data.draw(bounded(section, item))
    try:
        config = Config.parse(f"[{section}]\n{item.name} = {toml(value)}")
        fit(config)
    except ConfigError:
        return
    told(arguments(["--socket", "s", *sound_flags(config)]))
    home_settings(config)


@pytest.mark.parametrize("host", ["192.168.1.256", "192.168.001.010", "1.2.3", "hub local",
                                  "mqtt://bed:geheim@hub", "bed@hub", "hub:1883", "[::1]", "hub/x"])
def test_a_host_is_a_name_or_an_address_alone_and_a_refused_one_is_not_repeated(host):
    with pytest.raises(ConfigError, match=r"home\.host: must be a name or an address") as told:
        Config.parse(f'[home]\nhost = "{host}"\n')
    assert host not in str(told.value)


@pytest.mark.parametrize("host", ["", "auto", "hub", "hub.local", "küche-hub.local", "192.168.1.2",
                                  "fe80::1%wlan0", "2001:db8::1"])
def test_what_may_name_a_hub(host):
    assert Config.parse(f'[home]\nhost = "{host}"\n').home.host == host
