"""Seven nights' reports beside the diary, for whoever has no hub."""

from device import __main__ as nocturne
from device.assembly.erasing import erased
from tests.report.around import keep


def shelved(tmp_path, nights, monkeypatch):
    monkeypatch.setattr(nocturne, "give_memory_back", lambda: None)
    diary = tmp_path / "diary.sqlite"
    keep(diary, nights)
    for night in range(1, nights + 1):
        assert nocturne.main(["report", "--diary", str(diary), "--night", str(night), "--zone",
                              "Europe/Berlin", "--out", str(tmp_path / "report.html"),
                              "--shelf", str(tmp_path / "reports")]) == 0
    return sorted(path.name for path in (tmp_path / "reports").iterdir())


def test_the_last_seven_nights_lie_there_by_their_evenings(tmp_path, monkeypatch):
    assert shelved(tmp_path, 8, monkeypatch) == [f"2026-06-{day}.html" for day in range(23, 30)]
    newest = (tmp_path / "reports" / "2026-06-29.html").read_bytes()
    assert newest == (tmp_path / "report.html").read_bytes()


def test_who_erases_the_nights_erases_them_there(tmp_path, monkeypatch):
    assert shelved(tmp_path, 2, monkeypatch)
    assert erased(tmp_path / "diary.sqlite") == []
    assert not list((tmp_path / "reports").iterdir())
