"""One's own music, from a folder at a desk over a real broker to the first choices of a bed, and
forgotten again."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from device import stored
from device.assembly import own_taste
from device.config import Config, Home
from device.config import Night as NightConfig
from device.diary import recalled
from device.values import Taste
from kit.raw import receipts
from kit.waiting import soon
from tests.home.around import Listener

ROOT = Path(__file__).resolve().parents[2]
BED = "nocturne/bed1"
DARK = Taste(sleeper="sleeper", made=1.7e9 + 0.123, heard=9, sure=0.71, pulse=44.25,
             density=0.21, register=51.5, brightness=0.13, minor=0.93)
EMPTY = 0.01                # hours: no night, the device only starts


def nocturne(*words, wait=True):
    """As a person types it."""
    ran = subprocess.Popen(
        [sys.executable, "-m", "device", *map(str, words)], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)})
    return ran.communicate(timeout=120) + (ran.returncode,) if wait else ran


@pytest.fixture
def toml(tmp_path, broker):
    path = tmp_path / "nocturne.toml"
    path.write_text(f'[home]\nhost = "127.0.0.1"\nport = {broker.port}\n')
    return path


@pytest.fixture
def config(broker, tmp_path):
    """Of the bed, with a place for a drive."""
    return Config(home=Home(host="127.0.0.1", port=broker.port, bed="bed1"),
                  night=NightConfig(taste=str(tmp_path / "drive.json")))


@pytest.fixture
def folder(tmp_path):
    """Half a minute of a slow, low tune in A minor."""
    soundfile = pytest.importorskip("soundfile")
    pytest.importorskip("soxr")
    rate, place = 22050, tmp_path / "music"
    place.mkdir()
    seconds = np.arange(int(1.4 * rate)) / rate
    notes = [np.sin(2 * np.pi * 440 * 2 ** ((midi - 69) / 12) * seconds) * np.exp(-2 * seconds)
             for midi in (45, 52, 57, 60, 57, 52, 48, 52) * 3]
    soundfile.write(place / "tune.wav", 0.3 * np.concatenate(notes), rate)
    return place


def sent_by(*words):
    """Acts of a night: a command goes out, and the night goes on once it has come in; and what to
    call for how it ended."""
    ran = []

    def act(mine):
        home = mine.parts.world.home
        assert soon(lambda: home.connected), home.trouble
        ran.append(nocturne(*words, wait=False))
        assert soon(lambda: not mine.parts.inbox.empty() or ran[0].poll() is not None, 60)
    return act, lambda: ran[0].communicate(timeout=60) + (ran[0].returncode,)


def bytes_of(place: Path) -> bytes:
    return b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file())


def kept(slept):
    found = recalled(slept.path, "known:sleeper") or {}
    return found.get("taste")


def test_from_a_folder_to_the_first_choices_and_forgotten_again(
        sleep, tmp_path, broker, toml, config, folder):
    anybody = Listener(broker.port)
    out = tmp_path / "taste.json"
    send, ended = sent_by("taste", folder, "--config", toml, "--out", out, "--send", "bed1")
    today = {"config": config, "wall": time.time()}
    first = sleep(hours=0.05, acts=[(-30, send)], **today)
    said, trouble, code = ended()
    assert code == 0, trouble
    assert "bed1 has it" in said and "dark" in said and "minor" in said
    taste = json.loads(out.read_text())
    assert kept(first) == taste
    assert json.loads(first.rows["decisions"][0]["receipt"])["own"] == {"tone": ["dark"]}
    nights = [first, *(sleep(hours=0.05, seed=seed, **today) for seed in (4, 5, 6))]
    reasons = [row["sentence"] for each in nights for row in each.rows["decisions"]]
    assert any("dark, like the music of your own" in reason for reason in reasons), reasons

    # Beside the command itself, nothing at the broker knows of it.
    others = [message for message in anybody.messages if not message.topic.startswith(f"{BED}/cmd")]
    secrets = [f'"{key}": {taste[key]}'.encode() for key in ("made", "sure", "register")]
    assert others and not [each.topic for each in others for secret in secrets
                           if secret in each.payload]
    assert not [each.topic for each in others if "feedback" in each.topic]
    anybody.close()

    # What lies on the drive isn't taken up again either.
    own_taste.save(stored.load(Taste, taste)[0], Path(config.night.taste))
    packed = json.loads(first.rows["decisions"][0]["receipt"])["pull"]["float64"].encode()
    assert packed in bytes_of(first.path.parent)
    forget, ended = sent_by("taste", "--forget", "--config", toml, "--send", "bed1")
    after = sleep(hours=0.05, acts=[(60, forget)], **today)
    assert ended()[2] == 0, ended()
    again = sleep(hours=EMPTY, bedtime=False, **today)
    assert kept(after) is kept(again) is None
    left = bytes_of(first.path.parent)
    assert not [secret for secret in (*secrets, packed) if secret in left]


def test_what_was_forgotten_here_leaves_no_byte_and_other_sleepers_keep_theirs(
        sleep, tmp_path, capsys):
    drive = tmp_path / "drive.json"
    own_taste.save(DARK, drive)
    config = Config(night=NightConfig(taste=str(drive)))
    slept = sleep(hours=0.05, config=config)
    ada = Config(night=NightConfig(taste=str(tmp_path / "ada.json"), sleeper="ada"))
    own_taste.save(stored.load(Taste, {**stored.plain(DARK), "sleeper": "ada", "made": 1.6e9})[0],
                   tmp_path / "ada.json")
    sleep(hours=EMPTY, config=ada, bedtime=False)
    assert kept(slept) == stored.plain(DARK)
    toml = tmp_path / "here.toml"
    toml.write_text(f'[night]\ntaste = "{drive}"\n')
    _, trouble, code = nocturne("taste", "--forget", "--config", toml, "--diary", slept.path)
    assert code == 0, trouble
    left = bytes_of(slept.path.parent)
    assert not drive.exists() and str(DARK.made).encode() not in left and b"44.25" in left
    assert recalled(slept.path, "known:ada")["taste"]["made"] == 1.6e9
    told = [json.loads(row["receipt"]) for row in slept.rows["decisions"]]
    assert told[0]["pull"]["float64"].encode() not in left
    assert receipts(slept.path) == 0
    assert capsys.readouterr().out.count("what it came from was forgotten") == len(told)


def test_erasing_forgets_it_too(sleep, tmp_path):
    drive = tmp_path / "drive.json"
    own_taste.save(DARK, drive)
    slept = sleep(hours=0.05, config=Config(night=NightConfig(taste=str(drive))))
    toml = tmp_path / "here.toml"
    toml.write_text(f'[night]\ntaste = "{drive}"\n')
    assert nocturne("erase", "--yes", "--config", toml, "--diary", slept.path)[2] == 0
    assert not drive.exists() and b"44.25" not in bytes_of(slept.path.parent)


def test_one_that_comes_in_the_middle_of_a_night_changes_nothing_of_what_plays(sleep):
    text = json.dumps(stored.plain(DARK))

    def come(mine):
        from device.values import Command
        mine.parts.inbox.put(Command("taste", text))
    plain, later = (sleep(hours=0.6, acts=acts, name=name) for name, acts in (
        ("plain", []), ("later", [(120, come)])))
    assert later.night.state.sleeper.taste == DARK and plain.night.state.sleeper.taste is None
    for table in ("decisions", "phrases"):
        assert plain.rows[table] == later.rows[table], table


HOSTILE = {
    "torn": json.dumps(stored.plain(DARK))[:-40],
    "NaN": json.dumps({**stored.plain(DARK), "pulse": float("nan")}),
    "out of bounds": json.dumps({**stored.plain(DARK), "register": 900.0}),
    "another version": json.dumps({**stored.plain(DARK), "version": 7}),
    "another sleeper": json.dumps({**stored.plain(DARK), "sleeper": "bo"}),
    "a path": '"/etc/passwd"',
    "a path inside": json.dumps({**stored.plain(DARK), "style": "../../etc/passwd"}),
    "deep": '{"a":' * 80 + "0" + "}" * 80,
    "deep lists": '{"textures":' + "[" * 400 + "]" * 400 + "}",
    "long ago": json.dumps({**stored.plain(DARK), "made": 5.0}),
    "to come": json.dumps({**stored.plain(DARK), "made": 9e9}),
    "a surrogate": '{"sleeper": "sleeper", "made": 1800000000, "textures": {"\\ud800": 1}}',
    "huge": json.dumps({**stored.plain(DARK), "more": "x" * 10_000_000}),
}


def test_what_is_hostile_is_refused_over_the_broker_in_words_and_loses_nothing(
        sleep, broker, config):
    hub = Listener(broker.port, f"{BED}/state/#")
    good = f'{{"id": "good", "value": {json.dumps(stored.plain(DARK))}}}'
    bodies = {f"n{n}": f'{{"id": "n{n}", "value": {text}}}' for n, text in
              enumerate(HOSTILE.values())}

    def attack(mine):
        home = mine.parts.world.home
        assert soon(lambda: home.connected), home.trouble
        for body in (good, *bodies.values()):
            hub.send(f"{BED}/cmd/taste", body)
        hub.send(f"{BED}/cmd/taste", good, retain=True)
        assert soon(lambda: home.refused + mine.parts.inbox.qsize() >= len(bodies) + 1, 30)
    slept = sleep(hours=0.05, config=config, acts=[(-30, attack)])
    assert kept(slept) == stored.plain(DARK)
    answers = [json.loads(body) for body in hub.on(f"{BED}/state/heard")]
    hub.close()
    why = {answer["id"]: answer["why"] for answer in answers}
    assert why["good"] == ""
    refused = {name: why.get(f"n{n}") for n, name in enumerate(HOSTILE)}
    for name in ("torn", "huge", "a path"):
        refused.pop(name)       # its id can't be read, or the whole is too long to be read
    assert all(refused.values()), refused


@pytest.mark.parametrize(
    "name", [*sorted(HOSTILE.keys() - {"to come"}), "a folder", "bytes", "a pipe"])
def test_what_is_hostile_on_the_drive_is_refused_in_words_and_loses_nothing(
        sleep, tmp_path, name):
    drive = tmp_path / "drive.json"
    config = Config(night=NightConfig(taste=str(drive)))
    own_taste.save(DARK, drive)
    sleep(hours=EMPTY, config=config, bedtime=False)
    drive.unlink()
    if name == "a folder":
        drive.mkdir()
    elif name == "a pipe":
        os.mkfifo(drive)
    else:
        drive.write_bytes(HOSTILE[name].encode() if name in HOSTILE else os.urandom(2000))
    slept = sleep(hours=EMPTY, config=config, bedtime=False)
    assert kept(slept) == stored.plain(DARK)
    told = [each for each in slept.details("fallback") if "drive" in each]
    assert bool(told) is (name != "long ago"), slept.details("fallback")


def test_of_two_in_a_row_the_second_holds(sleep, broker, config, toml, tmp_path):
    hub = Listener(broker.port, f"{BED}/state/#")
    second = {**stored.plain(DARK), "made": DARK.made + 1, "pulse": 70.0}

    def send(mine):
        home = mine.parts.world.home
        assert soon(lambda: home.connected), home.trouble
        for value in (stored.plain(DARK), second):
            hub.send(f"{BED}/cmd/taste", json.dumps({"value": value}))
        assert soon(lambda: mine.parts.inbox.qsize() == 2)
    slept = sleep(hours=EMPTY, config=config, bedtime=False, acts=[(-30, send)])
    hub.close()
    assert kept(slept) == second


def test_a_bed_that_is_off_or_no_bed_is_said_at_once_and_nothing_waits_for_it(
        toml, broker, folder, tmp_path):
    anybody = Listener(broker.port)
    words = ("taste", "--forget", "--config", toml, "--send")
    _, trouble, code = nocturne(*words, "bed1")
    assert code == 1 and "didn't answer" in trouble and "Traceback" not in trouble
    assert not [message for message in anybody.messages if message.retain]
    anybody.close()
    out = tmp_path / "taste.json"
    for bed in ("bed/1", "#", "hub"):
        _, trouble, code = nocturne("taste", folder, "--config", toml, "--out", out, "--send", bed)
        assert code == 1 and bed in trouble and not out.exists(), "before an hour is measured"


@pytest.mark.parametrize("name", ["torn", "another version", "another sleeper", "huge", "a pipe"])
def test_a_night_at_a_desk_is_not_lived_from_one_that_cannot_be_used(tmp_path, name):
    path = tmp_path / "taste.json"
    os.mkfifo(path) if name == "a pipe" else path.write_text(HOSTILE[name])
    ran = subprocess.run([sys.executable, ROOT / "tools/night", "--taste", path, "--out",
                          tmp_path / "out"], capture_output=True, text=True, timeout=60,
                         env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tools'}"})
    assert ran.returncode == 1 and f"{path} isn't used" in ran.stderr
    assert "Traceback" not in ran.stderr and not (tmp_path / "out").exists()
