"""The built image as an emulated Pi: `tools/test image`, after `sudo image/build`."""

import os
import tempfile
from pathlib import Path

import pytest

from image import scenario, smoke
from image.host import OUT, missing

pytestmark = pytest.mark.image


@pytest.fixture
def image():
    if lacking := missing(scenario.TOOLS):
        pytest.skip(f"missing: apt-get install {' '.join(lacking)}")
    if os.geteuid():
        pytest.skip("needs root, for the bench's packages")
    if not (OUT / "nocturne.img").exists():
        pytest.skip("there is no image: run sudo image/build")
    return OUT / "nocturne.img"


def test_the_built_image_lives_through_everything_in_an_emulated_pi(image):
    with tempfile.TemporaryDirectory() as folder:
        rows = scenario.run_all(Path(folder), image)
    print(scenario.table(rows))
    assert all(row.passed for row in rows), "\n" + scenario.table(
        [row for row in rows if not row.passed]
    )


def test_the_same_image_starts_on_an_emulated_pi_3(image):
    with tempfile.TemporaryDirectory() as folder:
        smoke.starts(Path(folder), image)
