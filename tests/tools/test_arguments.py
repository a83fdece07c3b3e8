"""No command bites: whatever is typed after it, it says in a line what is wrong with it, and
touches no file by mistake. All commands there are, from their own files."""

import argparse
import contextlib
import importlib
import io
import os
import runpy
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

import kit.measure
import kit.setup
from device import arguments
from device.__main__ import HUB
from device.__main__ import arguments as nocturne_arguments
from device.__main__ import main as nocturne
from device.diary import Diary, everything
from device.sound.settings import SPEAKERS
from kit.measure import AREAS

ROOT = Path(__file__).resolve().parents[2]
TOOLS = sorted(path.name for path in (ROOT / "tools").iterdir() if path.is_file())
PARTS = {
    "tools/evaluate": [[area] for area in AREAS],
    "tools/bench": [[area] for area in AREAS] + [["--aarch64"]],
    "tools/plot": [[], ["nights"], ["learned"]],
    "tools/swarm": [[], ["learn"], ["page"]],
    "tools/train": [["stager"], ["composer"], ["composer", "jsb"], ["composer", "ablate"],
                    ["composer", "parts"], ["recommender"], ["recommender", "promote"], ["words"],
                    ["words", "feelings"], ["words", "reader"], ["words", "crossed"],
                    ["words", "ablate"]],
}
FILES = [*(f"tools/{name}" for name in TOOLS), "image/build", "image/flash", "image/boot"]
COMMANDS = [(file, words) for file in FILES for words in PARTS.get(file, [[]])]
NUMBERS = ("nan", "inf", "-inf", "1e400", "-1000000000000", "x", "", " ")
PATHS = ("", "/dev/null/x", "/proc/no/such", "no/such/file", ".", "\udcff", "a" * 300, "/")
KINDS = {"number": NUMBERS, "whole number": NUMBERS, "present": PATHS, "folder": PATHS,
         "writable": PATHS, "room": PATHS, "path": ("", "\udcff"), "text": ("\udcff",),
         "zone": ("Mars/Base", "", "../../etc/passwd", "\udcff"),
         "web_address": ("", "x", "ftp://a/b", "https://", "https://a/b c", "https://[a", "file:///a",
                         "\udcff", "https://a:b/c", "https://a:99999", "https://a:0/", "https://a/b#",
                         "https://a/b?", "https://me:secret@a/b", "https://a\\b"),
         "host_and_port": (":", "a:b", "a:0", "a:99999", "\udcff")}
NEVER = {"number": {*NUMBERS}, "whole number": {*NUMBERS}, "path": {"", "\udcff"},
         "text": {"\udcff"}, "present": {*PATHS}, "folder": {*PATHS} - {".", "/"},
         "writable": {"", "/dev/null/x", ".", "\udcff", "a" * 300, "/"},
         "room": {"", "/dev/null/x", "\udcff", "a" * 300},
         "zone": {*KINDS["zone"]},
         "web_address": {*KINDS["web_address"]}, "host_and_port": {*KINDS["host_and_port"]}}


class Reached(BaseException):
    """All that was typed was believed; now the work would begin."""


def named(command: tuple[str, list[str]]) -> str:
    return " ".join([command[0], *command[1]])


