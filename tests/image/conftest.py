"""The board's settings, read from one folder into another. The mount and the users are left out."""

import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from image.board import data


@pytest.fixture
def settings(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(Path(data.__file__).parent))
    import settings as module
    monkeypatch.setattr(module, "writable", nullcontext)
    monkeypatch.setattr(module, "PYTHON", str(Path(__file__).resolve().parents[2]))
    monkeypatch.setattr(module.shutil, "chown", lambda *_: None)
    monkeypatch.setattr(module, "DEFAULT",
                        Path(__file__).resolve().parents[2] / "systemd" / "nocturne.toml")
    yield module
    for name in ("settings", "tryboot", "written", "wifi", "imager"):
        sys.modules.pop(name, None)


@pytest.fixture
def places(tmp_path):
    boot, kept = tmp_path / "boot", tmp_path / "kept"
    boot.mkdir()
    kept.mkdir()
    return boot, kept
