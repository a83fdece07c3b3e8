"""The last nights' reports on the drive that any computer reads: those of the shelf, and nothing
else that lies there."""

import os
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from image.board import data


@pytest.fixture
def reports(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(data.__file__).parent))
    import reports as module
    yield module
    sys.modules.pop("reports"), sys.modules.pop("tryboot", None)


@pytest.fixture
def places(tmp_path):
    shelf, drive = tmp_path / "shelf", tmp_path / "drive"
    shelf.mkdir()
    for day in range(1, 10):
        (shelf / f"2026-07-{day:02}.html").write_text(f"night {day}")
    return shelf, drive


@pytest.mark.parametrize(("device", "left"), [("/dev/mmcblk0p4", 7),
                                              ("/dev/mapper/nocturne-data", 0)])
def test_nothing_of_encrypted_data_lies_on_the_drive(reports, places, monkeypatch, device, left):
    shelf, drive = places
    mounted = drive.with_name("mounted")
    mounted.symlink_to(device)
    for name, value in (("SHELF", shelf), ("DRIVE", drive), ("MOUNTED", mounted),
                        ("writable", nullcontext)):
        monkeypatch.setattr(reports, name, value)
    reports.mirror(reports.taken(shelf), drive)
    reports.main()
    assert len(list(drive.iterdir())) == left


def test_the_newest_seven_are_mirrored_and_what_goes_is_overwritten(reports, places):
    shelf, drive = places
    reports.mirror(reports.taken(shelf), drive)
    assert sorted(path.name for path in drive.iterdir()) == [
        f"2026-07-{day:02}.html" for day in range(3, 10)]
    assert not reports.differs(reports.taken(shelf), drive)
    old = (drive / "2026-07-03.html").open("rb")
    (shelf / "2026-07-10.html").write_text("night 10")
    assert reports.differs(reports.taken(shelf), drive)
    reports.mirror(reports.taken(shelf), drive)
    assert old.read() == bytes(7) and not (drive / "2026-07-03.html").exists()
    old.close()


def test_an_empty_shelf_empties_the_drive(reports, places):
    shelf, drive = places
    reports.mirror(reports.taken(shelf), drive)
    for path in shelf.iterdir():
        path.unlink()
    reports.mirror(reports.taken(shelf), drive)
    assert not list(drive.iterdir())
    assert not reports.differs(reports.taken(shelf / "none"), drive)


def test_of_what_the_night_leaves_only_reports_are_taken(reports, places, tmp_path):
    shelf, _ = places
    (tmp_path / "secret").write_text("root's own")
    (shelf / "2026-08-01.html").symlink_to(tmp_path / "secret")
    (shelf / "config.txt").write_text("dtoverlay=evil")
    (shelf / "2026-08-02.html").write_bytes(bytes(reports.LARGEST + 1))
    os.mkfifo(shelf / "2026-08-03.html")
    (shelf / "2026-08-04.html").mkdir()
    assert set(reports.taken(shelf)) == {f"2026-07-{day:02}.html" for day in range(3, 10)}


def test_a_reset_takes_the_reports_off_the_drive(tmp_path):
    boot = tmp_path / "boot"
    (boot / "reports").mkdir(parents=True)
    (boot / "reports" / "2026-07-01.html").write_text("night")
    data.forget(boot, tmp_path)
    assert not list((boot / "reports").iterdir())


def test_reports_that_cannot_be_listed_do_not_count_as_gone(reports, tmp_path, monkeypatch):
    (tmp_path / "reports").mkdir()

    def broken(path="."):
        raise OSError(5, "Input/output error")
    for name in ("listdir", "scandir"):
        monkeypatch.setattr(os, name, broken)
    with pytest.raises(OSError, match="Input/output"):
        data.forget(tmp_path, tmp_path)
    with pytest.raises(OSError, match="Input/output"):
        reports.differs({}, tmp_path / "reports")
