import os
import subprocess
from pathlib import Path

import pytest

from tests.faults.disk import Disk
from tests.night.conftest import sleep

__all__ = ["sleep"]
HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    library = tmp_path_factory.mktemp("shim") / "disk.so"
    try:
        subprocess.run(
            ["gcc", "-shared", "-fPIC", "-O1", "-o", library, HERE / "disk_shim.c", "-ldl"],
            check=True)
    except FileNotFoundError:
        pytest.skip(
            "gcc is not installed: power cuts and full disks are not tested (apt-get install gcc "
            "libc6-dev)"
        )
    return library


@pytest.fixture
def disk(shim, tmp_path):
    (tmp_path / "disk").mkdir()
    return Disk(
        tmp_path / "disk",
        {
            **os.environ,
            "LD_PRELOAD": str(shim),
            "PYTHONPATH": str(HERE.parents[1]),
            "DISK_FOLDER": str(tmp_path / "disk"),
            "DISK_LOG": str(tmp_path / "log"),
            "DISK_TROUBLE": str(tmp_path / "trouble"),
        },
    )
