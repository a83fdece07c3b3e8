"""What the board is given from PyPI, against what the product asks for, and what a wheel is made of
where there is none."""

import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from image import recipe
from image.host import HERE, REPOSITORY

SUITES = recipe.SUITES.values()


def pinned(suite: recipe.Suite) -> dict[str, str]:
    """Version of each package of the suite's file."""
    lines = (HERE / suite.pins).read_text().splitlines()
    pins = [line.split()[0] for line in lines if "==" in line]
    return {canonicalize_name(name): version for name, version in (pin.split("==") for pin in pins)}


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_the_board_gets_every_package_that_the_product_asks_for_in_a_version_that_it_takes(suite):
    board = {"python_version": suite.python, "platform_machine": "aarch64"}
    asked = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["dependencies"]
    pins = pinned(suite)
    for word in map(Requirement, asked):
        if word.marker is None or word.marker.evaluate(board):
            version = pins.get(canonicalize_name(word.name))
            assert version and word.specifier.contains(version), f"{word}, but {version}"


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_every_pin_has_a_hash(suite):
    lines = (HERE / suite.pins).read_text().splitlines()
    assert all(" --hash=sha256:" in line for line in lines if line[0] not in "#-")


def test_no_suite_gets_both_runtimes_of_tflite():
    for suite in SUITES:
        assert len({"tflite-runtime", "ai-edge-litert"} & set(pinned(suite))) == 1
