"""The documents: short where they promise it, and every way in them leads somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ("README.md", "device/README.md", "device/home/hub/ward/README.md", "image/GUIDE.md",
             "image/CHANGELOG.md", "models/FIGURES.md", ".github/SECURITY.md",
             ".github/CONTRIBUTING.md")
LINK = re.compile(r"\]\(([^)#\s]+)?(#[^)\s]+)?\)")
NAMED = re.compile(r"`((?:device|tools|tests|image|models|systemd)/[\w./-]+)`")


def anchors(path: Path) -> set[str]:
    """As GitHub makes them of headings."""
    heads = re.findall(r"(?m)^#+ (.+)$", path.read_text())
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_leads_somewhere(name):
    document = ROOT / name
    for target, anchor in LINK.findall(document.read_text()):
        if "://" in target:
            continue
        path = (document.parent / target).resolve() if target else document
        assert path.exists(), f"{name}: {target}"
        assert not anchor or anchor[1:] in anchors(path), f"{name}: {target}{anchor}"


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name != "image/CHANGELOG.md"])
def test_every_file_that_is_named_is_there(name):
    for path in NAMED.findall((ROOT / name).read_text()):
        made = path.startswith(("image/out", "image/cache"))
        assert made or (ROOT / path).exists() or list(ROOT.glob(f"{path}*")), f"{name}: {path}"


def test_a_stranger_reads_the_readme_in_five_minutes():
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= 120
    assert len(" ".join(lines).split()) <= 1200         # at some 240 words a minute


def test_the_readme_shows_no_figure_that_was_measured():
    prose = re.sub(r"```.*?```|`[^`]*`|^ {4}.*$|\([^)]*\)", "", (ROOT / "README.md").read_text(),
                   flags=re.S | re.M)
    assert not re.search(r"\d\s?(%|ms|dBA?|MB|bpm|κ)|[κρ] ?\.?\d", prose)
