"""The programs of the board, on folders and files; mounts and users are left out."""

import os
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from image.board import data as beside

SIZE = 40 << 20


@pytest.fixture
def settings(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(Path(beside.__file__).parent))
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


@pytest.fixture
def board(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(Path(beside.__file__).parent))
    import data as module
    import otp
    monkeypatch.setattr(module, "BOOT", tmp_path)
    monkeypatch.setattr(module, "TOLD", tmp_path / "told")
    monkeypatch.setattr(module, "writable", nullcontext)
    yield module, otp
    for name in ("data", "otp", "written", "tryboot"):
        sys.modules.pop(name, None)


@pytest.fixture
def partition(tmp_path):
    path = tmp_path / "partition"
    path.write_bytes(b"")
    os.truncate(path, SIZE)
    return path
