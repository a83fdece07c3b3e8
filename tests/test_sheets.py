"""Tables as JSON beside the TOML that people write."""

import shutil
import tomllib
from pathlib import Path

import pytest

from device.sheets import compile_all, sheet

DEVICE = Path(__file__).parents[1] / "device"
TABLES = sorted(path.relative_to(DEVICE) for path in DEVICE.rglob("*.toml"))


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_a_compiled_table_reads_as_the_written_one(tmp_path, table):
    (tmp_path / table).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(DEVICE / table, tmp_path / table)
    compile_all(tmp_path)
    written = tomllib.loads((DEVICE / table).read_text(encoding="utf-8"))
    (tmp_path / table).write_text("")       # what is read is the compiled one
    assert sheet(tmp_path / table) == written


def test_no_compiled_table_lies_in_the_sources_where_a_change_would_go_unseen():
    assert TABLES and not list(DEVICE.rglob("*.toml.json"))