def typed(file: str, words: list[str]) -> tuple[int | None, str]:
    """The exit code, None where the work would have begun, and what it said."""
    said = io.StringIO()
    before = sys.argv
    sys.argv = [str(ROOT / file), *words]
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            runpy.run_path(str(ROOT / file), run_name="__main__")
    except SystemExit as end:
        return int(end.code or 0), said.getvalue()
    except Reached:
        return None, said.getvalue()
    finally:
        sys.argv = before
    raise AssertionError("a command ends with an exit code")


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path, monkeypatch):
    """A folder of its own to be in; it must be as it was, but for what a test put there."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    yield
    assert not list(place.iterdir()), "something was written that nobody asked for"


@pytest.fixture
def work(monkeypatch):
    """`work(raises)`: what happens where the work would begin."""
    def begins(trouble: BaseException) -> None:
        def begin(*_, **__):
            raise trouble
        for module, name in ((kit.setup, "ensure"), (kit.measure, "ensure")):
            monkeypatch.setattr(module, name, begin)
        import image.host
        monkeypatch.setattr(image.host, "need", begin)
        monkeypatch.setattr(shutil, "which", begin)
        monkeypatch.setattr(urllib.request, "urlopen", begin)
    begins(Reached())
    return begins


def parser_of(file: str, words: list[str], monkeypatch) -> arguments.Parser:
    caught = []

    def catch(self, *_):
        caught.append(self)
        raise Reached
    with monkeypatch.context() as patch:
        patch.setattr(arguments.Parser, "parse_args", catch)
        typed(file, words)
    return caught[0]


def of_kind(action: argparse.Action) -> str | None:
    """The name of the type that looks at a value; None where there is none to look at."""
    if action.nargs == 0 or action.choices is not None:
        return None
    return getattr(action.type, "__name__", "nothing")


def needed(parser: argparse.ArgumentParser, spare: Path) -> list[str]:
    """What must be given, given rightly."""
    (spare / "there").touch()
    right = {"present": str(spare / "there"), "folder": str(spare), "room": str(spare),
             "writable": str(spare / "new"), "text": "x", "path": str(spare / "there"),
             "number": "1", "whole number": "1"}
    words: list[str] = []
    for action in parser._actions:
        positional = not action.option_strings
        if action.dest == "area":                   # is said already
            continue
        if not action.required or positional and action.nargs in ("?", "*"):
            continue
        value = right[kind] if (kind := of_kind(action)) else str(next(iter(action.choices)))
        words += [value] if positional else [action.option_strings[0], value]
    return words


def test_all_commands_are_known():
    assert {path.name for path in (ROOT / "tools").iterdir() if not path.is_dir()} == set(TOOLS)
    assert all((ROOT / file).stat().st_mode & 0o111 for file in FILES)
    assert set(PARTS) <= set(FILES)


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """The files of a fresh clone that commands are made of."""
    place = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard",
                             "tools", "device", "image", "tests"],
                            cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    if not listed:
        pytest.skip("this is no git checkout: what a fresh clone holds isn't known")
    for name in listed:
        if name.endswith((".py", "/build", "/flash", "/boot")) or "." not in Path(name).name:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)
    return place


@pytest.mark.parametrize("command", COMMANDS, ids=named)
def test_in_a_fresh_clone_help_is_given_without_any_package_and_nothing_is_done(clone, command):
    file, words = command
    before = {path: path.stat().st_mtime_ns for path in clone.rglob("*")}
    done = subprocess.run([sys.executable, "-S", "-B", clone / file, *words, "--help"],
                          capture_output=True, text=True, env={"PATH": "/nowhere"}, timeout=60)
    assert done.returncode == 0 and file in done.stdout, done.stderr
    assert "Traceback" not in done.stderr
    assert {path: path.stat().st_mtime_ns for path in clone.rglob("*")} == before


@pytest.mark.parametrize("command", COMMANDS, ids=named)
def test_whatever_is_typed_is_answered_in_a_line_before_anything_is_done(
    work, command, monkeypatch, tmp_path
):
    file, words = command
    if file == "tools/test":
        pytest.skip("what it doesn't know is pytest's to judge")
    parser = parser_of(file, words, monkeypatch)
    base = [*words, *needed(parser, tmp_path)]
    for action in parser._actions:
        if (kind := of_kind(action)) is None:
            continue
        assert kind in KINDS, f"{action.dest} is looked at by {kind}"
        for value in KINDS[kind]:
            given = [f"{action.option_strings[0]}={value}"] if action.option_strings else [value]
            code, said = typed(file, [*base, *given])
            assert "Traceback" not in said
            if value in NEVER[kind] and action.option_strings:
                assert code == arguments.MISTAKE, (given, said)
            assert code in (None, arguments.MISTAKE, arguments.FAILED), (given, said)
            assert code is None or len(said.strip().splitlines()) == 1, said
    code, said = typed(file, [*base, "--no-such-option"])
    assert code == arguments.MISTAKE and "--no-such-option" in said


@pytest.mark.parametrize("file", [file for file in FILES
                                  if file not in ("image/flash", "image/boot")])
def test_what_there_is_no_room_area_or_model_of_is_said(work, file):
    code, said = typed(file, ["no such thing", "nor this"])
    assert code == arguments.MISTAKE and len(said.strip().splitlines()) == 1, said


@pytest.mark.parametrize("command", COMMANDS, ids=named)
def test_ctrl_c_is_an_end_and_no_traceback(work, command, monkeypatch, tmp_path):
    file, words = command
    if file in ("tools/test", "tools/figures"):
        pytest.skip("pytest's own, and one that is done at once")
    base = needed(parser_of(file, words, monkeypatch), tmp_path)
    data = [] if words == ["--aarch64"] else [f"--data={tmp_path}"]
    more = {"tools/replay": [str(tmp_path / "there")], "tools/evaluate": data, "tools/bench": data,
            "image/boot": [f"--image={tmp_path}"],
            "tools/plot": ["--synthetic=1"] if words == ["learned"] else []}
    work(KeyboardInterrupt())
    code, said = typed(file, [*words, *base, *more.get(file, [])])
    assert code == arguments.STOPPED and said.strip().endswith("stopped"), said


def test_speakers_that_may_be_calibrated_are_those_that_there_are(work, monkeypatch):
    parser = parser_of("tools/calibrate", [], monkeypatch)
    action = next(each for each in parser._actions if each.dest == "speaker")
    assert set(action.choices) == set(SPEAKERS)


# ---- nocturne ------------------------------------------------------------------------------------

def subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    return next(each.choices for each in parser._actions
                if isinstance(each, argparse._SubParsersAction))


NOCTURNE = sorted(subparsers(nocturne_arguments()))


def asked(words: list[str], capsys) -> tuple[int, str]:
    try:
        code = nocturne(words)
    except SystemExit as end:
        code = int(end.code or 0)
    said = capsys.readouterr()
    return code, said.out + said.err


@pytest.mark.parametrize("name", NOCTURNE)
def test_nocturne_explains_each_of_its_commands(name, capsys):
    code, said = asked([name, "--help"], capsys)
    prog = "nocturne hub" if name in HUB else f"nocturne {name}"
    assert code == 0 and prog in said and "Exit code" in said


@pytest.mark.parametrize("name", NOCTURNE)
def test_nocturne_answers_in_a_line_whatever_is_typed(name, capsys, monkeypatch):
    hub = importlib.import_module("device.home.hub.main")
    monkeypatch.setattr(hub, "run", lambda options: 0)
    parser = subparsers(nocturne_arguments())[name]
    if name in HUB:
        parser = caught_parser(hub, monkeypatch)
    for action in parser._actions:
        if (kind := of_kind(action)) is None:
            continue
        assert kind in KINDS, f"{action.dest} is looked at by {kind}"
        for value in NEVER[kind]:
            if action.option_strings:
                code, said = asked([name, f"{action.option_strings[0]}={value}"], capsys)
                assert code == arguments.MISTAKE and len(said.strip().splitlines()) == 1, said
    code, said = asked([name, "--no-such-option"], capsys)
    assert code == arguments.MISTAKE and len(said.strip().splitlines()) == 1


def caught_parser(module, monkeypatch) -> argparse.ArgumentParser:
    caught = []

    def catch(self, *_):
        caught.append(self)
        raise SystemExit
    with monkeypatch.context() as patch:
        patch.setattr(arguments.Parser, "parse_args", catch)
        with contextlib.suppress(SystemExit):
            module.main([])
    return caught[0]


@pytest.fixture
def foreign(tmp_path):
    """Files that are no diary: each must be the same afterwards."""
    (tmp_path / "letter.txt").write_text("Dear Ada")
    (tmp_path / "report.html").write_text("somebody's own")
    with contextlib.closing(sqlite3.connect(tmp_path / "other.sqlite")) as other:
        other.execute("CREATE TABLE cakes (name TEXT)")
        other.commit()
    return tmp_path


OF_DIARY = [name for name in NOCTURNE
            if name not in ("run", "sound", "config", "say", "taste", *HUB)]


@pytest.mark.parametrize("words", [[name] for name in OF_DIARY if name != "erase"]
                         + [["learner", "--reset"], ["erase", "--yes"]], ids=" ".join)
@pytest.mark.parametrize("file", ["letter.txt", "other.sqlite", "none.sqlite"])
def test_what_is_no_diary_is_left_as_it_is(foreign, words, file, capsys):
    if words[0] == "erase" and file == "other.sqlite":
        pytest.skip("by its name it is a torn diary, which goes when it is asked for with --yes")
    out = ["--out", str(foreign / "r.html")] if words == ["report"] else []
    before = {path: path.read_bytes() for path in foreign.iterdir() if path.is_file()}
    code, said = asked([*words, "--diary", str(foreign / file), *out], capsys)
    assert code in (arguments.FAILED, arguments.MISTAKE) and file in said
    assert {path: path.read_bytes() for path in foreign.iterdir() if path.is_file()} == before


def test_erase_that_nobody_answers_erases_nothing(tmp_path):
    kept = Diary(tmp_path / "diary.sqlite")
    kept.add("nights", id=1, began=1.0, lights_out=1.0, seed=1, sleeper="ada", software="0")
    kept.close()
    done = subprocess.run([sys.executable, "-m", "device", "erase", "--diary", kept.path],
                          cwd=ROOT, input="", capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "nothing was erased" in done.stderr
    assert everything(kept.path)["nights"]


# ---- what bit ------------------------------------------------------------------------------------

def tool(name: str, *words: object) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, ROOT / "tools" / name, *map(str, words)],
                          capture_output=True, text=True, timeout=300,
                          env={**os.environ, "NOCTURNE_NO_SETUP": "1"})


def told_in_a_line(done: subprocess.CompletedProcess, *parts: str) -> bool:
    assert done.returncode in (1, 2), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return all(part in done.stderr for part in parts)


def test_a_night_that_lies_in_a_folder_stays_there(tmp_path):
    night = tmp_path / "night"
    night.mkdir()
    (night / "diary.sqlite").write_bytes(b"somebody's nights")
    (tmp_path / "torn.npz").write_bytes(b"torn")
    quick = ("--hours", 0.05, "--audio-minutes", 0, "--out", night)
    assert told_in_a_line(tool("night", *quick, "--recording", "typo.npz"), "typo.npz")
    assert told_in_a_line(tool("night", *quick, "--recording", tmp_path / "torn.npz"), "torn.npz")
    assert told_in_a_line(tool("night", *quick), "lies there already", "diary.sqlite")
    assert (night / "diary.sqlite").read_bytes() == b"somebody's nights"
    assert [path.name for path in night.iterdir()] == ["diary.sqlite"]


def test_a_second_night_of_a_seed_gets_a_folder_of_its_own(tmp_path, monkeypatch):
    from desk.desk import numbered
    monkeypatch.chdir(tmp_path)
    first, second = (numbered(Path("out") / "night-7") for _ in range(2))
    assert (str(first), str(second)) == ("out/night-7", "out/night-7-2")
    assert (first / "diary.sqlite").exists() and (second / "diary.sqlite").exists()
    shutil.rmtree(tmp_path / "out")
    monkeypatch.chdir(tmp_path / "here")


def test_ctrl_c_in_the_night_is_a_morning_with_what_there_is(tmp_path):
    night = subprocess.Popen(
        [sys.executable, ROOT / "tools" / "night", "--hours", "8", "--speed", "600",
         "--audio-minutes", "0", "--out", tmp_path / "night"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "NOCTURNE_NO_SETUP": "1"})
    lines = []
    for line in night.stdout:
        lines.append(line)
        if "settling" in line:
            break
    time.sleep(0.5)
    night.send_signal(signal.SIGINT)
    said, trouble = night.communicate(timeout=120)
    assert night.returncode == arguments.STOPPED, "".join(lines) + trouble
    assert "Good morning." in said and "Traceback" not in trouble
    assert (tmp_path / "night" / "report.html").exists()


def test_what_cannot_be_measured_is_told_in_a_line(tmp_path):
    assert told_in_a_line(tool("evaluate", "vitals", "--data", tmp_path), "couldn't measure")


def test_a_recipe_that_there_is_not_leaves_no_folder(tmp_path):
    done = tool("listen", "music", "--recipe", "no such", "--out", tmp_path / "new")
    assert told_in_a_line(done, "no such") and not (tmp_path / "new").exists()


def test_a_folder_that_is_missing_is_made_for_what_is_asked_for(tmp_path, capsys):
    kept = Diary(tmp_path / "diary.sqlite")
    kept.add("nights", id=1, began=1.8e9, lights_out=10.0, seed=1, sleeper="ada", software="0")
    kept.close()
    for words, file in ((["export", "--csv", tmp_path / "a" / "b"], "a/b/nights.csv"),
                        (["report", "--out", tmp_path / "c" / "d.html"], "c/d.html")):
        code, said = asked([*map(str, words), "--diary", str(kept.path)], capsys)
        assert code == 0 and (tmp_path / file).exists(), said
