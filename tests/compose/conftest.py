"""Where the shared music lies; tests that need it say so when it isn't there."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def music() -> Path:
    clone = Path(__file__).resolve().parent.parent.parent
    folder = Path(os.environ.get("NOCTURNE_DATA", clone.parent / "shared" / "data")) / "music"
    if not folder.exists():
        pytest.skip(f"no music at {folder}: set NOCTURNE_DATA")
    return folder
